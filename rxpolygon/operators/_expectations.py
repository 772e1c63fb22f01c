"""Exponentially weighted means, and what information-driven bars expect of the next bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators._checks import positive_whole

__all__ = ["ExpectedTicks", "Mean", "TickRule", "Unit", "check_expectations", "weight"]

Unit = Literal["ticks", "volume", "dollars"]


class Mean:
    """An exponentially weighted mean: from the first value on it adds 2 / (span + 1) of the distance."""

    __slots__ = ("_alpha", "value")

    def __init__(self, span: float, value: float | None = None) -> None:
        self._alpha = 2 / (span + 1)
        self.value = value

    def add(self, value: float) -> None:
        """Moves the mean towards a value."""
        self.value = value if self.value is None else self.value + self._alpha * (value - self.value)


class ExpectedTicks:
    """How many trades the next bar is expected to have: the mean of the bars before, held within bounds."""

    __slots__ = ("_least", "_mean", "_most", "value")

    def __init__(self, first: int, span: int, bounds: tuple[int, int]) -> None:
        self._least, self._most = bounds
        self._mean = Mean(span, first)
        self.value: float = first

    def add(self, ticks: int) -> None:
        """Learns the length of a bar."""
        self._mean.add(ticks)
        self._mean.value = self.value = min(max(self._mean.value or 0, self._least), self._most)


class TickRule:
    """The sign of the last change of price: 1 for a rise, -1 for a fall, 0 before the first."""

    __slots__ = ("_price", "sign")

    def __init__(self) -> None:
        self._price: float | None = None
        self.sign = 0

    def add(self, price: float) -> None:
        """Learns a price."""
        if self._price is not None and price != self._price:
            self.sign = 1 if price > self._price else -1
        self._price = price


def weight(unit: Unit, price: float, size: float) -> float:
    """What a trade counts."""
    if unit == "ticks":
        return 1
    return size if unit == "volume" else size * abs(price)


def check_expectations(
    expected_ticks: int, unit: Unit, span: int, ticks_between: tuple[int, int] | None
) -> tuple[int, int]:
    """The bounds on the expected number of trades.

    Raises:
        InvalidArgumentError: Some argument is not allowed.
        InvalidTypeError: Some argument has the wrong type.
    """
    positive_whole("expected_ticks", expected_ticks)
    positive_whole("span", span)
    if unit not in ("ticks", "volume", "dollars"):
        raise InvalidArgumentError("unit", unit, "use 'ticks', 'volume' or 'dollars'")
    if ticks_between is None:
        return max(1, expected_ticks // 10), expected_ticks * 10
    if not isinstance(ticks_between, Sequence) or len(ticks_between) != 2:
        raise InvalidTypeError("ticks_between", ticks_between, "a pair of the least and the most")
    least, most = ticks_between
    positive_whole("the least of ticks_between", least)
    positive_whole("the most of ticks_between", most)
    if not 1 <= least <= expected_ticks <= most:
        raise InvalidArgumentError("ticks_between", ticks_between, "use bounds with expected_ticks between")
    return least, most
