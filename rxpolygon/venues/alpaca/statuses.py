"""What the vendor's control messages mean for a client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from rxpolygon.text import text_of
from rxpolygon.topics import Topic
from rxpolygon.venues.dialect import (
    CapReached,
    CutAsSlow,
    Denied,
    Greeted,
    LoggedIn,
    LoginDeferred,
    LoginRefused,
    Notice,
    Said,
    ServerFault,
    Stated,
    TopicsRefused,
)

__all__ = ["CONTROLS", "notice"]

_SUCCESS: Final = "success"
_ERROR: Final = "error"
_SUBSCRIPTION: Final = "subscription"

#: The kinds of objects that are no market data.
CONTROLS: Final = frozenset({_SUCCESS, _ERROR, _SUBSCRIPTION})

_WRONG_KEYS: Final = (
    "the pair of key and secret is wrong, or it is for another account: paper and live accounts have keys of "
    "their own"
)
_NOT_INCLUDED: Final = (
    "the account's subscription does not include this feed: DataFeed.IEX is free, DataFeed.SIP is not"
)
_WRONG_ENCODING: Final = "this stream speaks encoding='msgpack' only"
_NOT_UNDERSTOOD: Final = "one of the symbols that were asked for together is none"
_TOO_MANY: Final = (
    "nothing of a command that goes beyond the plan's limit takes effect (30 symbols on the free plan, of "
    "trades and quotes together): subscribe to fewer"
)
_NOT_ON_FEED: Final = "this feed does not have the channel, or the plan does not"
_NO_WILDCARD: Final = "name the contracts"


def _whole(remedy: str) -> Callable[[str], Notice]:
    return lambda message: TopicsRefused(message, whole=True, remedy=remedy)


def _wrong_keys(message: str) -> Notice:
    return LoginRefused(message, remedy=_WRONG_KEYS)


def _not_included(message: str) -> Notice:
    return Denied(message, remedy=_NOT_INCLUDED)


def _wrong_encoding(message: str) -> Notice:
    return Denied(message, remedy=_WRONG_ENCODING)


# The vendor's list of errors. 403 (authenticated already) needs nothing, and so it is not here.
_ERRORS: Final[Mapping[str, Callable[[str], Notice]]] = {
    "400": _whole(_NOT_UNDERSTOOD),  # invalid syntax: if it is not the answer to a command, it is only told
    "401": LoginDeferred,  # not authenticated
    "402": _wrong_keys,
    "404": LoginDeferred,  # the login came too late
    "405": _whole(_TOO_MANY),  # symbol limit exceeded
    "406": CapReached,
    "407": CutAsSlow,
    "408": _not_included,  # v2 not enabled
    "409": _not_included,  # insufficient subscription
    "410": _whole(_NOT_ON_FEED),  # invalid subscribe action for this feed
    "411": _not_included,  # insufficient scope
    "412": _wrong_encoding,  # options come in msgpack only
    "413": _whole(_NO_WILDCARD),  # no "*" for the quotes of options
    "500": ServerFault,
}


def notice(item: Mapping[str, object], fields: Collection[str], hidden: Callable[[str], str]) -> Notice:
    """The meaning of one control message.

    Args:
        item: The message.
        fields: The stream's channels that can be subscribed.
        hidden: Takes keys out of a text.

    Example:
        >>> notice({"T": "error", "code": 406, "msg": "connection limit exceeded"}, (), str)
        CapReached(message='connection limit exceeded')
    """
    kind = item.get("T")
    message = hidden(_text(item.get("msg")))
    if kind == _SUBSCRIPTION:
        return Stated(topics=_topics(item, fields))
    if kind == _SUCCESS:
        if message == "connected":
            return Greeted(message)
        return LoggedIn(message) if message == "authenticated" else Said(message, code=_SUCCESS)
    code = hidden(_text(item.get("code")))
    meaning = _ERRORS.get(code)
    return Said(message, code=code or _ERROR) if meaning is None else meaning(message)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return text_of(value)


def _topics(item: Mapping[str, object], fields: Collection[str]) -> tuple[Topic, ...]:
    found: dict[Topic, None] = {}
    for field in fields:
        symbols = item.get(field)
        if isinstance(symbols, list):
            found |= dict.fromkeys(Topic(field, symbol) for symbol in symbols if isinstance(symbol, str))
    return tuple(found)
