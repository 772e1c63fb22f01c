"""Observe a pipeline of RxPY's without a call between its last operator and the function observed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable
from reactivex.observer.autodetachobserver import AutoDetachObserver
from reactivex.scheduler import CurrentThreadScheduler

__all__ = ["ignore", "observe_directly"]

T = TypeVar("T")


def ignore(_: object) -> None:
    """What nobody observes."""


class _DirectObserver(AutoDetachObserver[T]):
    """RxPY's observer that detaches itself; but its ``on_next`` is the function that was given.

    RxPY's own asks with every value whether the end has come. Here the end puts another function in place.
    """

    def __init__(
        self,
        on_next: Callable[[T], None],
        on_error: Callable[[Exception], None],
        on_completed: Callable[[], None],
    ) -> None:
        super().__init__(on_next, on_error, on_completed)
        self._pass_to(on_next)

    def _pass_to(self, function: Callable[[T], None]) -> None:
        # Found before the class's own method.
        self.__dict__["on_next"] = function

    def on_error(self, error: Exception) -> None:
        self._pass_to(ignore)
        super().on_error(error)

    def on_completed(self) -> None:
        self._pass_to(ignore)
        super().on_completed()

    def dispose(self) -> None:
        self._pass_to(ignore)
        super().dispose()

    def fail(self, exn: Exception) -> bool:
        self._pass_to(ignore)
        return super().fail(exn)


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
            observer.subscription = made if isinstance(made, abc.DisposableBase) else Disposable(made)

    # As in RxPY: the outermost subscription runs what others schedule on this thread, once it is complete.
    trampoline = CurrentThreadScheduler.singleton()
    if trampoline.schedule_required():
        trampoline.schedule(attach)
    else:
        attach()
    return Disposable(observer.dispose)
