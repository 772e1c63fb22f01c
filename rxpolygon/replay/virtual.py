"""Observables that are subscribed on virtual time when nobody says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from reactivex import ConnectableObservable, GroupedObservable, Observable, abc
from reactivex import operators as ops

__all__ = ["VirtualObservable", "on_virtual_time"]

T = TypeVar("T")

# Any, here and below: what operators make of an Observable may be anything.
_OWN = {"subscribe", "pipe", "run", "connect", "auto_connect"}
# Where RxPY makes Observables of Observables, which a subscriber may observe by itself.
_NESTING = {
    f"reactivex.operators.{module}"
    for module in (
        "_groupbyuntil",
        "_window",
        "_windowwithcount",
        "_windowwithtime",
        "_windowwithtimeorcount",
    )
}


def on_virtual_time(value: Any, scheduler: abc.SchedulerBase) -> Any:
    """The same Observable, subscribed on the scheduler by default. Anything else is given back as it is."""
    if isinstance(value, _OnVirtualTime):
        return value
    if isinstance(value, ConnectableObservable):
        return VirtualConnectable(value, scheduler)
    if isinstance(value, GroupedObservable):
        return VirtualGroup(value, scheduler)
    if isinstance(value, Observable):
        if getattr(getattr(value, "_subscribe", None), "__module__", None) in _NESTING:
            value = ops.map(lambda inner: on_virtual_time(inner, scheduler))(value)
        return VirtualObservable(value, scheduler)
    if isinstance(value, (list, tuple)) and value and all(isinstance(part, Observable) for part in value):
        return type(value)(on_virtual_time(part, scheduler) for part in value)
    return value


class _OnVirtualTime(Observable[T]):
    """What both kinds share: whatever is made of them is of their kind too."""

    _inner: Observable[T]
    _scheduler: abc.SchedulerBase

    def subscribe(
        self,
        on_next: abc.ObserverBase[T] | abc.OnNext[T] | None = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Observe; without a scheduler, on virtual time. No observer is put in between."""
        return self._inner.subscribe(
            on_next, on_error, on_completed, scheduler=self._scheduler if scheduler is None else scheduler
        )

    def pipe(self, *operators: Callable[[Any], Any]) -> Any:
        """Apply operators from left to right."""
        value: Any = self
        for operator in operators:
            value = on_virtual_time(operator(value), self._scheduler)
        return value

    def run(self, scheduler: abc.SchedulerBase | None = None) -> T:
        """Wait for the end and return the last value, as :meth:`reactivex.Observable.run` does."""
        return super().run(self._scheduler if scheduler is None else scheduler)


class VirtualObservable(_OnVirtualTime[T]):
    """An Observable whose operators take their time from a scheduler of its own.

    Operators are given the scheduler of the subscription, which comes from the end of the chain. So
    everything piped from here is wrapped again.

    Args:
        inner: What is observed.
        scheduler: The default scheduler.
    """

    def __init__(self, inner: Observable[T], scheduler: abc.SchedulerBase) -> None:
        super().__init__()
        self._inner = inner
        self._scheduler = scheduler


class VirtualGroup(_OnVirtualTime[T], GroupedObservable[Any, T]):
    """The same for a group of ``group_by``, with its ``key``."""

    def __init__(self, inner: GroupedObservable[Any, T], scheduler: abc.SchedulerBase) -> None:
        super().__init__(inner.key, inner)
        self._inner = inner
        self._scheduler = scheduler


class VirtualConnectable(_OnVirtualTime[T], ConnectableObservable[T]):
    """The same for what ``publish`` and ``replay`` return."""

    def __init__(self, inner: ConnectableObservable[T], scheduler: abc.SchedulerBase) -> None:
        super().__init__(inner.source, inner.subject)
        self._inner = inner
        self._connectable = inner
        self._scheduler = scheduler

    def connect(self, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase | None:
        """Connect the observable."""
        return self._connectable.connect(self._scheduler if scheduler is None else scheduler)

    def auto_connect(self, subscriber_count: int = 1) -> Observable[T]:
        """Connect with the given number of subscriptions."""
        wrapped = on_virtual_time(self._connectable.auto_connect(subscriber_count), self._scheduler)
        return cast("Observable[T]", wrapped)


def _wrapping(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: _OnVirtualTime[Any], *args: Any, **kwargs: Any) -> Any:
        return on_virtual_time(method(self, *args, **kwargs), self._scheduler)

    return call


# The fluent methods (`trades.map(...)`) come from RxPY's mixins and build plain Observables.
for _mixin in Observable.__mro__:
    for _name, _method in list(vars(_mixin).items()):
        _is_operator = not _name.startswith("_") or _name in ("__add__", "__iadd__", "__getitem__")
        if _is_operator and callable(_method) and _name not in _OWN:
            setattr(_OnVirtualTime, _name, _wrapping(_method))
