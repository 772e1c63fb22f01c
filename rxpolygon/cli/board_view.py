"""The demo's board as a table for a terminal, as lines for a file, and as a summary."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rxpolygon.cli.board import Board, Row
from rxpolygon.cli.columns import amount_text
from rxpolygon.operators import Bar
from rxpolygon.stats import StreamStats
from rxpolygon.status import State

__all__ = ["bar_line", "board_table", "heading_line", "summary_line"]

_NEW_YORK: Final = ZoneInfo("America/New_York")
_UP, _DOWN, _QUIET = "green", "red", "dim"
# Title, width: with the gaps between them 79 columns.
_COLUMNS: Final = (
    ("Open", 7),
    ("High", 7),
    ("Low", 7),
    ("Close", 7),
    ("Volume", 7),
    ("VWAP", 7),
    ("Count", 5),
    ("Spread", 6),
    ("Buys", 4),
)
_SYMBOL_WIDTH: Final = 6
_PRESSURE_WIDTH: Final = 6


def board_table(board: Board, stats: StreamStats, state: State, rate: float, width: int) -> Group:
    """The board as it is now, with as many whole columns as a width takes."""
    titles, room = [], width - _SYMBOL_WIDTH - 1
    for title, column_width in _COLUMNS:
        room -= column_width + 1
        if room >= 0:
            titles.append((title, column_width))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Symbol", width=_SYMBOL_WIDTH, no_wrap=True, overflow="crop")
    for title, column_width in titles:
        table.add_column(title, width=column_width, justify="right", no_wrap=True, overflow="crop")
    shows_pressure = room >= _PRESSURE_WIDTH
    for symbol, row in list(board.rows.items()):
        cells = [
            Text(text, style=_direction(row) if title == "Close" else "")
            for (title, _), text in zip(titles, _cells(row.bar, row), strict=False)
        ]
        table.add_row(Text(symbol, style="bold"), *cells, *([_pressure(row)] if shows_pressure else []))
    return Group(_title(board), table, _footer(board, stats, state, rate))


def heading_line() -> bytes:
    """The heading over :func:`bar_line`."""
    return _line("Time", "Symbol", [title for title, _ in _COLUMNS])


def bar_line(bar: Bar, row: Row) -> bytes:
    """A bar, and the row that it comes to, as a line."""
    return _line(f"{_new_york(bar.start):%H:%M}", bar.symbol, _cells(bar, row))


def summary_line(board: Board, stats: StreamStats, seconds: float) -> str:
    """What there was, at the end."""
    rate = stats.events / seconds if seconds else 0.0
    return (
        f"{stats.events:,} events in {seconds:.1f} s ({rate:,.0f} a second), {board.bars:,} bars of "
        f"{len(board.rows)} symbols, {stats.dropped:,} frames dropped"
    )


def _cells(bar: Bar | None, row: Row) -> list[str]:
    if bar is None:
        figures = [""] * 7
    else:
        prices = [_price(price) for price in (bar.open, bar.high, bar.low, bar.close)]
        figures = [*prices, amount_text(bar.volume), _price(bar.vwap), str(bar.count)]
    spread = "" if row.spread is None else f"{row.spread:.2f}"
    buys = "" if row.buy_share is None else f"{row.buy_share:.0%}"
    return [*figures, spread, buys]


def _direction(row: Row) -> str:
    if row.bar is None:
        return ""
    return _UP if row.bar.close >= row.bar.open else _DOWN


def _price(price: float | None) -> str:
    if price is None:
        return "-"
    return f"{price:.2f}" if price < 10_000 else f"{price:.0f}"


def _pressure(row: Row) -> ProgressBar | Text:
    if row.buy_share is None:
        return Text("")
    return ProgressBar(
        100, row.buy_share * 100, _PRESSURE_WIDTH, style=_DOWN, complete_style=_UP, finished_style=_UP
    )


def _title(board: Board) -> Text:
    bar = board.newest
    what = "the first ones come soon" if bar is None else f"{_new_york(bar.start):%A %H:%M} in New York"
    return _quiet(f"One-minute bars of a simulated market: {what} (Ctrl-C ends)")


def _footer(board: Board, stats: StreamStats, state: State, rate: float) -> Text:
    # A few columns less than the terminal has: it writes ^C there, and a new line would upset the redraw.
    return _quiet(
        f"{state}: {stats.events:,} events, {rate:,.0f} a second, {board.bars:,} bars, "
        f"{stats.dropped:,} frames dropped"
    )


def _quiet(text: str) -> Text:
    return Text(text, style=_QUIET, no_wrap=True, overflow="crop")


def _line(time: str, symbol: str, cells: list[str]) -> bytes:
    fields = " ".join(f"{text:>{width}}" for (_, width), text in zip(_COLUMNS, cells, strict=True))
    return f"{time:<5} {symbol:<{_SYMBOL_WIDTH}} {fields}\n".encode()


def _new_york(instant: int) -> datetime:
    return datetime.fromtimestamp(instant / 1_000, _NEW_YORK)
