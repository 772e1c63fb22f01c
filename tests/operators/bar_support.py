"""Builders, a virtual-time run and short forms for the tests of bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import reactivex
from reactivex import Observable
from reactivex.testing import ReactiveTest, Recorded, TestScheduler

from rxpolygon.events import Trade
from rxpolygon.operators import Bar

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


class Run:
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
        messages: list[Recorded[Any]] = [ReactiveTest.on_next(at, event) for at, event in arrivals]
        if completes is not None:
            messages.append(ReactiveTest.on_completed(completes))
        if fails is not None:
            messages.append(ReactiveTest.on_error(fails[0], fails[1]))
        self.source = self.scheduler.create_hot_observable(messages)
        self.observer = self.scheduler.create_observer()
        subscription = self.source.pipe(operator).subscribe(self.observer, scheduler=self.scheduler)
        if disposes is not None:
            self.scheduler.advance_to(disposes)
            subscription.dispose()
        self.scheduler.advance_to(until)
        self.values: list[T] = [m.value.value for m in self.observer.messages if m.value.kind == "N"]

    @property
    def times(self) -> list[float]:
        """When each value came."""
        return [m.time for m in self.observer.messages if m.value.kind == "N"]

    @property
    def is_completed(self) -> bool:
        return bool(self.observer.messages) and self.observer.messages[-1].value.kind == "C"

    @property
    def error(self) -> Exception | None:
        last = self.observer.messages[-1].value if self.observer.messages else None
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
    """All that a cold stream of the events gives."""
    results: list[T] = []
    errors: list[Exception] = []
    reactivex.from_iterable(events).pipe(operator).subscribe(results.append, errors.append)
    assert not errors, errors
    return results


def ohlcv(bar: Bar) -> tuple[float, float, float, float, float]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def label(bar: Bar) -> tuple[str, float, int]:
    """Symbol, start in seconds after BASE, and revision."""
    return bar.symbol, (bar.start - BASE) / 1_000, bar.revision
