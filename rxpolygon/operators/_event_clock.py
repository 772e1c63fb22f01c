"""Let event time go on while a stream is silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from reactivex import abc
from reactivex.disposable import SerialDisposable

from rxpolygon.operators._silence import start_timer, timer_scheduler

__all__ = ["EventClock"]

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST_WAIT_MS: Final = 86_400_000


class EventClock(abc.DisposableBase):
    """Tells the event time while nothing arrives.

    To read a clock, or to start a timer again, at every event would cost more than the event. So a timer
    looks now and then whether anything was heard; the first event after a look is noted with the scheduler's
    time. After a whole ``quiet`` stretch without events the stream is silent, and from the noted event on the
    event time goes on at the scheduler's pace, until the next event. A burst may be more of event time
    than it took, as when a line catches up: then it goes on from the newest event, from the look after it.

    Args:
        scheduler: The subscription's; None, and the one of ``run()``, mean RxPY's :class:`TimeoutScheduler`.
        quiet: Milliseconds without an event that are silence.
        newest: Tells the event time of the newest event, or later where ``on_silence`` moved it on.
        on_silence: Called on the scheduler, with no lock held, with the event time (Unix ms). It must see to
            it that :meth:`look_again` is called, now or later; or return False, because the observer is busy
            with an event. Then the next one cannot come, and that is no silence.
    """

    def __init__(
        self,
        scheduler: abc.SchedulerBase | None,
        quiet: int,
        newest: Callable[[], int],
        on_silence: Callable[[int], object],
    ) -> None:
        #: Whether an event was noted since the last look: then :meth:`hear` need not be called.
        self.heard = False  # under _lock; read without it
        self._scheduler = timer_scheduler(scheduler)
        self._quiet = quiet
        self._tell_newest = newest
        self._on_silence = on_silence
        self._lock = Lock()
        self._is_armed = False  # under _lock
        self._is_resting = False  # under _lock: the next look is far away, unless an event comes
        self._newest = 0  # under _lock: event time, and when it was so
        self._noted = self._scheduler.now  # under _lock
        self._looked = self._noted  # under _lock: whatever was not noted had arrived by then
        self._was_busy = False  # under _lock
        self._timer = SerialDisposable()

    def now(self) -> int:
        """The scheduler's time, Unix milliseconds."""
        return (self._scheduler.now - _EPOCH) // _MILLISECOND

    def hear(self) -> None:
        """Notes that an event arrived."""
        with self._lock:
            self._newest = self._tell_newest()
            self._noted = self._scheduler.now
            if self._is_armed and not self._is_resting:
                self.heard = True
                return
            # The look that is started now is a whole quiet stretch away from this event.
            self._is_armed, self._is_resting = True, False
            self._looked = self._noted
        self._look_after(self._quiet)

    def look_again(self, wait: int | None) -> None:
        """Calls ``on_silence`` again in so many milliseconds of silence; None: not before an event."""
        with self._lock:
            if self.heard:
                wait = self._quiet if wait is None else min(wait, self._quiet)
            elif wait is None:
                self._is_armed = False
                return
            self._is_resting = wait > self._quiet
        self._look_after(wait)

    def dispose(self) -> None:
        """Stops the timer, for good."""
        self._timer.dispose()

    def _look_after(self, wait: int) -> None:
        seconds = min(max(wait, 1), _LONGEST_WAIT_MS) / 1_000
        start_timer(self._timer, self._scheduler, seconds, self._look)

    def _look(self, _scheduler: abc.SchedulerBase, _state: object = None) -> None:
        if self._timer.is_disposed:
            return
        with self._lock:
            is_silent, self.heard = not (self.heard or self._was_busy), False
            self._was_busy = self._is_resting = False
            now, looked, before = self._scheduler.now, self._looked, self._newest
            self._looked = now
            event_time = before + (now - self._noted) // _MILLISECOND
            since_look = self._tell_newest() + (now - looked) // _MILLISECOND
            if is_silent and since_look > event_time:
                self._newest, self._noted, event_time = since_look, now, since_look
        if is_silent:
            if self._on_silence(event_time) is not False:
                return
            with self._lock:
                # It may be ready just before the next look: then the next event had no time to come.
                self._was_busy = True
                self._newest = before
                self._noted = self._scheduler.now
        self._look_after(self._quiet)
