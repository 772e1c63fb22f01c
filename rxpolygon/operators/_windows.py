"""Windows of time over all symbols: which are open, which are over, which may still be revised."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from heapq import heappop, heappush
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
        # By their starts, which are in order too, because windows of milliseconds are many: those that are
        # open on a heap, of which only the earliest is ever looked for.
        self._open: dict[int, Window[TState]] = {}
        self._open_starts: list[int] = []
        self._closed: dict[int, Window[TState]] = {}
        self._closed_starts: list[int] = []
        # How many of them, from the first on, are forgotten.
        self._forgotten = 0
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
            return self._open_window(start, end)
        if over + self._revisable <= self.newest:
            return None
        window = self._closed.get(start)
        if window is None:
            window = Window(start, end, is_closed=True)
            self._keep(window)
        return window

    def span(self, timestamp: int) -> Span:
        """The window that an instant lies in, or, not open, the stretch between sessions."""
        return self._grid.span(timestamp)

    def pop_over(self) -> Window[TState] | None:
        """Takes the earliest window that is over out of the open ones."""
        if self.newest >= self.due:
            return self.pop()
        self._forget_old()
        return None

    def pop(self) -> Window[TState] | None:
        """Takes the earliest open window, over or not."""
        if not self._open_starts:
            return None
        window = self._open.pop(heappop(self._open_starts))
        window.is_closed = True
        if self._revisable:
            self._keep(window)
        self.due = self._open[self._open_starts[0]].end + self._lateness if self._open else NEVER
        return window

    def open_after(self, end: int) -> None:
        """Opens the window that follows upon ``end``, though nothing is in it yet."""
        span = self._grid.span(end)
        if not span.is_open:
            span = self._grid.span(span.end)
        if span.is_open and span.start not in self._open:
            self._open_window(span.start, span.end)

    def kept(self) -> Iterator[Window[TState]]:
        """All windows that are open or may be revised, those that are open last."""
        for window in self._closed.values():
            if self._is_kept(window):
                yield window
        yield from self._open.values()

    def kept_before(self, start: int) -> Iterator[Window[TState]]:
        """The closed windows with an earlier start that may be revised, the latest first."""
        starts = self._closed_starts
        for place in range(bisect_left(starts, start) - 1, self._forgotten - 1, -1):
            window = self._closed[starts[place]]
            if not self._is_kept(window):
                return
            yield window

    def clear(self) -> None:
        """Forgets everything."""
        self._open.clear()
        self._open_starts.clear()
        self._closed.clear()
        self._closed_starts.clear()
        self._forgotten = 0
        self.due = NEVER

    def _open_window(self, start: int, end: int) -> Window[TState]:
        window: Window[TState] = Window(start, end, is_closed=False)
        self._open[start] = window
        heappush(self._open_starts, start)
        self.due = min(self.due, end + self._lateness)
        return window

    def _keep(self, window: Window[TState]) -> None:
        self._closed[window.start] = window
        insort(self._closed_starts, window.start)

    def _forget_old(self) -> None:
        starts = self._closed_starts
        while self._forgotten < len(starts) and not self._is_kept(self._closed[starts[self._forgotten]]):
            del self._closed[starts[self._forgotten]]
            self._forgotten += 1
        if self._forgotten > len(starts) // 2:  # seldom, since all others move up
            del starts[: self._forgotten]
            self._forgotten = 0

    def _is_kept(self, window: Window[TState]) -> bool:
        return window.end + self._lateness + self._revisable > self.newest
