"""How a price moves: a slow walk from minute to minute, and a bridge with noise between."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.hours import MINUTE_MS

if TYPE_CHECKING:
    from rxpolygon.simulator.market.instruments import Instrument

__all__ = ["PricePath", "PriceTable", "exact_price"]

_TRADING_MINUTES_A_YEAR: Final = 252 * 390
# The walk is drawn back to where it began, so that a simulator that runs for weeks keeps its prices.
_MEMORY: Final = 0.9997
_UNIFORM_TO_NORMAL: Final = 2.0  # three uniforms less their mean have a standard deviation of one half
_KNOWN_PRICES: Final = 50_000


def exact_price(ticks: int, per_unit: int) -> float:
    """The price of a number of ticks, as the wire has it: an int where it is whole.

    Example:
        >>> exact_price(18250, 100), exact_price(18200, 100)
        (182.5, 182)
    """
    whole, rest = divmod(ticks, per_unit)
    return whole if rest == 0 else ticks / per_unit


class PriceTable(dict[int, float]):
    """Prices by their ticks, each worked out once; a price is asked for several times an event.

    Example:
        >>> PriceTable(100)[18250]
        182.5
    """

    def __init__(self, per_unit: int) -> None:
        super().__init__()
        self._per_unit = per_unit

    def __missing__(self, ticks: int) -> float:
        if len(self) >= _KNOWN_PRICES:
            self.clear()
        price = self[ticks] = exact_price(ticks, self._per_unit)
        return price


class PricePath:
    """The efficient price of one symbol in ticks. Any minute can be entered without the ones before.

    Each minute has its own random numbers, made from seed, symbol and the minute's number since the market
    began, so that the events of a minute do not depend on who watched the minutes before.
    """

    def __init__(self, instrument: Instrument, seed: str, start: int) -> None:
        self.ticks = instrument.ticks
        self._seed = seed
        self._first_minute = start // MINUTE_MS
        self._level = instrument.price * instrument.ticks
        self._sigma = instrument.volatility / math.sqrt(_TRADING_MINUTES_A_YEAR)
        self._walk = random.Random(f"{seed}/walk")
        self._logs = [0.0]
        self._price = self._level
        self._target = self._level
        self._noise = 0.0
        self._last = float(start)
        self._end = float(start)

    def enter(self, minute: int, at: float) -> random.Random:
        """Go to an instant of a minute; the returned random numbers are the minute's own."""
        self._price = self._level_at(minute)
        self._target = self._level_at(minute + 1)
        self._noise = self._sigma * self._price / math.sqrt(MINUTE_MS)
        self._last = at
        self._end = float((minute + 1) * MINUTE_MS)
        return random.Random(f"{self._seed}/{minute}")

    def move(self, at: float, normal: float) -> float:
        """The price in ticks at a later instant of the same minute, by a random number with variance one."""
        step = at - self._last
        left = self._end - self._last
        if step > 0.0:
            drift = (self._target - self._price) * step / left
            self._price += drift + self._noise * math.sqrt(step) * normal
            self._last = at
        return self._price

    def _level_at(self, minute: int) -> float:
        index = minute - self._first_minute
        logs = self._logs
        while len(logs) <= index:
            uniforms = self._walk.random() + self._walk.random() + self._walk.random() - 1.5
            logs.append(logs[-1] * _MEMORY + self._sigma * uniforms * _UNIFORM_TO_NORMAL)
        return self._level * math.exp(logs[index])
