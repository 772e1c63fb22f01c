"""Observe a pipeline of RxPY's without a call between its last operator and the function observed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable, SingleAssignmentDisposable
from reactivex.scheduler import CurrentThreadScheduler

__all__ = ["ignore", "observe_directly"]

T = TypeVar("T")


def ignore(_: object) -> None:
    """What nobody observes."""


class _DirectObserver(abc.ObserverBase[T]):
    """What RxPY's observer that detaches itself is; but its ``on_next`` is the function that was given.

    RxPY's own asks with every value whether the end has come. Here the end puts another function in place.
    Slots, because there is one for each symbol, and with thousands a value costs the memory that it meets.
    """

    __slots__ = ("_on_completed", "_on_error", "_subscription", "is_stopped", "on_next")

    on_next: Callable[[T], None]  # type: ignore[assignment]  # no method, which is the point

    def __init__(
        self,
        on_next: Callable[[T], None],
        on_error: Callable[[Exception], None],
        on_completed: Callable[[], None],
    ) -> None:
        self.on_next = on_next
        self._on_error = on_error
        self._on_completed = on_completed
        self._subscription = SingleAssignmentDisposable()
        self.is_stopped = False

    def on_error(self, error: Exception) -> None:
        if self._stop():
            try:
                self._on_error(error)
            finally:
                self.dispose()

    def on_completed(self) -> None:
        if self._stop():
            try:
                self._on_completed()
            finally:
                self.dispose()

    def attach(self, subscription: abc.DisposableBase) -> None:
        """The pipeline is subscribed to: this ends it."""
        self._subscription.disposable = subscription

    def fail(self, error: Exception) -> bool:
        """The pipeline could not be subscribed to; False if the end came before."""
        if not self._stop():
            return False
        self._on_error(error)
        return True

    def dispose(self) -> None:
        self._stop()
        self._subscription.dispose()

    def _stop(self) -> bool:
        was_running, self.is_stopped = not self.is_stopped, True
        self.on_next = ignore
        return was_running


def observe_directly(
    pipeline: Observable[T],
    on_next: Callable[[T], None],
    on_error: Callable[[Exception], None],
    on_completed: Callable[[], None],
    scheduler: abc.SchedulerBase | None,
) -> abc.DisposableBase:
    """The same as ``pipeline.subscribe``, a call cheaper with every value.

    Args:
        pipeline: One that subscribes in a way of its own does so.
        on_next: Must bear a value after the end: from an operator that took the function itself and is just
            being disposed of on another thread.
        on_error: Called once at most.
        on_completed: Called once at most, and not after ``on_error``.
        scheduler: Handed on.
    """
    if getattr(type(pipeline), "subscribe", None) is not Observable.subscribe:
        return pipeline.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
    observer = _DirectObserver(on_next, on_error, on_completed)

    def attach(_: abc.SchedulerBase | None = None, __: object = None) -> None:
        try:
            made = pipeline._subscribe_core(observer, scheduler)
        except Exception as error:
            if not observer.fail(error):
                raise
        else:
            observer.attach(made if isinstance(made, abc.DisposableBase) else Disposable(made))

    # As in RxPY: the outermost subscription runs what others schedule on this thread, once it is complete.
    trampoline = CurrentThreadScheduler.singleton()
    if trampoline.schedule_required():
        trampoline.schedule(attach)
    else:
        attach()
    return Disposable(observer.dispose)
