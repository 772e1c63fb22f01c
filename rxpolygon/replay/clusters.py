"""Finding data of another cluster in a recording."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rxpolygon.events import Event, UnknownEvent
from rxpolygon.symbols import normal_symbol
from rxpolygon.venues.dialect import Salvaged, Split
from rxpolygon.venues.polygon.channels import CHANNELS
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = ["CheckedCodec", "foreign_mark"]

_MARKETS_OF: Final[Mapping[str, frozenset[str]]] = {
    prefix: frozenset(m for channel in CHANNELS if channel.prefix == prefix for m in channel.markets)
    for prefix in {channel.prefix for channel in CHANNELS}
}
# How vendors mark the market in a symbol. Forex and crypto pairs come without a mark as well.
_MARKS: Final = {"O:": "options", "C:": "forex", "X:": "crypto", "I:": "indices"}
_ALWAYS_MARKED: Final = {"options": "O:"}
_NO_TEXT: Final = b"\x80"  # no JSON begins with this byte or a higher one
_OTHER_VENUE: Final = re.compile(rb'"T"\s*:\s*"[a-z]')


def foreign_mark(market: str, symbol: str) -> str | None:
    """What is wrong with a symbol that is marked as another market's; None if it is not.

    Example:
        >>> foreign_mark("stocks", "X:BTC-USD")
        "X:BTC-USD is of the cluster 'crypto', and this is of 'stocks'"
    """
    marked = _MARKS.get(symbol[:2])
    if marked is None or marked == market:
        return None
    return f"{symbol} is of the cluster {marked!r}, and this is of {market!r}"


class CheckedCodec:
    """A cluster's decoder that notes data of other clusters, at no cost to good frames.

    A channel of another cluster fails the fast decoder, and every symbol is looked at when it is seen for
    the first time. Stocks in a replay of futures, and the other way round, cannot be told apart.

    Args:
        cluster: The cluster that the data should be of.
    """

    def __init__(self, cluster: StreamCluster) -> None:
        self._market = cluster.market
        self._codec = PolygonCodec("replay:/", cluster, "no key")
        #: What was found, for a person; None while all is well.
        self.problem: str | None = None
        self.decode: Callable[[bytes], Sequence[object]] = self._codec.decode
        self.raw_keys: Mapping[str, tuple[type[Event], str]] = self._codec.raw_keys
        self.decode_only = self._codec.decode_only
        self.channel_in = self._codec.channel_in
        self.label = self._codec.label
        self.control_marker: Final = self._codec.control_marker

    def redacted(self, data: bytes) -> bytes:
        """The data: there is no key in a replay."""
        return data

    def salvage(self, frame: bytes) -> Salvaged:
        """What is good in a frame that ``decode`` refused."""
        self._check_venue(frame)
        salvaged = self._codec.salvage(frame)
        for event in salvaged.events:
            if isinstance(event, UnknownEvent):
                self._check_channel(event.kind)
        return salvaged

    def split(self, frame: bytes) -> Split:
        """A frame's objects as dicts."""
        self._check_venue(frame)
        split = self._codec.split(frame)
        for item in split.items:
            if item["ev"] not in self.raw_keys:
                self._check_channel(item["ev"])
        return split

    def normal(self, symbol: str) -> str:
        """The normal form of a symbol."""
        return normal_symbol(self._market, symbol)

    def check_symbol(self, symbol: str) -> None:
        """Look at a symbol that came with an event."""
        foreign = foreign_mark(self._market, symbol)
        if foreign is not None:
            self.problem = foreign
        mark = _ALWAYS_MARKED.get(self._market)
        if mark is not None and symbol and not symbol.startswith(mark):
            self.problem = f"{symbol} is not of the cluster {self._market!r}, which this replay is of"

    def _check_venue(self, frame: bytes) -> None:
        if frame >= _NO_TEXT or (_OTHER_VENUE.search(frame) and b'"ev"' not in frame):
            told = "use rxpolygon.alpaca's replays, in a terminal --venue alpaca"
            self.problem = f"a frame of Alpaca, in a replay of Polygon.io: {told}"

    def _check_channel(self, kind: str) -> None:
        markets = _MARKETS_OF.get(kind)
        if markets is not None and self._market not in markets:
            names = " or ".join(sorted(repr(name) for name in markets))
            self.problem = (
                f"an event of channel {kind}, of the cluster {names}, in a replay of {self._market!r}"
            )
