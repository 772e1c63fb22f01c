"""A bar that is not cut by time, while trades are added to it in order of arrival."""

from __future__ import annotations

from math import inf

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._sales import HIGH_LOW, OPEN_CLOSE

__all__ = ["Gathering"]


class Gathering:
    """The figures of one symbol since its last bar.

    The volume is kept as a sum and the error of that sum, which goes over to the next bar: over all bars no
    volume is lost or made by rounding.
    """

    __slots__ = (
        "_error",
        "_has_open",
        "_last_price",
        "_symbol",
        "close",
        "count",
        "end",
        "high",
        "low",
        "open",
        "start",
        "value",
        "volume",
    )

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._last_price: float | None = None
        self._error = 0.0
        self._reset()

    def _reset(self) -> None:
        self.start = self.end = 0
        self.open = self.close = 0.0
        self._has_open = False
        self.high, self.low = -inf, inf
        self.volume: float = 0
        self.value = 0.0
        self.count = 0

    @property
    def total(self) -> float:
        """The volume so far."""
        return self.volume + self._error

    def take(self, at: int, price: float, size: float, bits: int) -> None:
        """Adds a trade, or a part of one."""
        if not self.count:
            self.start = at
            # Until a trade may set them, the prices are those before, or else the trade's own.
            self.open = self.close = price if self._last_price is None else self._last_price
        if bits & HIGH_LOW:
            self.high = max(self.high, price)
            self.low = min(self.low, price)
        if bits & OPEN_CLOSE:
            if not self._has_open:
                self.open, self._has_open = price, True
            self.close = self._last_price = price
        self.end = at
        self._add(size)
        self.value += price * size
        self.count += 1

    def _add(self, size: float) -> None:
        # Knuth's two-sum: the exact error of a floating-point addition.
        before = self.volume
        after = before + size
        part = after - before
        self._error += (before - (after - part)) + (size - part)
        self.volume = after

    def owe(self, size: float) -> None:
        """Adds a rounding error to what goes over to the next bar."""
        self._error += size

    def to_bar(self, volume: float | None = None, *, is_final: bool = True) -> Bar:
        """The bar; the next begins. ``volume``, if given, is what it is meant to have but for rounding."""
        told = self.total if volume is None else volume
        if not self.volume:
            # Of trades without a size: that of the others, but for rounding, is told already.
            told = 0.0
        high, low = self.high, self.low
        if high == -inf or not self._has_open:
            # Trades that may set the one may not set the other: a bar is as high as its open and close.
            high, low = max(high, self.open, self.close), min(low, self.open, self.close)
        bar = Bar(
            symbol=self._symbol,
            start=self.start,
            end=self.end,
            open=self.open,
            high=high,
            low=low,
            close=self.close,
            volume=float(told),
            vwap=self.value / told if told else None,
            count=self.count,
            is_final=is_final,
        )
        self._add(-told)
        self._error += self.volume
        self._reset()
        return bar
