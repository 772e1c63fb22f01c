"""Hot Observables that give everything to everybody: all events, raw frames, statuses."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxpolygon import isolation
from rxpolygon.errors import RxPolygonError
from rxpolygon.status import Idle, State, Status

__all__ = ["Fan", "FrameFan", "StatusFan"]

T = TypeVar("T")

_MOST_LATE: Final = 1_000  # subscriptions after the end that are answered


class Fan(Generic[T]):
    """Observers of everything, kept in a tuple that is replaced on each change.

    After the end, new observers are ended at once. An endless ``repeat`` or ``retry``, which subscribes again
    whenever it is ended, gets no answer after a while.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: RxPolygonError | bool = False  # under the lock, as is the next; True is the good end
        self._late = 0
        self.observers: tuple[abc.ObserverBase[T], ...] = ()
        self.observable: Observable[T] = Observable(self._subscribe)

    def _subscribe(
        self, observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        with self._lock:
            ended = self._ended
            if not ended:
                self.observers = (*self.observers, observer)
        if ended:
            self._answer_late(observer, ended)
            return Disposable()
        return Disposable(lambda: self._remove(observer))

    def _answer_late(self, observer: abc.ObserverBase[T], ended: RxPolygonError | bool) -> None:
        with self._lock:
            self._late += 1
            is_answered = self._late <= _MOST_LATE
        if is_answered:
            isolation.end([observer], ended if isinstance(ended, RxPolygonError) else None)

    def _remove(self, observer: abc.ObserverBase[T]) -> None:
        with self._lock:
            self.observers = tuple(other for other in self.observers if other is not observer)

    def emit(self, value: T) -> None:
        """Give a value to every observer. One that raises is detached and gets its own exception."""
        self._give(value, self.observers)

    def _give(self, value: T, observers: Iterable[abc.ObserverBase[T]]) -> None:
        for observer in observers:
            try:
                observer.on_next(value)
            except BaseException as error:
                isolation.pass_interrupt(error)
                self._remove(observer)
                isolation.fail(observer, error)

    def end(self, error: RxPolygonError | None) -> None:
        """Complete every observer, or end it with the error."""
        with self._lock:
            self._ended = error if error is not None else True
            self._late = 0
            observers, self.observers = self.observers, ()
        isolation.end(observers, error)

    def after_fork(self) -> None:
        """Forget everybody, in a child process: they belong to the parent."""
        self._lock = threading.Lock()
        self.observers = ()
        self._ended = False

    def reopen(self) -> None:
        """Accept observers again after an end."""
        with self._lock:
            self._ended = False


class FrameFan(Fan[bytes]):
    """Frames one by one, and beside that in the lists in which they are handed over.

    A list costs one call however many frames it has, which is for observers that must cost the stream nearly
    nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lists: Fan[Sequence[bytes]] = Fan()

    def end(self, error: RxPolygonError | None) -> None:
        """Complete every observer, or end it with the error."""
        super().end(error)
        self.lists.end(error)

    def after_fork(self) -> None:
        """Forget everybody, in a child process: they belong to the parent."""
        super().after_fork()
        self.lists.after_fork()

    def reopen(self) -> None:
        """Accept observers again after an end."""
        super().reopen()
        self.lists.reopen()


class StatusFan(Fan[Status]):
    """Statuses: a new observer is told the current state first, then every change."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = Idle()

    def emit(self, value: Status) -> None:
        """Tell every observer; a :class:`State` becomes the current one."""
        with self._lock:
            if isinstance(value, State):
                self.state = value
            observers = self.observers  # who comes now has been told this state already
        self._give(value, observers)

    def after_fork(self) -> None:
        """Forget everybody, in a child process, where nothing runs."""
        super().after_fork()
        self.state = Idle()

    def end(self, error: RxPolygonError | None) -> None:
        """Complete every observer. How it ended was told by the last state, so there is no error here."""
        super().end(None)

    def _subscribe(
        self, observer: abc.ObserverBase[Status], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        serialized = _Serialized(observer)
        with self._lock:
            ended = self._ended
            serialized.enqueue(self.state)
            if not ended:
                self.observers = (*self.observers, serialized)
        self._give_queued(serialized)
        if ended:
            self._answer_late(serialized, ended)
            return Disposable()
        return Disposable(lambda: self._remove(serialized))

    def _give_queued(self, serialized: _Serialized) -> None:
        try:
            serialized.deliver()
        except BaseException as error:
            isolation.pass_interrupt(error)
            self._remove(serialized)
            isolation.fail(serialized, error)


class _Serialized(abc.ObserverBase[Status]):
    """Gives values one at a time although two threads may bring them.

    A new observer gets the current state on its own thread, while the dispatch thread goes on.
    """

    def __init__(self, observer: abc.ObserverBase[Status]) -> None:
        self._observer = observer
        self._lock = threading.Lock()
        self._queue: deque[Status | None] = deque()  # None is the end
        self._delivering = False

    def enqueue(self, value: Status | None) -> None:
        with self._lock:
            self._queue.append(value)

    def on_next(self, value: Status) -> None:
        self.enqueue(value)
        self.deliver()

    def deliver(self) -> None:
        """Give what is queued, unless another call is already at it."""
        while True:
            with self._lock:
                if self._delivering or not self._queue:
                    return
                self._delivering = True
                value = self._queue.popleft()
            try:
                if value is None:
                    self._observer.on_completed()
                else:
                    self._observer.on_next(value)
            finally:
                self._delivering = False

    def on_error(self, error: Exception) -> None:
        self._observer.on_error(error)

    def on_completed(self) -> None:
        self.enqueue(None)
        self.deliver()
