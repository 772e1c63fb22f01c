"""What every one of these operators promises, on virtual time: subscription, ends, disposal, isolation."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from reactivex import Observable
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidTypeError
from rxpolygon.events import CryptoQuote, Level2Book, Trade
from rxpolygon.events.alpaca import Trade as AlpacaTrade
from tests.operators.streams import END, ERROR, Hot, Lab, Watch, quote, trade

# An operator's type is of no matter here: each is fed with its own events.
Operator = Callable[[Observable[Any]], Observable[Any]]


def book(at: int) -> Level2Book:
    return Level2Book(symbol="A", bids=((9.0, 1.0 + at),), asks=((11.0, 1.0),), timestamp=at)


def crypto_quote(at: int) -> CryptoQuote:
    return CryptoQuote(symbol="A", bid_price=9.0 + at, bid_size=1, ask_price=99, ask_size=1, timestamp=at)


def numbered(at: int) -> Trade:
    return trade(at=at, id=str(at), q=2 * at)


CASES: dict[str, tuple[Callable[[], Operator], Callable[[int], Any], Any]] = {
    "join_quotes": (lambda: rxo.join_quotes(Hot()), numbered, Trade(symbol="A")),
    "join_quotes hold": (lambda: rxo.join_quotes(Hot(), hold="1s"), numbered, Trade(symbol="A")),
    "as_of_join": (lambda: rxo.as_of_join(Hot()), quote_at := lambda at: quote(at=at), quote(at=None)),
    "conflate": (lambda: rxo.conflate("1s"), quote_at, quote(at=None)),
    "by_symbol": (lambda: rxo.by_symbol(lambda events: events), numbered, Trade(symbol="")),
    "deduplicate": (lambda: rxo.deduplicate(), numbered, Trade(symbol="A")),
    "sequence_gaps": (lambda: rxo.sequence_gaps(), numbered, Trade(symbol="A")),
    "reorder": (lambda: rxo.reorder("1s"), numbered, Trade(symbol="A")),
    "order_book": (lambda: rxo.order_book(), book, Level2Book(symbol="A")),
    "vwap": (lambda: rxo.vwap(), numbered, Trade(symbol="A")),
    "vwap window": (lambda: rxo.vwap("1s"), numbered, Trade(symbol="A")),
    "vwap restart": (lambda: rxo.vwap(restart="1s"), numbered, Trade(symbol="A")),
    "vwap corrections": (lambda: rxo.vwap("1s", corrections=True), numbered, Trade(symbol="A")),
    "rolling corrections": (lambda: rxo.rolling("1s", corrections=True), numbered, Trade(symbol="A")),
    "rolling": (lambda: rxo.rolling("1s"), numbered, Trade(symbol="A")),
    "nbbo": (lambda: rxo.nbbo(), crypto_quote, CryptoQuote(symbol="A")),
    "nbbo max_age": (lambda: rxo.nbbo(max_age="1s"), crypto_quote, CryptoQuote(symbol="A")),
}

every_operator = pytest.mark.parametrize("case", CASES)


class Setup:
    def __init__(self, case: str) -> None:
        make, self.event, self.bare = CASES[case]
        self.operator = make()
        self.lab = Lab()
        self.source: Hot[Any] = self.lab.source()
        self.output: Observable[Any] = self.source.pipe(self.operator)
        self.watch: Watch[Any] = self.lab.watch(self.output)


@every_operator
def test_operator_empty_source_completes_and_is_released(case: str) -> None:
    it = Setup(case)
    it.source.complete()
    assert it.watch.seen == [(0, END)]
    assert it.source.spans == [(0, 0)]


@every_operator
def test_operator_silent_source_stays_silent(case: str) -> None:
    it = Setup(case)
    it.lab.run(10_000)
    assert it.watch.seen == []
    assert it.source.spans == [(0, None)]


@every_operator
def test_operator_lets_nobodys_exception_reach_the_source(case: str) -> None:
    """As RxPY's own operators do: nobody behind has an on_error, and it must not vanish."""
    lab = Lab()
    make, event, _ = CASES[case]
    source: Hot[Any] = lab.source()

    def misspelt(_: object) -> object:
        raise ERROR

    def run_to_the_end() -> None:
        source.send(event(1), event(2), event(3))
        lab.run(10_000)
        source.complete()

    source.pipe(make(), ops.map(misspelt)).subscribe(scheduler=lab.scheduler)
    with pytest.raises(type(ERROR), match=str(ERROR)):
        run_to_the_end()
    assert not source.observers


@every_operator
def test_operator_source_error_comes_last_and_releases(case: str) -> None:
    it = Setup(case)
    it.source.send(it.event(1), it.event(2))
    it.lab.run(0.5)
    it.source.fail()
    assert it.watch.end is ERROR
    assert it.watch.seen[-1] == (0.5, ERROR)
    assert it.source.spans == [(0, 0.5)]


@every_operator
def test_operator_completion_comes_once_and_last_and_releases(case: str) -> None:
    it = Setup(case)
    it.source.send(it.event(1), it.event(2))
    it.lab.run(0.5)
    it.source.complete()
    it.lab.run(100)
    assert it.watch.seen[-1] == (0.5, END)
    assert it.watch.values
    assert it.source.spans == [(0, 0.5)]


@every_operator
def test_operator_disposed_in_the_middle_releases_and_says_no_more(case: str) -> None:
    it = Setup(case)
    it.source.send(it.event(1), it.event(2))
    seen = list(it.watch.seen)
    inner = weakref.ref(it.source.observers[0])
    it.lab.run(0.5)
    it.watch.dispose()
    it.lab.run(100)
    gc.collect()
    assert it.watch.seen == seen
    assert it.source.spans == [(0, 0.5)]
    assert inner() is None


@every_operator
def test_operator_disposed_by_its_observer_says_no_more(case: str) -> None:
    it = Setup(case)
    few = Watch[Any](lambda: it.lab.now).of(it.output.pipe(ops.take(1)), it.lab.scheduler)
    it.source.send(*(it.event(at) for at in range(1, 9_000, 1_000)))
    it.lab.run(50)
    assert len(few.values) == 1
    assert few.end == END
    assert len(it.source.observers) == 1


@every_operator
def test_operator_second_subscription_starts_anew(case: str) -> None:
    it = Setup(case)
    events = [it.event(at) for at in range(1, 9_000, 1_000)]
    it.source.send(*events)
    it.source.complete()
    second = it.lab.watch(it.output)
    it.source.send(*events)
    it.source.complete()
    assert second.values == it.watch.values
    assert second.values


@every_operator
def test_operator_passes_the_scheduler_on(case: str) -> None:
    it = Setup(case)
    assert it.source.schedulers == [it.lab.scheduler]


@every_operator
def test_operator_takes_events_with_nothing_but_a_symbol(case: str) -> None:
    it = Setup(case)
    it.source.send(it.bare, it.event(5), it.bare)
    it.source.complete()
    assert it.watch.end == END


@pytest.mark.parametrize(
    ("case", "event", "expected"),
    [
        ("conflate", "no event", "an event with symbol and timestamp"),
        ("reorder", "no event", "an event with a timestamp"),
        ("deduplicate", "no event", "an event with a timestamp"),
        ("deduplicate", quote(), "a trade with exchange and id; for others give key="),
        ("sequence_gaps", AlpacaTrade(symbol="A"), "an event with a sequence_number"),
        ("order_book", trade(), "a Level2Book"),
        ("nbbo", quote(), "a quote of one exchange"),
        ("vwap", quote(), "a trade"),
        ("rolling", quote(), "a trade, or give value="),
        ("join_quotes", quote(), "a trade (join_quotes is given the quotes)"),
        ("by_symbol", "no event", "an event with a symbol"),
    ],
)
def test_operator_names_an_event_that_it_cannot_take(case: str, event: Any, expected: str) -> None:
    it = Setup(case)
    it.source.send(it.event(1), event)
    assert isinstance(it.watch.end, InvalidTypeError)
    assert str(it.watch.end).startswith(f"an event of the source must be {expected}")
    assert it.source.spans == [(0, 0)]


@every_operator
def test_operator_gives_values_with_the_time_of_their_timestamp(case: str) -> None:
    it = Setup(case)
    it.source.send(it.event(1_700_000_000_001), it.event(1_700_000_000_123))
    it.source.complete()
    last = it.watch.values[-1]
    assert last.symbol == "A"
    assert (last.time.isoformat(), last.timestamp) == ("2023-11-14T22:13:20.123000+00:00", 1_700_000_000_123)


@every_operator
def test_operator_gives_values_without_a_time_where_no_calendar_has_it(case: str) -> None:
    """As of nanoseconds taken for milliseconds."""
    it = Setup(case)
    it.source.send(it.event(10**18), it.event(10**18 + 1))
    it.source.complete()
    assert it.watch.end == END
    assert [value.time for value in it.watch.values] == [None] * len(it.watch.values)
    assert it.watch.values


@every_operator
def test_operator_observed_again_by_retry_starts_anew(case: str) -> None:
    it = Setup(case)
    again = it.lab.watch(it.output.pipe(ops.retry(2)))
    it.source.send(it.event(1), it.event(2))
    it.source.fail()
    before = len(again.values)
    it.lab.run(0.5)
    fresh = it.lab.watch(it.output)
    it.source.send(it.event(1), it.event(2))
    it.source.complete()
    assert again.end == END
    assert again.values[before:] == fresh.values


@every_operator
def test_operator_observer_that_emits_again_is_served_in_order(case: str) -> None:
    it = Setup(case)
    seen: list[Any] = []

    def on_next(value: Any) -> None:
        seen.append(value)
        if len(seen) == 1:
            it.source.send(it.event(20_000))

    it.output.subscribe(on_next, scheduler=it.lab.scheduler)
    it.source.send(*(it.event(at) for at in range(1, 9_000, 2_000)))
    it.source.complete()
    stamps = [value.timestamp for value in seen]
    assert stamps.count(20_000) <= 1
    assert len(seen) > 1
