"""Coroutine functions as observers: called in order, on an event loop, with a bounded queue before each."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, TypeGuard
from weakref import WeakSet

__all__ = ["CoroutineHandlers", "Feed", "is_coroutine_function"]

_log: Final = logging.getLogger("rxpolygon.observers")

# After so many events the loop's other tasks get a turn: a function need not wait for anything itself.
_TURN: Final = 50
_LOOK: Final = 1.0  # seconds between two looks at whether the loop that should make room still exists

Coroutine = Callable[[Any], Awaitable[object]]  # Any: an event of whatever class is subscribed


def is_coroutine_function(handler: Callable[..., object]) -> TypeGuard[Coroutine]:
    """Whether calling it gives a coroutine: an ``async def``, a partial or an object that wraps one."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004  # not whether, but what is called
    )


class CoroutineHandlers:
    """The coroutine functions of one stream, and the loop of those that have none of their own.

    A function runs on the loop that ran where it was given, and where none did, on a loop in a thread of our
    own, which starts with the first event and ends with the stream.

    Args:
        name: For the thread.
        capacity: How many events may wait for one function; beyond it the stream waits.
    """

    def __init__(self, name: str, capacity: int) -> None:
        self.capacity = capacity
        self._name = name
        self._lock = threading.Lock()
        self._feeds: WeakSet[Feed] = WeakSet()  # under the lock, as all below
        # A loop holds its tasks weakly, and a feed that was let go of would take its own with it.
        self.tasks: set[asyncio.Task[None]] = set()
        self._own: _OwnLoop | None = None
        self._is_over = False
        self._blocked: asyncio.AbstractEventLoop | None = None

    def feed(self, function: Coroutine, failed: Callable[[BaseException], None]) -> Feed:
        """A queue before a function; its :meth:`Feed.put` is an observer's function.

        Args:
            function: Called with each event, and awaited, one after another.
            failed: Told what it raises; nothing is given to it any more.
        """
        feed = Feed(self, function, failed)
        with self._lock:
            self._feeds.add(feed)
            self._is_over = False
        return feed

    @contextlib.contextmanager
    def blocking(self) -> Iterator[None]:
        """While this thread waits here, its running loop cannot run anything: use the own one instead."""
        with contextlib.suppress(RuntimeError):
            self._blocked = asyncio.get_running_loop()
        if self._blocked is not None:
            with self._lock:
                feeds = list(self._feeds)
            for feed in feeds:
                feed.wake()
        try:
            yield
        finally:
            self._blocked = None

    def can_run(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether a loop will do what it was given. One that was closed tells nobody what it left undone."""
        return not loop.is_closed() and loop is not self._blocked

    def start(
        self, feed: Feed, turn: int, loop: asyncio.AbstractEventLoop | None
    ) -> asyncio.AbstractEventLoop:
        """Let a feed run, and say on which loop. Under the feed's lock."""
        if loop is not None and loop.is_running() and self.can_run(loop) and not self.owns(loop):
            with contextlib.suppress(RuntimeError):  # it was closed this very moment
                loop.call_soon_threadsafe(feed.run, turn, None)
                return loop
        with self._lock:
            if self._own is None or self._own.is_stopped:
                self._own = _OwnLoop(self._name)
                self._own.is_leaving = self._is_over
            own = self._own
            own.busy += 1
            own.loop.call_soon_threadsafe(feed.run, turn, own)
        return own.loop

    def rested(self, own: _OwnLoop) -> None:
        """A feed on the own loop has nothing to do any more."""
        with self._lock:
            own.busy -= 1
            self._end_own_loop()

    def release(self) -> int:
        """Let go of all that waits, and of a thread that waits for room; how many events that was."""
        with self._lock:
            feeds = list(self._feeds)
        return sum(feed.close() for feed in feeds)

    def end(self) -> None:
        """The stream is over: the own loop ends once what waits has been handled."""
        with self._lock:
            self._is_over = True
            if self._own is not None:
                self._own.is_leaving = True
            self._end_own_loop()

    def _end_own_loop(self) -> None:
        """Stop it, if it is needed no more. Under the lock: no feed may be started on it meanwhile."""
        if self._own is not None and self._own.is_leaving and not self._own.busy:
            self._own.stop()

    def owns(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether a loop is the own one."""
        own = self._own
        return own is not None and own.loop is loop

    def join(self, timeout: float | None) -> None:
        """Wait for the own loop's thread; a coroutine that has not ended by then is cancelled."""
        with self._lock:
            own = self._own
        if own is not None and not own.join(timeout):
            _log.warning("a coroutine handler has not returned within %g s of the close: cancelled", timeout)
            with self._lock:
                own.stop()
            own.join(1.0)

    def after_fork(self) -> None:
        """Forget everything, in a forked child: the thread is the parent's."""
        self._lock = threading.Lock()
        self._feeds = WeakSet()
        self.tasks = set()
        self._own = None


class Feed:
    """Events on their way to one coroutine function."""

    def __init__(
        self, owner: CoroutineHandlers, function: Coroutine, failed: Callable[[BaseException], None]
    ) -> None:
        self._owner = owner
        self._function = function
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        self._room = threading.Condition()
        self._queue: deque[Any] = deque()  # under the condition's lock, as all below
        self._is_awake = False
        self._is_closed = False
        self._runs_on: asyncio.AbstractEventLoop | None = None  # where it was last started
        self._turn = 0  # how many times it was started; who has another number runs no more

    def put(self, event: object) -> None:
        """Queue an event. Waits while the queue is full."""
        with self._room:
            while len(self._queue) >= self._owner.capacity and self._is_running and not self._is_closed:
                self._room.wait(_LOOK)
            if self._is_closed:
                return
            self._queue.append(event)
            self._wake()

    def wake(self) -> None:
        """Run where that is possible, if anything waits."""
        with self._room:
            if self._queue:
                self._wake()

    def _wake(self) -> None:
        if not self._is_running:
            self._is_awake = True
            self._turn += 1
            self._runs_on = self._owner.start(self, self._turn, self._loop)

    @property
    def _is_running(self) -> bool:
        """Whether what is queued will be handled."""
        return self._is_awake and self._runs_on is not None and self._owner.can_run(self._runs_on)

    def run(self, turn: int, own: _OwnLoop | None) -> None:
        """Begin to call the function, on the loop's thread.

        Args:
            turn: Which start this is.
            own: The loop, if it is our own.
        """
        task = asyncio.get_running_loop().create_task(self._consume(turn, own is not None))
        self._owner.tasks.add(task)
        task.add_done_callback(lambda task: self._done(task, turn, own))

    def _done(self, task: asyncio.Task[None], turn: int, own: _OwnLoop | None) -> None:
        """The task has ended, or was cancelled before it began."""
        self._owner.tasks.discard(task)
        if task.cancelled():  # the loop ends; what comes later goes to another one
            self._sleep(turn)
        if own is not None:
            self._owner.rested(own)

    async def _consume(self, turn: int, on_own_loop: bool) -> None:
        try:
            handled = 0
            while (event := self._next(turn)) is not None:
                await self._function(event)
                handled += 1
                if handled % _TURN == 0:
                    await asyncio.sleep(0)
        except GeneratorExit:  # the loop was closed in the middle of an event, and Python lets go of the task
            raise
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise  # the loop ends
            self.close()
            self._failed(error)
            if isinstance(error, (KeyboardInterrupt, SystemExit)) and not on_own_loop:
                raise  # it is for whoever runs the loop

    def _next(self, turn: int) -> object | None:
        """The next event; None, and the feed sleeps, when there is none. None too for who runs no more."""
        with self._room:
            if turn != self._turn:
                return None
            if not self._queue:
                self._is_awake = False
                return None
            event: object = self._queue.popleft()
            self._room.notify()
            return event

    def _sleep(self, turn: int) -> None:
        with self._room:
            if turn == self._turn:
                self._is_awake = False
                self._room.notify()

    def close(self) -> int:
        """Take and keep no more events; how many waited."""
        with self._room:
            self._is_closed = True
            waiting = len(self._queue)
            self._queue.clear()
            self._room.notify_all()
        return waiting


class _OwnLoop:
    """An event loop in a thread of its own, from now until :meth:`stop`."""

    loop: asyncio.AbstractEventLoop

    def __init__(self, name: str) -> None:
        # Whether it ends once nothing runs here, whoever subscribes for the next start meanwhile.
        self.is_leaving = False  # under the owner's lock, as the next two
        self.is_stopped = False
        self.busy = 0  # how many feeds run here
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name}-handlers", daemon=True)
        self._thread.start()
        self._is_ready.wait()

    def _run(self) -> None:
        asyncio.run(self._wait())

    async def _wait(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._is_ready.set()
        await self._end.wait()

    def stop(self) -> None:
        """End the loop, and cancel what still runs on it."""
        self.is_stopped = True
        with contextlib.suppress(RuntimeError):  # it has ended
            self.loop.call_soon_threadsafe(self._end.set)

    def join(self, timeout: float | None) -> bool:
        """Wait for the thread, unless it is this one; whether it has ended or is about to."""
        if self._thread is threading.current_thread():
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()
