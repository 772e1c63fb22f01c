"""``revisions``, ``resample`` and ``reconcile``."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import reactivex
from msgspec.structs import replace
from reactivex import Observable, Subject

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import Aggregate, IndexMinuteAggregate, MinuteAggregate, SecondAggregate
from rxpolygon.operators import Bar, Reconciliation, SaleRules, reconcile, resample, revisions, time_bars
from tests.operators.bar_support import BASE, MINUTE, Run, collect, label, ohlcv, trade
from tests.still_time import StillTime


def minute(
    symbol: str, number: int, price: float = 10, volume: float = 100, **fields: Any
) -> MinuteAggregate:
    """The minute aggregate that starts ``number`` minutes after BASE."""
    prices = {"open": price, "high": price + 1, "low": price - 1, "close": price + 0.5, "vwap": price}
    return MinuteAggregate(symbol=symbol, start=BASE + number * MINUTE, volume=volume, **{**prices, **fields})


def own(symbol: str, number: int, price: float = 10, volume: float = 100, **fields: Any) -> Bar:
    """The bar that equals the minute aggregate."""
    start = BASE + number * MINUTE
    prices = {"open": price, "high": price + 1, "low": price - 1, "close": price + 0.5, "vwap": price}
    return Bar(
        symbol=symbol, start=start, end=start + MINUTE, volume=volume, **{"count": 0, **prices, **fields}
    )


# --- revisions


def test_revisions_number_the_broadcasts_of_a_window() -> None:
    events = [
        minute("A", 0),
        minute("B", 0),
        minute("A", 1),
        minute("A", 0, volume=150),
        minute("A", 0, volume=160),
    ]
    assert [label(bar) for bar in collect(events, revisions())] == [
        ("A", 0, 0),
        ("B", 0, 0),
        ("A", 60, 0),
        ("A", 0, 1),
        ("A", 0, 2),
    ]


def test_revisions_leave_out_a_broadcast_without_change() -> None:
    events = [minute("A", 0), minute("A", 0), minute("A", 0, volume=150), minute("A", 0, volume=150)]
    assert [bar.revision for bar in collect(events, revisions())] == [0, 1]


def test_revisions_keep_seconds_and_minutes_apart() -> None:
    second = SecondAggregate(symbol="A", open=1, high=1, low=1, close=1, volume=1, start=BASE)
    assert [
        (bar.end - bar.start, bar.revision) for bar in collect([minute("A", 0), second], revisions())
    ] == [
        (60_000, 0),
        (1_000, 0),
    ]


def test_revisions_forget_a_window_when_it_is_too_old() -> None:
    events = [minute("A", 0), minute("A", 3), minute("A", 0, volume=150)]
    assert [bar.revision for bar in collect(events, revisions(revisable="2m"))] == [0, 0, 0]


def test_revisions_count_is_volume_by_average_size() -> None:
    assert collect([minute("A", 0, volume=100, average_size=33)], revisions())[0].count == 3


def test_revisions_index_without_volume_is_a_bar_of_volume_zero() -> None:
    index = IndexMinuteAggregate(symbol="I:SPX", open=1, high=2, low=1, close=2, start=BASE)
    assert ohlcv(collect([index], revisions())[0]) == (1, 2, 1, 2, 0)


def test_revisions_aggregate_without_prices_is_left_out() -> None:
    assert collect([MinuteAggregate(symbol="A", start=BASE)], revisions()) == []


# --- resample


def test_resample_joins_the_finer_bars() -> None:
    events = [minute("A", number, price=10 + number, volume=10 * (number + 1)) for number in range(5)]
    (bar,) = collect(events, resample("5m"))
    assert label(bar) == ("A", 0, 0)
    assert ohlcv(bar) == (10, 15, 9, 14.5, 150)
    assert bar.vwap == pytest.approx((10 * 10 + 11 * 20 + 12 * 30 + 13 * 40 + 14 * 50) / 150)


def test_resample_gives_a_symbol_with_its_last_finer_bar() -> None:
    run = Run(
        resample("2m"), [(1.0, minute("A", 0)), (1.1, minute("B", 0)), (1.2, minute("A", 1))], until=1.5
    )
    assert [label(bar) for bar in run.values] == [("A", 0, 0)]
    assert run.times == [1.2]


def test_resample_gives_a_quiet_symbol_by_silence() -> None:
    run = Run(resample("2m"), [(60.0, minute("B", 0)), (120.0, minute("A", 1))], until=200)
    assert [label(bar)[0] for bar in run.values] == ["A", "B"]
    assert run.times == [120, 122]


def test_resample_waits_for_a_last_finer_bar_that_comes_later_than_the_one_before() -> None:
    """Finer bars come once a minute: between them it is always silent."""
    delays = [0.1, 1.9, 0.3, 2.0, 0.0, 1.5]
    arrivals = [(60.0 * (n + 1) + delay, minute("A", n)) for n, delay in enumerate(delays)]
    run = Run(resample("2m"), arrivals, until=400)
    assert [(label(bar), bar.volume) for bar in run.values] == [
        (("A", 0, 0), 200),
        (("A", 120, 0), 200),
        (("A", 240, 0), 200),
    ]
    assert run.times == [121.9, 242.0, 361.5]


def test_resample_of_bars_that_silence_closes_gives_each_window_once() -> None:
    gaps = random.Random(7)
    at, arrivals = 0.0, []
    while at < 900:
        at += gaps.choice((0.2, 0.7, 1.1, 2.5, 20))
        arrivals.append((at, trade("A", 10, at=at)))
    run = Run(lambda trades: trades.pipe(time_bars("1m"), resample("5m")), arrivals, until=1_000)
    direct = Run(time_bars("5m"), arrivals, until=1_000)
    assert [(label(bar), ohlcv(bar)) for bar in run.values] == [
        (label(bar), ohlcv(bar)) for bar in direct.values
    ]


def test_resample_gives_a_quiet_symbol_with_the_next_window_of_another() -> None:
    run = Run(resample("2m"), [(1.0, minute("B", 0)), (1.1, minute("A", 2))], until=1.5)
    assert [label(bar)[0] for bar in run.values] == ["B"]


def test_resample_lateness_waits_for_finer_bars() -> None:
    arrivals = [(1.0, minute("A", 1)), (1.1, minute("A", 0)), (1.2, minute("A", 2)), (1.3, minute("A", 3))]
    run = Run(resample("2m", lateness="1m"), arrivals, until=1.5)
    assert [(label(bar), bar.volume) for bar in run.values] == [(("A", 0, 0), 200)]
    assert run.times == [1.3]


def test_resample_revised_finer_bar_revises_the_coarser() -> None:
    events = [minute("A", 0), minute("A", 1), minute("A", 2), minute("A", 0, volume=150)]
    bars = collect(events, resample("2m"))
    assert [(label(bar), bar.volume) for bar in bars] == [
        (("A", 0, 0), 200),
        (("A", 0, 1), 250),
        (("A", 120, 0), 100),
    ]


def test_resample_repeated_finer_bar_gives_nothing() -> None:
    assert len(collect([minute("A", 0), minute("A", 1), minute("A", 1)], resample("2m"))) == 1


def test_resample_leaves_out_forming_bars() -> None:
    events = [own("A", 0), own("A", 1, is_final=False), own("A", 1)]
    assert [bar.volume for bar in collect(events, resample("2m"))] == [200]


def test_resample_filled_bar_brings_volume_and_no_price() -> None:
    events = [own("A", 0, price=50, volume=5, is_filled=True), own("A", 1)]
    assert [ohlcv(bar) for bar in collect(events, resample("2m"))] == [(10, 11, 9, 10.5, 105)]


def test_resample_of_filled_bars_alone_is_filled() -> None:
    events = [own("A", number, is_filled=True, volume=0) for number in range(2)]
    assert [bar.is_filled for bar in collect(events, resample("2m"))] == [True]


def test_resample_windows_that_do_not_fit_end_in_on_error() -> None:
    run = Run(resample("90s"), [(1.0, minute("A", 1))], until=2)
    assert isinstance(run.error, InvalidArgumentError)


def test_resample_error_passes_at_once() -> None:
    error = RuntimeError("line cut")
    run = Run(resample("5m"), [(1.0, minute("A", 0))], fails=(1.5, error), until=2)
    assert (run.values, run.error, run.released) == ([], error, 1.5)


def test_resample_dispose_leaves_source_and_timer() -> None:
    run = Run(resample("5m"), [(1.0, minute("A", 0))], disposes=2, until=999)
    assert (run.observer.messages, run.released) == ([], 2)


def test_resample_after_time_bars_equals_time_bars() -> None:
    events = [trade("A" if i % 3 else "B", 10 + i * 7 % 11, at=7.3 * i, size=1 + i % 5) for i in range(300)]
    coarse = collect(events, time_bars("5m", sales=SaleRules.EVERY_TRADE))
    steps = lambda source: source.pipe(time_bars("1m", sales=SaleRules.EVERY_TRADE), resample("5m"))  # noqa: E731
    fine = collect(events, steps)
    assert {label(bar): ohlcv(bar) for bar in fine} == {label(bar): ohlcv(bar) for bar in coarse}


# --- reconcile


def results(ours: list[Bar], theirs: list[Aggregate], **options: Any) -> list[Reconciliation]:
    return collect(ours, reconcile(reactivex.from_iterable(theirs), **options))


def told(result: Reconciliation) -> tuple[str, float, bool, bool, list[str]]:
    start = (result.start - BASE) / 1_000
    fields = [difference.field for difference in result.differences]
    return result.symbol, start, result.own is not None, result.server is not None, fields


def test_reconcile_equal_bars_agree() -> None:
    assert [result.agrees for result in results([own("A", 0)], [minute("A", 0)])] == [True]


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "vwap"])
def test_reconcile_names_field_and_difference(field: str) -> None:
    theirs = minute("A", 0)
    ours = replace(own("A", 0), **{field: getattr(theirs, field) + 0.25})
    (result,) = results([ours], [theirs])
    assert [(found.field, found.difference) for found in result.differences] == [(field, 0.25)]
    assert not result.agrees


def test_reconcile_count_is_compared_where_the_server_tells_it() -> None:
    assert told(results([own("A", 0, count=3)], [minute("A", 0, average_size=50)])[0])[4] == ["count"]
    assert told(results([own("A", 0, count=3)], [minute("A", 0)])[0])[4] == []


@pytest.mark.parametrize(
    ("count", "agrees"), [(247, True), (248, True), (251, True), (246, False), (252, False)]
)
def test_reconcile_count_may_be_any_that_the_rounded_average_size_means(count: int, agrees: bool) -> None:
    theirs = minute("A", 0, volume=24_900, average_size=100)
    assert results([own("A", 0, volume=24_900, count=count)], [theirs])[0].agrees is agrees


def test_reconcile_volume_that_the_server_does_not_tell_is_not_compared() -> None:
    index = IndexMinuteAggregate(symbol="A", open=10, high=11, low=9, close=10.5, start=BASE)
    (result,) = collect([own("A", 0)], reconcile(reactivex.of(index)))
    assert result.agrees


def test_reconcile_vwap_may_be_rounded() -> None:
    assert results([own("A", 0, vwap=10.00004)], [minute("A", 0)])[0].agrees
    assert not results([own("A", 0, vwap=10.0002)], [minute("A", 0)])[0].agrees


def test_reconcile_bar_that_stays_alone_is_told_within_the_time() -> None:
    ours: Subject[Bar] = Subject()
    theirs: Subject[MinuteAggregate] = Subject()
    seen: list[Reconciliation] = []
    together = ours.pipe(reconcile(theirs, within="1m"))
    subscription = together.subscribe(seen.append, scheduler=StillTime())
    ours.on_next(own("A", 0))
    theirs.on_next(minute("B", 0))
    assert seen == []
    ours.on_next(own("A", 1))
    assert [told(result) for result in seen] == [("A", 0, True, False, []), ("B", 0, False, True, [])]
    theirs.on_next(minute("A", 0))
    assert told(seen[-1]) == ("A", 0, True, True, [])
    subscription.dispose()


def test_reconcile_silence_tells_a_bar_that_stays_alone() -> None:
    arrivals = [(60.5, own("A", 0)), (61, own("B", 0))]
    run = Run(reconcile(reactivex.never(), within="10s"), arrivals, until=200)
    assert [told(result) for result in run.values] == [
        ("A", 0, True, False, []),
        ("B", 0, True, False, []),
    ]
    # Event time was 60 when the last bar came, at 61, and has gone on since.
    assert run.times == [71, 71]


def test_reconcile_steady_bars_keep_the_timer_from_telling() -> None:
    arrivals = [(60 + number / 2, own("A", 0, revision=number)) for number in range(100)]
    run = Run(reconcile(reactivex.never(), within="10s"), arrivals, until=109)
    assert run.values == []


def test_reconcile_dispose_ends_the_timer() -> None:
    run = Run(reconcile(reactivex.never(), within="10s"), [(60, own("A", 0))], disposes=65, until=200)
    assert (run.values, run.released) == ([], 65)


def test_reconcile_completion_tells_bars_that_are_alone() -> None:
    assert [told(result) for result in results([own("A", 0)], [minute("B", 0)])] == [
        ("A", 0, True, False, []),
        ("B", 0, False, True, []),
    ]


def test_reconcile_revision_is_compared_again() -> None:
    found = results([own("A", 0, volume=100)], [minute("A", 0, volume=90), minute("A", 0, volume=100)])
    assert [told(result)[4] for result in found] == [["volume"], []]


def test_reconcile_forming_and_filled_bars_are_left_out() -> None:
    assert results([own("A", 0, is_final=False), own("A", 1, is_filled=True)], []) == []


@pytest.mark.parametrize("side", ["own", "server"])
def test_reconcile_error_of_either_side_passes_and_leaves_both(side: str) -> None:
    ours: Subject[Bar] = Subject()
    theirs: Subject[MinuteAggregate] = Subject()
    errors: list[Exception] = []
    ours.pipe(reconcile(theirs)).subscribe(on_error=errors.append, scheduler=StillTime())
    (ours if side == "own" else theirs).on_error(RuntimeError("line cut"))
    assert [str(error) for error in errors] == ["line cut"]
    assert ours.observers + theirs.observers == []


@pytest.mark.parametrize(
    "make", [lambda: revisions(revisable="x"), lambda: resample("0s"), lambda: resample("soon")]
)
def test_argument_not_allowed_raises_at_the_call(make: Callable[[], Callable[..., Observable[Bar]]]) -> None:
    with pytest.raises(InvalidArgumentError):
        make()


# --- all of them


@pytest.mark.parametrize(
    "operator",
    [revisions(), resample("5m"), lambda bars: reactivex.never().pipe(reconcile(bars))],
    ids=["revisions", "resample", "reconcile"],
)
def test_event_that_is_no_aggregate_is_named(operator: Callable[[Observable[Any]], Observable[Any]]) -> None:
    run = Run(operator, [(1.0, trade("A", 10, at=1))], until=2)
    assert isinstance(run.error, InvalidTypeError)
    assert str(run.error).endswith("must be an aggregate with start and end, or a Bar, not Trade")
    assert run.released == 1.0


def test_reconcile_own_event_that_is_no_bar_is_named() -> None:
    run = Run(reconcile(reactivex.never()), [(1.0, trade("A", 10, at=1))], until=2)
    assert isinstance(run.error, InvalidTypeError)
    assert str(run.error) == "an event of the source must be a Bar, as time_bars gives it, not Trade"
    assert run.released == 1.0
