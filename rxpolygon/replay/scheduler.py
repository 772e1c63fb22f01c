"""Virtual time that follows recorded frames."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final, TypeVar

from reactivex import abc, typing
from reactivex.scheduler.periodicscheduler import PeriodicScheduler
from reactivex.scheduler.scheduleditem import ScheduledItem

from rxpolygon import isolation

__all__ = ["NEVER", "ReplayScheduler", "to_datetime"]

TState = TypeVar("TState")

#: Later than any instant.
NEVER: Final = 2**63 - 1

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_datetime(instant_ns: int) -> datetime:
    """Unix nanoseconds as an aware datetime, floored to microseconds."""
    return _EPOCH + timedelta(microseconds=instant_ns // 1_000)


def _to_nanoseconds(length: float | timedelta) -> int:
    if isinstance(length, timedelta):
        return length // _MICROSECOND * 1_000
    return round(length * 1e9)


class ReplayScheduler(PeriodicScheduler):
    """A clock that stands still until it is told to go on, and then runs what has come due.

    Its time is Unix nanoseconds. Timers run in the order of their due times, then of their scheduling, each
    at its own due time; one that raises is reported and costs nobody else anything. Scheduling is allowed
    from any thread, advancing from one.

    Args:
        origin: Tells where the clock begins. It is asked once, when the time is first needed.

    Example:
        >>> clock = ReplayScheduler(lambda: 1_700_000_000_000_000_000)
        >>> _ = clock.schedule_relative(0.5, lambda scheduler, state: print(scheduler.now))
        >>> clock.advance_to(clock.time_ns + 2_000_000_000)
        2023-11-14 22:13:20.500000+00:00
        >>> str(clock.now)
        '2023-11-14 22:13:22+00:00'
    """

    def __init__(self, origin: Callable[[], int]) -> None:
        super().__init__()
        self._origin = origin
        self._lock = threading.RLock()
        #: The present instant, Unix nanoseconds; written by the advancing thread only.
        self.time_ns: int
        self._queue: list[tuple[int, int, ScheduledItem]] = []  # under _lock
        self._numbers = count()
        #: When the earliest timer is due; NEVER without one. Written under _lock, read without it.
        self.next_due_ns = NEVER
        #: Called after something was scheduled.
        self.on_scheduled: Callable[[], object] | None = None

    def __getattr__(self, name: str) -> int:
        # Only for the first look at the time: from then on it is a plain attribute, as cheap as can be.
        if name != "time_ns":
            raise AttributeError(name)
        with self._lock:
            if "time_ns" not in self.__dict__:
                self.time_ns = self._origin()
        return self.time_ns

    @property
    def now(self) -> datetime:
        """The present instant as an aware datetime."""
        return to_datetime(self.time_ns)

    def schedule(
        self, action: abc.ScheduledAction[TState], state: TState | None = None
    ) -> abc.DisposableBase:
        """Run an action before the next frame."""
        return self._enqueue(self.time_ns, action, state)

    def schedule_relative(
        self,
        duetime: typing.RelativeTime,
        action: abc.ScheduledAction[TState],
        state: TState | None = None,
    ) -> abc.DisposableBase:
        """Run an action after so many seconds."""
        return self._enqueue(self.time_ns + max(0, _to_nanoseconds(duetime)), action, state)

    def schedule_absolute(
        self,
        duetime: typing.AbsoluteTime,
        action: abc.ScheduledAction[TState],
        state: TState | None = None,
    ) -> abc.DisposableBase:
        """Run an action at an instant, or before the next frame if that is past."""
        due = duetime - _EPOCH if isinstance(duetime, datetime) else duetime
        return self._enqueue(max(self.time_ns, _to_nanoseconds(due)), action, state)

    def _enqueue(
        self, due_ns: int, action: abc.ScheduledAction[TState], state: TState | None
    ) -> abc.DisposableBase:
        item: ScheduledItem = ScheduledItem(self, state, action, to_datetime(due_ns))
        with self._lock:
            heapq.heappush(self._queue, (due_ns, next(self._numbers), item))
            self.next_due_ns = self._queue[0][0]
        if self.on_scheduled is not None:
            self.on_scheduled()
        return item.disposable

    def advance_to(self, instant_ns: int) -> None:
        """Run everything that is due up to an instant, that included, and let it be that instant."""
        while (item := self._next(instant_ns)) is not None:
            if not item.is_cancelled():
                try:
                    item.invoke()
                except BaseException as error:  # as live, where it would end a timer's own thread
                    isolation.uncaught(error)
        self.time_ns = max(self.time_ns, instant_ns)

    def _next(self, instant_ns: int) -> ScheduledItem | None:
        with self._lock:
            if not self._queue or self._queue[0][0] > instant_ns:
                return None
            due_ns, _, item = heapq.heappop(self._queue)
            self.next_due_ns = self._queue[0][0] if self._queue else NEVER
            self.time_ns = max(self.time_ns, due_ns)
            return item

    def reset(self) -> None:
        """Forget all timers and the time."""
        with self._lock:
            self._queue.clear()
            self.next_due_ns = NEVER
            self.__dict__.pop("time_ns", None)
