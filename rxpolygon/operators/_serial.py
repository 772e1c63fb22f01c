"""Deliver what several threads produce: one at a time, in order, with no lock held."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from reactivex import abc

__all__ = ["SerialEmitter"]

T = TypeVar("T")

_log = logging.getLogger("rxpolygon.operators")


class _End:
    """The last thing that an emitter delivers."""

    __slots__ = ("error",)

    def __init__(self, error: Exception | None) -> None:
        self.error = error


class SerialEmitter(Generic[T]):
    """Puts one observer behind a queue that any thread may fill and whichever is free empties.

    An operator changes its state and calls :meth:`put` under its own lock, so the queue has the order of
    the decisions; then it lets the lock go and calls :meth:`drain`. Where only one thread makes values,
    :meth:`emit` does both. While one thread delivers, others only leave their values, and so does the
    observer itself when it makes its source emit again: calls never overlap and never nest.

    An observer that raises gets the exception in its ``on_error``; the thread that happened to deliver
    is not hurt.
    """

    __slots__ = ("_enter", "_leave", "_observer", "_on_next", "_queue", "is_over", "put")

    def __init__(self, observer: abc.ObserverBase[T]) -> None:
        self._observer = observer
        self._on_next = observer.on_next
        self._queue: deque[T | _End] = deque()
        self.is_over = False
        gate = Lock()
        self._enter, self._leave = gate.acquire, gate.release
        # The bound method itself: one call less for every value.
        self.put: Callable[[T], None] = self._queue.append

    def put_end(self, error: Exception | None = None) -> None:
        """Queues the end: ``on_error`` with the error, else ``on_completed``."""
        self._queue.append(_End(error))

    def emit(self, value: T) -> None:
        """Delivers what is queued, then the value, unless another thread is at it."""
        queue = self._queue
        if queue or not self._enter(False):
            queue.append(value)
            self.drain()
            return
        # Nothing queued and nobody delivering, as nearly always: the value need not pass the queue.
        try:
            self._on_next(value)
        except Exception as error:
            self._fail(error)
        finally:
            self._leave()
        if queue:
            self.drain()

    def drain(self) -> None:
        """Delivers everything queued, unless another thread is at it."""
        queue = self._queue
        # A thread that finds the gate shut may have queued after the holder's last look; so the holder
        # looks again after opening it.
        while queue and self._enter(False):
            try:
                while queue:
                    item = queue.popleft()
                    if item.__class__ is _End:
                        self._finish(item)
                    else:
                        self._deliver(item)  # type: ignore[arg-type]  # not an _End, see above
            finally:
                self._leave()

    def _deliver(self, value: T) -> None:
        try:
            self._on_next(value)
        except Exception as error:
            self._fail(error)

    def _finish(self, end: _End) -> None:
        self.is_over = True
        self._queue.clear()
        if end.error is None:
            self._observer.on_completed()
        else:
            self._observer.on_error(end.error)

    def _fail(self, error: Exception) -> None:
        _log.error("an observer raised; it is detached", exc_info=error)
        self._finish(_End(error))
