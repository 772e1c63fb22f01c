"""Sums that keep what doubles would lose."""

from __future__ import annotations

__all__ = ["CompensatedSum"]


class CompensatedSum:
    """A sum of floats to about twice their precision, so that taking away what was added leaves nothing.

    Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54, 1974.
    """

    __slots__ = ("_high", "_low")

    def __init__(self) -> None:
        self._high = self._low = 0.0

    def add(self, value: float) -> None:
        """Adds; add the negative to take away."""
        high = self._high
        total = high + value
        if abs(high) >= abs(value):
            self._low += (high - total) + value
        else:
            self._low += (value - total) + high
        self._high = total

    @property
    def value(self) -> float:
        """The sum so far."""
        return self._high + self._low
