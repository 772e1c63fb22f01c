"""``buffered``: what follows runs in its own thread, behind a bounded queue."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final, TypeVar, get_args, overload

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SingleAssignmentDisposable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators._checks import function, positive_whole
from rxpolygon.operators._losses import Losses, counted
from rxpolygon.operators._worker import Overflow, Worker

__all__ = ["buffered"]

T = TypeVar("T")

_numbers: Final = count(1)


# Where an argument that may be left out has the type of the values, mypy asks for it before ``pipe`` can
# tell: so there is a form without that argument.
@overload
def buffered(
    capacity: int, overflow: Overflow = ..., *, name: str | None = ...
) -> Callable[[Observable[T]], Observable[T]]: ...


@overload
def buffered(
    capacity: int,
    overflow: Overflow = ...,
    *,
    on_drop: Callable[[T], None] | None,
    name: str | None = ...,
) -> Callable[[Observable[T]], Observable[T]]: ...


def buffered(
    capacity: int,
    overflow: Overflow = "block",
    *,
    on_drop: Callable[[T], None] | None = None,
    name: str | None = None,
) -> Callable[[Observable[T]], Observable[T]]:
    """The same values, handed over to a thread of their own across a queue of at most ``capacity``.

    .. code-block:: text

        source   --a-b-c-d---------|
                 [   buffered(1, "drop_oldest")   ]
        output   --a-----d---------|                   (the observer was busy with a; b and c are dropped)

    What follows runs in that thread and may be slow: the source's thread only queues. RxPY's ``observe_on``
    does so too, but its queue grows without bound and an observer that raises silences it. When the queue
    is full, ``overflow`` decides:

    - ``"block"``: the source's thread waits for room; nothing is lost. (An observer that makes the source
      emit, in the queue's own thread, would wait for itself: its value is queued above capacity.)
    - ``"drop_oldest"``: the oldest queued value goes, the new one is queued.
    - ``"drop_newest"``: the new value goes.
    - ``"error"``: the source is released; what is queued is delivered, then
      :class:`~rxpolygon.errors.QueueFullError`.

    Every dropped value is counted and told to ``on_drop``, on the source's thread; without it the first
    one, and the number at the end, are logged as warnings.

    - *Order*: unchanged. *Completion, error*: delivered after what is queued; then the thread ends.
    - *An observer that raises* gets the exception in its ``on_error``, with a log line; the source is
      released and the thread ends. If ``on_error`` raises too, that goes to :data:`threading.excepthook`.
    - *Silence*: the thread waits and costs nothing.
    - *Dispose*: releases the source and what is queued, and wakes a source that waits for room. The thread
      ends when the observer returns; dispose does not wait for it, so it may be called from the observer.
    - *Threads*: one daemon thread for each subscription, started with it. The source may emit from
      several threads.

    Args:
        capacity: The most values that wait; the one that the observer is busy with does not count.
        overflow: What happens to a value when as many wait.
        on_drop: Told each dropped value. If it raises, that goes to ``on_error``.
        name: The thread's name; by default ``rxpolygon-buffered-1`` and so on.

    Returns:
        An operator that changes the thread.

    Raises:
        InvalidArgumentError: ``capacity`` is below one, or ``overflow`` is no policy.
        InvalidTypeError: ``capacity`` is no int, ``on_drop`` no function, or ``name`` no str.

    Example:
        >>> import threading
        >>> import reactivex as rx
        >>> from reactivex import operators as ops
        >>> from rxpolygon.operators import buffered
        >>> values = rx.of(1, 2).pipe(buffered(1_000, name="slow-lane"))
        >>> where = values.pipe(ops.map(lambda value: (value, threading.current_thread().name)))
        >>> where.pipe(ops.to_list()).run()
        [(1, 'slow-lane'), (2, 'slow-lane')]
    """
    positive_whole("capacity", capacity)
    function("on_drop", on_drop)
    if name is not None and not isinstance(name, str):
        raise InvalidTypeError("name", name, "a str")
    if overflow not in get_args(Overflow):
        raise InvalidArgumentError("overflow", overflow, f"use one of {', '.join(get_args(Overflow))}")

    def operator(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            losses = Losses("were dropped by buffered, whose queue was full", on_drop)
            thread_name = name or f"rxpolygon-buffered-{next(_numbers)}"
            worker = Worker(observer, capacity, overflow, losses.add, thread_name)
            subscription = SingleAssignmentDisposable()

            def on_next(value: T) -> None:
                try:
                    is_wanted = worker.put(value)
                except Exception as error:
                    losses.close()
                    worker.finish(error)
                    is_wanted = False
                if not is_wanted:
                    subscription.dispose()

            worker.start()
            try:
                subscription.disposable = counted(
                    source, losses, on_next, worker.finish, lambda: worker.finish(None), scheduler
                )
            except BaseException:  # Ctrl-C too: nobody else could end the thread
                worker.stop()
                raise
            return CompositeDisposable(subscription, Disposable(worker.stop))

        return Observable(subscribe)

    return operator
