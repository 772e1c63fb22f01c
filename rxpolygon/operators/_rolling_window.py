"""Mean, variance and realised variance of what is inside a moving window of time."""

from __future__ import annotations

from math import log, nan

__all__ = ["RollingWindow"]


class RollingWindow:
    """A queue that knows its statistics at every moment, in constant time amortised, and without subtracting.

    Statistics that add what enters and subtract what leaves lose their digits once something large has
    passed through. Here the queue is two stacks: what entered goes on the back one, whose statistics grow
    by Welford's rule (Technometrics 4, 1962); when the front one is used up, the back one is turned over
    into it, each entry with the statistics of itself and all after it. The whole is the sum of both tops
    (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", American Statistician 37,
    1983).
    """

    __slots__ = ("_back", "_back_mean", "_back_squares", "_back_variation", "_front", "_last", "time")

    def __init__(self) -> None:
        #: The newest time that was pushed.
        self.time = -(2**63)
        self._last = nan
        # (time, value, squared log return from the value before), oldest first.
        self._back: list[tuple[int, float, float]] = []
        self._back_mean = self._back_squares = self._back_variation = 0.0
        # (time, count, mean, sum of squared deviations, realised variance), oldest last.
        self._front: list[tuple[int, int, float, float, float]] = []

    def push(self, time: int, value: float) -> None:
        """Adds a value; ``time`` must not be before that of an earlier one."""
        self.time = time
        back, last = self._back, self._last
        # A price of zero or below has no logarithm; the window's variation is unknown while it is inside.
        # The same where a ratio, as of something finite to infinity, is 0.
        ratio = value / last if value > 0 and last > 0 else nan
        squared_return = log(ratio) ** 2 if ratio > 0 else nan
        self._last = value
        if back:
            self._back_variation += squared_return
        back.append((time, value, squared_return))
        deviation = value - self._back_mean
        self._back_mean += deviation / len(back)
        self._back_squares += deviation * (value - self._back_mean)

    def evict(self, until: int) -> None:
        """Removes all values whose time is ``until`` or before."""
        front = self._front
        while front and front[-1][0] <= until:
            front.pop()
        if not front and self._back and self._back[0][0] <= until:
            self._turn_over(until)

    def statistics(self) -> tuple[int, float, float, float]:
        """Count, mean, sum of squared deviations, realised variance (nan if unknown)."""
        count = len(self._back)
        if not self._front:
            return count, self._back_mean, self._back_squares, self._back_variation
        _, front_count, front_mean, front_squares, front_variation = self._front[-1]
        if not count:
            return front_count, front_mean, front_squares, front_variation
        total = front_count + count
        distance = self._back_mean - front_mean
        mean = front_mean + distance * count / total
        squares = front_squares + self._back_squares + distance * distance * front_count * count / total
        return total, mean, squares, front_variation + self._back[0][2] + self._back_variation

    def _turn_over(self, until: int) -> None:
        front = self._front
        mean = squares = variation = next_return = 0.0
        for count, (time, value, squared_return) in enumerate(reversed(self._back), 1):
            if time <= until:
                break
            deviation = value - mean
            mean += deviation / count
            squares += deviation * (value - mean)
            variation += next_return
            next_return = squared_return
            front.append((time, count, mean, squares, variation))
        self._back.clear()
        self._back_mean = self._back_squares = self._back_variation = 0.0
