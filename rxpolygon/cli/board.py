"""What the demo has seen of a market, by symbol."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import Final

from rxpolygon.events import Quote, Trade
from rxpolygon.operators import Bar, Side, TradeWithQuote

__all__ = ["Board", "Meter", "Row"]

_MEMORY: Final = 0.99  # what a trade's weight is worth after the next one: the last hundred count most
_RATE_SPAN: Final = 1.0  # seconds over which the rate is taken


class Row:
    """The latest of one symbol; each attribute is replaced whole, so that another thread may read."""

    def __init__(self) -> None:
        self.bar: Bar | None = None
        self.spread: float | None = None
        self.buy_share: float | None = None
        self._bought = 0.0
        self._traded = 0.0

    def add(self, trade: TradeWithQuote[Trade, Quote]) -> None:
        """Count a trade with its quote."""
        if trade.spread is not None:
            self.spread = trade.spread
        if trade.side is not Side.UNKNOWN:
            self._bought = self._bought * _MEMORY + (trade.size if trade.side is Side.BUY else 0.0)
            self._traded = self._traded * _MEMORY + trade.size
            self.buy_share = self._bought / self._traded if self._traded else None


class Board:
    """The rows of all symbols, and how many events and bars there were.

    Args:
        symbols: A row for each.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self.rows = {symbol.upper(): Row() for symbol in symbols}
        self.bars = 0
        self.newest: Bar | None = None

    def add_bar(self, bar: Bar) -> None:
        """A bar has closed."""
        self.row(bar.symbol).bar = self.newest = bar
        self.bars += 1

    def add_trade(self, trade: TradeWithQuote[Trade, Quote]) -> None:
        """A trade was joined with its quote."""
        self.row(trade.symbol).add(trade)

    def row(self, symbol: str) -> Row:
        """The row of a symbol, made when it is new."""
        return self.rows.setdefault(symbol, Row())


class Meter:
    """Time since it was made, and a rate from counts taken now and then."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._counts: deque[tuple[float, int]] = deque([(0.0, 0)])

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._start

    def rate(self, count: int) -> float:
        """Events a second over the last second, given how many there were so far."""
        now = self.elapsed
        self._counts.append((now, count))
        while len(self._counts) > 2 and self._counts[1][0] <= now - _RATE_SPAN:
            self._counts.popleft()
        before, had = self._counts[0]
        return (count - had) / (now - before) if now > before else 0.0
