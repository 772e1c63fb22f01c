"""Act when a stream falls silent, at the cost of one added number per event."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

from reactivex import abc
from reactivex.disposable import SerialDisposable, SingleAssignmentDisposable
from reactivex.scheduler import NewThreadScheduler, TimeoutScheduler

__all__ = ["SilenceTimer", "start_timer", "timer_scheduler"]

V = TypeVar("V")

# A century: what the clocks of operating systems, and timedelta, can still wait for.
_LONGEST_WAIT: Final = 100 * 365 * 86_400.0


def start_timer(
    timer: SerialDisposable, scheduler: abc.SchedulerBase, seconds: float, action: abc.ScheduledAction[V]
) -> None:
    """Let a timer strike in so many seconds, instead of when it would have; not one that is disposed of."""
    # Its place comes first: a timer may be due, and store its successor, before it is stored itself.
    place = SingleAssignmentDisposable()
    timer.disposable = place
    if not timer.is_disposed:
        place.disposable = scheduler.schedule_relative(seconds, action)


class SilenceTimer(abc.DisposableBase):
    """Runs an action once nothing has happened for ``seconds``, while something is held.

    Restarting a timer at every event would cost more than the event. So it counts the events that pass
    through the handlers given to :meth:`watched`, and looks every ``seconds`` whether the count moved. The
    action runs between one and two times ``seconds`` after the last event, on the scheduler. When
    nothing is held the timer rests, until an event leaves something held again.

    While the observer is busy with an event the next one cannot come, and that is no silence: an action that
    finds it so returns False, and is tried again after a whole silence.

    Args:
        seconds: How long the silence must last.
        scheduler: The subscription's; None, and the one of ``run()``, mean RxPY's :class:`TimeoutScheduler`.
        is_holding: Whether something is held.
        on_silence: What to do; called with no lock held. Returns False if it did nothing.
    """

    def __init__(
        self,
        seconds: float,
        scheduler: abc.SchedulerBase | None,
        is_holding: Callable[[], object],
        on_silence: Callable[[], object],
    ) -> None:
        self._seconds = min(seconds, _LONGEST_WAIT)
        self._scheduler = timer_scheduler(scheduler)
        self._is_holding = is_holding
        self._on_silence = on_silence
        self._events = 0  # by the handlers, which are called one at a time
        self._lock = Lock()
        self._is_armed = False  # under _lock; read without it
        self._seen = 0  # under _lock
        self._was_busy = False  # under _lock
        self._scheduled = SerialDisposable()

    def watched(self, handle: Callable[[V], None]) -> Callable[[V], None]:
        """The handler of an event, after which the timer runs if something is held."""

        def count_and_handle(event: V) -> None:
            self._events += 1
            handle(event)
            if not self._is_armed and self._is_holding():
                self._arm()

        return count_and_handle

    def dispose(self) -> None:
        """Stops looking, for good."""
        self._scheduled.dispose()

    def _arm(self) -> None:
        with self._lock:
            if self._is_armed or self._scheduled.is_disposed:
                return
            self._is_armed = True
            self._seen = self._events
        start_timer(self._scheduled, self._scheduler, self._seconds, self._look)

    def _look(self, _scheduler: abc.SchedulerBase, _state: object = None) -> None:
        with self._lock:
            if self._scheduled.is_disposed:
                return
            # In this order: an event that still found the timer armed was counted before.
            self._is_armed = False
            is_silent = self._events == self._seen and not self._was_busy
            self._was_busy = False
        if is_silent:
            if self._on_silence() is not False:
                return
            with self._lock:
                # It may be ready just before the next look: then the next event had no time to come.
                self._was_busy = True
        if self._is_holding():
            self._arm()


def timer_scheduler(scheduler: abc.SchedulerBase | None) -> abc.SchedulerBase:
    """The scheduler for the timers of a subscription: its own, or RxPY's for real time."""
    # run() subscribes on a NewThreadScheduler. It has a thread for each timer, which ends when that was due,
    # even if it is disposed before: with "1h", an hour after the stream.
    if scheduler is None or isinstance(scheduler, NewThreadScheduler):
        return TimeoutScheduler.singleton()
    return scheduler
