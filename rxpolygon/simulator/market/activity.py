"""What happens to one symbol, one instant after another."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.hours import MINUTE_MS
from rxpolygon.simulator.market.path import PricePath, PriceTable

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from rxpolygon.simulator.market.instruments import Instrument
    from rxpolygon.simulator.market.records import Record

__all__ = ["Activity", "Numbering"]

_UNIFORM_TO_NORMAL: Final = 2.0
_WOBBLE_MEMORY: Final = 0.85
_WOBBLE_TICKS: Final = 0.35
_LOWEST_TICKS: Final = 2.0
_STEPS: Final = (1, 1, 1, 1, 1, 2, 2, 3)
_STEP_MASK: Final = len(_STEPS) - 1


class Numbering:
    """Numbers that rise within a day, with holes, and depend on nothing but the minute they are given in.

    Each minute owns a span of numbers, wide enough for its events and the holes.
    """

    def __init__(self, events_a_second: float) -> None:
        self._span = 1_000 + int(events_a_second * 60 * 4)
        self._next = 0
        self._end = 0

    def enter(self, minute_of_day: int) -> None:
        """Go on with the first number of a minute."""
        self._next = minute_of_day * self._span + 1
        self._end = self._next + self._span - 1

    def take(self, bits: int) -> int:
        """The next number; random bits say how large the hole before it is."""
        number = self._next + _STEPS[bits & _STEP_MASK]
        # A burst that used up its minute's span goes on into the next one: unlikely, and then a number may
        # come twice, as it does on the real wire.
        self._next = number if number <= self._end else self._next + 1
        return self._next


class Activity(ABC):
    """The events of one symbol: arrivals at random instants, and routines at fixed ones.

    Deterministic by seed, symbol and start. A minute can be entered without the ones before it.
    """

    def __init__(self, instrument: Instrument, seed: str, start: int, rate: float) -> None:
        """Begin.

        Args:
            instrument: What is traded.
            seed: Text that stands for the simulator's seed, the market and the symbol.
            start: When the market began, Unix ms.
            rate: Arrivals in a second.
        """
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.prices = PriceTable(instrument.ticks)
        self._path = PricePath(instrument, seed, start)
        self._per_ms = rate / 1_000
        self._routines: list[_Routine] = []
        self._routine_at = math.inf
        self._start = start
        self._next = float(start)
        self._minute_end = float(start)
        self._middle = 0.0
        self._wobble = 0.0
        self._random: random.Random

    @property
    def next_at(self) -> float:
        """Before this instant nothing happens."""
        return min(self._next, self._routine_at, self._minute_end)

    def open(self, at: int) -> None:
        """Begin at the start of the minute of an instant, though not before the market began."""
        opening = max(at // MINUTE_MS * MINUTE_MS, self._start)
        for routine in self._routines:
            routine.at = opening
        self._enter(float(opening))

    def advance(self, until: float, happened: list[Record]) -> None:
        """Append everything that happens before an instant, sorted by time."""
        while True:
            at = self._next if self._next <= self._routine_at else self._routine_at
            if at >= until and self._minute_end >= until:
                return
            if at >= self._minute_end:
                self._enter(self._minute_end)
                continue
            self._move(at)
            if at == self._routine_at:
                self._run_routines(int(at), happened)
            else:
                self._arrive(int(at), happened)
                self._next = at + self._random.expovariate(self._per_ms)

    def _every(self, milliseconds: int, run: Callable[[int, list[Record]], None]) -> None:
        """Call a function at each multiple of a time, and once at the opening."""
        self._routines.append(_Routine(milliseconds, run))

    @abstractmethod
    def _arrive(self, at: int, happened: list[Record]) -> None:
        """One arrival: a trade, a quote or a value."""

    def _enter_minute(self, minute: int) -> None:  # noqa: B027
        """A minute begins; numbers start anew."""

    def _enter(self, at: float) -> None:
        minute = int(at) // MINUTE_MS
        self._random = self._path.enter(minute, at)
        self._minute_end = float((minute + 1) * MINUTE_MS)
        self._wobble = 0.0
        self._enter_minute(minute)
        self._next = at + self._random.expovariate(self._per_ms)
        self._routine_at = min((routine.at for routine in self._routines), default=math.inf)

    def _move(self, at: float) -> None:
        uniform = self._random.random
        normal = (uniform() + uniform() + uniform() - 1.5) * _UNIFORM_TO_NORMAL
        # Around the efficient price the quotes wobble and come back: the bounce of real order books.
        self._wobble = self._wobble * _WOBBLE_MEMORY + normal * _WOBBLE_TICKS
        middle = self._path.move(at, normal) + self._wobble
        self._middle = middle if middle > _LOWEST_TICKS else _LOWEST_TICKS

    def _run_routines(self, at: int, happened: list[Record]) -> None:
        for routine in self._routines:
            if routine.at == at:
                routine.run(at, happened)
                routine.at += routine.every - at % routine.every
        self._routine_at = min(routine.at for routine in self._routines)


class _Routine:
    """Something at each multiple of a time; ``at`` is when it is due."""

    def __init__(self, every: int, run: Callable[[int, list[Record]], None]) -> None:
        self.every = every
        self.run = run
        self.at = 0
