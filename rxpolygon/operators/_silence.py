"""Act when a stream falls silent, at the cost of one added number per event."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from reactivex import abc
from reactivex.disposable import SerialDisposable
from reactivex.scheduler import TimeoutScheduler

__all__ = ["SilenceTimer"]


class SilenceTimer(abc.DisposableBase):
    """Runs an action once nothing has happened for ``seconds``, while something is held.

    Restarting a timer at every event would cost more than the event. So the operator counts its events in
    :attr:`events` and calls :meth:`arm` when it starts to hold something; the timer looks every ``seconds``
    whether the count moved. The action runs between one and two times ``seconds`` after the last event, on
    the scheduler; it rests when nothing is held, until it is armed again.

    Args:
        seconds: How long the silence must last.
        scheduler: The subscription's; None means RxPY's :class:`TimeoutScheduler`.
        is_holding: Whether something is held; when not, the timer rests.
        on_silence: What to do; called with no lock held.
    """

    def __init__(
        self,
        seconds: float,
        scheduler: abc.SchedulerBase | None,
        is_holding: Callable[[], object],
        on_silence: Callable[[], None],
    ) -> None:
        self.events = 0  # under the operator's lock
        self.is_armed = False  # under _lock; read without it
        self._seconds = seconds
        self._scheduler = scheduler or TimeoutScheduler.singleton()
        self._is_holding = is_holding
        self._on_silence = on_silence
        self._lock = Lock()
        self._seen = 0  # under _lock
        self._scheduled = SerialDisposable()

    def arm(self) -> None:
        """Starts to look for silence, unless it does so already."""
        with self._lock:
            if self.is_armed or self._scheduled.is_disposed:
                return
            self.is_armed = True
            self._seen = self.events
        self._scheduled.disposable = self._scheduler.schedule_relative(self._seconds, self._look)

    def _look(self, _scheduler: abc.SchedulerBase, _state: object = None) -> None:
        with self._lock:
            if self._scheduled.is_disposed:
                return
            # In this order: an event that still saw the timer armed was counted before.
            self.is_armed = False
            is_silent = self.events == self._seen
        if is_silent:
            self._on_silence()
        elif self._is_holding():
            self.arm()

    def dispose(self) -> None:
        """Stops looking, for good."""
        self._scheduled.dispose()
