"""``live_table``: the latest of each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from reactivex import Observable, abc

from rxpolygon.errors import InvalidTypeError
from rxpolygon.notebook._checks import zone_from
from rxpolygon.notebook._columns import checked_columns, columns_of, value_of
from rxpolygon.notebook._frame import Ending
from rxpolygon.notebook._numbers import clock_text, counted, decimals_of, value_text
from rxpolygon.notebook._picture import HtmlCanvas, Picture
from rxpolygon.notebook._table import Cell, Table
from rxpolygon.notebook._view import LiveView
from rxpolygon.operators._checks import positive_whole
from rxpolygon.operators._protocols import Timed

__all__ = ["live_table"]

TTimed = TypeVar("TTimed", bound=Timed)

#: Columns whose rise and fall are shown.
_MOVING: Final = frozenset({"price", "bid_price", "ask_price", "close", "value", "mid"})


class LatestPicture(Picture[TTimed, Table]):
    """The latest event of each symbol and class."""

    shows = "an event with a symbol"

    def __init__(
        self, columns: tuple[str, ...] | None, rows: int, sort_by: str | None, zone: ZoneInfo
    ) -> None:
        self._columns = columns
        self._most_rows = rows
        self._sort_by = sort_by
        self._zone = zone
        self._latest: dict[str, dict[type, TTimed]] = {}
        self._count = 0
        self._moves: dict[tuple[str, str], tuple[float, int]] = {}  # what was last shown, and its direction

    def add(self, value: TTimed) -> None:
        """A write into a dict."""
        row = self._latest.get(value.symbol)
        if row is None:
            row = self._latest[value.symbol] = {}
        row[type(value)] = value
        self._count += 1

    def canvas(self, frame: Table) -> HtmlCanvas:
        """A widget with the table."""
        return HtmlCanvas(frame)

    def frame(self, ending: Ending, now: float) -> Table:
        """A row for each symbol."""
        columns = self._shown_columns()
        symbols = self._shown_symbols()
        # Where two classes have a column, the later event's value stands in it.
        events = [sorted(self._latest[symbol].values(), key=_recency, reverse=True) for symbol in symbols]
        values = [[value_of(row, column) for row in events] for column in columns]
        cells = [
            self._column(column, symbols, column_values)
            for column, column_values in zip(columns, values, strict=True)
        ]
        times = [Cell(clock_text(value_of(row, "timestamp"), self._zone)) for row in events]  # type: ignore[arg-type] # of a Timed
        names = [Cell(value_text(symbol), 0, False) for symbol in symbols]
        rows = tuple(zip(names, *cells, times, strict=True))
        titles = ("symbol", *(column.replace("_", " ") for column in columns), f"time ({self._zone.key})")
        return Table(titles, rows, self._note(len(symbols)), ending)

    def _shown_columns(self) -> tuple[str, ...]:
        if self._columns is not None:
            return self._columns
        kinds = dict.fromkeys(kind for row in self._latest.values() for kind in row)
        return tuple(dict.fromkeys(column for kind in kinds for column in columns_of(kind)))

    def _shown_symbols(self) -> list[str]:
        symbols = sorted(self._latest)
        if self._sort_by is not None:
            column = self._sort_by
            symbols.sort(key=lambda symbol: _rank(value_of(self._latest[symbol].values(), column)))
        return symbols[: self._most_rows]

    def _column(self, column: str, symbols: list[str], values: list[object]) -> list[Cell]:
        decimals = decimals_of(column, values)
        is_number = all(isinstance(value, int | float) or value is None for value in values)
        cells = []
        for symbol, value in zip(symbols, values, strict=True):
            direction = self._direction(symbol, column, value) if column in _MOVING else 0
            cells.append(Cell(value_text(value, decimals), direction, is_number))
        return cells

    def _direction(self, symbol: str, column: str, value: object) -> int:
        if not isinstance(value, int | float):
            return 0
        before, direction = self._moves.get((symbol, column), (value, 0))
        if value != before:
            direction = 1 if value > before else -1
        self._moves[symbol, column] = (value, direction)
        return direction

    def _note(self, shown: int) -> str:
        known = len(self._latest)
        hidden = f"{shown:,} of " if shown < known else ""
        return f"{hidden}{counted(known, 'symbol')}, {counted(self._count, 'event')}"


def _recency(event: Timed) -> float:
    # The server may leave the timestamp out.
    return event.timestamp or 0


def _rank(value: object) -> tuple[bool, float]:
    """The greatest first, and last what has no number."""
    return (False, -value) if isinstance(value, int | float) else (True, 0.0)


def live_table(
    stream: Observable[TTimed],
    *,
    columns: Sequence[str] | None = None,
    rows: int = 40,
    sort_by: str | None = None,
    timezone: str = "UTC",
    every: str | timedelta = "250ms",
    scheduler: abc.SchedulerBase | None = None,
) -> LiveView:
    """A table of the latest of each symbol, that follows a stream.

    Events of several classes may be mixed, such as trades and quotes: a symbol's row has the latest of each.
    Prices that rose or fell since the last redraw are green or red.

    An event costs its thread a write into a dict. The latest event of each symbol and class is kept,
    whatever is shown of it.

    Args:
        stream: Events, bars, or any objects with ``symbol`` and ``timestamp``.
        columns: Names of attributes to show; None shows what suits the events.
        rows: The most symbols to show; the note says how many there are.
        sort_by: The attribute whose greatest values come first; None sorts by symbol.
        timezone: The zone of the times, by its IANA name.
        every: The least time between two redraws, at least 100 ms.
        scheduler: Whose time drives the redraws; by default the clock's.

    Returns:
        The view. It follows the stream at once, shown or not; see :class:`LiveView` for its end.

    Raises:
        InvalidArgumentError: An argument has a value that is not allowed.
        InvalidTypeError: An argument has the wrong type.

    Example:
        In a notebook the last line of a cell, ``view``, would show it. Anywhere, it can be printed.

        >>> import reactivex as rx
        >>> from rxpolygon.notebook import live_table
        >>> from rxpolygon.testing import trade
        >>> at = 1_700_000_000_000
        >>> trades = [trade("IBM", 181.5, 200, timestamp=at), trade("AAPL", 189.5, 100, timestamp=at)]
        >>> view = live_table(rx.of(*trades, trade("IBM", 181.6, 1, timestamp=at + 5)))
        >>> print(view)
        symbol   price  size    time (UTC)
        AAPL    189.50   100  22:13:20.000
        IBM     181.60     1  22:13:20.005
        (2 symbols, 3 events · completed)
    """
    if sort_by is not None and not isinstance(sort_by, str):
        raise InvalidTypeError("sort_by", sort_by, "the name of an attribute, as a str, or None")
    positive_whole("rows", rows)
    picture = LatestPicture[TTimed](checked_columns(columns), rows, sort_by, zone_from(timezone))
    return LiveView(stream, picture, every, scheduler)
