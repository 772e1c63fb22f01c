"""Frames to events and commands to frames, for one of the vendor's streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, Literal

import msgspec
import orjson
from msgspec import Struct

from rxpolygon.events import Event, to_milliseconds
from rxpolygon.events.instants import PACKED_KEY, packed_nanoseconds, text_nanoseconds
from rxpolygon.topics import Topic
from rxpolygon.venues.alpaca.channels import IMPLIED, channels_of
from rxpolygon.venues.alpaca.packed import instants_as_text, numbers_decoder, packed_items
from rxpolygon.venues.alpaca.statuses import CONTROLS, notice
from rxpolygon.venues.dialect import Label, Notice, Salvaged, Split
from rxpolygon.venues.salvage import Grammar, Salvager, json_items

__all__ = ["AlpacaCodec", "Encoding"]

Encoding = Literal["msgpack", "json"]

_LARGEST_COMMAND: Final = 32_768  # the server takes no larger websocket message in one piece
_MARGIN: Final = 64  # bytes of a command besides its symbols
_HIDDEN: Final = "<key>"
_ENCODING_HEADER: Final = "Content-Type"

# Control messages by the first letters of their kind; a text may have a longer header than it needs. Letters
# enough that no number among thousands of frames looks like one, for then each of these would be read apart.
_CONTROL: Final = {
    "json": re.compile(rb'T"\s*:\s*"[es][rui]'),
    "msgpack": re.compile(rb"T[\xa5\xa7\xac\xd9\xda\xdb](?:\0{0,3}[\x05\x07\x0c])?(?:er|su)"),
}
_KINDS: Final = {
    "json": re.compile(rb'"T"\s*:\s*"(\w+)"'),
    "msgpack": re.compile(rb"\xa1T[\xa1-\xbf](\w+?)(?=[\xa1-\xbf]|$)"),
}


class Control(Struct, frozen=True, gc=False, tag_field="T"):
    """A control message among the events of a frame. Its meaning is read apart."""

    @property
    def symbol(self) -> str:
        """Empty: it belongs to no symbol."""
        return ""


class _Success(Control, frozen=True, tag="success"):
    pass


class _Error(Control, frozen=True, tag="error"):
    pass


class _Subscription(Control, frozen=True, tag="subscription"):
    pass


@cache
def _event_types(market: str) -> Mapping[str, type[Event]]:
    return {channel.kind: channel.event for channel in channels_of(market).values()}


@cache
def _decoder(market: str, encoding: Encoding) -> Callable[[bytes], list[object]]:
    types: object = _Success | _Error | _Subscription
    for event in _event_types(market).values():
        types = types | event
    if encoding == "json":
        return msgspec.json.Decoder(list[types], strict=False).decode  # type: ignore[valid-type]
    return numbers_decoder(msgspec.msgpack.Decoder(list[types], strict=False).decode)  # type: ignore[valid-type]


@cache
def _salvager(market: str, encoding: Encoding) -> Salvager:
    if encoding == "json":
        grammar = Grammar("T", CONTROLS, ("S",), _instant, json_items)
    else:
        grammar = Grammar("T", CONTROLS, ("S",), _instant, packed_items, instants_as_text)
    return Salvager(_event_types(market), grammar)


def _instant(item: Mapping[str, object]) -> int | None:
    packed, stamp = item.get(PACKED_KEY), item.get("t")
    if isinstance(packed, int):
        return packed_nanoseconds(packed) // 1_000_000
    if isinstance(stamp, str):
        instant_ns = text_nanoseconds(stamp)
        return None if instant_ns is None else instant_ns // 1_000_000
    return to_milliseconds(stamp) if isinstance(stamp, int) else None


class AlpacaCodec:
    """The vendor's protocol for one stream: pure functions of frames, topics and keys.

    Args:
        url: The whole URL.
        market: ``stocks``, ``crypto`` or ``options``.
        key: The id of the key; it appears in :meth:`login` only.
        secret: The secret key, likewise.
        encoding: ``msgpack`` or ``json``.
        headers: What the handshake says besides the encoding.

    Example:
        >>> codec = AlpacaCodec("wss://stream.data.alpaca.markets/v2/iex", "stocks", "KEY", "SECRET", "json")
        >>> codec.decode(b'[{"T":"t","S":"AAPL","p":189.5,"s":100,"t":"2023-11-14T22:13:20.123Z"}]')[0].price
        189.5
        >>> codec.subscribe([Topic("trades", "AAPL"), Topic("trades", "BRK.B")])[0][0]
        b'{"action":"subscribe","trades":["AAPL","BRK.B"]}'
    """

    def __init__(
        self,
        url: str,
        market: str,
        key: str,
        secret: str,
        encoding: Encoding = "msgpack",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self.market = market
        self.is_binary = encoding == "msgpack"
        own = {
            name: value for name, value in (headers or {}).items() if name.lower() != _ENCODING_HEADER.lower()
        }
        self.headers: Mapping[str, str] = {**own, _ENCODING_HEADER: f"application/{encoding}"}
        self._key = key
        self._secret = secret
        channels = channels_of(market).values()
        self._fields = tuple(channel.field for channel in channels if channel.comes_with is None)
        self._brought_by = {channel.field: channel.comes_with for channel in channels}
        self._channels = {channel.kind: channel.field for channel in channels}
        self._marks = {channel.field: self._mark(channel.kind) for channel in channels}
        self._types = _event_types(market)
        self._encoding: Final = encoding
        self._control: Final = _CONTROL[encoding].search
        self._encode: Callable[[object], bytes] = msgspec.msgpack.encode if self.is_binary else orjson.dumps
        self._salvage = _salvager(market, encoding)
        self.decode: Callable[[bytes], Sequence[object]] = _decoder(market, encoding)

    def __repr__(self) -> str:
        return f"AlpacaCodec({self.url!r})"

    def salvage(self, frame: bytes) -> Salvaged:
        """Decode a frame that :attr:`decode` refused, event by event. Never raises."""
        return self._salvage(frame)

    def split(self, frame: bytes) -> Split:
        """A frame's objects as dicts, control messages included. Never raises.

        They are alike in both encodings: the instant ``t`` is a text as in JSON.
        """
        return self._salvage.split(frame)

    def label(self, item: Mapping[str, object]) -> Label | None:
        """What an object of a frame is; None for a control message."""
        kind = item.get("T")
        if kind in CONTROLS or not isinstance(kind, str):
            return None
        symbol = item.get("S")
        return Label(self._types.get(kind), symbol if isinstance(symbol, str) else "", _instant(item))

    def may_hold_notices(self, data: bytes) -> bool:
        """Whether frames may say something about the connection; a quick look, wrong on one side only."""
        return self._control(data) is not None

    def notices(self, frame: bytes) -> Sequence[Notice]:
        """The meanings of all the control messages in a frame. Never raises."""
        return [
            notice(item, self._fields, self._hidden)
            for item in self._salvage.split(frame).items
            if item["T"] in CONTROLS
        ]

    def _hidden(self, text: str) -> str:
        return text.replace(self._secret, _HIDDEN).replace(self._key, _HIDDEN)

    def redacted(self, data: bytes) -> bytes:
        """The data without the keys, should the server have echoed them."""
        hidden = _HIDDEN.encode()
        return data.replace(self._secret.encode(), hidden).replace(self._key.encode(), hidden)

    def carries(self, data: bytes, channel: str) -> bool:
        """Whether frames hold an event of a channel, found without decoding them."""
        return self._marks[channel].search(data) is not None

    def _mark(self, kind: str) -> re.Pattern[bytes]:
        if self.is_binary:
            return re.compile(rb"\xa1T\xa1" + kind.encode())
        return re.compile(rb'"T"\s*:\s*"%b"' % kind.encode())

    def brought_by(self, channel: str) -> str | None:
        """The channel whose subscriptions bring this one along; None where it is asked for by itself."""
        return self._brought_by.get(channel)

    def channel_in(self, data: bytes) -> str | None:
        """The channel that damaged data seems to belong to; None if it is unclear."""
        # A single object of a msgpack frame is told in JSON, and no map of msgpack begins so.
        kinds = set(_KINDS["json" if data.startswith(b"{") else self._encoding].findall(data))
        kind = kinds.pop().decode("ascii", "replace") if len(kinds) == 1 else ""
        return self._channels.get(kind, kind or None)

    def login(self) -> bytes:
        """The command that logs in. It holds the keys: never log it."""
        return self._encode({"action": "auth", "key": self._key, "secret": self._secret})

    def subscribe(self, topics: Iterable[Topic]) -> Sequence[tuple[bytes, tuple[Topic, ...]]]:
        """Commands that subscribe, each with the topics it asks for."""
        return self._commands("subscribe", topics)

    def unsubscribe(self, topics: Iterable[Topic]) -> Sequence[tuple[bytes, tuple[Topic, ...]]]:
        """Commands that unsubscribe, each with the topics it names."""
        return self._commands("unsubscribe", topics)

    def _commands(self, action: str, topics: Iterable[Topic]) -> list[tuple[bytes, tuple[Topic, ...]]]:
        return [
            (self._encode({"action": action, chunk[0].prefix: [topic.symbol for topic in chunk]}), chunk)
            for chunk in _chunks(topics)
        ]


def _chunks(topics: Iterable[Topic]) -> Iterator[tuple[Topic, ...]]:
    """Topics of one channel each, in pieces that fit a message; not those that come by themselves.

    A refusal is of a whole command and names no topic, so a command asks for one channel only.
    """
    by_channel: dict[str, list[Topic]] = {}
    for topic in topics:
        if topic.prefix not in IMPLIED:
            by_channel.setdefault(topic.prefix, []).append(topic)
    for group in by_channel.values():
        chunk: list[Topic] = []
        size = _MARGIN
        for topic in group:
            length = len(topic.symbol.encode()) + 5  # quotes and comma in JSON; the header in msgpack
            if chunk and size + length > _LARGEST_COMMAND:
                yield tuple(chunk)
                chunk, size = [], _MARGIN
            chunk.append(topic)
            size += length
        yield tuple(chunk)
