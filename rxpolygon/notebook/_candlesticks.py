"""``candlesticks``: bars as a chart that grows."""

from __future__ import annotations

from datetime import timedelta
from math import isfinite
from zoneinfo import ZoneInfo

from reactivex import Observable, abc

from rxpolygon.notebook._candles import Candles
from rxpolygon.notebook._chart import FIGURE_PACKAGES, MOST_PANELS, FigureCanvas, LiveChart
from rxpolygon.notebook._checks import zone_from
from rxpolygon.notebook._frame import Ending
from rxpolygon.notebook._picture import Picture
from rxpolygon.operators import Bar
from rxpolygon.operators._checks import positive_whole
from rxpolygon.operators._server_bars import AggregateLike, to_bar
from rxpolygon.stats import time_of

__all__ = ["candlesticks"]


class CandlesPicture(Picture[AggregateLike, Candles]):
    """The last bars of the first symbols."""

    packages = FIGURE_PACKAGES
    shows = 'a bar (trades become bars by rxo.time_bars("1m"))'

    def __init__(self, limit: int, zone: ZoneInfo) -> None:
        self._limit = limit
        self._zone = zone
        self._series: dict[str, dict[int, Bar]] = {}  # by start; in no order where late bars came
        self._others: set[str] = set()

    def add(self, value: AggregateLike) -> None:
        """A bar takes the place of the one with its start; beyond the limit the oldest goes."""
        bar = to_bar(value)
        if bar is None or not _has_place(bar):
            return
        bars = self._series.get(bar.symbol)
        if bars is None:
            if len(self._series) == MOST_PANELS:
                self._others.add(bar.symbol)
                return
            bars = self._series[bar.symbol] = {}
        bars[bar.start] = bar
        if len(bars) > self._limit:
            del bars[min(bars)]

    def canvas(self, frame: Candles) -> FigureCanvas[Candles]:
        """A figure."""
        return FigureCanvas(frame)

    def frame(self, ending: Ending, now: float) -> Candles:
        """The bars by their start."""
        series = {
            symbol: tuple(sorted(bars.values(), key=lambda bar: bar.start))
            for symbol, bars in self._series.items()
        }
        return Candles(series, len(self._others), self._zone, ending)


def _has_place(bar: Bar) -> bool:
    prices = (bar.open, bar.high, bar.low, bar.close)
    return time_of(bar.start) is not None and all(map(isfinite, prices))


def candlesticks(
    bars: Observable[AggregateLike],
    *,
    limit: int = 300,
    timezone: str = "UTC",
    every: str | timedelta = "500ms",
    scheduler: abc.SchedulerBase | None = None,
) -> LiveChart:
    """A chart of candles with their volumes, that grows with a stream of bars.

    A bar takes the place of the one of its symbol with the same start: so a forming bar moves, and a revised
    one corrects its candle; hovering over a candle tells which it is. Each symbol has a panel, up to six; the
    heading counts the others.

    The last ``limit`` bars of each symbol in a panel are kept. One without prices, or whose start is no time
    of this calendar, is passed over.

    Args:
        bars: Bars of any operator, or the server's aggregates.
        limit: The most candles in a panel.
        timezone: The zone of the time axis, by its IANA name.
        every: The least time between two redraws, at least 100 ms.
        scheduler: Whose time drives the redraws; by default the clock's.

    Returns:
        The view; see :class:`LiveView` for its end. Its ``figure`` is a plotly ``FigureWidget``. A picture of
        it is drawn by matplotlib.

    Raises:
        InvalidArgumentError: An argument has a value that is not allowed.
        InvalidTypeError: An argument has the wrong type.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon import operators as rxo
        >>> from rxpolygon.notebook import candlesticks
        >>> from rxpolygon.events import Trade
        >>> trades = [
        ...     Trade(symbol="IBM", price=price, size=100, timestamp=1_700_000_040_000 + at * 1_000)
        ...     for at, price in enumerate([181.5, 181.6, 181.4, 181.55])
        ... ]
        >>> view = candlesticks(rx.from_iterable(trades).pipe(rxo.time_bars("2s")))
        >>> print(view)
        time (UTC)           symbol    open    high     low   close  volume
        2023-11-14 22:14:00  IBM     181.50  181.60  181.50  181.60     200
        2023-11-14 22:14:02  IBM     181.40  181.55  181.40  181.55     200
        (2 bars of IBM · completed)
    """
    positive_whole("limit", limit)
    return LiveChart(bars, CandlesPicture(limit, zone_from(timezone)), every, scheduler)
