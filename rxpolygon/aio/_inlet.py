"""The way of values from any thread to one event loop: a bounded queue, and one wake-up a burst."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from threading import Condition, Lock, get_ident
from typing import Final, Generic, TypeVar

from reactivex import Observable
from reactivex.disposable import SingleAssignmentDisposable

from rxpolygon.errors import QueueFullError, UsageError
from rxpolygon.operators import Overflow
from rxpolygon.operators._losses import Losses

__all__ = ["Inlet", "raisable"]

T = TypeVar("T")

#: How often a producer that waits for room looks whether the loop was closed, which nobody is told. Seconds.
_LOOK: Final = 0.1
#: How much room lets it go on (or half of the queue): a switch of threads for each value costs more than it.
_ROOM: Final = 1_000


def raisable(error: Exception) -> Exception:
    """A source's error as a coroutine can raise it.

    ``StopIteration``, which an observer's ``next`` lets out, and ``StopAsyncIteration`` mean to Python that
    something has come to its end, so they become a RuntimeError, as they do when a generator raises them.
    """
    if not isinstance(error, (StopIteration, StopAsyncIteration)):
        return error
    shown = RuntimeError(f"the source raised {type(error).__name__}")
    shown.__cause__ = error
    return shown


class Inlet(Generic[T]):
    """One subscription, whose values one task of one event loop takes.

    To wake a loop from another thread costs a system call, so it is woken only when its task waits: what
    comes until the task runs, and while it works, it then finds in the queue.

    It is a part of its own, beside the iterator that the user holds: the source holds it, and not the
    iterator, so an iterator that is let go is noticed.

    Args:
        loop: The loop; this is made on its thread.
        capacity: The most values that wait.
        overflow: What :meth:`put` does when as many wait.
        on_drop: Told each dropped value, on the producer's thread.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        capacity: int,
        overflow: Overflow,
        on_drop: Callable[[T], None] | None,
    ) -> None:
        self.loop: Final = loop
        self.losses: Final = Losses("were dropped by aio.stream, whose queue was full", on_drop)
        #: Set by the iterator's end, when no lock may be taken; whoever waits for room looks at it.
        self.is_abandoned = False
        #: The loop's task takes from it without the lock, but for ``drop_oldest``: see :meth:`take_of_two`.
        self.queue: Final[deque[T]] = deque()
        self._capacity = capacity
        self._few = max(capacity // 2, capacity - _ROOM)
        self._overflow = overflow
        self._home = get_ident()
        self._subscription = SingleAssignmentDisposable()
        # All below under _lock; `blocked` is read without it.
        self._lock = Lock()
        self._has_room = Condition(self._lock)
        self.blocked = 0
        self._waiter: asyncio.Future[None] | None = None
        self._is_ended = False
        self._error: Exception | None = None
        self._is_closed = False
        self._is_told = False

    def subscribe(self, source: Observable[T]) -> None:
        """Begin to observe."""
        self._subscription.disposable = source.subscribe(self._on_next, self._end, self._end)

    # The producer's side, on any thread.

    def _on_next(self, value: T) -> None:
        try:
            is_wanted = self.put(value)
        except Exception as error:  # on_drop's
            self._end(error)
            is_wanted = False
        if not is_wanted:
            self._subscription.dispose()

    def put(self, value: T) -> bool:
        """Queue a value, as the policy has it. False: no more values are wanted.

        Raises:
            Exception: What ``on_drop`` raises.
        """
        with self._lock:
            is_full = len(self.queue) >= self._capacity and not self._makes_room()
            if self._is_ended or self._is_closed or self.is_abandoned:
                return False
            # One more look: since the first one, the task may have taken something.
            is_full = is_full and len(self.queue) >= self._capacity
            if not is_full or self._overflow == "drop_oldest":
                self.queue.append(value)
                self._ring()
            if not is_full:
                return True
            lost = self.queue.popleft() if self._overflow == "drop_oldest" else value
        self.losses.add(lost)
        return True

    def _makes_room(self) -> bool:
        """The queue is full: whether another value may be queued all the same. It may be the end, too."""
        if self.loop.is_closed():
            self._close()
        elif self._overflow == "error":
            self._finish(QueueFullError(self._capacity))
        elif self._overflow == "block":
            if get_ident() == self._home:
                self._finish(_would_wait_for_itself(self._capacity))
            else:
                self._wait_for_room()
            return True
        return False

    def _wait_for_room(self) -> None:
        self.blocked += 1
        while len(self.queue) >= self._capacity and not (self._is_ended or self._is_closed):
            self._has_room.wait(_LOOK)
            if self.is_abandoned or self.loop.is_closed():
                self._close()
        self.blocked -= 1

    def _end(self, error: Exception | None = None) -> None:
        """No more values will come: what is queued is taken, then the end is told."""
        with self._lock:
            self._finish(error)

    def _finish(self, error: Exception | None) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._error = error
            self._has_room.notify_all()
            self._ring()

    def _ring(self) -> None:
        """Wake the task, if it waits. Under the lock: a loop's call takes none, and does not wait."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            try:
                self.loop.call_soon_threadsafe(_settle, waiter)
            except RuntimeError:  # the loop is closed
                self._close()

    # The loop's side.

    def take_of_two(self) -> T:
        """Take a value where the producer takes out values too.

        Raises:
            IndexError: There is none.
        """
        with self._lock:
            return self.queue.popleft()

    def make_room(self) -> None:
        """A value was taken while a producer waits: let it go on, once there is room for several."""
        if len(self.queue) <= self._few:
            with self._lock:
                self._has_room.notify_all()

    def waiting(self) -> asyncio.Future[None] | None:
        """A future that is settled when there is a value, or the end; None: look again now.

        Raises:
            StopAsyncIteration: The end has come.
            Exception: The end has come, by an error, which is told once.
        """
        with self._lock:
            if self.queue:
                return None
            if self._is_ended or self._is_closed:
                error, self._error = self._error, None
                if error is not None and not self._is_closed:
                    raise raisable(error)
                raise StopAsyncIteration
            self._waiter = self.loop.create_future()
            return self._waiter

    def close(self) -> None:
        """Release the source and what is queued, and whoever waits. Any thread; the second time, nothing."""
        with self._lock:
            is_first = not self._is_told
            self._is_told = True
            self._close()
        self._subscription.dispose()
        if is_first:
            self.losses.close()

    def abandon(self) -> None:
        """The iterator is gone. The garbage collector may say so, within any call of any thread."""
        self.is_abandoned = True
        if self._lock.acquire(blocking=False):
            self._has_room.notify_all()
            self._lock.release()
        try:
            self.loop.call_soon_threadsafe(self.close)
        except RuntimeError:  # the loop is closed: the producer's next value finds that out
            self._is_closed = True

    def _close(self) -> None:
        self._is_closed = True
        self.queue.clear()
        self._has_room.notify_all()
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self.loop.call_soon_threadsafe(_settle, waiter)


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _would_wait_for_itself(capacity: int) -> UsageError:
    return UsageError(
        f"the source emits on the event loop's own thread, and the queue of {capacity} values is full: with "
        "overflow='block' the loop would wait for itself. Let the source emit on another thread "
        "(reactivex.operators.subscribe_on(NewThreadScheduler())), raise the capacity, or choose "
        "overflow='drop_oldest', 'drop_newest' or 'error'"
    )
