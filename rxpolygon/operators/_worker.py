"""A thread that feeds one observer from a bounded queue."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Lock, Thread, current_thread
from typing import Generic, Literal, TypeVar

from reactivex import abc

from rxpolygon.errors import QueueFullError
from rxpolygon.operators._turns import is_stopped

__all__ = ["Overflow", "Worker"]

T = TypeVar("T")

#: What becomes of a value for which a full queue has no room, see :func:`buffered`.
Overflow = Literal["block", "drop_oldest", "drop_newest", "error"]

_log = logging.getLogger("rxpolygon.operators")


class Worker(Generic[T]):
    """One observer, one thread, one queue between them and whoever calls :meth:`put`.

    Args:
        observer: Called in the thread alone.
        capacity: The most values that wait.
        overflow: What :meth:`put` does when as many wait.
        on_drop: Told each dropped value, in the thread that calls :meth:`put`.
        name: The thread's name.
    """

    def __init__(
        self,
        observer: abc.ObserverBase[T],
        capacity: int,
        overflow: Overflow,
        on_drop: Callable[[T], None],
        name: str,
    ) -> None:
        self._observer = observer
        self._capacity = capacity
        self._overflow = overflow
        self._on_drop = on_drop
        self._thread = Thread(target=self._run, name=name, daemon=True)
        # All below under _lock.
        self._lock = Lock()
        self._has_values = Condition(self._lock)
        self._has_room = Condition(self._lock)
        self._queue: deque[T] = deque()
        self._is_idle = False
        self._blocked = 0
        self._is_ended = False
        self._error: Exception | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def put(self, value: T) -> bool:
        """Queues the value, as the policy has it. False: no more values are wanted.

        Raises:
            Exception: What ``on_drop`` raises.
        """
        with self._lock:
            is_full = len(self._queue) >= self._capacity
            if is_full and self._overflow == "block":
                self._wait_for_room()
                is_full = False
            if self._is_ended or self._is_stopped:
                return False
            if is_full and self._overflow == "error":
                self._end(QueueFullError(self._capacity))
                return False
            self._queue.append(value)
            if self._is_idle:
                self._has_values.notify()
            if not is_full:
                return True
            lost = self._queue.popleft() if self._overflow == "drop_oldest" else self._queue.pop()
        self._on_drop(lost)
        return True

    def finish(self, error: Exception | None) -> None:
        """No more values will come: what is queued is delivered, then the end."""
        with self._lock:
            self._end(error)

    def stop(self) -> None:
        """Nothing more is delivered; the thread ends when its observer returns. Whoever waits goes on."""
        with self._lock:
            self._is_stopped = True
            self._queue.clear()
            self._has_values.notify_all()
            self._has_room.notify_all()

    def _wait_for_room(self) -> None:
        # The thread itself must not wait: only it could make room.
        while (
            len(self._queue) >= self._capacity
            and not (self._is_ended or self._is_stopped)
            and current_thread() is not self._thread
        ):
            self._blocked += 1
            self._has_room.wait()
            self._blocked -= 1

    def _end(self, error: Exception | None) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._error = error
            self._has_values.notify_all()
            self._has_room.notify_all()

    def _run(self) -> None:
        try:
            while self._deliver_one():
                pass
        finally:
            self.stop()

    def _deliver_one(self) -> bool:
        with self._lock:
            while not (self._queue or self._is_ended or self._is_stopped):
                self._is_idle = True
                self._has_values.wait()
            self._is_idle = False
            if self._is_stopped:
                return False
            has_value = bool(self._queue)
            if has_value:
                value = self._queue.popleft()
                if self._blocked:
                    self._has_room.notify()
        if not has_value:
            self._deliver_end(self._error)
            return False
        try:
            self._observer.on_next(value)
        except Exception as error:
            if is_stopped(self._observer):
                raise  # it was told by operators of RxPY, and had no on_error
            _log.error("an observer raised; it is detached", exc_info=error)
            self.stop()
            self._observer.on_error(error)
            return False
        return True

    def _deliver_end(self, error: Exception | None) -> None:
        if error is None:
            self._observer.on_completed()
        else:
            self._observer.on_error(error)
