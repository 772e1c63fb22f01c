"""What the vendor's status messages mean for a client."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from rxpolygon.topics import Topic
from rxpolygon.venues.dialect import (
    Acknowledged,
    CapReached,
    CutAsSlow,
    Evicted,
    Greeted,
    LoggedIn,
    LoginDeferred,
    LoginRefused,
    Notice,
    Said,
    TopicsRefused,
)

__all__ = ["notice"]

_SUBSCRIBED: Final = "subscribed to:"
_UNSUBSCRIBED: Final = "unsubscribed to:"
_LOGGED_IN: Final = "authenticated"

# Words of a message that look like a topic: a prefix, a dot, a symbol.
_TOPIC: Final = re.compile(r"\b([A-Z][A-Z0-9]*)\.([^\s,;\"']+)")

_REFUSED: Final = (
    "the API key is wrong, or its plan does not include this cluster or this host (a key for delayed data "
    "needs StreamHost.DELAYED)"
)


def _refused(message: str) -> Notice:
    return LoginRefused(message, remedy=_REFUSED)


_MEANINGS: Final[dict[str, Callable[[str], Notice]]] = {
    "connected": Greeted,
    "auth_success": LoggedIn,
    "auth_failed": _refused,
    "auth_timeout": LoginDeferred,
    "auth_required": LoginDeferred,
    "max_connections": CapReached,
    "force_disconnect": Evicted,
    "slow_consumer": CutAsSlow,
}


def notice(status: str, message: str, prefixes: Collection[str]) -> Notice:
    """The meaning of one status message.

    Args:
        status: The field ``status``.
        message: The field ``message``.
        prefixes: The channels that the market has.

    Example:
        >>> notice("success", "subscribed to: T.BRK.B", {"T"}).topics
        (Topic(prefix='T', symbol='BRK.B'),)
    """
    meaning = _MEANINGS.get(status)
    if meaning is not None:
        return meaning(message)
    if status == "success":
        return _success(message)
    if status == "error":
        return TopicsRefused(message, topics=_named_topics(message, prefixes))
    return Said(message, code=status)


def _success(message: str) -> Notice:
    text = message.strip()
    if text.startswith(_SUBSCRIBED):
        return Acknowledged(message, topics=_listed_topics(text[len(_SUBSCRIBED) :]))
    if text.startswith(_UNSUBSCRIBED):
        return Acknowledged(message, topics=_listed_topics(text[len(_UNSUBSCRIBED) :]), active=False)
    if text.lower() == _LOGGED_IN:
        return LoggedIn(message)
    if text.lower().startswith("connected"):
        return Greeted(message)
    return Said(message, code="success")


def _listed_topics(text: str) -> tuple[Topic, ...]:
    topics = []
    for part in text.split(","):
        prefix, dot, symbol = part.strip().partition(".")
        if dot:
            topics.append(Topic(prefix, symbol))
    return tuple(topics)


def _named_topics(message: str, prefixes: Collection[str]) -> tuple[Topic, ...]:
    found = (Topic(prefix, symbol.rstrip(".:!?)")) for prefix, symbol in _TOPIC.findall(message))
    return tuple(topic for topic in found if topic.prefix in prefixes)
