from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Trade
from rxpolygon.operators import Vwap
from tests.operators.amendments import Amended, Cancel, Correction, amended_streams
from tests.operators.streams import Hot, Lab, Watch, push_through, trade


def vwaps(operator: object, *trades: Trade) -> list[Vwap]:
    return [it for it in push_through(operator, trades) if isinstance(it, Vwap)]  # type: ignore[arg-type]


def test_vwap_weighs_prices_by_size() -> None:
    lab = Lab()
    source = lab.hot("-a-b-|", a=trade(price=10.0, size=1, at=1), b=trade(price=20.0, size=3, at=2))
    watch = lab.watch(source.pipe(rxo.vwap()))
    lab.run()
    assert watch.seen == [(1, Vwap("A", 1, 10.0, 1.0, 1)), (3, Vwap("A", 2, 17.5, 4.0, 2)), (5, "|")]


def test_vwap_symbols_do_not_mix() -> None:
    emitted = vwaps(rxo.vwap(), trade("A", 10.0), trade("B", 20.0), trade("A", 30.0))
    assert [(it.symbol, it.vwap) for it in emitted] == [("A", 10.0), ("B", 20.0), ("A", 20.0)]


def test_vwap_trade_without_price_or_size_emits_nothing() -> None:
    emitted = vwaps(rxo.vwap(), trade(price=None), trade(size=None), trade(size=0), trade(), trade(size=0))
    assert [it.count for it in emitted] == [2, 3]


@pytest.mark.parametrize(("at", "count"), [(999, 2), (1_000, 1), (1_001, 1)])
def test_vwap_trade_exactly_window_old_has_left(at: int, count: int) -> None:
    assert vwaps(rxo.vwap("1s"), trade(at=0), trade(at=at))[-1].count == count


@pytest.mark.parametrize(("at", "count"), [(999, 2), (1_000, 1), (1_001, 1), (7_000, 1)])
def test_vwap_trade_on_the_boundary_restarts(at: int, count: int) -> None:
    assert vwaps(rxo.vwap(restart="1s"), trade(at=5), trade(at=at))[-1].count == count


@pytest.mark.parametrize(("at", "count"), [(1_299, 2), (1_300, 1)])
def test_vwap_offset_moves_the_boundary(at: int, count: int) -> None:
    operator = rxo.vwap(restart="1s", offset=timedelta(milliseconds=300))
    assert vwaps(operator, trade(at=300), trade(at=at))[-1].count == count


def test_vwap_late_trade_counts_as_if_at_the_newest() -> None:
    emitted = vwaps(rxo.vwap("1s"), trade(at=5_000), trade(at=10), trade(at=None), trade(at=5_999))
    assert [it.count for it in emitted] == [1, 2, 3, 4]


def test_vwap_large_trade_that_has_left_costs_no_digits() -> None:
    large = trade(price=1e9 / 3, size=1e9 / 7, at=0)
    emitted = vwaps(rxo.vwap("1s"), large, trade(price=0.1, size=0.7, at=500), trade(price=0.3, at=1_100))
    assert emitted[-1].vwap == pytest.approx((0.1 * 0.7 + 0.3) / 1.7, rel=1e-15)


def test_vwap_window_and_restart_together_raise_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="restart"):
        rxo.vwap("1s", restart="1d")


def test_vwap_window_of_sizeless_trades_has_no_average() -> None:
    """What sizes as different as these leave in a sum, even of twice the precision, is no volume."""
    sizes = [10.0**exponent / 3 for exponent in (-8, 9, -3, 5, 0, -8, 9, -3)]
    emitted = vwaps(rxo.vwap("1s"), *(trade(size=size) for size in sizes), trade(size=0, at=5_000))
    assert [it.count for it in emitted] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_vwap_of_sizes_that_cancel_each_other_emits_nothing() -> None:
    """A server's nonsense; without a volume there is no average."""
    emitted = vwaps(rxo.vwap(), trade(size=3), trade(size=-3), trade(size=1))
    assert [(it.volume, it.count) for it in emitted] == [(3, 1), (1, 3)]


@pytest.mark.parametrize("offset", ["300ms", timedelta(milliseconds=-700)])
def test_vwap_offset_is_a_length_of_time_or_negative(offset: str | timedelta) -> None:
    operator = rxo.vwap(restart="1s", offset=offset)
    assert [it.count for it in vwaps(operator, trade(at=300), trade(at=1_299), trade(at=1_300))] == [1, 2, 1]


def test_vwap_offset_without_restart_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="offset"):
        rxo.vwap("1s", offset="6h")


def test_vwap_counts_what_the_rules_of_the_tapes_let_through() -> None:
    """An odd lot adds volume; an official close, which repeats a trade, does not."""
    trades = [
        trade(price=10.0),
        replace(trade(price=20.0), conditions=(37,)),
        replace(trade(), conditions=(15,)),
    ]
    emitted = push_through(
        lambda them: them.pipe(ops.filter(rxo.SaleRules.SIP.updates_volume), rxo.vwap()), trades
    )
    assert [it.vwap for it in emitted if isinstance(it, Vwap)] == [10.0, 15.0]


# --- corrections and cancels

A_STREAM: list[Any] = [
    trade(price=10.0, size=1, at=1_000, id="a"),
    trade(price=20.0, size=3, at=2_000, id="b"),
]


def amended(*events: Any, **settings: Any) -> list[tuple[int, float, float, int]]:
    """What two trades with something after them give, after those."""
    emitted = vwaps(rxo.vwap(corrections=True, **settings), *A_STREAM, *events)
    return [(it.timestamp, it.vwap, it.volume, it.count) for it in emitted[2:]]


def test_vwap_cancel_takes_the_trade_out() -> None:
    assert amended(Cancel("A", 2_500, "b")) == [(2_500, 10.0, 1.0, 1)]


def test_vwap_correction_counts_in_the_place_of_the_trade() -> None:
    assert amended(Correction("A", 2_500, "b", 30.0, 1.0)) == [(2_500, 20.0, 2.0, 2)]


def test_vwap_corrected_trade_is_amended_by_its_new_id() -> None:
    correction = Correction("A", 2_500, "b", 30.0, 1.0, "b2")
    told: list[Any] = []
    old, new = Cancel("A", 2_600, "b"), Cancel("A", 2_700, "b2")
    assert amended(correction, old, new, on_late=told.append)[1:] == [(2_700, 10.0, 1.0, 1)]
    assert told == [old]


def test_vwap_trade_is_cancelled_once() -> None:
    cancel = Cancel("A", 2_500, "b")
    assert len(amended(cancel, cancel, on_late=lambda _: None)) == 1


def test_vwap_without_volume_left_emits_nothing_until_there_is_some() -> None:
    events = [Cancel("A", 2_500, "a"), Cancel("A", 2_600, "b"), trade(price=7.0, size=2, at=3_000)]
    assert amended(*events)[1:] == [(3_000, 7.0, 2.0, 1)]


def test_vwap_cancel_of_a_trade_that_left_the_window_changes_nothing() -> None:
    events = [trade(price=5.0, at=6_000, id="c"), Cancel("A", 6_000, "a")]
    assert len(amended(*events, window="5s", on_late=pytest.fail)) == 1


def test_vwap_cancel_in_the_window_takes_that_trade_out() -> None:
    events = [trade(price=5.0, at=6_000, id="c"), Cancel("A", 6_000, "b")]
    assert amended(*events, window="5s")[-1] == (6_000, 5.0, 1.0, 1)


def test_vwap_cancel_of_a_trade_of_the_period_before_changes_nothing() -> None:
    events = [trade(price=5.0, at=11_000, id="c"), Cancel("A", 11_000, "a"), trade(price=7.0, at=11_001)]
    assert [it[1] for it in amended(*events, restart="10s", on_late=pytest.fail)] == [5.0, 6.0]


@pytest.mark.parametrize(("at", "known"), [(60_999, True), (61_000, False)])
def test_vwap_trade_is_kept_as_long_as_it_is_revisable(at: int, known: bool) -> None:
    told: list[Any] = []
    events = [trade("B", at=at), Cancel("A", at, "a")]
    emitted = amended(*events, revisable="1m", on_late=told.append)
    assert (len(emitted), len(told)) == ((2, 0) if known else (1, 1))


def test_vwap_one_stray_time_in_the_future_keeps_no_trades() -> None:
    told: list[Any] = []
    day = 86_400_000
    later = [trade(at=at, id=f"{at}") for at in range(30_000, 120_000, 30_000)]
    cancel = Cancel("A", 120_000, "30000")
    amended(trade(at=day, id="stray"), *later, cancel, revisable="1m", on_late=told.append)
    assert told == [cancel]


@pytest.mark.parametrize(("age", "known"), [(59_999, True), (60_000, False)])
def test_vwap_first_trade_after_a_long_silence_is_kept_as_others(age: int, known: bool) -> None:
    told: list[Any] = []
    day = 86_400_000
    cancel = Cancel("A", day + age, "first")
    morning = [trade(at=day, id="first"), trade(at=day + 1, id="second"), trade(at=day + age, id="last")]
    amended(*morning, cancel, revisable="1m", on_late=told.append)
    assert told == ([] if known else [cancel])


def test_vwap_trade_after_a_long_silence_may_be_cancelled_at_once() -> None:
    day = 86_400_000
    amended(trade(at=day, id="first"), Cancel("A", day, "first"), revisable="1m", on_late=pytest.fail)


def test_vwap_unknown_trades_are_logged_where_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert amended(*(Cancel("A", 2_500, id) for id in "xyz")) == []
    assert caplog.messages[-1] == "3 events corrected or cancelled trades that are not known"


def test_vwap_trade_without_id_is_counted_and_not_known() -> None:
    told: list[Any] = []
    cancel = Correction("A", 3_000, "None", 1.0, 1.0)
    emitted = vwaps(rxo.vwap(corrections=True, on_late=told.append), trade(), cancel)  # type: ignore[arg-type]
    assert (len(emitted), told) == (1, [cancel])


@pytest.mark.parametrize("amendment", [Cancel("A", 2_500, "b"), Correction("A", 2_500, "b", 1.0, 1.0)])
def test_vwap_amendment_that_is_not_expected_is_no_trade(amendment: Any) -> None:
    source: Hot[Any] = Hot()
    watch = Watch[Vwap]().of(source.pipe(rxo.vwap()))
    source.send(*A_STREAM, amendment)
    assert len(watch.values) == 2
    assert isinstance(watch.end, InvalidArgumentError)
    assert not source.observers


@pytest.mark.parametrize(
    ("settings", "is_inside"),
    [
        ({}, lambda at, now: True),
        ({"window": "100ms"}, lambda at, now: now - 100 < at),
        ({"restart": "100ms"}, lambda at, now: now // 100 == at // 100),
    ],
    ids=["all", "window", "restart"],
)
@given(amended_streams())
def test_vwap_of_an_amended_stream_is_that_of_the_trades_left(
    settings: dict[str, str], is_inside: Callable[[int, int], bool], it: Amended
) -> None:
    source: Hot[Any] = Hot()
    watch = Watch[Vwap]().of(source.pipe(rxo.vwap(corrections=True, **settings)))  # type: ignore[arg-type]
    now = {"A": 0, "B": 0}
    for event, left in zip(it.events, it.left, strict=True):
        before = len(watch.values)
        source.send(event)
        if isinstance(event, Trade):
            now[event.symbol] = event.timestamp
        inside = [
            one for one in left if one.symbol == event.symbol and is_inside(one.timestamp, now[event.symbol])
        ]
        volume = sum((Fraction(one.size) for one in inside), Fraction(0))
        for last in watch.values[before:]:
            notional = sum((Fraction(one.price * one.size) for one in inside), Fraction(0))
            assert last.count == len(inside)
            assert last.volume == pytest.approx(float(volume), rel=1e-13)
            assert last.vwap == pytest.approx(float(notional / volume), rel=1e-13)
        if isinstance(event, Trade):
            assert len(watch.values) == before + bool(volume)


rows = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 500), st.floats(0.01, 1e5), st.floats(0.001, 1e6)),
    min_size=1,
    max_size=60,
)


@given(rows)
def test_vwap_equals_exact_fractions(rows: list[tuple[str, int, float, float]]) -> None:
    ours = vwaps(rxo.vwap(), *(trade(symbol, price, at, size=size) for symbol, at, price, size in rows))
    for number, it in enumerate(ours):
        before = [row for row in rows[: number + 1] if row[0] == it.symbol]
        volume = sum((Fraction(size) for *_, size in before), Fraction(0))
        notional = sum((Fraction(price * size) for _, _, price, size in before), Fraction(0))
        assert it.vwap == pytest.approx(float(notional / volume), rel=4e-16)
        assert it.volume == pytest.approx(float(volume), rel=2e-16)


@given(rows)
def test_vwap_window_equals_polars(rows: list[tuple[str, int, float, float]]) -> None:
    rows = sorted(rows, key=lambda row: row[1])
    ours = vwaps(
        rxo.vwap("100ms"), *(trade(symbol, price, at, size=size) for symbol, at, price, size in rows)
    )
    frame = pl.DataFrame(rows, schema=["symbol", "at", "price", "size"], orient="row").with_row_index("row")
    theirs = [
        frame.filter(
            (pl.col("symbol") == symbol) & (pl.col("at") > at - 100) & (pl.col("row") <= row)
        ).select((pl.col("price") * pl.col("size")).sum() / pl.col("size").sum())
        for row, (symbol, at, *_) in enumerate(rows)
    ]
    assert [it.vwap for it in ours] == pytest.approx([it.item() for it in theirs], rel=1e-12)
