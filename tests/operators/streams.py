"""Virtual time, marbles and events for the tests of joins, flow, books and measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from reactivex import Observable, abc, typing
from reactivex.disposable import Disposable
from reactivex.testing import TestScheduler

from rxpolygon.events import Quote, Trade
from tests.still_time import StillTime

T = TypeVar("T")

END = "|"


class MarketError(Exception):
    """What a `#` in a marble diagram sends."""


ERROR = MarketError("#")


def trade(
    symbol: str = "A",
    price: float | None = 10.0,
    at: int | None = 0,
    *,
    size: float | None = 1.0,
    exchange: int | None = 4,
    id: str | None = None,
    q: int | None = None,
) -> Trade:
    """A trade; `at` is its timestamp. None is what the decoder leaves where the wire has nothing."""
    fields = {
        "price": price,
        "size": size,
        "timestamp": at,
        "exchange": exchange,
        "id": id,
        "sequence_number": q,
    }
    return Trade(symbol=symbol, **fields)  # type: ignore[arg-type]  # None stands for absent


def quote(
    symbol: str = "A",
    bid: float | None = 9.0,
    ask: float | None = 11.0,
    at: int | None = 0,
    *,
    bid_size: float | None = 1.0,
    ask_size: float | None = 1.0,
) -> Quote:
    """A quote; `at` is its timestamp."""
    fields = {"bid_price": bid, "ask_price": ask, "timestamp": at, "bid_size": bid_size, "ask_size": ask_size}
    return Quote(symbol=symbol, **fields)  # type: ignore[arg-type]  # None stands for absent


class Hot(Observable[T]):
    """A hot source that knows when it was observed and when released, and with which scheduler."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__()
        self._now = now
        self.observers: list[abc.ObserverBase[T]] = []
        self.spans: list[tuple[float, float | None]] = []
        self.schedulers: list[abc.SchedulerBase | None] = []

    def _subscribe_core(
        self, observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self.observers.append(observer)
        place = len(self.spans)
        self.spans.append((self._now(), None))
        self.schedulers.append(scheduler)

        def release() -> None:
            self.observers.remove(observer)
            self.spans[place] = (self.spans[place][0], self._now())

        return Disposable(release)

    def send(self, *values: T) -> None:
        for value in values:
            for observer in tuple(self.observers):
                observer.on_next(value)

    def complete(self) -> None:
        for observer in tuple(self.observers):
            observer.on_completed()

    def fail(self, error: Exception = ERROR) -> None:
        for observer in tuple(self.observers):
            observer.on_error(error)


class Early(TestScheduler):
    """Its first timer strikes within the call that starts it; a real one may, on a busy machine."""

    has_begun = False

    def schedule_relative(
        self,
        duetime: typing.RelativeTime,
        action: abc.ScheduledAction[T],
        state: T | None = None,
    ) -> abc.DisposableBase:
        if self.has_begun:
            return super().schedule_relative(duetime, action, state)
        self.has_begun = True
        action(self, state)
        return Disposable()


class Watch(abc.ObserverBase[T]):
    """What an observer saw, and when."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self._now = now
        self.seen: list[tuple[float, T | str | Exception]] = []
        self.subscription: abc.DisposableBase = Disposable()
        self.values: list[T] = []
        self.end: str | Exception | None = None

    def on_next(self, value: T) -> None:
        self.seen.append((self._now(), value))
        self.values.append(value)

    def on_error(self, error: Exception) -> None:
        assert self.end is None, "two ends"
        self.end = error
        self.seen.append((self._now(), error))

    def on_completed(self) -> None:
        assert self.end is None, "two ends"
        self.end = END
        self.seen.append((self._now(), END))

    def of(self, observable: Observable[T], scheduler: abc.SchedulerBase | None = None) -> Watch[T]:
        """Observes; without a scheduler nothing is silent, however long the machine takes."""
        self.subscription = observable.subscribe(
            self.on_next, self.on_error, self.on_completed, scheduler=scheduler or StillTime()
        )
        return self

    def dispose(self) -> None:
        self.subscription.dispose()


class Lab:
    """Virtual time in seconds, driven by `advance_to` alone."""

    def __init__(self) -> None:
        self.scheduler = TestScheduler()

    @property
    def now(self) -> float:
        return float(self.scheduler.clock)

    def source(self) -> Hot[T]:
        return Hot(lambda: self.now)

    def hot(self, marbles: str, **events: T) -> Hot[T]:
        """A hot source: each sign is a second, the first is now and stands for nothing.

        A letter sends its event, `(` `)` hold what comes at one instant, `|` completes, `#` fails.
        """
        source: Hot[T] = self.source()
        time, in_group = 0, False
        for sign in marbles.replace(" ", ""):
            if sign in "()":
                in_group = sign == "("
                time += sign == ")"
                continue
            if sign != "-":
                self.scheduler.schedule_absolute(float(time), self._action(source, sign, events))
            time += not in_group
        return source

    def watch(self, observable: Observable[T]) -> Watch[T]:
        return Watch[T](lambda: self.now).of(observable, self.scheduler)

    def run(self, until: float = 100.0) -> None:
        self.scheduler.advance_to(until)

    def _action(self, source: Hot[T], sign: str, events: dict[str, T]) -> Callable[..., None]:
        def act(*_: object) -> None:
            if sign == "|":
                source.complete()
            elif sign == "#":
                source.fail()
            else:
                source.send(events[sign])

        return act


def collect(observable: Observable[T]) -> list[T]:
    """Everything that a cold observable emits; its error is raised."""
    watch = Watch[T]().of(observable)
    if isinstance(watch.end, Exception):
        raise watch.end
    assert watch.end == END
    return watch.values


def push_through(
    operator: Callable[[Observable[T]], Observable[object]], values: Iterable[T]
) -> list[object]:
    """What an operator makes of hot values, completed at the end."""
    source: Hot[T] = Hot()
    watch = Watch[object]().of(source.pipe(operator))
    source.send(*values)
    source.complete()
    if isinstance(watch.end, Exception):
        raise watch.end
    return watch.values
