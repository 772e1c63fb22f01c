"""``Bar``: what every bar operator emits."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from rxpolygon.events._base import moment_of

__all__ = ["Bar"]


class Bar(Struct, frozen=True, gc=False, kw_only=True):
    """Trades (or quotes) of one symbol, summed up.

    It has ``symbol``, ``timestamp`` and ``time`` like an event, so operators may follow one another.

    Attributes:
        symbol: The symbol of its trades.
        start: The window's first instant, Unix ms UTC, inclusive. Of a bar that is not cut by time (tick,
            volume, ... bars): the instant of its first trade.
        end: The window's end, Unix ms UTC, exclusive. Of a bar that is not cut by time: the instant of
            its last trade.
        open: The first price.
        high: The highest price.
        low: The lowest price.
        close: The last price.
        volume: Shares, contracts or units traded; of quotes their number.
        vwap: Volume-weighted average price; None where the volume is 0 or the server did not say it.
        count: Number of trades (or quotes) that changed the bar.
        revision: 0 for the first bar of a window, and one more each time that it is given again.
        is_final: Whether the window is over; False for a bar that is still forming. A final bar may yet be
            revised.
        is_filled: Whether no trade set a price in the window, so that open, high, low and close are the
            close of the bar before.

    Example:
        >>> bar = Bar(symbol="IBM", start=1_700_000_040_000, end=1_700_000_100_000, open=10, high=12,
        ...           low=9, close=11, volume=300, vwap=10.5, count=3)
        >>> bar.time.isoformat(), bar.revision, bar.is_final
        ('2023-11-14T22:14:00+00:00', 0, True)
    """

    symbol: str
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    count: int
    revision: int = 0
    is_final: bool = True
    is_filled: bool = False

    @property
    def timestamp(self) -> int:
        """The bar's start, Unix milliseconds UTC."""
        return self.start

    @property
    def time(self) -> datetime:
        """The bar's start as an aware datetime in UTC; None where that is beyond the calendar."""
        return moment_of(self.start * 1_000)
