"""The sums of ``vwap``."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Final

__all__ = ["Part", "Total"]

# Before every timestamp.
_BEGINNING: Final = -(2**63)

#: What was counted of a trade: its instant, price times size, and size; and the end of its period.
Part = tuple[tuple[int, float, float], int]


class Total:
    """Price times size, and size, of one symbol's trades, summed up.

    The sums have twice the precision of floats (Neumaier, "Rundungsfehleranalyse einiger Verfahren zur
    Summation endlicher Summen", ZAMM 54, 1974), so that what is taken away leaves nothing behind.
    """

    __slots__ = (
        "_oldest",
        "_trades",
        "count",
        "notional",
        "notional_rest",
        "period_end",
        "sized",
        "time",
        "volume",
        "volume_rest",
    )

    def __init__(self) -> None:
        #: The newest timestamp.
        self.time = _BEGINNING
        self.period_end = _BEGINNING
        # Only a window needs its trades.
        self._trades: deque[tuple[int, float, float]] | None = None
        # Not after the oldest of them: who looks whether that has left need not look at the trade.
        self._oldest = _BEGINNING
        self.clear()

    def clear(self) -> None:
        """Starts anew."""
        self.count = 0
        #: Trades that have a size: without any there is no average.
        self.sized = 0
        self._clear_sums()

    def _clear_sums(self) -> None:
        #: The sums, and what rounding took from them.
        self.notional = self.notional_rest = self.volume = self.volume_rest = 0.0

    def add(self, notional: float, size: float) -> None:
        """Adds a trade."""
        before = self.notional
        self.notional = after = before + notional
        rest = (before - after) + notional if abs(before) >= abs(notional) else (notional - after) + before
        if rest:  # mostly there is none
            self.notional_rest += rest
        before = self.volume
        self.volume = after = before + size
        rest = (before - after) + size if abs(before) >= abs(size) else (size - after) + before
        if rest:
            self.volume_rest += rest
        self.count += 1
        if size:
            self.sized += 1

    def remove(self, notional: float, size: float) -> None:
        """Takes a trade away."""
        self.add(-notional, -size)
        self.count -= 2
        if size:
            self.sized -= 2
            if not self.sized:
                # Even twice the precision leaves a little of numbers of very different sizes.
                self._clear_sums()

    def add_to_window(self, notional: float, size: float, window: int) -> None:
        """Adds a trade, and takes those away that are ``window`` older than the newest."""
        self.add(notional, size)
        trades = self._trades
        if trades is None:
            trades = self._trades = deque()
        trades.append((self.time, notional, size))
        until = self.time - window
        if self._oldest > until:
            return
        while trades[0][0] <= until:
            _, notional, size = trades.popleft()
            self.remove(notional, size)
        self._oldest = trades[0][0]

    def part(self, notional: float, size: float) -> Part:
        """What was just added, to be withdrawn later."""
        return (self.time, notional, size), self.period_end

    def withdraw(self, part: Part) -> bool:
        """Takes a trade away; False if it is not in the sums any more."""
        trade, period_end = part
        if period_end != self.period_end:
            return False
        if self._trades is not None:
            try:
                self._trades.remove(trade)
            except ValueError:  # it has left the window
                return False
        _, notional, size = trade
        self.remove(notional, size)
        return True

    def put_back(self, trade: tuple[int, float, float]) -> None:
        """Adds a trade at its own instant."""
        time, notional, size = trade
        self.add(notional, size)
        if self._trades is not None:
            self._trades.insert(bisect_right(self._trades, time, key=_time_of), trade)
            self._oldest = min(self._oldest, time)


def _time_of(trade: tuple[int, float, float]) -> int:
    return trade[0]
