"""Windows of time over all symbols: which are open, which are over, which may still be revised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from rxpolygon.operators._grid import Grid
from rxpolygon.operators._sessions import Span

__all__ = ["BEFORE_ALL", "NEVER", "Window", "Windows"]

TState = TypeVar("TState")

#: Later than every timestamp, and earlier than every timestamp.
NEVER: Final = 2**63
BEFORE_ALL: Final = -(2**63)


class Window(Generic[TState]):
    """One window of the grid with the state of each symbol in it."""

    __slots__ = ("end", "filled", "is_closed", "start", "states")

    def __init__(self, start: int, end: int, *, is_closed: bool) -> None:
        self.start = start
        self.end = end
        self.is_closed = is_closed
        self.states: dict[str, TState] = {}
        #: At what price symbols without a state were given.
        self.filled: dict[str, float] = {}


class Windows(Generic[TState]):
    """Keeps windows by event time: the newest timestamp seen, of whatever symbol.

    A window is over when event time reaches its end plus the lateness. Then it is forgotten, or kept for
    revisions until event time is ``revisable`` past that. All in milliseconds.
    """

    def __init__(self, grid: Grid, lateness: int, revisable: int) -> None:
        self._grid = grid
        self._lateness = lateness
        self._revisable = revisable
        self._open: dict[int, Window[TState]] = {}
        self._closed: dict[int, Window[TState]] = {}
        #: Event time: the newest timestamp, or later after a silence.
        self.newest = BEFORE_ALL
        #: When event time reaches this a window is over.
        self.due = NEVER

    def at(self, timestamp: int) -> Window[TState] | None:
        """The window that an instant lies in; None outside of sessions and where it is too late."""
        start, end, is_open = self._grid.span(timestamp)
        if not is_open:
            return None
        window = self._open.get(start)
        if window is not None:
            return window
        over = end + self._lateness
        if over > self.newest:
            window = self._open[start] = Window(start, end, is_closed=False)
            self.due = min(self.due, over)
            return window
        if over + self._revisable <= self.newest:
            return None
        window = self._closed.get(start)
        if window is None:
            window = self._closed[start] = Window(start, end, is_closed=True)
        return window

    def span(self, timestamp: int) -> Span:
        """The window that an instant lies in, or, not open, the stretch between sessions."""
        return self._grid.span(timestamp)

    def pop_over(self) -> Window[TState] | None:
        """Takes the earliest window that is over out of the open ones."""
        horizon = self.newest - self._lateness
        over = min((w for w in self._open.values() if w.end <= horizon), key=_start_of, default=None)
        if over is None:
            self._forget_old(horizon - self._revisable)
            self.due = min((w.end + self._lateness for w in self._open.values()), default=NEVER)
        else:
            self._close(over)
        return over

    def pop(self) -> Window[TState] | None:
        """Takes the earliest open window, over or not."""
        window = min(self._open.values(), key=_start_of, default=None)
        if window is not None:
            self._close(window)
        return window

    def open_after(self, end: int) -> None:
        """Opens the window that follows upon ``end``, though nothing is in it yet."""
        span = self._grid.span(end)
        if not span.is_open:
            span = self._grid.span(span.end)
        if span.is_open and span.start not in self._open:
            self._open[span.start] = Window(span.start, span.end, is_closed=False)
            self.due = min(self.due, span.end + self._lateness)

    def _close(self, window: Window[TState]) -> None:
        del self._open[window.start]
        window.is_closed = True
        if self._revisable:
            self._closed[window.start] = window

    def _forget_old(self, horizon: int) -> None:
        for start in [start for start, window in self._closed.items() if window.end <= horizon]:
            del self._closed[start]

    def kept(self) -> Iterator[Window[TState]]:
        """All windows that are open or may be revised, the newest last."""
        yield from self._closed.values()
        yield from self._open.values()

    def clear(self) -> None:
        """Forgets everything."""
        self._open.clear()
        self._closed.clear()
        self.due = NEVER


def _start_of(window: Window[TState]) -> int:
    return window.start
