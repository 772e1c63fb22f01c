"""Observables of values that are there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import BooleanDisposable, CompositeDisposable
from reactivex.scheduler import CurrentThreadScheduler

from rxpolygon.errors import RxPolygonError

__all__ = ["cold"]

T = TypeVar("T")


def cold(read: Callable[[], Iterable[T]], failure: type[RxPolygonError]) -> Observable[T]:
    """Every observer gets all values, on the thread of its subscription, then the end or the error.

    Unlike :func:`reactivex.from_iterable` it leaves exceptions of other classes to the caller, and so those
    of an observer.

    Args:
        read: Begins to read; called for each observer.
        failure: What reading may end with: it goes to ``on_error``, after the values before it.

    Example:
        >>> _ = cold(lambda: [1, 2], RxPolygonError).subscribe(print)
        1
        2
    """

    def subscribe(
        observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        disposed = BooleanDisposable()

        def give(_scheduler: abc.SchedulerBase, _state: object = None) -> None:
            try:
                for value in read():
                    if disposed.is_disposed:
                        return
                    observer.on_next(value)
            except failure as error:
                observer.on_error(error)
            else:
                observer.on_completed()

        chosen = scheduler or CurrentThreadScheduler.singleton()
        return CompositeDisposable(chosen.schedule(give), disposed)

    return Observable(subscribe)
