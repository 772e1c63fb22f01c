"""Bars that trades, volume, value, range, imbalance or runs complete: what they share, and each edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from reactivex import Observable, Subject

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import CryptoTrade, ForexQuote, Trade
from rxpolygon.operators import (
    Bar,
    SaleRules,
    dollar_bars,
    imbalance_bars,
    range_bars,
    runs_bars,
    tick_bars,
    volume_bars,
)
from tests.operators.amendments import Cancel
from tests.operators.bar_support import BASE, Run, collect, live, ohlcv, trade

EVERY = SaleRules.EVERY_TRADE

Operator = Callable[[Observable[Any]], Observable[Bar]]

# Each cuts the two first of these trades into a bar and leaves the third.
OPERATORS: dict[str, Operator] = {
    "ticks": tick_bars(2),
    "volume": volume_bars(200),
    "dollars": dollar_bars(2_100),
    "range": range_bars(1),
    "imbalance": imbalance_bars(2),
    "runs": runs_bars(2),
}
THREE = (trade("A", 10, at=1), trade("A", 11, at=2), trade("A", 11, at=3))
every_operator = pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)


@every_operator
def test_bar_comes_with_the_trade_that_completes_it(operator: Operator) -> None:
    run = Run(operator, live(*THREE[:2]), until=10)
    assert [(ohlcv(bar), bar.is_final) for bar in run.values] == [((10, 11, 10, 11, 200), True)]
    assert run.times == [2]


@every_operator
def test_bar_is_labelled_by_its_first_and_last_trade(operator: Operator) -> None:
    (bar,) = Run(operator, live(*THREE[:2]), until=10).values
    assert (bar.start, bar.end) == (BASE + 1_000, BASE + 2_000)


@every_operator
def test_completion_gives_the_unfinished_bar_as_not_final(operator: Operator) -> None:
    run = Run(operator, live(trade("B", 10, at=1), trade("A", 10, at=2)), completes=3, until=10)
    assert [(bar.symbol, bar.is_final) for bar in run.values] == [("A", False), ("B", False)]
    assert run.is_completed
    assert run.released == 3


@every_operator
def test_completion_of_an_empty_stream_completes(operator: Operator) -> None:
    run = Run(operator, [], completes=3, until=10)
    assert run.values == []
    assert run.is_completed


@every_operator
def test_never_gives_nothing(operator: Operator) -> None:
    assert Run(operator, [], until=10).observer.messages == []


@every_operator
def test_error_passes_at_once_without_the_unfinished_bar(operator: Operator) -> None:
    error = RuntimeError("line cut")
    run = Run(operator, live(trade("A", 10, at=1)), fails=(2, error), until=10)
    assert run.values == []
    assert run.error is error
    assert run.released == 2


@every_operator
def test_dispose_leaves_the_source(operator: Operator) -> None:
    run = Run(operator, live(*THREE), disposes=1.5, until=10)
    assert run.observer.messages == []
    assert run.released == 1.5


@every_operator
def test_symbols_do_not_touch_each_other(operator: Operator) -> None:
    mixed = [trade(symbol, event.price, at=i) for i, event in enumerate(THREE) for symbol in "AB"]
    both = collect(mixed, operator)
    alone = collect(THREE, operator)
    assert [ohlcv(bar) for bar in both if bar.symbol == "B"] == [ohlcv(bar) for bar in alone]


@every_operator
def test_subscriptions_share_nothing(operator: Operator) -> None:
    source: Subject[Trade] = Subject()
    first: list[Bar] = []
    second: list[Bar] = []
    bars = source.pipe(operator)
    bars.subscribe(first.append)
    source.on_next(THREE[0])
    bars.subscribe(second.append)
    source.on_next(THREE[1])
    assert (len(first), len(second)) == (1, 0)


@every_operator
def test_observer_that_makes_the_source_emit_gets_bars_in_order(operator: Operator) -> None:
    source: Subject[Trade] = Subject()
    seen: list[float] = []

    def on_next(bar: Bar) -> None:
        seen.append(bar.open)
        if len(seen) == 1:
            for price in (20, 21, 22, 23):
                source.on_next(trade("A", price, at=3))

    source.pipe(operator).subscribe(on_next)
    for event in THREE[:2]:
        source.on_next(event)
    assert seen == sorted(seen)
    assert len(seen) >= 2


@every_operator
def test_trade_without_price_or_size_is_skipped(operator: Operator) -> None:
    broken = [Trade(symbol="A", price=10, timestamp=BASE), Trade(symbol="A", size=10, timestamp=BASE)]
    assert len(collect([*broken, *THREE[:2]], operator)) == 1


@every_operator
def test_event_of_another_kind_ends_in_on_error(operator: Operator) -> None:
    assert isinstance(Run(operator, [(1.0, "no trade")], until=2).error, InvalidTypeError)


def test_trade_without_timestamp_counts_at_the_newest_one_not_the_last() -> None:
    timeless = Trade(symbol="A", price=10, size=100)
    events = [trade("B", 10, at=9), trade("A", 10, at=5), timeless]
    assert [bar.end - BASE for bar in collect(events, tick_bars(2)) if bar.symbol == "A"] == [9_000]


@every_operator
def test_cancel_is_refused_and_says_who_takes_it(operator: Operator) -> None:
    error = Run(operator, [(1.0, Cancel("A", BASE, "a"))], until=2).error
    assert isinstance(error, InvalidTypeError)
    assert "time_bars, vwap and rolling take corrections and cancels, leave them out here" in str(error)


def test_predicate_that_raises_ends_in_on_error() -> None:
    def broken(_: Trade) -> bool:
        raise LookupError("no such rule")

    rules = SaleRules[Trade](broken, broken, broken)
    assert isinstance(Run(tick_bars(2, sales=rules), live(*THREE), until=9).error, LookupError)


def test_tick_bars_count_quotes_by_their_mid_price() -> None:
    quotes = [ForexQuote(symbol="EUR/USD", bid_price=1, ask_price=2 + i, timestamp=BASE) for i in range(2)]
    assert [ohlcv(bar) for bar in collect(quotes, tick_bars(2))] == [(1.5, 2, 1.5, 2, 2)]


@pytest.mark.parametrize(("count", "bars"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (4, [3])])
def test_tick_bars_threshold_below_at_and_beyond(count: int, bars: list[int]) -> None:
    assert [bar.count for bar in collect(THREE, tick_bars(count))] == bars


@pytest.mark.parametrize(
    ("sizes", "volumes"),
    [
        ([99], [99]),
        ([100], [100]),
        ([101], [100, 1]),
        ([60, 40], [100]),
        ([60, 41], [100, 1]),
        ([60, 240], [100, 100, 100]),
        ([350], [100, 100, 100, 50]),
        ([0, 100], [100]),
    ],
)
def test_volume_bars_threshold_below_at_and_beyond(sizes: list[float], volumes: list[float]) -> None:
    events = [trade("A", 10, at=i, size=size) for i, size in enumerate(sizes)]
    assert [bar.volume for bar in collect(events, volume_bars(100))] == volumes


@pytest.mark.parametrize(("volume", "size"), [(0.3, 0.1), (0.9, 0.3), (1.0, 0.1), (2.1, 0.7)])
def test_volume_bars_of_decimal_sizes_take_whole_trades(volume: float, size: float) -> None:
    """In floating point three times 0.1 is more than 0.3, and three times 0.3 is less than 0.9."""
    each = round(volume / size)
    events = [trade("BTC", 10, at=i, size=size) for i in range(100 * each)]
    assert [(bar.volume, bar.count) for bar in collect(events, volume_bars(volume, sales=EVERY))] == [
        (volume, each)
    ] * 100


def test_volume_bars_trade_without_a_size_has_no_volume_of_others() -> None:
    """Less than none: what rounding made of the sizes in the bar before."""
    trades = [trade("A", 10, at=at, size=size) for at, size in enumerate([0.7, 0.2, 0.1, 0.0])]
    rest = collect(trades, volume_bars(1.0, sales=EVERY))[-1]
    assert (rest.is_final, rest.volume, rest.vwap) == (False, 0, None)


@pytest.mark.parametrize(("dollars", "size"), [(3.3, 0.1), (9.9, 0.3)])
def test_dollar_bars_of_decimal_sizes_take_whole_trades(dollars: float, size: float) -> None:
    events = [trade("BTC", 11, at=i, size=size) for i in range(300)]
    bars = collect(events, dollar_bars(dollars, sales=EVERY))
    assert [(bar.count, bar.is_final) for bar in bars] == [(3, True)] * 100


def test_volume_bars_split_trade_has_its_price_in_both_bars() -> None:
    events = [trade("A", 10, at=1, size=60), trade("A", 20, at=2, size=60)]
    bars = collect(events, volume_bars(100))
    assert [(ohlcv(bar), bar.vwap) for bar in bars] == [
        ((10, 20, 10, 20, 100), 14),
        ((20, 20, 20, 20, 20), 20),
    ]


def test_dollar_bars_split_trade_at_its_price() -> None:
    events = [trade("A", 10, at=1, size=60), trade("A", 20, at=2, size=70)]
    bars = collect(events, dollar_bars(1_000))
    assert [(bar.volume, bar.is_final) for bar in bars] == [(80, True), (50, True)]


def test_dollar_bars_prices_below_zero_count_by_their_size() -> None:
    events = [CryptoTrade(symbol="CL", price=-10, size=150, timestamp=BASE)]
    assert [bar.volume for bar in collect(events, dollar_bars(1_000))] == [100, 50]


def test_range_bars_reach_a_height_that_floats_do_not() -> None:
    assert 10.1 - 9.8 < 0.3
    assert [
        bar.is_final for bar in collect([trade("A", 10.1, at=1), trade("A", 9.8, at=2)], range_bars(0.3))
    ] == [True]


def test_range_bars_jump_makes_one_higher_bar() -> None:
    events = [trade("A", 10, at=1), trade("A", 15, at=2), trade("A", 15, at=3)]
    assert [(bar.high - bar.low, bar.is_final) for bar in collect(events, range_bars(1))] == [
        (5, True),
        (0, False),
    ]


def test_bar_in_which_no_trade_may_set_a_price_has_the_price_before() -> None:
    odd_lots = [trade("A", 99, at=i, conditions=(37,)) for i in (2, 3)]
    bars = collect([trade("A", 10, at=1), trade("A", 11, at=1.5), *odd_lots], tick_bars(2))
    assert ohlcv(bars[1]) == (11, 11, 11, 11, 200)


@pytest.mark.parametrize("operator", [tick_bars(1), volume_bars(100), dollar_bars(900), range_bars(20)])
def test_bar_with_the_price_before_is_as_low_as_that(operator: Operator) -> None:
    """Code 32 may set high and low, but neither open nor close."""
    events = [trade("A", 30, at=1), trade("A", 9, at=2, conditions=(32,)), trade("A", 29, at=3)]
    bars = collect(events, operator)
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert min(bar.low for bar in bars) == 9


@pytest.mark.parametrize(
    "make",
    [
        lambda: tick_bars(0),
        lambda: volume_bars(0),
        lambda: volume_bars(float("nan")),
        lambda: dollar_bars(-1),
        lambda: range_bars(float("inf")),
        lambda: imbalance_bars(0),
        lambda: imbalance_bars(10, "shares"),  # type: ignore[call-overload]
        lambda: runs_bars(10, span=0),
        lambda: runs_bars(10, ticks_between=(11, 20)),
    ],
)
def test_argument_not_allowed_raises_at_the_call(make: Callable[[], Operator]) -> None:
    with pytest.raises(InvalidArgumentError):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: tick_bars(1.5),  # type: ignore[call-overload]
        lambda: volume_bars("200"),  # type: ignore[call-overload]
    ],
)
def test_argument_of_wrong_type_raises_at_the_call(make: Callable[[], Operator]) -> None:
    with pytest.raises(InvalidTypeError):
        make()
