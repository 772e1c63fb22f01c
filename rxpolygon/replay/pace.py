"""The pace of a replay: when an instant of the recording has come."""

from __future__ import annotations

import threading
import time
from typing import Final

from rxpolygon.replay.scheduler import ReplayScheduler

__all__ = ["Pace"]

_LONGEST_WAIT: Final = 1.0


class Pace:
    """Lets recorded time pass at a multiple of real time, and timers run when they are due.

    Args:
        scheduler: The recording's clock, whose timers run during a wait.
        speed: Recorded seconds a second.
    """

    def __init__(self, scheduler: ReplayScheduler, speed: float) -> None:
        self._scheduler = scheduler
        self._speed = speed
        self._wake = threading.Event()
        self._is_stopped = False
        self._began = 0.0  # replay thread only, and the next: when the first instant was
        self._first_ns = 0

    def begin(self, instant_ns: int) -> None:
        """Now is this instant of the recording."""
        self._is_stopped = False
        self._first_ns = instant_ns
        self._began = time.monotonic()
        self._scheduler.on_scheduled = self._wake.set

    def stop(self) -> None:
        """End the present wait, and let there be no other. Any thread."""
        self._is_stopped = True
        self._wake.set()

    def is_due(self, instant_ns: int) -> bool:
        """Whether an instant has come."""
        return self._left(instant_ns) <= 0

    def reach(self, instant_ns: int) -> bool:
        """Wait until an instant has come, and run the timers that are due before it.

        Returns:
            False when it was stopped.
        """
        while True:
            self._wake.clear()  # before the look at what may set it
            if self._is_stopped:
                return False
            target_ns = min(instant_ns, self._scheduler.next_due_ns)
            left = self._left(target_ns)
            if left > 0:
                self._wake.wait(min(left, _LONGEST_WAIT))
                continue
            self._scheduler.advance_to(target_ns)
            if target_ns == instant_ns:
                return not self._is_stopped

    def _left(self, instant_ns: int) -> float:
        return self._began + (instant_ns - self._first_ns) / 1e9 / self._speed - time.monotonic()
