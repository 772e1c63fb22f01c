"""Which fault happens on which connection, and how often it still may."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from rxpolygon.simulator.faults import Cut, Fault, StreamFault

__all__ = ["ConnectionFaults", "FaultSchedule"]

F = TypeVar("F", bound=Fault)


class FaultSchedule:
    """The faults of a simulator and their counts. Event loop's thread only.

    Attributes:
        happened: How often each kind of fault happened, by the name of its class; read by any thread.
    """

    def __init__(self, faults: Sequence[Fault], seed: int, used: Callable[[], None]) -> None:
        """Begin.

        Args:
            faults: All that may happen.
            seed: Where everything random comes from.
            used: Called after each fault that was counted.
        """
        self._faults = tuple(faults)
        self._left = [fault.times for fault in self._faults]
        self._seed = seed
        self._used = used
        self.happened: Counter[str] = Counter()

    def of_connection(self, number: int) -> ConnectionFaults:
        """The faults that may happen on a connection."""
        mine = [
            (index, fault)
            for index, fault in enumerate(self._faults)
            if fault.connection is None or fault.connection == number
        ]
        return ConnectionFaults(self, mine, random.Random(f"{self._seed}/connection {number}"))

    def may_happen(self, index: int) -> bool:
        """Whether a fault's count is not used up."""
        left = self._left[index]
        return left is None or left > 0

    def use(self, index: int) -> bool:
        """Count a fault that happens now; False if it may not any more."""
        left = self._left[index]
        if left is not None:
            if not left:
                return False
            self._left[index] = left - 1
        self.happened[type(self._faults[index]).__name__] += 1
        self._used()
        return True


class ConnectionFaults:
    """The faults of one connection.

    Attributes:
        random: The connection's own random numbers.
    """

    def __init__(
        self, schedule: FaultSchedule, faults: list[tuple[int, Fault]], chance: random.Random
    ) -> None:
        self.random = chance
        self._schedule = schedule
        self._faults = faults
        self._done: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._faults)

    def find(self, kind: type[F]) -> F | None:
        """The first fault of a kind that may still happen, without counting it."""
        for index, fault in self._faults:
            if isinstance(fault, kind) and self._schedule.may_happen(index):
                return fault
        return None

    def take(self, kind: type[F]) -> F | None:
        """The first fault of a kind that may still happen; it is counted."""
        for index, fault in self._faults:
            if isinstance(fault, kind) and self._schedule.use(index):
                return fault
        return None

    def due(self, frames: int) -> list[StreamFault]:
        """The faults of the stream that happen after a number of frames; each once a connection."""
        return [
            fault
            for index, fault in self._faults
            if isinstance(fault, StreamFault)
            and fault.after_frames == frames
            and not (isinstance(fault, Cut) and fault.at_byte is not None)
            and self._first_time(index)
        ]

    def cut_at_byte(self) -> Cut | None:
        """The cut that is planned at a byte of the stream, without counting it."""
        for index, fault in self._faults:
            if isinstance(fault, Cut) and fault.at_byte is not None and self._schedule.may_happen(index):
                return fault
        return None

    def use(self, fault: Fault) -> bool:
        """Count a fault that happens now."""
        return any(known is fault and self._schedule.use(index) for index, known in self._faults)

    def _first_time(self, index: int) -> bool:
        if index in self._done or not self._schedule.use(index):
            return False
        self._done.add(index)
        return True
