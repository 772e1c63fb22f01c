"""Where the demo shows its board: a terminal that is redrawn, or lines."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Final

from rich.console import Console
from rich.live import Live

from rxpolygon.cli.board import Board, Meter
from rxpolygon.cli.board_view import bar_line, board_table, heading_line
from rxpolygon.cli.lines import Lines
from rxpolygon.client import StreamClient
from rxpolygon.operators import Bar

__all__ = ["LineScreen", "Screen", "TableScreen"]

_REDRAW: Final = 0.125  # seconds between two pictures, however fast the stream is


class Screen(ABC):
    """Takes bars on the dispatch thread, and shows the board on the main one.

    Args:
        board: What to show.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        #: What ended the stream, if it was not the user.
        self.error: Exception | None = None

    def add_bar(self, bar: Bar) -> None:
        """A bar has closed."""
        self._board.add_bar(bar)

    def fail(self, error: Exception) -> None:
        """The stream ended by an error: :meth:`show` returns."""
        self.error = error

    @abstractmethod
    def show(self, client: StreamClient, meter: Meter, seconds: float | None) -> None:
        """Show the board for so long, or until the stream fails or the user interrupts."""


class TableScreen(Screen):
    """A table that is drawn again at a steady pace, because observers only change the board."""

    def __init__(self, board: Board, console: Console) -> None:
        super().__init__(board)
        self._console = console
        self._failed = threading.Event()

    def fail(self, error: Exception) -> None:
        """The stream ended by an error."""
        super().fail(error)
        self._failed.set()

    def show(self, client: StreamClient, meter: Meter, seconds: float | None) -> None:
        """Draw until the end."""
        with Live(console=self._console, auto_refresh=False) as live:
            while True:
                stats = client.stats
                rate = meter.rate(stats.events)
                picture = board_table(self._board, stats, client.state, rate, self._console.width)
                live.update(picture, refresh=True)
                rest = _REDRAW if seconds is None else min(_REDRAW, seconds - meter.elapsed)
                if rest <= 0 or self._failed.wait(rest):
                    return


class LineScreen(Screen):
    """A line for each bar."""

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self._lines = Lines(heading=heading_line())

    def add_bar(self, bar: Bar) -> None:
        """Write the bar; one after the end is neither written nor counted."""
        if self._lines.put(bar_line(bar, self._board.row(bar.symbol))):
            super().add_bar(bar)

    def fail(self, error: Exception) -> None:
        """The stream ended by an error."""
        super().fail(error)
        self._lines.end()

    def show(self, client: StreamClient, meter: Meter, seconds: float | None) -> None:
        """Write until the end."""
        try:
            self._lines.write(seconds)
        except KeyboardInterrupt:
            self._lines.write_rest()
            raise
        finally:
            self._lines.end()  # nothing may wait for stdout any more
