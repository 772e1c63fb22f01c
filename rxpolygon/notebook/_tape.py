"""``tape``: the last trades, the newest on top."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from reactivex import Observable, abc

from rxpolygon.notebook._checks import zone_from
from rxpolygon.notebook._columns import value_of
from rxpolygon.notebook._frame import Ending
from rxpolygon.notebook._numbers import clock_text, counted, decimals_of, value_text
from rxpolygon.notebook._picture import HtmlCanvas, Picture
from rxpolygon.notebook._table import Cell, Table
from rxpolygon.notebook._view import LiveView
from rxpolygon.operators import Side
from rxpolygon.operators._checks import positive_whole
from rxpolygon.operators._protocols import TradeLike

__all__ = ["tape"]

TTrade = TypeVar("TTrade", bound=TradeLike)

_OPTIONAL = ("side", "exchange", "conditions")


class TapePicture(Picture[TTrade, Table], Generic[TTrade]):
    """The last trades, each with the price before it."""

    shows = "a trade, with a symbol and a price"

    def __init__(self, rows: int, zone: ZoneInfo) -> None:
        self._zone = zone
        self._rows: deque[tuple[TTrade, int]] = deque(maxlen=rows)
        self._ticks: dict[str, tuple[float, int]] = {}  # last price and direction, by symbol
        self._count = 0

    def add(self, value: TTrade) -> None:
        """A tick: up, down, or as before where the price is the same."""
        symbol, direction = value.symbol, 0
        price: float | None = value.price
        if price is not None:  # the server may leave it out
            before, direction = self._ticks.get(symbol, (price, 0))
            if price != before:
                direction = 1 if price > before else -1
            self._ticks[symbol] = (price, direction)
        self._rows.append((value, direction))
        self._count += 1

    def canvas(self, frame: Table) -> HtmlCanvas:
        """A widget with the table."""
        return HtmlCanvas(frame)

    def frame(self, ending: Ending, now: float) -> Table:
        """A row for each trade, the newest first."""
        rows = list(reversed(self._rows))
        trades = [trade for trade, _ in rows]
        more = [name for name in _OPTIONAL if any(value_of([trade], name) is not None for trade in trades)]
        prices = decimals_of("price", [trade.price for trade in trades])
        sizes = decimals_of("size", [trade.size for trade in trades])
        cells = tuple(
            (
                Cell(clock_text(trade.timestamp, self._zone), 0, False),
                Cell(value_text(trade.symbol), 0, False),
                Cell(value_text(trade.price, prices), direction),
                Cell(value_text(trade.size, sizes)),
                *(_more_cell(value_of([trade], name)) for name in more),
            )
            for trade, direction in rows
        )
        titles = (f"time ({self._zone.key})", "symbol", "price", "size", *more)
        return Table(titles, cells, counted(self._count, "trade"), ending)


def _more_cell(value: object) -> Cell:
    if isinstance(value, Side):
        return Cell("" if value is Side.UNKNOWN else value.value, 0, False)
    return Cell(value_text(value), 0, False)


def tape(
    trades: Observable[TTrade],
    *,
    rows: int = 20,
    timezone: str = "UTC",
    every: str | timedelta = "250ms",
    scheduler: abc.SchedulerBase | None = None,
) -> LiveView:
    """Time and sales: the last trades, the newest on top.

    A price above the symbol's trade before is green, one below it red, and an equal one keeps the colour
    (the tick rule). Trades that were joined with quotes show their ``side``, too.

    The last ``rows`` trades are kept, and the last price of each symbol.

    Args:
        trades: Trades of any number of symbols.
        rows: How many trades to show.
        timezone: The zone of the times, by its IANA name.
        every: The least time between two redraws, at least 100 ms.
        scheduler: Whose time drives the redraws; by default the clock's.

    Returns:
        The view; see :class:`LiveView` for its end.

    Raises:
        InvalidArgumentError: An argument has a value that is not allowed.
        InvalidTypeError: An argument has the wrong type.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.notebook import tape
        >>> from rxpolygon.testing import trade
        >>> prices = {0: 181.5, 100: 181.6, 250: 181.6, 300: 181.4}
        >>> trades = [
        ...     trade("IBM", price, 100, timestamp=1_700_000_000_000 + at) for at, price in prices.items()
        ... ]
        >>> print(tape(rx.from_iterable(trades), rows=3))
        time (UTC)    symbol   price    size
        22:13:20.300  IBM     181.40 ▼   100
        22:13:20.250  IBM     181.60 ▲   100
        22:13:20.100  IBM     181.60 ▲   100
        (4 trades · completed)
    """
    positive_whole("rows", rows)
    return LiveView(trades, TapePicture[TTrade](rows, zone_from(timezone)), every, scheduler)
