"""The decisions of ``resample``: fed bars and event time, it puts coarser bars. No Rx, no threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.operators._bar import Bar
from rxpolygon.operators._grid import Grid
from rxpolygon.operators._server_bars import AggregateLike, bar_of
from rxpolygon.operators._windows import BEFORE_ALL, NEVER, Window, Windows

__all__ = ["ResampleEngine"]


class _Parts:
    """The finer bars of one symbol in one window."""

    __slots__ = ("bars", "given")

    def __init__(self) -> None:
        self.bars: dict[int, Bar] = {}
        #: The coarse bar that was given last.
        self.given: Bar | None = None


class ResampleEngine:
    """All symbols' windows of one subscription. Its owner serialises the calls."""

    def __init__(self, grid: Grid, lateness: int, revisable: int, put: Callable[[Bar], None]) -> None:
        self._windows: Windows[_Parts] = Windows(grid, lateness, revisable)
        self._is_prompt = not lateness
        self._put = put
        #: Event time that the bars prove: the newest end.
        self.newest = BEFORE_ALL

    def add(self, aggregate: AggregateLike) -> None:
        """Adds a finer bar."""
        bar = bar_of(aggregate)
        if bar is None or not bar.is_final:
            return
        windows = self._windows
        self.newest = max(self.newest, bar.end)
        if bar.start > windows.newest:
            # By the start, not the end: other symbols' bars of the same finer window are still to come.
            windows.newest = bar.start
            self._close_due()
        window = windows.at(bar.start)
        if window is None:
            return
        if bar.end > window.end:
            fine, coarse = bar.end - bar.start, window.end - window.start
            raise InvalidArgumentError("every", f"{coarse} ms", f"the bars of {fine} ms do not fit into it")
        parts = window.states.get(bar.symbol)
        if parts is None:
            parts = window.states[bar.symbol] = _Parts()
        parts.bars[bar.start] = bar
        is_complete = self._is_prompt and bar.end == window.end
        if window.is_closed or is_complete or parts.given is not None:
            self._give(window, parts)

    def advance(self, now: int) -> int | None:
        """Lets event time go on to ``now``; returns in how many ms a window is over, if one is open."""
        windows = self._windows
        if now >= windows.due:
            windows.newest = max(windows.newest, now)
            self._close_due()
        return windows.due - now if windows.due < NEVER else None

    def flush(self) -> None:
        """Gives all open bars."""
        while (window := self._windows.pop()) is not None:
            self._finish(window)

    def clear(self) -> None:
        """Frees the state."""
        self._windows.clear()

    def _close_due(self) -> None:
        while (window := self._windows.pop_over()) is not None:
            self._finish(window)

    def _finish(self, window: Window[_Parts]) -> None:
        for symbol in sorted(window.states):
            self._give(window, window.states[symbol])

    def _give(self, window: Window[_Parts], parts: _Parts) -> None:
        ordered = [parts.bars[start] for start in sorted(parts.bars)]
        before = parts.given
        bar = _joined(ordered, window, before.revision if before is not None else 0)
        if bar == before:
            return
        if before is not None:
            bar = _joined(ordered, window, before.revision + 1)
        parts.given = bar
        self._put(bar)


def _joined(bars: list[Bar], window: Window[_Parts], revision: int) -> Bar:
    # A filled bar repeats a price from before: it counts only where there is no other.
    priced = [bar for bar in bars if not bar.is_filled] or bars[-1:]
    volume = sum(bar.volume for bar in bars)
    return Bar(
        symbol=bars[0].symbol,
        start=window.start,
        end=window.end,
        open=priced[0].open,
        high=max(bar.high for bar in priced),
        low=min(bar.low for bar in priced),
        close=priced[-1].close,
        volume=volume,
        vwap=_vwap(bars, volume),
        count=sum(bar.count for bar in bars),
        revision=revision,
        is_filled=priced[0].is_filled,
    )


def _vwap(bars: Iterable[Bar], volume: float) -> float | None:
    traded = [bar for bar in bars if bar.volume]
    if not volume or any(bar.vwap is None for bar in traded):
        return None
    return sum((bar.vwap or 0) * bar.volume for bar in traded) / volume
