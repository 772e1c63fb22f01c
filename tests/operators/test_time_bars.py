"""Windows, prices, closing and the end of ``time_bars``."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

import pytest
import reactivex
from reactivex import Subject
from reactivex.testing import TestScheduler

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import CryptoTrade, ForexQuote, FuturesTrade, IndexValue, Quote, Trade
from rxpolygon.operators import Bar, SaleRules, time_bars
from tests.operators.bar_support import BASE, MINUTE, Run, collect, label, live, ohlcv, trade
from tests.operators.streams import Early
from tests.still_time import StillTime


def test_time_bars_figures_are_those_of_the_window() -> None:
    events = [
        trade("A", 10.0, at=1, size=100),
        trade("A", 12.0, at=2, size=50),
        trade("A", 9.0, at=3, size=25),
        trade("A", 11.0, at=59.999, size=25),
    ]
    assert collect(events, time_bars("1m")) == [
        Bar(
            symbol="A",
            start=BASE,
            end=BASE + MINUTE,
            open=10.0,
            high=12.0,
            low=9.0,
            close=11.0,
            volume=200.0,
            vwap=(1000 + 600 + 225 + 275) / 200,
            count=4,
        )
    ]


def test_time_bars_trade_exactly_on_the_edge_belongs_to_the_next_window() -> None:
    bars = collect([trade("A", 10, at=0), trade("A", 11, at=59.999), trade("A", 12, at=60)], time_bars("1m"))
    assert [(label(bar), ohlcv(bar)) for bar in bars] == [
        (("A", 0, 0), (10, 11, 10, 11, 200)),
        (("A", 60, 0), (12, 12, 12, 12, 100)),
    ]


def test_time_bars_watermark_of_one_symbol_closes_the_bars_of_all() -> None:
    arrivals = [(1.0, trade("B", 20, at=5)), (1.1, trade("A", 10, at=6)), (1.2, trade("C", 1, at=60))]
    run = Run(time_bars("1m"), arrivals, until=2)
    assert [label(bar) for bar in run.values] == [("A", 0, 0), ("B", 0, 0)]
    assert run.times == [1.2, 1.2]


def test_time_bars_order_is_time_then_symbol() -> None:
    events = [trade("B", 1, at=61), trade("B", 1, at=1), trade("A", 1, at=62), trade("A", 1, at=2)]
    assert [label(bar) for bar in collect(events, time_bars("1m", lateness="2m"))] == [
        ("A", 0, 0),
        ("B", 0, 0),
        ("A", 60, 0),
        ("B", 60, 0),
    ]


def test_time_bars_lateness_holds_the_window_open() -> None:
    arrivals = [(1.0, trade("A", 10, at=1)), (1.1, trade("A", 11, at=61.999)), (1.2, trade("A", 12, at=62))]
    run = Run(time_bars("1m", lateness="2s"), arrivals, until=2)
    assert run.times == [1.2]


def test_time_bars_open_and_close_go_by_timestamp_within_the_lateness() -> None:
    events = [trade("A", 11, at=2), trade("A", 10, at=1), trade("A", 13, at=59), trade("A", 12, at=58)]
    assert ohlcv(collect(events, time_bars("1m", lateness="1m"))[0]) == (10, 13, 10, 13, 400)


def test_time_bars_equal_timestamps_go_by_sequence_number() -> None:
    events = [
        trade("A", price, at=1, sequence=sequence) for price, sequence in [(11, 5), (10, 4), (13, 8), (12, 7)]
    ]
    bar = collect(events, time_bars("1m"))[0]
    assert (bar.open, bar.close) == (10, 13)


def test_time_bars_equal_timestamps_without_sequence_go_by_arrival() -> None:
    stamps = {"symbol": "BTC-USD", "size": 1, "timestamp": BASE}
    bar = collect([CryptoTrade(price=price, **stamps) for price in (11, 10, 13, 12)], time_bars("1m"))[0]  # type: ignore[arg-type]
    assert (bar.open, bar.close) == (11, 12)


def test_time_bars_silence_closes_by_timer_at_the_window_end() -> None:
    run = Run(time_bars("1m"), live(trade("A", 10, at=5)), until=100)
    assert [label(bar) for bar in run.values] == [("A", 0, 0)]
    assert run.times == [60]


def test_time_bars_silence_closes_a_delayed_feed_by_its_own_time() -> None:
    arrivals = [(900.0, trade("A", 10, at=5))]
    run = Run(time_bars("1m", lateness="2s"), arrivals, until=2_000)
    assert run.times == [900 + 57]


def test_time_bars_silence_after_a_burst_goes_on_from_its_newest_event() -> None:
    """A line that catches up brings most of a minute in an instant."""
    arrivals = [(1.0, trade("A", 10, at=at)) for at in (5, 30, 50)]
    run = Run(time_bars("1m"), arrivals, until=100)
    # The stretch that the timer sees no event in begins with its look at 2, when event time is 50 at least.
    assert run.times == [12]


def test_time_bars_burst_after_a_silence_wakes_the_timer_that_waits_for_the_window_end() -> None:
    arrivals = [(1.0, trade("A", 10, at=1)), *((10.0, trade("A", 10, at=at)) for at in (20, 30, 50))]
    assert Run(time_bars("1m"), arrivals, until=100).times == [21]


def test_time_bars_event_that_a_bar_of_the_timer_brings_about_is_closed_by_the_timer_too() -> None:
    scheduler = TestScheduler()
    source: Subject[Trade] = Subject()
    seen: list[tuple[float, float]] = []

    def answer(bar: Bar) -> None:
        seen.append((scheduler.clock, bar.open))
        if len(seen) == 1:
            source.on_next(trade("A", 11, at=70))

    source.pipe(time_bars("1m")).subscribe(answer, scheduler=scheduler)
    source.on_next(trade("A", 10, at=50))
    scheduler.advance_to(100)
    assert seen == [(10, 10), (60, 11)]


def test_time_bars_steady_events_keep_the_timer_from_closing() -> None:
    # Event time lags: an event each half second, all in the first window, well past its end by the clock.
    arrivals = [(0.5 * i, trade("A", 10, at=1 + 0.001 * i)) for i in range(1, 400)]
    run = Run(time_bars("1m"), arrivals, until=199.5)
    assert run.values == []


def test_time_bars_trade_after_silence_closes_nothing_twice() -> None:
    run = Run(time_bars("1m"), live(trade("A", 10, at=5), trade("A", 11, at=130)), until=400)
    assert [label(bar) for bar in run.values] == [("A", 0, 0), ("A", 120, 0)]
    assert run.times == [60, 180]


def test_time_bars_short_windows_close_soon_after_the_last_event() -> None:
    run = Run(time_bars("100ms"), live(trade("A", 10, at=0.01)), until=5)
    assert run.times == [pytest.approx(0.11, abs=0.02)]


def test_time_bars_completion_gives_open_bars_and_completes() -> None:
    run = Run(time_bars("1m"), live(trade("A", 10, at=5)), completes=7)
    assert [label(bar) for bar in run.values] == [("A", 0, 0)]
    assert run.values[0].is_final
    assert run.times == [7]
    assert run.is_completed
    assert run.released == 7


def test_time_bars_empty_completes() -> None:
    run = Run(time_bars("1m"), [], completes=7)
    assert run.values == []
    assert run.is_completed


def test_time_bars_never_gives_nothing() -> None:
    assert Run(time_bars("1m"), []).observer.messages == []


def test_time_bars_error_passes_at_once_without_open_bars() -> None:
    error = RuntimeError("line cut")
    run = Run(time_bars("1m"), live(trade("A", 10, at=5)), fails=(7, error))
    assert run.values == []
    assert run.error is error
    assert run.released == 7


def test_time_bars_dispose_in_mid_window_leaves_the_source_and_the_timer() -> None:
    run = Run(time_bars("1m"), live(trade("A", 10, at=5)), disposes=10, until=200)
    assert run.observer.messages == []
    assert run.released == 10


def test_time_bars_subscriptions_share_nothing() -> None:
    source: Subject[Trade] = Subject()
    bars = source.pipe(time_bars("1m"))
    first: list[Bar] = []
    second: list[Bar] = []
    bars.subscribe(first.append, scheduler=StillTime())
    source.on_next(trade("A", 10, at=1))
    bars.subscribe(second.append, scheduler=StillTime())
    source.on_next(trade("A", 11, at=2))
    source.on_completed()
    assert [bar.volume for bar in first] == [200]
    assert [bar.volume for bar in second] == [100]


def test_time_bars_timer_that_is_due_while_it_is_started_keeps_its_successor() -> None:
    scheduler = Early()
    source: Subject[Trade] = Subject()
    bars: list[Bar] = []
    source.pipe(time_bars("1m")).subscribe(bars.append, scheduler=scheduler)
    source.on_next(trade("A", 10, at=1))
    scheduler.advance_to(100)
    assert [label(bar) for bar in bars] == [("A", 0, 0)]


def test_time_bars_observer_that_makes_the_source_emit_gets_bars_in_order() -> None:
    source: Subject[Trade] = Subject()
    seen: list[tuple[str, float, int]] = []

    def on_next(bar: Bar) -> None:
        seen.append(label(bar))
        if len(seen) == 1:
            source.on_next(trade("A", 12, at=121))

    subscription = source.pipe(time_bars("1m")).subscribe(on_next, scheduler=StillTime())
    for event in (trade("A", 10, at=1), trade("B", 10, at=2), trade("A", 11, at=61)):
        source.on_next(event)
    subscription.dispose()
    assert seen == [("A", 0, 0), ("B", 0, 0), ("A", 60, 0)]


def test_time_bars_predicate_that_raises_ends_in_on_error() -> None:
    def broken(_: Trade) -> bool:
        raise LookupError("no such rule")

    run = Run(time_bars("1m", sales=SaleRules[Trade](broken, broken, broken)), live(trade("A", 10, at=5)))
    assert isinstance(run.error, LookupError)
    assert run.released == 5


def test_time_bars_observer_that_raises_gets_it_in_on_error() -> None:
    errors: list[Exception] = []

    def on_next(_: Bar) -> None:
        raise ValueError("mine")

    reactivex.of(trade("A", 1, at=1), trade("A", 1, at=61)).pipe(time_bars("1m")).subscribe(
        on_next, errors.append, scheduler=StillTime()
    )
    assert [str(error) for error in errors] == ["mine"]


@pytest.mark.parametrize("missing", ["price", "size"])
def test_time_bars_trade_without_price_or_size_is_skipped(missing: str) -> None:
    broken = Trade(**{"symbol": "A", "price": 10, "size": 5, "timestamp": BASE, missing: None})  # type: ignore[arg-type]
    assert collect([broken], time_bars("1m")) == []


def test_time_bars_trade_without_timestamp_counts_at_the_newest() -> None:
    events = [
        Trade(symbol="A", price=1, size=1),
        trade("A", 10, at=61),
        Trade(symbol="A", price=12, size=100),
    ]
    assert [ohlcv(bar) for bar in collect(events, time_bars("1m"))] == [(10, 12, 10, 12, 200)]


def test_time_bars_crypto_trades_all_count_whatever_their_conditions() -> None:
    events = [
        CryptoTrade(symbol="BTC-USD", price=price, size=0.25, timestamp=BASE, conditions=(side,))
        for price, side in [(100, 2), (102, 1), (101, 2)]
    ]
    assert ohlcv(collect(events, time_bars("1m"))[0]) == (100, 102, 100, 101, 0.75)


def test_time_bars_futures_trades_count() -> None:
    events = [FuturesTrade(symbol="ESZ5", price=-1.5, size=2, timestamp=BASE)]
    assert ohlcv(collect(events, time_bars("1m"))[0]) == (-1.5, -1.5, -1.5, -1.5, 2)


def test_time_bars_quotes_count_with_their_mid_price() -> None:
    events = [
        ForexQuote(symbol="EUR/USD", bid_price=1.0, ask_price=1.5, timestamp=BASE + i) for i in range(3)
    ]
    bar = collect(events, time_bars("1m"))[0]
    assert (ohlcv(bar), bar.vwap, bar.count) == ((1.25, 1.25, 1.25, 1.25, 3), 1.25, 3)


def test_time_bars_quote_without_a_side_is_skipped() -> None:
    events = [
        Quote(symbol="A", bid_price=0, ask_price=11, timestamp=BASE),
        Quote(symbol="A", bid_price=9, timestamp=BASE),
        Quote(symbol="A", bid_price=9, ask_price=11, timestamp=BASE),
    ]
    assert [ohlcv(bar) for bar in collect(events, time_bars("1m"))] == [(10, 10, 10, 10, 1)]


def test_time_bars_events_of_several_classes_may_be_mixed() -> None:
    events = [
        trade("A", 10, at=1),
        CryptoTrade(symbol="B", price=5, size=1, timestamp=BASE),
        trade("A", 11, at=2),
    ]
    assert [label(bar) for bar in collect(events, time_bars("1m"))] == [("A", 0, 0), ("B", 0, 0)]


def test_time_bars_event_that_is_neither_trade_nor_quote_ends_in_on_error() -> None:
    run = Run(time_bars("1m"), [(1.0, IndexValue(symbol="I:SPX", value=1, wire_timestamp=BASE))])
    assert isinstance(run.error, InvalidTypeError)


def test_time_bars_timedelta_is_a_length() -> None:
    bars = collect([trade("A", 10, at=1), trade("A", 11, at=31)], time_bars(timedelta(seconds=30)))
    assert [label(bar) for bar in bars] == [("A", 0, 0), ("A", 30, 0)]


def test_time_bars_offset_shifts_the_windows() -> None:
    bars = collect([trade("A", 10, at=29), trade("A", 11, at=30)], time_bars("1m", offset="30s"))
    assert [label(bar) for bar in bars] == [("A", -30, 0), ("A", 30, 0)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"every": "0s"},
        {"every": "1 fortnight"},
        {"every": timedelta(microseconds=5)},
        {"every": "1m", "lateness": "-1s"},
        {"every": "1m", "late": "keep"},
        {"every": "1m", "provisional": "0s"},
    ],
)
def test_time_bars_argument_not_allowed_raises_at_the_call(arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError):
        time_bars(**arguments)  # type: ignore[call-overload]


def test_time_bars_length_of_wrong_type_raises_at_the_call() -> None:
    with pytest.raises(InvalidTypeError, match="every must be a str"):
        time_bars(60)  # type: ignore[call-overload]


def test_time_bars_forget_symbols_whose_day_is_over() -> None:
    """Contracts of options come and go, thousands each day."""
    seen: list[Bar] = []
    source: Subject[Trade] = Subject()
    subscription = source.pipe(time_bars("1h")).subscribe(seen.append, scheduler=StillTime())
    sizes = []
    tracemalloc.start()
    try:
        for day in range(1, 7):
            for number in range(1_000):
                source.on_next(trade(f"{day}-{number}", 10, at=86_400 * day))
            seen.clear()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        subscription.dispose()
    assert max(sizes[3:]) < 1.1 * sizes[2]
