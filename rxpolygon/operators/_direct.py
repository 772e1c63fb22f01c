"""Observe a pipeline of RxPY's without a call between its last operator and the function observed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable
from reactivex.scheduler import CurrentThreadScheduler

__all__ = ["DirectObserver", "ignore"]

T = TypeVar("T")


def ignore(_: object) -> None:
    """What nobody observes."""


class DirectObserver(abc.ObserverBase[T], abc.DisposableBase):
    """What RxPY's observer that detaches itself is; but its ``on_next`` is the function that was given.

    RxPY's own asks with every value whether the end has come. Here the end puts another function in place.

    There is one for each symbol, and with thousands a value costs the memory that it meets. Memory that it
    does not meet costs as well, where it lies between. So this one object is all that RxPY makes of four
    (observer, disposables, functions), it has slots, and it needs no lock: each side first says what it has
    done, then looks at the other, and disposing twice does no harm.
    """

    __slots__ = ("_subscription", "is_stopped", "on_next")

    on_next: Callable[[T], None]  # type: ignore[assignment]  # no method, which is the point

    def __init__(self, on_next: Callable[[T], None]) -> None:
        """``on_next`` must bear a value after the end.

        Such a one comes from an operator that took the function itself and is just being disposed of on
        another thread.
        """
        self.on_next = on_next
        self.is_stopped = False
        self._subscription: abc.DisposableBase | None = None

    def failed(self, error: Exception) -> None:
        """The pipeline has failed. For subclasses; called once at most."""

    def completed(self) -> None:
        """The pipeline has completed. For subclasses; called once at most, and not after :meth:`failed`."""

    def observe(self, pipeline: Observable[T], scheduler: abc.SchedulerBase | None) -> None:
        """Does what ``pipeline.subscribe`` does, a call cheaper with every value. Only once.

        A pipeline that subscribes in a way of its own does so.
        """
        if getattr(type(pipeline), "subscribe", None) is not Observable.subscribe:
            self._attach(
                pipeline.subscribe(self.on_next, self.on_error, self.on_completed, scheduler=scheduler)
            )
            return

        def attach(_: abc.SchedulerBase | None = None, __: object = None) -> None:
            try:
                made = pipeline._subscribe_core(self, scheduler)
            except Exception as error:
                if not self._stop():
                    raise
                self.failed(error)
            else:
                self._attach(made if isinstance(made, abc.DisposableBase) else Disposable(made))

        # As in RxPY: the outermost subscription, once complete, runs what others schedule on this thread.
        trampoline = CurrentThreadScheduler.singleton()
        if trampoline.schedule_required():
            trampoline.schedule(attach)
        else:
            attach()

    def on_error(self, error: Exception) -> None:
        if self._stop():
            try:
                self.failed(error)
            finally:
                self.dispose()

    def on_completed(self) -> None:
        if self._stop():
            try:
                self.completed()
            finally:
                self.dispose()

    def dispose(self) -> None:
        self._stop()
        self._release()

    def _attach(self, subscription: abc.DisposableBase) -> None:
        self._subscription = subscription
        if self.is_stopped:
            self._release()

    def _release(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.dispose()

    def _stop(self) -> bool:
        was_running, self.is_stopped = not self.is_stopped, True
        self.on_next = ignore
        return was_running
