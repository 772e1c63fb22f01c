from __future__ import annotations

from itertools import pairwise
from math import inf, log, nan, sqrt
from statistics import fmean, stdev
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Quote, Trade
from rxpolygon.operators import RollingStatistics
from tests.operators.amendments import Amended, Cancel, Correction, amended_streams
from tests.operators.streams import ERROR, Hot, Lab, Watch, push_through, quote, trade


def statistics(*trades: Trade, window: str = "1s") -> list[RollingStatistics]:
    return [it for it in push_through(rxo.rolling(window), trades) if isinstance(it, RollingStatistics)]


def test_rolling_describes_the_window_after_each_event() -> None:
    lab = Lab()
    source = lab.hot("-a-b-|", a=trade(price=10.0, at=1), b=trade(price=12.0, at=2))
    watch = lab.watch(source.pipe(rxo.rolling("1s")))
    lab.run()
    assert watch.seen == [
        (1, RollingStatistics("A", 1, 1, 10.0, None, None)),
        (3, RollingStatistics("A", 2, 2, 11.0, sqrt(2), log(1.2))),
        (5, "|"),
    ]


@pytest.mark.parametrize(("at", "count"), [(999, 2), (1_000, 1), (1_001, 1)])
def test_rolling_value_exactly_window_old_has_left(at: int, count: int) -> None:
    assert statistics(trade(at=0), trade(at=at))[-1].count == count


def test_rolling_symbols_do_not_mix() -> None:
    emitted = statistics(trade("A", 10.0), trade("B", 99.0), trade("A", 20.0))
    assert [it.mean for it in emitted] == [10.0, 99.0, 15.0]


def test_rolling_event_without_value_is_passed_over() -> None:
    assert [it.count for it in statistics(trade(), trade(price=None), trade())] == [1, 2]


def test_rolling_late_event_counts_as_if_at_the_newest() -> None:
    emitted = statistics(trade(at=5_000), trade(at=10), trade(at=None), trade(at=5_999), trade(at=6_000))
    assert [it.count for it in emitted] == [1, 2, 3, 4, 2]


@pytest.mark.parametrize(
    "prices", [(inf, 5.0), (5.0, inf), (1e300, 1e-300), (1e308, -1e308), (nan, 5.0)], ids=str
)
def test_rolling_value_beyond_all_numbers_spoils_its_window_only(prices: tuple[float, float]) -> None:
    odd = [trade(price=price, at=at) for at, price in enumerate(prices)]
    emitted = statistics(*odd, trade(price=10.0, at=2_000), trade(price=12.0, at=2_001))
    assert emitted[-1] == RollingStatistics("A", 2_001, 2, 11.0, sqrt(2), log(1.2))


def test_rolling_return_into_the_window_does_not_count() -> None:
    emitted = statistics(trade(price=1.0, at=0), trade(price=8.0, at=900), trade(price=8.0, at=1_100))
    assert emitted[-1].realised_volatility == 0.0


@pytest.mark.parametrize("price", [0.0, -3.0])
def test_rolling_price_without_logarithm_hides_the_volatility_while_it_is_inside(price: float) -> None:
    prices = [(2.0, 0), (price, 500), (3.0, 600), (3.0, 1_400), (3.0, 1_590), (3.0, 1_601)]
    emitted = statistics(*(trade(price=value, at=at) for value, at in prices))
    assert [it.realised_volatility for it in emitted] == [None, None, None, None, 0.0, 0.0]
    assert all(it.standard_deviation is not None for it in emitted[1:])


def test_rolling_huge_value_that_has_left_costs_no_digits() -> None:
    emitted = statistics(
        trade(price=1e12, at=0),
        trade(price=0.1, at=500),
        trade(price=0.2, at=1_100),
        trade(price=0.3, at=1_200),
    )
    assert emitted[-1].mean == pytest.approx(0.2, rel=1e-15)
    assert emitted[-1].standard_deviation == pytest.approx(0.1, rel=1e-14)


def test_rolling_large_prices_with_small_moves_keep_their_deviation() -> None:
    prices = [1e9 + step / 64 for step in (1, 2, 3, 4)]
    emitted = statistics(*(trade(price=price, at=n) for n, price in enumerate(prices)))
    assert emitted[-1].standard_deviation == pytest.approx(stdev([1, 2, 3, 4]) / 64, rel=1e-12)


def test_rolling_value_function_chooses_what_to_look_at() -> None:
    source: Hot[Quote] = Hot()

    def spread(it: Quote) -> float:
        return it.ask_price - it.bid_price

    spreads = source.pipe(rxo.rolling("1s", value=spread))
    watch = Watch[RollingStatistics]().of(spreads)
    source.send(quote(bid=9.0, ask=10.0), quote(bid=9.0, ask=12.0))
    assert [it.mean for it in watch.values] == [1.0, 2.0]


def test_rolling_value_function_that_raises_goes_to_on_error() -> None:
    def fail(_: Trade) -> float:
        raise ERROR

    source: Hot[Trade] = Hot()
    watch = Watch[RollingStatistics]().of(source.pipe(rxo.rolling("1s", value=fail)))
    source.send(trade())
    assert watch.end is ERROR
    assert not source.observers


def test_rolling_unreadable_window_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="window"):
        rxo.rolling("a while")


# --- corrections and cancels


def amended(*events: Any, **settings: Any) -> list[RollingStatistics]:
    """What three trades with something after them give, after those."""
    before = [
        trade(price=10.0, at=1_000, id="a"),
        trade(price=20.0, at=2_000, id="b"),
        trade(price=16.0, at=3_000, id="c"),
    ]
    operator = rxo.rolling("10s", corrections=True, **settings)
    return [it for it in push_through(operator, [*before, *events]) if isinstance(it, RollingStatistics)][3:]


def test_rolling_cancel_takes_the_value_out() -> None:
    emitted = amended(Cancel("A", 3_500, "b"))
    assert emitted == [RollingStatistics("A", 3_500, 2, 13.0, sqrt(18), log(1.6))]


def test_rolling_correction_counts_in_the_place_of_the_value() -> None:
    emitted = amended(Correction("A", 3_500, "b", 12.0, 1.0), trade(price=14.0, at=11_500))
    assert [(it.count, it.mean) for it in emitted] == [(3, 38 / 3), (3, 14.0)]


def test_rolling_correction_counts_in_the_place_of_that_trade_among_equal_ones() -> None:
    """Trades of one instant, the first and the last at one price: their order makes the volatility."""
    before = [trade(price=price, at=0, id=str(price + n)) for n, price in enumerate([10.0, 20.0, 15.0, 10.0])]
    events: list[Any] = [*before, *(Correction("A", 1, "13.0", price, 1.0) for price in (20.0, 40.0))]
    emitted = push_through(rxo.rolling("10s", corrections=True), events)
    told = [it.realised_volatility for it in emitted if isinstance(it, RollingStatistics)]
    assert told[4:] == pytest.approx(
        [sqrt(sum(log(r) ** 2 for r in (2, 3 / 4, last / 15))) for last in (20, 40)]
    )


def test_rolling_cancel_of_a_value_that_left_the_window_changes_nothing() -> None:
    later = trade(price=11.0, at=11_500, id="d")
    assert len(amended(later, Cancel("A", 11_600, "a"), on_late=pytest.fail)) == 1


def test_rolling_without_a_value_left_emits_nothing_until_there_is_one() -> None:
    events = [Cancel("A", 3_500, id) for id in "abc"]
    emitted = amended(*events, trade(price=11.0, at=4_000))
    assert [(it.count, it.mean) for it in emitted] == [(2, 16.0 + 2.0), (1, 16.0), (1, 11.0)]


def test_rolling_unknown_trade_is_told() -> None:
    told: list[Any] = []
    cancel = Cancel("A", 3_500, "z")
    assert amended(cancel, on_late=told.append) == []
    assert told == [cancel]


def test_rolling_amendment_that_is_not_expected_is_no_value() -> None:
    source: Hot[Any] = Hot()
    watch = Watch[RollingStatistics]().of(source.pipe(rxo.rolling("10s")))
    source.send(trade(), Cancel("A", 0, "a"))
    assert len(watch.values) == 1
    assert isinstance(watch.end, InvalidArgumentError)


def test_rolling_value_function_may_look_at_cancels() -> None:
    cancels: list[Any] = [Cancel("A", 0, "a", size=3.0), Cancel("A", 0, "b", size=5.0)]
    emitted = push_through(rxo.rolling("10s", value=lambda it: float(it.size)), cancels)
    assert [it.mean for it in emitted if isinstance(it, RollingStatistics)] == [3.0, 4.0]


@given(amended_streams())
def test_rolling_of_an_amended_stream_is_that_of_the_trades_left(it: Amended) -> None:
    source: Hot[Any] = Hot()
    watch = Watch[RollingStatistics]().of(source.pipe(rxo.rolling("100ms", corrections=True)))
    now = {"A": 0, "B": 0}
    for event, left in zip(it.events, it.left, strict=True):
        before = len(watch.values)
        source.send(event)
        if isinstance(event, Trade):
            now[event.symbol] = event.timestamp
        for last in watch.values[before:]:
            prices = [
                one.price
                for one in left
                if one.symbol == event.symbol and now[one.symbol] - 100 < one.timestamp
            ]
            assert last.count == len(prices)
            assert last.mean == pytest.approx(fmean(prices), rel=1e-12)
            if len(prices) > 1:
                returns = [log(after / before) for before, after in pairwise(prices)]
                variation = sum(one * one for one in returns)
                assert last.realised_volatility == pytest.approx(sqrt(variation), rel=1e-9)
                assert last.standard_deviation == pytest.approx(stdev(prices), rel=1e-9, abs=1e-9)


rows = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 400), st.floats(0.01, 1e4)), min_size=1, max_size=80
)


@given(rows)
def test_rolling_equals_polars_and_naive_python(rows: list[tuple[str, int, float]]) -> None:
    rows = sorted(rows, key=lambda row: row[1])
    ours = statistics(*(trade(symbol, price, at) for symbol, at, price in rows), window="100ms")
    for number, it in enumerate(ours):
        inside = [
            price
            for symbol, at, price in rows[: number + 1]
            if symbol == it.symbol and it.timestamp - 100 < at <= it.timestamp
        ]
        assert it.count == len(inside)
        assert it.mean == pytest.approx(fmean(inside), rel=1e-13)
        if len(inside) == 1:
            assert it.standard_deviation is None
            assert it.realised_volatility is None
        else:
            returns = [log(after / before) for before, after in pairwise(inside)]
            assert it.standard_deviation == pytest.approx(stdev(inside), rel=1e-9, abs=1e-9)
            assert it.realised_volatility == pytest.approx(sqrt(sum(it * it for it in returns)), rel=1e-9)


def test_rolling_long_walk_equals_polars_rolling() -> None:
    prices = [100 + ((n * 7919) % 1_000) / 100 for n in range(20_000)]
    ours = statistics(*(trade(price=price, at=n * 3) for n, price in enumerate(prices)), window="10s")
    frame = pl.DataFrame({"at": [n * 3 for n in range(20_000)], "price": prices})
    theirs = frame.rolling("at", period="10000i").agg(mean=pl.col("price").mean(), std=pl.col("price").std())
    assert [it.mean for it in ours] == pytest.approx(theirs["mean"].to_list(), rel=1e-12)
    assert [it.standard_deviation for it in ours[1:]] == pytest.approx(theirs["std"].to_list()[1:], rel=1e-9)
