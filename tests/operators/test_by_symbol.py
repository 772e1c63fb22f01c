from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import reactivex as rx
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable, abc
from reactivex import operators as ops
from reactivex.disposable import Disposable, SerialDisposable
from reactivex.scheduler import ImmediateScheduler, TimeoutScheduler

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidTypeError
from rxpolygon.events import Trade
from rxpolygon.operators import SymbolStream
from tests.operators.streams import END, ERROR, Hot, Lab, Watch, trade

Price = tuple[str, float]


def price(event: Trade) -> Price:
    return event.symbol, event.price


def prices(stream: Observable[Trade]) -> Observable[Price]:
    return stream.pipe(ops.map(price))


def moves(stream: Observable[Trade]) -> Observable[tuple[Price, Price]]:
    return prices(stream).pipe(ops.pairwise())


def twice(stream: Observable[Trade]) -> Observable[Price]:
    return rx.merge(prices(stream), prices(stream))


def first(stream: Observable[Trade]) -> Observable[Price]:
    return prices(stream).pipe(ops.take(1))


def last_and_late(stream: Observable[Trade]) -> Observable[Price]:
    return prices(stream).pipe(ops.last(), ops.delay(3))


def test_by_symbol_each_symbol_has_a_pipeline_of_its_own() -> None:
    lab = Lab()
    source = lab.hot("-a-b-c-d-|", a=trade("A", 1), b=trade("B", 9), c=trade("A", 2), d=trade("B", 7))
    watch = lab.watch(source.pipe(rxo.by_symbol(moves)))
    lab.run()
    assert watch.seen == [(5, (("A", 1), ("A", 2))), (7, (("B", 9), ("B", 7))), (9, END)]
    assert source.spans == [(0, 9)]


def test_by_symbol_takes_any_operator_as_pipeline() -> None:
    source: Hot[Trade] = Hot()
    watch = Watch[tuple[Trade, Trade]]().of(source.pipe(rxo.by_symbol(ops.pairwise())))
    source.send(trade("A", 1), trade("B", 2), trade("A", 3))
    assert [(one.price, two.price) for one, two in watch.values] == [(1, 3)]


def test_by_symbol_pipeline_is_made_once_for_each_symbol_and_knows_it() -> None:
    made: list[str] = []

    def pipeline(stream: SymbolStream[Trade]) -> Observable[Trade]:
        made.append(stream.symbol)
        return stream

    source: Hot[Trade] = Hot()
    watch = Watch[Trade]().of(source.pipe(rxo.by_symbol(pipeline)))
    source.send(trade("B"), trade("A"), trade("B"))
    assert made == ["B", "A"]
    assert len(watch.values) == 3


def test_by_symbol_pipeline_that_observes_twice_gets_everything_twice() -> None:
    source: Hot[Trade] = Hot()
    watch = Watch[Price]().of(source.pipe(rxo.by_symbol(twice)))
    source.send(trade("A", 1), trade("A", 2))
    source.complete()
    assert watch.values == [("A", 1), ("A", 1), ("A", 2), ("A", 2)]
    assert watch.end == END


def test_by_symbol_stream_has_a_lock_for_operators_that_need_one() -> None:
    locks: list[object] = []

    def late(stream: SymbolStream[Trade]) -> Observable[Trade]:
        locks.append(stream.lock)
        assert stream.lock is locks[-1]
        return stream.pipe(ops.delay(3))

    lab = Lab()
    a, b = trade("A"), trade("B")
    watch = lab.watch(lab.hot("-a-b-|", a=a, b=b).pipe(rxo.by_symbol(late)))
    lab.run()
    assert watch.seen == [(4, a), (6, b), (8, END)]
    assert locks[0] is not locks[1]


def test_by_symbol_stream_has_nothing_else_that_it_was_not_given() -> None:
    def pipeline(stream: SymbolStream[Trade]) -> Observable[Trade]:
        assert not hasattr(stream, "price")
        return stream

    source: Hot[Trade] = Hot()
    watch = Watch[Trade]().of(source.pipe(rxo.by_symbol(pipeline)))
    source.send(trade("A"))
    assert len(watch.values) == 1


def test_by_symbol_completion_lets_pipelines_flush_and_waits_for_the_last() -> None:
    lab = Lab()
    source = lab.hot("-a-b-|", a=trade("A", 1), b=trade("B", 2))
    watch = lab.watch(source.pipe(rxo.by_symbol(last_and_late)))
    lab.run()
    assert watch.seen == [(8, ("A", 1)), (8, ("B", 2)), (8, END)]


def test_by_symbol_pipeline_that_completes_leaves_its_symbol_and_no_other() -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.by_symbol(first)))
    source.send(trade("A", 1), trade("A", 2), trade("B", 3), trade("B", 4))
    assert watch.values == [("A", 1), ("B", 3)]
    assert watch.end is None
    source.complete()
    assert watch.end == END


def fail_at(bad: float, ending: str) -> Callable[[SymbolStream[Trade]], Observable[Price]]:
    """A pipeline that fails at a price: by its operator, by raising, or when it is made."""

    def pipeline(stream: SymbolStream[Trade]) -> Observable[Price]:
        if ending == "made" and stream.symbol == "BAD":
            raise ERROR

        def check(event: Trade) -> Price:
            if event.price == bad:
                raise ERROR
            return price(event)

        if ending == "raises":

            def subscribe(
                observer: abc.ObserverBase[Price], scheduler: abc.SchedulerBase | None = None
            ) -> abc.DisposableBase:
                return stream.subscribe(
                    lambda event: observer.on_next(check(event)), observer.on_error, observer.on_completed
                )

            return Observable(subscribe)
        return stream.pipe(ops.map(check))

    return pipeline


@pytest.mark.parametrize("ending", ["operator", "raises", "made"])
def test_by_symbol_pipeline_that_fails_ends_the_output(ending: str) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.by_symbol(fail_at(13, ending))))
    source.send(trade("A", 1), trade("BAD", 13), trade("A", 2))
    assert watch.seen == [(0, ("A", 1)), (0, ERROR)]
    assert source.spans == [(0, 0)]


@pytest.mark.parametrize("ending", ["operator", "raises", "made"])
def test_by_symbol_pipeline_that_fails_ends_only_its_symbol_when_told_so(ending: str) -> None:
    told: list[tuple[str, Exception]] = []
    source: Hot[Trade] = Hot()
    operator = rxo.by_symbol(
        fail_at(13, ending), on_symbol_error=lambda symbol, error: told.append((symbol, error))
    )
    watch = Watch[Price]().of(source.pipe(operator))
    source.send(trade("A", 1), trade("BAD", 13), trade("BAD", 14), trade("A", 2))
    source.complete()
    assert watch.values == [("A", 1), ("A", 2)]
    assert watch.end == END
    assert told == [("BAD", ERROR)]


@pytest.mark.parametrize("ending", ["completes", "fails", "raises"])
def test_by_symbol_nothing_comes_from_a_pipeline_after_its_end(ending: str) -> None:
    def unruly(stream: Observable[Trade]) -> Observable[Price]:
        def subscribe(
            observer: abc.ObserverBase[Price], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            def on_next(event: Trade) -> None:
                observer.on_next(price(event))
                if event.price == 2:
                    observer.on_completed() if ending == "completes" else observer.on_error(ERROR)

            stream.subscribe(on_next)  # never disposed of
            if ending == "raises":
                raise ERROR
            return Disposable()

        return Observable(subscribe)

    source: Hot[Trade] = Hot()
    watch = Watch[Price]().of(source.pipe(rxo.by_symbol(unruly, on_symbol_error=lambda symbol, error: None)))
    source.send(trade("A", 1), trade("A", 2), trade("A", 3), trade("B", 4))
    expected = [("A", 1), ("A", 2), ("B", 4)]
    assert watch.values == ([] if ending == "raises" else expected)


def test_by_symbol_nothing_comes_of_events_that_waited_while_their_pipeline_failed() -> None:
    source: Hot[Trade] = Hot()
    seen: list[int] = []
    failed: list[str] = []

    def fail(_: Trade) -> None:
        raise ERROR

    def on_next(it: Trade) -> None:
        seen.append(it.timestamp)
        if it.timestamp == 50:
            source.send(trade(at=30), trade(at=200), trade(at=300))

    sorted_apart = rxo.by_symbol(
        rxo.reorder("10ms", on_late=fail), on_symbol_error=lambda symbol, _: failed.append(symbol)
    )
    source.pipe(sorted_apart).subscribe(on_next)
    source.send(trade(at=50), trade(at=100))
    assert (seen, failed) == ([50, 100], ["A"])


def test_by_symbol_pipeline_with_a_way_of_its_own_to_subscribe_keeps_it() -> None:
    asked: list[str] = []

    class Counted(Observable[Price]):
        def __init__(self, stream: Observable[Price]) -> None:
            super().__init__()
            self._stream = stream

        def subscribe(self, *arguments: Any, **options: Any) -> abc.DisposableBase:  # Any: as RxPY's
            asked.append("once more")
            return self._stream.subscribe(*arguments, **options)

    def counted(stream: Observable[Trade]) -> Observable[Price]:
        return Counted(prices(stream))

    source: Hot[Trade] = Hot()
    watch = Watch[Price]().of(source.pipe(rxo.by_symbol(counted)))
    source.send(trade("A", 1), trade("A", 2), trade("B", 3))
    assert watch.values == [("A", 1), ("A", 2), ("B", 3)]
    assert len(asked) == 2


def test_by_symbol_pipeline_that_returns_nothing_is_told_so() -> None:
    def forgetful(stream: Observable[Trade]) -> Observable[Price]:
        prices(stream)
        return None  # type: ignore[return-value]  # that is the test

    source: Hot[Trade] = Hot()
    watch = Watch[Price]().of(source.pipe(rxo.by_symbol(forgetful)))
    source.send(trade("A"))
    assert isinstance(watch.end, InvalidTypeError)
    assert str(watch.end) == "what pipeline returns must be an Observable, not NoneType"


def test_by_symbol_on_symbol_error_that_raises_ends_the_output() -> None:
    second = RuntimeError("second")

    def fail(_: str, __: Exception) -> None:
        raise second

    source: Hot[Trade] = Hot()
    watch = Watch[Price]().of(source.pipe(rxo.by_symbol(fail_at(13, "operator"), on_symbol_error=fail)))
    source.send(trade("BAD", 13))
    assert watch.end is second


@pytest.mark.parametrize("isolated", [False, True])
def test_by_symbol_source_error_goes_through_every_pipeline(isolated: bool) -> None:
    source: Hot[Trade] = Hot()
    caught: list[Exception] = []
    told: list[str] = []

    def listening(stream: Observable[Trade]) -> Observable[Price]:
        return prices(stream).pipe(ops.do_action(on_error=caught.append))

    def tell(symbol: str, _: Exception) -> None:
        told.append(symbol)

    operator = rxo.by_symbol(listening, on_symbol_error=tell if isolated else None)
    watch = Watch[Price]().of(source.pipe(operator))
    source.send(trade("A"), trade("B"))
    source.fail()
    assert watch.end is ERROR
    assert caught == [ERROR, ERROR]
    assert told == []


def test_by_symbol_disposed_while_a_pipeline_is_made_is_no_failure() -> None:
    source: Hot[Trade] = Hot()
    told: list[str] = []

    def greeting(stream: Observable[Trade]) -> Observable[Price]:
        return rx.merge(rx.just(("hello", 0.0), ImmediateScheduler.singleton()), prices(stream))

    operator = rxo.by_symbol(greeting, on_symbol_error=lambda symbol, _: told.append(symbol))
    watch = Watch[Price]().of(source.pipe(operator, ops.take(1)))
    source.send(trade("A"))
    assert watch.seen == [(0, ("hello", 0.0)), (0, END)]
    assert told == []


def test_by_symbol_disposed_while_an_event_is_on_its_way_makes_no_pipeline() -> None:
    """As by another thread, at the moment when the event is looked at."""
    made: list[str] = []

    class Slow:
        timestamp = 0

        @property
        def symbol(self) -> str:
            subscription.dispose()
            return "A"

    def make(stream: SymbolStream[Slow]) -> Observable[Slow]:
        made.append(stream.symbol)
        return stream

    source: Hot[Slow] = Hot()
    subscription = source.pipe(rxo.by_symbol(make)).subscribe()
    source.send(Slow())
    assert made == []


def test_by_symbol_observer_that_disposes_gets_nothing_more_of_a_pipeline_that_is_being_made() -> None:
    source: Hot[Trade] = Hot()
    subscription = SerialDisposable()
    seen: list[Price] = []

    def greeting(stream: Observable[Trade]) -> Observable[Price]:
        return rx.of(("hello", 0.0), ("again", 0.0)).pipe(
            ops.observe_on(ImmediateScheduler.singleton()), ops.merge(prices(stream))
        )

    def take(value: Price) -> None:
        seen.append(value)
        subscription.dispose()

    subscription.disposable = source.pipe(rxo.by_symbol(greeting)).subscribe(take)
    source.send(trade("A"))
    assert seen == [("hello", 0.0)]


def test_by_symbol_dispose_releases_every_pipeline() -> None:
    released: list[str] = []

    def pipeline(stream: SymbolStream[Trade]) -> Observable[Trade]:
        return stream.pipe(ops.finally_action(lambda: released.append(stream.symbol)))

    source: Hot[Trade] = Hot()
    watch = Watch[Trade]().of(source.pipe(rxo.by_symbol(pipeline)))
    source.send(trade("A"), trade("B"))
    watch.dispose()
    assert released == ["A", "B"]
    assert not source.observers


def test_by_symbol_passes_the_scheduler_to_pipelines() -> None:
    lab = Lab()
    schedulers: list[abc.SchedulerBase | None] = []

    def pipeline(_: object) -> Observable[Price]:
        def subscribe(
            observer: abc.ObserverBase[Price], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            schedulers.append(scheduler)
            return Disposable()

        return Observable(subscribe)

    source: Hot[Trade] = lab.source()
    lab.watch(source.pipe(rxo.by_symbol(pipeline)))
    source.send(trade("A"))
    assert schedulers == [lab.scheduler]


def test_by_symbol_observer_that_raises_gets_it_in_on_error_and_no_symbol_is_blamed() -> None:
    source: Hot[Trade] = Hot()
    errors: list[Exception] = []
    told: list[str] = []

    def fail(_: Price) -> None:
        raise ERROR

    operator = rxo.by_symbol(prices, on_symbol_error=lambda symbol, _: told.append(symbol))
    source.pipe(operator).subscribe(fail, errors.append)
    source.send(trade("A"))
    assert errors == [ERROR]
    assert told == []
    assert not source.observers


def test_by_symbol_blames_no_symbol_for_what_is_behind_it_without_on_error() -> None:
    source: Hot[Trade] = Hot()
    told: list[str] = []

    def misspelt(_: object) -> object:
        raise ERROR

    operator = rxo.by_symbol(prices, on_symbol_error=lambda symbol, _: told.append(symbol))
    source.pipe(operator, ops.map(misspelt)).subscribe()
    with pytest.raises(type(ERROR), match=str(ERROR)):
        source.send(trade("A"))
    assert told == []
    assert not source.observers


def test_by_symbol_observer_that_raises_without_on_error_raises_to_the_source() -> None:
    source: Hot[Trade] = Hot()

    def fail(_: Price) -> None:
        raise ERROR

    source.pipe(rxo.by_symbol(prices)).subscribe(fail)
    with pytest.raises(type(ERROR)):
        source.send(trade("A"))


def test_by_symbol_observer_that_makes_the_source_emit_opens_new_symbols() -> None:
    source: Hot[Trade] = Hot()
    seen: list[Price] = []

    def on_next(value: Price) -> None:
        if value == ("A", 1):
            source.send(trade("B", 2), trade("A", 3))
        seen.append(value)

    source.pipe(rxo.by_symbol(prices)).subscribe(on_next)
    source.send(trade("A", 1), trade("C", 4))
    assert seen == [("A", 1), ("B", 2), ("A", 3), ("C", 4)]


def test_by_symbol_pipelines_on_timers_of_many_threads_never_overlap() -> None:
    source: Hot[Trade] = Hot()
    done = threading.Event()
    inside = [0]
    seen: list[Price] = []

    def on_next(value: Price) -> None:
        inside[0] += 1
        assert inside[0] == 1
        seen.append(value)
        inside[0] -= 1

    def delayed(stream: Observable[Trade]) -> Observable[Price]:
        return prices(stream).pipe(ops.delay(0.001, TimeoutScheduler.singleton()))

    source.pipe(rxo.by_symbol(delayed)).subscribe(on_next, on_completed=done.set)
    for number in range(200):
        source.send(trade(f"S{number % 20}", number))
    source.complete()
    assert done.wait(30)
    assert sorted(number for _, number in seen) == list(range(200))


def is_not_five(value: Price) -> bool:
    return value[1] != 5


rows = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 9)), max_size=40)


@given(rows)
def test_by_symbol_equals_group_by_and_flat_map(rows: list[tuple[str, int]]) -> None:
    def inner(stream: Observable[Trade]) -> Observable[tuple[Price, Price]]:
        return prices(stream).pipe(ops.filter(is_not_five), ops.pairwise(), ops.take(4))

    source: Hot[Trade] = Hot()
    ours = Watch[tuple[Price, Price]]().of(source.pipe(rxo.by_symbol(inner)))
    theirs = Watch[tuple[Price, Price]]().of(
        source.pipe(ops.group_by(lambda event: event.symbol), ops.flat_map(inner))
    )
    source.send(*(trade(symbol, number) for symbol, number in rows))
    source.complete()
    assert ours.values == theirs.values
    assert ours.end == theirs.end == END


@given(
    rows,
    st.sampled_from([Hot[Trade].complete, Hot[Trade].fail, Hot[Trade].send]),
    st.integers(0, 9),
    st.one_of(st.none(), st.integers(1, 20)),
)
def test_by_symbol_ends_as_group_by_and_flat_map_do(
    rows: list[tuple[str, int]], end: Callable[[Hot[Trade]], None], bad: int, disposed_after: int | None
) -> None:
    """By the source's end or error, by a pipeline's error, or by the observer, in the middle of an event."""

    def number_of(price: Price) -> float:
        if price == ("B", bad):
            raise ERROR
        return price[1]

    def inner(stream: Observable[Trade]) -> Observable[float]:
        return prices(stream).pipe(ops.map(number_of), ops.start_with(-1.0), ops.concat(rx.of(-2.0)))

    def told(operator: Callable[[Observable[Trade]], Observable[float]]) -> list[object]:
        source: Hot[Trade] = Hot()
        watch = Watch[float]()
        subscription = SerialDisposable()

        def on_next(value: float) -> None:
            watch.on_next(value)
            if len(watch.values) == disposed_after:
                subscription.dispose()

        output = source.pipe(operator)
        subscription.disposable = output.subscribe(on_next, watch.on_error, watch.on_completed)
        source.send(*(trade(symbol, number) for symbol, number in rows))
        end(source)
        return [*watch.values, watch.end, len(source.observers)]

    def grouped(source: Observable[Trade]) -> Observable[float]:
        return source.pipe(ops.group_by(lambda event: event.symbol), ops.flat_map(inner))

    assert told(rxo.by_symbol(inner)) == told(grouped)
