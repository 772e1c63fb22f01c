"""``stream``: an Observable in an ``async for`` loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, get_args

from reactivex import Observable

from rxpolygon.aio._inlet import Inlet
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, UsageError
from rxpolygon.operators import Overflow
from rxpolygon.operators._checks import positive_whole

__all__ = ["AsyncStream", "stream"]

T = TypeVar("T")

#: Values after which the loop's other tasks get a turn, even if more values wait. A turn costs some 10 us.
_TURN: Final = 200


class AsyncStream(AsyncIterator[T], Generic[T]):
    """The values of an Observable, one after another; :func:`stream` makes it.

    It belongs to the event loop that first asks it for a value, and one task at a time may take from it.
    ``async with`` closes it in any case.
    """

    _inlet: Inlet[T] | None = None

    def __init__(
        self,
        observable: Observable[T],
        capacity: int,
        overflow: Overflow,
        on_drop: Callable[[T], None] | None,
    ) -> None:
        self._observable = observable
        self._capacity = capacity
        self._overflow = overflow
        self._on_drop = on_drop
        self._take: Callable[[], T]
        self._turn = _TURN
        self._has_task = False
        self._is_closed = False

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "new" if self._inlet is None else "open"
        return f"<AsyncStream, {state}, {self.waiting} waiting, {self.dropped} dropped>"

    def __del__(self) -> None:
        if self._inlet is not None and not self._is_closed:
            self._inlet.abandon()

    @property
    def dropped(self) -> int:
        """How many values were dropped because the queue was full."""
        return 0 if self._inlet is None else self._inlet.losses.count

    @property
    def waiting(self) -> int:
        """How many values are queued."""
        return 0 if self._inlet is None else len(self._inlet.queue)

    def __aiter__(self) -> Self:
        """Subscribes, the first time."""
        self._opened()
        return self

    async def __aenter__(self) -> Self:
        """Subscribes, the first time."""
        self._opened()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    async def aclose(self) -> None:
        """Dispose the subscription and let go what is queued; a loop over it ends."""
        self._close()

    async def __anext__(self) -> T:
        """The next value.

        Raises:
            StopAsyncIteration: The source has completed, or the stream was closed.
            UsageError: Another task waits for a value, or this is another event loop.
            Exception: What the source ended with.
        """
        inlet = self._opened()
        try:
            if self._turn:
                self._turn -= 1
            else:
                self._turn = _TURN
                await asyncio.sleep(0)
            value = self._take()
        except IndexError:
            value = await self._awaited(inlet)
        except asyncio.CancelledError:
            self._close()
            raise
        if inlet.blocked:
            inlet.make_room()
        return value

    async def _awaited(self, inlet: Inlet[T]) -> T:
        if asyncio.get_running_loop() is not inlet.loop:
            raise UsageError("this stream belongs to another event loop: call aio.stream in each loop")
        if self._has_task:
            raise UsageError("another task waits for this stream's next value: give each task its own stream")
        self._has_task = True
        try:
            while True:
                waiter = inlet.waiting()
                if waiter is not None:
                    self._turn = _TURN
                    await waiter
                try:
                    return self._take()
                except IndexError:  # it was dropped in between
                    continue
        except BaseException:
            self._close()
            raise
        finally:
            self._has_task = False

    def _opened(self) -> Inlet[T]:
        if self._inlet is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                raise UsageError("aio.stream is for coroutines: there is no running event loop") from None
            inlet = Inlet(loop, self._capacity, self._overflow, self._on_drop)
            self._take = inlet.take_of_two if self._overflow == "drop_oldest" else inlet.queue.popleft
            self._inlet = inlet
            if self._is_closed:
                inlet.close()
            else:
                inlet.subscribe(self._observable)
        return self._inlet

    def _close(self) -> None:
        self._is_closed = True
        if self._inlet is not None:
            self._inlet.close()


def stream(
    observable: Observable[T],
    capacity: int = 10_000,
    overflow: Overflow = "block",
    *,
    on_drop: Callable[[T], None] | None = None,
) -> AsyncStream[T]:
    """The values of an Observable for ``async for``, whatever thread they come from.

    .. code-block:: text

        source thread   --a-b-c-----d--|
                        [  stream()    ]
        async for       ---a--b--c--d--.        (the loop is woken for a and for d: b and c are found waiting)

    The source's thread only queues; the loop is woken when its task waits, so a burst of values costs one
    wake-up. When as many as ``capacity`` wait, ``overflow`` decides, as in
    :func:`~rxpolygon.operators.buffered`:

    - ``"block"``: the source's thread waits for room; nothing is lost. Of a client that is its dispatch
      thread, so all of its streams wait for the slowest: close a stream that you take no more from.
      A source that emits on the loop's own thread (``rx.from_iterable``, files) cannot wait there; it
      ends with a :class:`~rxpolygon.errors.UsageError` when the queue is full, unless it is moved with
      ``ops.subscribe_on(NewThreadScheduler())``.
    - ``"drop_oldest"``: the oldest queued value goes, the new one is queued.
    - ``"drop_newest"``: the new value goes.
    - ``"error"``: the source is released; what is queued is given, then
      :class:`~rxpolygon.errors.QueueFullError`.

    Every dropped value is counted (``dropped``) and told to ``on_drop``, on the source's thread; without it
    the first one, and the number at the end, are logged as warnings.

    - *Begin*: it subscribes when the loop begins (``aiter``, ``async with`` or the first ``anext``).
    - *Completion* ends the loop; an *error* of the source is raised in it; both after what is queued.
    - *End*: cancellation, ``aclose``, leaving ``async with``, and ``break`` out of
      ``async for ... in stream(...)`` dispose the subscription, let go what is queued, and wake a source
      that waits. After a ``break``, a stream that a variable holds goes on: that is how to resume it. A
      cancelled wait ends it, so for a limit on each wait give the source ``ops.timeout``.
    - *The loop is closed* meanwhile: the subscription is disposed at the source's next value.
    - *Fairness*: other tasks of the loop get a turn at least every 200 values.
    - *Threads*: none of its own.

    Args:
        observable: The source.
        capacity: The most values that wait.
        overflow: What happens to a value when as many wait.
        on_drop: Told each dropped value. If it raises, that is raised in the loop.

    Returns:
        An asynchronous iterator, for one task of one event loop.

    Raises:
        InvalidArgumentError: ``capacity`` is below one, or ``overflow`` is no policy.
        InvalidTypeError: ``observable`` is none.

    Example:
        >>> import asyncio
        >>> import rxpolygon
        >>> from rxpolygon import aio
        >>> from rxpolygon.simulator import Simulator
        >>> async def main(url):
        ...     async with aio.running(rxpolygon.StreamClient("demo", host=url)) as client:
        ...         async for trade in aio.stream(client.subscribe_stock_trades("AAPL")):
        ...             return trade.symbol
        >>> with Simulator(seed=1, speed=60) as server:
        ...     asyncio.run(main(server.url))
        'AAPL'
    """
    if not isinstance(observable, Observable):
        raise InvalidTypeError("observable", observable, "an Observable")
    positive_whole("capacity", capacity)
    if overflow not in get_args(Overflow):
        raise InvalidArgumentError("overflow", overflow, f"use one of {', '.join(get_args(Overflow))}")
    return AsyncStream(observable, capacity, overflow, on_drop)
