"""What the arguments of the vendor's streams mean, checked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from msgspec import Struct

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.settings import positive_number, websocket_url_from
from rxpolygon.topics import EVERY_SYMBOL, Topic
from rxpolygon.transport import Ping
from rxpolygon.venues.alpaca.channels import Channel
from rxpolygon.venues.alpaca.names import STREAM_URL, DataFeed

__all__ = [
    "KEY_VARIABLE",
    "QUEUE",
    "SECRET_VARIABLE",
    "UNPACK",
    "WebsocketParams",
    "data_limits",
    "feed_from",
    "key_from",
    "topics_of",
    "url_of",
    "websocket_params_from",
]

KEY_VARIABLE: Final = "APCA_API_KEY_ID"
SECRET_VARIABLE: Final = "APCA_API_SECRET_KEY"

#: The name of an HTTP header: a token of RFC 9110. With any other, servers hang up without a word.
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

#: What to do with a list of symbols.
UNPACK: Final = "unpack a list as in subscribe(*symbols)"

#: How many events may wait for one coroutine handler.
QUEUE: Final = 10_000

TFeed = TypeVar("TFeed", bound=StrEnum)


class WebsocketParams(Struct, frozen=True):
    """What ``websocket_params`` may say.

    Attributes:
        ping: When to probe, and how long to wait.
        max_queue: How many events may wait for one coroutine handler.
        headers: What the handshake says besides the usual.
        max_size: The largest message in bytes; None where it is not said.
        open_timeout: Seconds for each step of connecting.
    """

    ping: Ping = Ping()
    max_queue: int = QUEUE
    headers: Mapping[str, str] = {}
    max_size: int | None = None
    open_timeout: float = 10.0


_KNOWN_PARAMS: Final = (
    "ping_interval",
    "ping_timeout",
    "max_queue",
    "max_size",
    "open_timeout",
    "extra_headers",
    "additional_headers",
)


def key_from(argument: str, value: str | None, variable: str) -> str:
    """A key, from the argument or from the environment. No message ever shows it."""
    if value is None:
        value = os.environ.get(variable, "").strip()
        if not value:
            raise InvalidArgumentError(argument, None, f"give it, or set the environment variable {variable}")
    if not isinstance(value, str):
        raise InvalidTypeError(argument, value, "a str, or None to read it from the environment")
    key = value.strip()
    if not key:
        raise InvalidArgumentError(argument, "", "it must not be empty")
    if not key.isprintable() or " " in key:
        raise InvalidArgumentError(argument, "<hidden>", "a key has no spaces and no control characters")
    return key


def feed_from(feeds: type[TFeed], value: TFeed | str) -> TFeed:
    """The feed, from its name in any case."""
    if not isinstance(value, str):
        raise InvalidTypeError("feed", value, f"a {feeds.__name__} or its name as a str")
    name = value.value if isinstance(value, StrEnum) else str.__str__(value)
    try:
        return feeds(name.strip().lower())
    except ValueError:
        allowed = ", ".join(repr(feed.value) for feed in feeds)
        test = f"; the test stream is url_override={STREAM_URL + '/v2/test'!r}" if feeds is DataFeed else ""
        raise InvalidArgumentError("feed", name, f"use one of {allowed}{test}") from None


def url_of(path: str, override: str | None) -> str:
    """The whole URL of a stream."""
    if override is None:
        return STREAM_URL + path
    if not isinstance(override, str):
        raise InvalidTypeError("url_override", override, "the whole URL of a stream, or None")
    url = override.strip()
    allowed = "the whole ws:// or wss:// URL of a stream, such as 'wss://stream.data.alpaca.markets/v2/test'"
    parts = websocket_url_from("url_override", url, allowed, shown=url)
    if parts.username or parts.password:
        raise InvalidArgumentError("url_override", "<hidden>", f"{allowed}, without user and password")
    return url


def websocket_params_from(params: Mapping[str, Any] | None) -> WebsocketParams:
    """The settings of the websocket, under the names that the package websockets has for them.

    Raises:
        InvalidArgumentError: One has no meaning here; the message names it and those that have.
        InvalidTypeError: One has the wrong type.
    """
    if params is None:
        return WebsocketParams()
    if not isinstance(params, Mapping):
        raise InvalidTypeError("websocket_params", params, "a dict, or None")
    # Nothing is compressed here anyway, so its absence may be asked for.
    unknown = [
        name
        for name, value in params.items()
        if name not in _KNOWN_PARAMS and not (name == "compression" and value is None)
    ]
    if unknown:
        raise InvalidArgumentError(
            "websocket_params",
            sorted(map(str, unknown)),
            f"these mean something here: {', '.join(_KNOWN_PARAMS)}",
        )
    plain = Ping()
    queue, size = params.get("max_queue", QUEUE), params.get("max_size")
    return WebsocketParams(
        ping=Ping(
            _seconds("ping_interval", params.get("ping_interval", plain.interval)),
            _seconds("ping_timeout", params.get("ping_timeout", plain.timeout)),
        ),
        max_queue=QUEUE if queue is None else _whole("max_queue", queue, "events"),
        headers=_headers(params.get("extra_headers"), params.get("additional_headers")),
        max_size=None if size is None else _whole("max_size", size, "bytes"),
        open_timeout=_timeout(params.get("open_timeout", 10.0)),
    )


def _seconds(name: str, value: float | None) -> float:
    return (
        0.0 if value is None else positive_number(f"websocket_params[{name!r}]", value, "seconds", zero=True)
    )


def _timeout(value: float | None) -> float:
    # None waits for ever there; here a day comes close enough.
    return (
        86_400.0 if value is None else positive_number("websocket_params['open_timeout']", value, "seconds")
    )


def _whole(name: str, value: int, unit: str) -> int:
    argument = f"websocket_params[{name!r}]"
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTypeError(argument, value, f"a whole number of {unit}, or None")
    return int(positive_number(argument, value, unit))


def _headers(*given: object) -> dict[str, str]:
    headers: dict[str, str] = {}
    for part in given:
        pairs: Iterable[Any] = (
            part.items() if isinstance(part, Mapping) else cast("Iterable[Any]", part or ())
        )
        try:
            named = [(str(name), str(value)) for name, value in pairs]
        except (TypeError, ValueError):
            raise InvalidTypeError(
                "websocket_params['additional_headers']",
                part,
                "a dict of headers, or pairs of name and value",
            ) from None
        if not all(_HEADER.fullmatch(name) and value.isprintable() for name, value in named):
            raise InvalidArgumentError(
                "websocket_params['additional_headers']",
                "<hidden>",
                "names of headers such as 'X-Name', and values without control characters",
            )
        headers.update(named)
    return headers


def data_limits(
    limits: float | Mapping[str, float] | None, channels: Mapping[str, Channel]
) -> float | dict[str, float] | None:
    """The limits of ``data_timeout``, by the channels' names on the wire."""
    if limits is None:
        return None
    if not isinstance(limits, Mapping):
        return positive_number("data_timeout", limits, "seconds")
    # What comes with another channel may be silent for days.
    known = [name for name, channel in channels.items() if channel.comes_with is None]
    unknown = [name for name in limits if name not in known]
    if unknown:
        allowed = ", ".join(map(repr, known))
        raise InvalidArgumentError("data_timeout", unknown, f"use {allowed}")
    return {
        channels[name].field: positive_number("data_timeout", seconds, "seconds")
        for name, seconds in limits.items()
    }


def topics_of(channel: Channel, symbols: Sequence[str]) -> list[Topic]:
    """The topics of a channel that a user asks for, in order and each once; letters become upper case."""
    if not symbols:
        raise InvalidArgumentError(
            "symbols", (), "name at least one, such as 'AAPL', or '*' for every symbol"
        )
    topics: dict[Topic, None] = {}
    for symbol in symbols:
        if not isinstance(symbol, str):
            remedy = "a handler comes first" if callable(symbol) else UNPACK
            raise InvalidTypeError("symbols", symbol, f"each a str: {remedy}")
        name = symbol.strip().upper()
        if not name or any(sign.isspace() or sign == "," for sign in name):
            raise InvalidArgumentError("symbols", symbol, "each symbol is a ticker such as 'AAPL'")
        if name == EVERY_SYMBOL and not channel.wildcard:
            raise InvalidArgumentError("symbols", symbol, f"{channel.name} takes symbols by name only")
        topics[Topic(channel.field, name)] = None
    return list(topics)
