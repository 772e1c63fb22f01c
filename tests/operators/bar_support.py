"""Builders, a virtual-time run and short forms for the tests of bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import reactivex
from reactivex import Observable
from reactivex.notification import Notification, OnCompleted, OnError, OnNext
from reactivex.testing import Recorded, TestScheduler
from reactivex.testing.mockobserver import MockObserver

from rxpolygon.events import Trade
from rxpolygon.operators import Bar
from tests.still_time import StillTime

# A whole minute, and five minutes, and an hour: Thursday 2023-11-16 15:00:00 UTC, 10:00 in New York.
BASE = 1_700_146_800_000
MINUTE = 60_000

T = TypeVar("T")


def trade(
    symbol: str, price: float, *, at: float, size: float = 100, sequence: int | None = None, **fields: Any
) -> Trade:
    """A trade ``at`` seconds after BASE."""
    stamp = BASE + round(at * 1_000)
    return Trade(symbol=symbol, price=price, size=size, timestamp=stamp, sequence_number=sequence, **fields)


def recorded(at: float, notification: Notification[Any]) -> Recorded[Any]:
    # RxPY's type says int; its schedulers take fractions of a second too.
    return Recorded(at, notification)  # type: ignore[arg-type]


class Run(Generic[T]):
    """An operator over a hot source on virtual time, in seconds."""

    def __init__(
        self,
        operator: Callable[[Observable[Any]], Observable[T]],
        arrivals: Iterable[tuple[float, Any]],
        *,
        until: float = 1_000,
        completes: float | None = None,
        fails: tuple[float, Exception] | None = None,
        disposes: float | None = None,
    ) -> None:
        self.scheduler = TestScheduler()
        messages = [recorded(at, OnNext(event)) for at, event in arrivals]
        if completes is not None:
            messages.append(recorded(completes, OnCompleted()))
        if fails is not None:
            messages.append(recorded(fails[0], OnError(fails[1])))
        self.source = self.scheduler.create_hot_observable(messages)
        self.observer: MockObserver[T] = self.scheduler.create_observer()
        subscription = self.source.pipe(operator).subscribe(self.observer, scheduler=self.scheduler)
        if disposes is not None:
            self.scheduler.advance_to(disposes)
            subscription.dispose()
        self.scheduler.advance_to(until)
        # Any: what was recorded is typed as the union with the predicates of expectations.
        self._told: list[tuple[float, Any]] = [(m.time, m.value) for m in self.observer.messages]
        self.values: list[T] = [told.value for _, told in self._told if told.kind == "N"]

    @property
    def times(self) -> list[float]:
        """When each value came."""
        return [time for time, told in self._told if told.kind == "N"]

    @property
    def is_completed(self) -> bool:
        return bool(self._told) and self._told[-1][1].kind == "C"

    @property
    def error(self) -> Exception | None:
        last = self._told[-1][1] if self._told else None
        return last.exception if last is not None and last.kind == "E" else None

    @property
    def released(self) -> float:
        """When the source was left; infinite if it was not."""
        (subscription,) = self.source.subscriptions
        return float(subscription.unsubscribe)


def live(*events: Any) -> list[tuple[float, Any]]:
    """Events that arrive at their own time (never before 0.001)."""
    return [(max((event.timestamp - BASE) / 1_000, 0.001), event) for event in events]


def collect(events: Sequence[Any], operator: Callable[[Observable[Any]], Observable[T]]) -> list[T]:
    """All that a cold stream of the events gives, between which nothing is silent."""
    results: list[T] = []
    errors: list[Exception] = []
    bars = reactivex.from_iterable(events).pipe(operator)
    bars.subscribe(results.append, errors.append, scheduler=StillTime())
    assert not errors, errors
    return results


def ohlcv(bar: Bar) -> tuple[float, float, float, float, float]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def label(bar: Bar) -> tuple[str, float, int]:
    """Symbol, start in seconds after BASE, and revision."""
    return bar.symbol, (bar.start - BASE) / 1_000, bar.revision
