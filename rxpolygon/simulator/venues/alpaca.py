"""Alpaca's market data as its servers speak it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rxpolygon.simulator.venues.alpaca_events import writers
from rxpolygon.simulator.venues.alpaca_feeds import CHANNEL_OF_TYPE, FEEDS
from rxpolygon.simulator.venues.alpaca_garbage import garbage_frame
from rxpolygon.simulator.venues.alpaca_talk import AlpacaConversation
from rxpolygon.simulator.venues.alpaca_wire import decoded, encoded, is_json, rewritten
from rxpolygon.simulator.venues.base import Encoding, EventHead, SecondConnection
from rxpolygon.symbols import normal_symbol

if TYPE_CHECKING:
    from rxpolygon.simulator.faults import GarbageKind
    from rxpolygon.simulator.venues.base import Handshake, Plan, WireEvent, Writers

__all__ = ["AlpacaVenue"]

_CONTRACT: Final = re.compile(r"[A-Z.]{1,6}\d*\d{6}[CP]\d{8}")


class _Head(msgspec.Struct, gc=False):
    """The fields that say where an event belongs; whatever else it holds is skipped."""

    T: Any = None
    S: Any = None


_HEADS: Final = msgspec.json.Decoder(list[_Head])


class AlpacaVenue:
    """The vendor's protocol, as its servers speak it."""

    name = "alpaca"
    home = "/v2/iex"
    clusters = tuple(FEEDS)
    second_connection: SecondConnection = "refuse"
    limits_symbols = True

    def cluster_of(self, path: str) -> str | None:
        """The feed of ``/v2/iex``; None for a path that is none."""
        cluster = path.partition("?")[0].strip("/")
        return cluster if cluster in self.clusters else None

    def market_of(self, cluster: str) -> str:
        """``stocks``, ``crypto`` or ``options``."""
        return FEEDS[cluster].market

    def default_symbols(self, cluster: str) -> tuple[str, ...] | None:
        """``FAKEPACA`` on the test stream, those of the market elsewhere."""
        return FEEDS[cluster].symbols

    def delay_ms(self, cluster: str) -> int:
        """A quarter of an hour for delayed data."""
        return FEEDS[cluster].delay_ms

    def normal_symbol(self, cluster: str, symbol: str) -> str:
        """A symbol in its normal form; letters keep their case."""
        return normal_symbol(self.market_of(cluster), symbol)

    def converse(self, handshake: Handshake, plan: Plan) -> AlpacaConversation:
        """Begin the talk with one connection."""
        return AlpacaConversation(handshake, plan)

    def is_status(self, status: str | int) -> bool:
        """Any number, known or not."""
        return str(status).isdecimal()

    def encode(self, events: Sequence[WireEvent], encoding: Encoding) -> bytes:
        """A frame of several events."""
        return encoded(events, encoding)

    def decode(self, frame: bytes) -> list[dict[str, Any]]:  # Any: whatever the wire has
        """The events of a frame, stamps as JSON has them."""
        return list(decoded(frame))

    def rewrite(self, event: Mapping[str, object], encoding: Encoding) -> Mapping[str, object]:
        """An event that is written as in JSON, for an encoding."""
        return rewritten(event, encoding)

    def garbage(self, kind: GarbageKind, encoding: Encoding) -> tuple[bytes, bool]:
        """A frame that is no proper array of events, and whether it is sent as binary."""
        return garbage_frame(kind, encoding)

    def writers(self, cluster: str, encoding: Encoding) -> Writers:
        """For each kind of record the channels it goes out on, and how it is written there."""
        return writers(FEEDS[cluster], encoding)

    def markets_of(self, event: Mapping[str, object]) -> frozenset[str]:
        """The markets that have such a symbol and channel; none for a control message."""
        channel, symbol = CHANNEL_OF_TYPE.get(str(event.get("T"))), event.get("S")
        if channel is None or not isinstance(symbol, str):
            return frozenset()
        if "/" in symbol:
            return frozenset({"crypto"})
        return frozenset({"options" if _CONTRACT.fullmatch(symbol) else "stocks"})

    def as_json(self, frame: bytes) -> bytes:
        """A recorded frame in JSON; itself if it is in JSON already, or cannot be read."""
        try:
            return frame if is_json(frame) else encoded(decoded(frame), Encoding.JSON)
        except ValueError:
            return frame

    def keys(self, frame: bytes) -> list[tuple[object, object]]:
        """Channel and symbol of each event of a recorded frame, without decoding the rest."""
        return [(CHANNEL_OF_TYPE.get(str(head.T)), head.S) for head in _HEADS.decode(frame)]

    def head(self, cluster: str, event: Mapping[str, object]) -> EventHead:
        """Where an event belongs, by ``T`` and ``S``."""
        channel = CHANNEL_OF_TYPE.get(str(event.get("T")), "")
        return EventHead(channel, self.normal_symbol(cluster, str(event.get("S", ""))))
