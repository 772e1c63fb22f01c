"""Frames to events and commands to frames, for one cluster of the vendor."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

import msgspec
import orjson
from msgspec import Struct

from rxpolygon.events import Event, ServerBar, to_milliseconds
from rxpolygon.text import text_of
from rxpolygon.topics import Topic
from rxpolygon.venues.dialect import Label, Notice, PassedOver, Salvaged, Split
from rxpolygon.venues.polygon.channels import event_types
from rxpolygon.venues.polygon.names import StreamCluster
from rxpolygon.venues.polygon.statuses import notice
from rxpolygon.venues.salvage import Grammar, Salvager, json_items

__all__ = ["PolygonCodec", "StatusMessage"]

# No limit on a command is published; servers commonly take messages of 64 KiB at least.
_LARGEST_COMMAND: Final = 16_384

_STATUS: Final = "status"
_KIND: Final = re.compile(rb'"ev"\s*:\s*"(\w+)"')


class StatusMessage(Struct, frozen=True, gc=False, tag_field="ev", tag="status"):
    """A status among the events of a frame. Its meaning is read apart, by :meth:`PolygonCodec.notices`."""

    status: str | None = None
    message: str | None = None

    @property
    def symbol(self) -> str:
        """Empty: a status belongs to no symbol."""
        return ""


@cache
def _decoder(market: str) -> Callable[[bytes], list[object]]:
    types: object = StatusMessage
    for event in event_types(market).values():
        types = types | event
    return msgspec.json.Decoder(list[types], strict=False).decode  # type: ignore[valid-type]


@cache
def _narrow_decoder(
    market: str, wanted: frozenset[type[Event]]
) -> tuple[Callable[[bytes], list[object]], frozenset[type]]:
    types: object = StatusMessage
    passed_over: list[type] = []
    for prefix, event in event_types(market).items():
        kind: type = event
        if event not in wanted:
            kind = msgspec.defstruct(
                f"PassedOver{prefix}",
                [],
                bases=(PassedOver,),
                tag_field="ev",
                tag=prefix,
                frozen=True,
                gc=False,
            )
            passed_over.append(kind)
        types = types | kind
    decode = msgspec.json.Decoder(list[types], strict=False).decode  # type: ignore[valid-type]
    return decode, frozenset(passed_over)


def _milliseconds(stamp: object) -> int | None:
    """An instant as a server may write it, a number or its text; None where it is none."""
    if isinstance(stamp, str):
        try:
            stamp = int(stamp) if stamp.isdecimal() else float(stamp)
        except ValueError:
            return None
    if isinstance(stamp, float):
        stamp = int(stamp) if math.isfinite(stamp) else None
    return to_milliseconds(stamp) if isinstance(stamp, int) else None


def _instant(item: Mapping[str, object]) -> int | None:
    return _milliseconds(item.get("t"))


_GRAMMAR: Final = Grammar("ev", (_STATUS,), ("sym", "pair", "T", "p"), _instant, json_items)


@cache
def _salvager(market: str) -> Salvager:
    return Salvager(event_types(market), _GRAMMAR)


@cache
def _raw_keys(market: str) -> dict[str, tuple[type[Event], str]]:
    keys = {}
    for prefix, event in event_types(market).items():
        letters = {part.name: part.encode_name for part in msgspec.structs.fields(event)}
        keys[prefix] = (event, letters["symbol"])
    return keys


class PolygonCodec:
    """The vendor's protocol for one cluster: pure functions of frames, topics and the key.

    Args:
        base_url: ``ws://`` or ``wss://`` with host, and port if need be.
        cluster: The cluster, which becomes the path of the URL.
        api_key: The key; it appears in :meth:`login` only.

    Example:
        >>> codec = PolygonCodec("wss://socket.polygon.io", StreamCluster.STOCKS, "KEY")
        >>> codec.decode(b'[{"ev":"T","sym":"AAPL","p":189.5,"s":100,"t":1700000000123}]')[0].price
        189.5
        >>> codec.subscribe([Topic("T", "AAPL"), Topic("T", "BRK.B")])[0][0]
        b'{"action":"subscribe","params":"T.AAPL,T.BRK.B"}'
    """

    #: Every frame with statuses contains it; a frame of mere data may contain it too.
    control_marker: Final = b'"status"'

    headers: Final[Mapping[str, str]] = {}
    is_binary: Final = False

    def __init__(self, base_url: str, cluster: StreamCluster, api_key: str) -> None:
        self.url = f"{base_url.rstrip('/')}/{cluster.value}"
        self.cluster = cluster
        self._api_key = api_key
        self._prefixes = frozenset(event_types(cluster.market))
        self.decode: Callable[[bytes], Sequence[object]] = _decoder(cluster.market)
        self.raw_keys: Mapping[str, tuple[type[Event], str]] = _raw_keys(cluster.market)
        self._salvage = _salvager(cluster.market)

    def __repr__(self) -> str:
        return f"PolygonCodec({self.url!r})"

    def decode_only(
        self, wanted: frozenset[type[Event]]
    ) -> tuple[Callable[[bytes], Sequence[object]], frozenset[type]]:
        """A decoder that makes events of some classes only, which costs half as much.

        Returns:
            The decoder, and the classes of what stands in the places of the others; they are
            :class:`~rxpolygon.venues.dialect.PassedOver`.
        """
        return _narrow_decoder(self.cluster.market, wanted)

    def salvage(self, frame: bytes) -> Salvaged:
        """Decode a frame that :attr:`decode` refused, event by event. Never raises."""
        return self._salvage(frame)

    def split(self, frame: bytes) -> Split:
        """A frame's objects as dicts, statuses included. Never raises."""
        return self._salvage.split(frame)

    def label(self, item: Mapping[str, object]) -> Label | None:
        """What an object of a frame is; None for a status."""
        kind = item.get("ev")
        if kind == _STATUS or not isinstance(kind, str):
            return None
        event, letter = self.raw_keys.get(kind, (None, ""))
        # Of a bar it is the start, s; of a trade that is the size.
        stamp = item.get("s" if event is not None and issubclass(event, ServerBar) else "t")
        return Label(event, text_of(item.get(letter)), _milliseconds(stamp))

    def may_hold_notices(self, data: bytes) -> bool:
        """Whether frames may say something about the connection; a quick look, wrong on one side only."""
        return self.control_marker in data

    def notices(self, frame: bytes) -> Sequence[Notice]:
        """The meanings of all the status messages in a frame. Never raises."""
        try:
            decoded = orjson.loads(frame)
        except orjson.JSONDecodeError:
            decoded = self._salvage.split(frame).items  # those before the damage
        items = decoded if isinstance(decoded, list) else ()
        return [
            notice(self._hidden(item.get("status")), self._hidden(item.get("message")), self._prefixes)
            for item in items
            if isinstance(item, dict) and item.get("ev") == _STATUS
        ]

    def _hidden(self, text: object) -> str:
        return text_of(text).replace(self._api_key, "<key>")

    def redacted(self, data: bytes) -> bytes:
        """The data without the key, should the server have echoed it."""
        return data.replace(self._api_key.encode(), b"<key>")

    def carries(self, data: bytes, channel: str) -> bool:
        """Whether frames hold an event of a channel, found without decoding them."""
        return re.search(rb'"ev"\s*:\s*"%b"' % re.escape(channel.encode()), data) is not None

    def brought_by(self, channel: str) -> str | None:
        """None: every channel is asked for by itself."""
        return None

    def channel_in(self, data: bytes) -> str | None:
        """The channel that damaged data seems to belong to, ``status`` included; None if it is unclear."""
        kinds = set(_KIND.findall(data))
        return kinds.pop().decode("ascii", "replace") if len(kinds) == 1 else None

    def login(self) -> bytes:
        """The command that logs in. It holds the key: never log it."""
        return orjson.dumps({"action": "auth", "params": self._api_key})

    def subscribe(self, topics: Iterable[Topic]) -> Sequence[tuple[bytes, tuple[Topic, ...]]]:
        """Commands that subscribe, each with the topics it asks for."""
        return [(_command("subscribe", chunk), chunk) for chunk in _chunks(topics)]

    def unsubscribe(self, topics: Iterable[Topic]) -> Sequence[tuple[bytes, tuple[Topic, ...]]]:
        """Commands that unsubscribe, each with the topics it names."""
        return [(_command("unsubscribe", chunk), chunk) for chunk in _chunks(topics)]


def _command(action: str, topics: Iterable[Topic]) -> bytes:
    return orjson.dumps({"action": action, "params": ",".join(map(str, topics))})


def _chunks(topics: Iterable[Topic]) -> Iterator[tuple[Topic, ...]]:
    """Topics of one channel each, in pieces that fit a command.

    A refusal often names no topic; with one channel to a command it is still plain which one is meant.
    """
    by_channel: dict[str, list[Topic]] = {}
    for topic in topics:
        by_channel.setdefault(topic.prefix, []).append(topic)
    for group in by_channel.values():
        chunk: list[Topic] = []
        size = 0
        for topic in group:
            length = len(topic.prefix) + len(topic.symbol) + 2
            if chunk and size + length > _LARGEST_COMMAND:
                yield tuple(chunk)
                chunk, size = [], 0
            chunk.append(topic)
            size += length
        yield tuple(chunk)
