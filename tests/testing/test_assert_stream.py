"""``assert_stream`` passes when a pipeline does what is expected, on virtual time, and fails otherwise."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, assert_type

import pytest
import reactivex
from reactivex import Observable
from reactivex import operators as ops
from reactivex.subject import Subject

from rxpolygon import operators as rxo
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, RecordingError
from rxpolygon.events import Quote, Trade
from rxpolygon.operators import Bar
from rxpolygon.testing import (
    EPOCH,
    MarbleError,
    StreamRun,
    assert_stream,
    bar,
    cold,
    having,
    quote,
    run_stream,
    trade,
)
from tests.support import PATIENCE

Trades = Observable[Trade]
Quotes = Observable[Quote]


def same(source: Trades) -> Trades:
    return source


def large(source: Trades) -> Trades:
    def is_large(it: Trade) -> bool:
        return it.size >= 1_000

    return source.pipe(ops.filter(is_large))


def spread(trades: Trades, quotes: Quotes) -> Observable[float | None]:
    def spread_of(pair: rxo.TradeWithQuote[Trade, Quote]) -> float | None:
        return pair.spread

    return trades.pipe(rxo.join_quotes(quotes), ops.map(spread_of))


@pytest.mark.parametrize(
    "line", ["", "----", "t", "-t-t|", "(tt)t-|", "t--#", "#", "|", "t 10m t|", "(t|)", "-t   -(t#)"]
)
def test_identity_gives_what_it_is_given(line: str) -> None:
    assert_stream(same, line, line)


def test_value_in_the_first_place_is_seen() -> None:
    assert_stream(large, "L-t|", "L--|", values={"L": trade(size=5_000)})


@pytest.mark.parametrize(("observe", "expect"), [("^", "t(tq)t"), ("-^", "-(tq)t")])
def test_value_in_the_first_place_is_seen_by_what_observes_by_the_scheduler(
    observe: str, expect: str
) -> None:
    def merged(trades: Trades, quotes: Quotes) -> Observable[Trade | Quote]:
        return trades.pipe(ops.merge(quotes))

    assert_stream(merged, given={"trades": "ttt", "quotes": "-q-"}, expect=expect, observe=observe)


def test_many_values_of_one_instant_all_come_at_that_instant() -> None:
    group = f"({'t' * 350})"
    assert_stream(same, f"-{group}-|", f"-{group}-|")


def test_events_have_the_time_of_their_marbles() -> None:
    run = run_stream(same, "-t 250ms t|", epoch=datetime(2013, 10, 7, 13, 30, tzinfo=UTC), frame="100ms")
    assert [it.time.isoformat() for it in run.values] == [
        "2013-10-07T13:30:00.100000+00:00",
        "2013-10-07T13:30:00.450000+00:00",
    ]


def test_epoch_in_milliseconds_is_where_time_begins() -> None:
    assert run_stream(same, "-t|", epoch=1_000_000).values[0].timestamp == 1_001_000


def test_sources_are_given_by_name_whatever_their_order() -> None:
    values = {"q": quote(bid=9.0, ask=11.0), "s": 2.0, "n": None}
    assert_stream(spread, {"quotes": "-q---|", "trades": "t-t-|"}, "n-s-|", values=values)


@pytest.mark.parametrize(("first", "expected"), [("quotes", "-s|"), ("trades", "-n|")])
def test_events_of_one_time_come_in_the_order_of_the_sources(first: str, expected: str) -> None:
    lines = {"quotes": "-q|", "trades": "-t|"}
    given = {first: lines.pop(first), **lines}
    assert_stream(spread, given, expected, values={"s": pytest.approx(0.02), "n": None})


def test_timers_run_on_virtual_time() -> None:
    started = time.monotonic()
    assert_stream(lambda it: it.pipe(ops.delay(3600.0)), "t|", "- 3599s t|", values={"t": trade(at=0)})
    assert time.monotonic() - started < PATIENCE


def test_timer_due_at_the_time_of_an_event_runs_before_it() -> None:
    def counts(source: Trades) -> Observable[int]:
        return source.pipe(ops.buffer_with_time(2.0), ops.map(len))

    assert_stream(counts, "-tt-t|", "--1-1(1|)", values={"1": 1})


def test_bars_close_in_a_silence() -> None:
    def bars(source: Trades) -> Observable[Bar]:
        return source.pipe(rxo.time_bars("2s"))

    assert_stream(bars, "t-----", "--B---", values={"B": bar(at=0, every="2s")})


@pytest.mark.parametrize(
    ("pipeline", "given", "expect"),
    [
        (lambda it: it.pipe(ops.delay(2.0)), "tq---|", "--tq---|"),
        (lambda it: it.pipe(ops.debounce(1.5)), "tt---t|", "-- 500ms t 2500ms (t|)"),
        (lambda it: it.pipe(ops.sample(3.0)), "tqt---", "---t--"),
        (lambda trades: reactivex.timer(1.0).pipe(ops.concat(trades)), cold("-t|"), "-0t|"),
    ],
    ids=["delay", "debounce", "sample", "cold"],
)
def test_event_that_an_operator_holds_back_is_still_its_letter(
    pipeline: Callable[..., Observable[Any]], given: Any, expect: str
) -> None:
    assert_stream(pipeline, given, expect, values={"0": 0})


def test_event_of_another_letter_is_another_however_alike() -> None:
    values = {"x": trade(), "y": trade()}
    with pytest.raises(AssertionError, match=r"at 2 s \(frame 2\): expected y = .*at=2\), got x = .*at=0"):
        assert_stream(lambda it: it.pipe(ops.delay(2.0)), "xy---|", "--yx-|", values=values)


def test_run_ends_where_it_is_told_to() -> None:
    assert_stream(same, "-t-t-t|", "-t-", until="3s")
    assert_stream(same, cold("-t-t-t|"), "-t-", until="3s", subscriptions="^")
    assert run_stream(same, "-t-t-t|", until="4s", observe="--^!").times == []


def test_actions_scheduled_for_now_run_at_the_time_they_were_scheduled() -> None:
    def echoed(source: Trades) -> Observable[Trade]:
        return source.pipe(ops.flat_map(lambda it: reactivex.of(it, it)))

    assert_stream(echoed, "-t-t|", "-(tt)-(tt)|")


def test_error_is_compared_by_class_and_arguments() -> None:
    def fail(_: Trades) -> Observable[Trade]:
        return reactivex.throw(ValueError("too low"))

    assert_stream(fail, "-", "#", error=ValueError("too low"))
    assert_stream(fail, "-", "#", error=ValueError)
    with pytest.raises(
        AssertionError, match=r"expected an error ValueError\('high'\), got an error ValueError"
    ):
        assert_stream(fail, "-", "#", error=ValueError("high"))
    with pytest.raises(AssertionError, match="expected an error MarbleError"):
        assert_stream(fail, "-", "#")


def test_error_that_a_text_does_not_make_can_be_expected_and_sent_as_it_is() -> None:
    error = RecordingError("day.jsonl", 7, "cut off")
    assert_stream(lambda it: it.pipe(ops.flat_map(reactivex.throw(error))), "-t", "-#", error=RecordingError)
    assert_stream(same, "-#", "-#", error=error)
    with pytest.raises(InvalidArgumentError, match="give an instance"):
        assert_stream(same, "-#", "-#", error=RecordingError)


def test_values_that_compare_place_by_place_are_compared_as_a_whole() -> None:
    nan = float("nan")
    assert_stream(same, "n|", "n|", values={"n": nan})
    numpy, polars = pytest.importorskip("numpy"), pytest.importorskip("polars")
    makers: list[Callable[[list[int]], object]] = [numpy.array, lambda it: polars.DataFrame({"x": it})]
    for made in makers:
        assert_stream(same, "n|", "m|", values={"n": made([1, 2]), "m": made([1, 2])})
        with pytest.raises(AssertionError, match="the stream is not as expected"):
            assert_stream(same, "n|", "m|", values={"n": made([1, 2]), "m": made([1, 3])})


def test_error_of_a_source_is_what_the_test_says() -> None:
    error = RuntimeError("cut")
    assert run_stream(same, "-#", error=error).error is error
    assert isinstance(run_stream(same, "-#").error, MarbleError)


def test_cold_source_plays_for_each_observer() -> None:
    assert_stream(
        lambda it: it.pipe(ops.retry(3)), cold("-t#"), "-t-t-t#", subscriptions=["^-!", "--^-!", "----^-!"]
    )


def test_hot_source_plays_once() -> None:
    def twice(source: Trades) -> Trades:
        return source.pipe(ops.take(1), ops.repeat(2))

    assert_stream(twice, "-t-t-t-", "-t-(t|)", subscriptions=["^!", "-^-!"])


def test_late_observation_misses_what_was_before() -> None:
    assert_stream(same, "tttt|", "--tt|", observe="--^", subscriptions="--^-!")


def test_disposal_releases_the_source() -> None:
    assert_stream(same, "tttt|", "tt---", observe="^-!", subscriptions="^-!")


def test_source_that_is_never_released_has_a_line_without_an_end() -> None:
    assert_stream(same, "t--", "t--", subscriptions="^")


def test_sources_are_observed_as_their_lines_say() -> None:
    given = {"trades": "t--|", "quotes": "q-----|"}
    assert_stream(
        spread, given, "s--|", values={"s": None}, subscriptions={"trades": "^--!", "quotes": ["^--!"]}
    )


def test_observer_that_raises_gets_its_error_as_live() -> None:
    def bare(source: Trades) -> Observable[Trade]:
        def subscribe(observer: Any, scheduler: Any = None) -> Any:  # Any: whatever RxPY hands over
            def on_next(value: Trade) -> None:
                raise KeyError(value.symbol)

            return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

        return Observable(subscribe)

    assert_stream(bare, "-t-t|", "-#", error=KeyError("AAPL"), subscriptions="^!")


def test_runs_share_nothing() -> None:
    assert run_stream(same, "tt|").values == run_stream(same, "tt|").values


def test_letters_without_a_value_stand_for_themselves_in_what_is_expected() -> None:
    def side(it: Trade) -> str:
        return "b" if it.price > 10 else "s"

    values = {"x": trade(price=11.0), "y": trade(price=9.0)}

    def sides(source: Trades) -> Observable[str]:
        return source.pipe(ops.map(side))

    assert_stream(sides, "xy|", "bs|", values=values)


def test_expected_value_may_be_an_approximation_or_a_part() -> None:
    assert_stream(same, "-t|", "-h|", values={"h": having(symbol="AAPL")})


def test_run_stops_at_the_end_of_the_longest_line() -> None:
    def ticks(_: Trades) -> Observable[int]:
        return reactivex.interval(1.0).pipe(ops.take(100))

    assert run_stream(ticks, "----").values == [0, 1, 2]
    assert run_stream(ticks, "----", until="10s").times == [float(second) for second in range(1, 10)]
    assert_stream(ticks, "-", "-ab", values={"a": 0, "b": 1})


def test_run_tells_values_times_and_end() -> None:
    run = run_stream(large, "-L-L|", values={"L": trade(size=2_000)})
    assert (len(run.values), run.times, run.is_completed, run.error) == (2, [1.0, 3.0], True, None)
    assert run.values[0].timestamp == EPOCH + 1_000


def test_run_shows_what_it_did() -> None:
    def prices(trades: Trades) -> Observable[float]:
        def price_of(it: Trade) -> float:
            return it.price

        return trades.pipe(ops.map(price_of))

    run = run_stream(prices, "-t-t|")
    assert repr(run) == "StreamRun(values=[10.0, 10.0], times=[1.0, 3.0], is_completed=True)"
    failed = run_stream(prices, "-#", error=MarbleError("cut"))
    assert repr(failed) == "StreamRun(values=[], times=[], error=MarbleError('cut'))"


def test_pipeline_that_publishes_and_connects_sees_everything() -> None:
    def relayed(source: Trades) -> Observable[Trade]:
        subject: Subject[Trade] = Subject()
        source.subscribe(subject)
        return subject

    assert_stream(relayed, "tt|", "tt|")


def test_what_a_pipeline_subscribes_by_itself_is_on_virtual_time() -> None:
    def relayed(source: Trades) -> Observable[Trade]:
        subject: Subject[Trade] = Subject()
        source.pipe(ops.delay(2.0)).subscribe(subject)
        return subject

    assert_stream(relayed, "t---|", "--t---|", values={"t": trade(at=0)})


def test_types_of_a_run_are_those_of_the_pipeline() -> None:
    assert_type(run_stream(large, "-"), StreamRun[Trade])
    assert_type(run_stream(spread, {"trades": "-", "quotes": "-"}).values, list[float | None])


def test_no_thread_is_started() -> None:
    before = set(threading.enumerate())
    assert_stream(lambda it: it.pipe(ops.throttle_first(2.0)), "ttttt|", "t-t-t|")
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"given": "-x|", "expect": "-"}, "'x' is not allowed: give it in values; known are a b q t"),
        ({"given": "-(t|", "expect": "-"}, "column 2: the group is not closed"),
        ({"given": {"trades": "--t^"}, "expect": "-"}, "trades="),
        ({"given": "-", "expect": "(("}, "expect="),
        ({"given": "-", "expect": "-", "observe": "---"}, "observe="),
        ({"given": "-", "expect": "-", "values": {"ab": 1}}, "a key is one sign"),
        ({"given": "-", "expect": "-", "values": {"-": 1}}, "a key is one sign"),
        ({"given": "-", "expect": "-", "values": {1: 1}}, "a key is one sign"),
        ({"given": "-", "expect": "-", "epoch": 10**18}, "Unix milliseconds UTC between"),
        ({"given": "-", "expect": "-", "epoch": -1}, "Unix milliseconds UTC between"),
        ({"given": "-", "expect": "-", "frame": "1"}, "frame="),
        ({"given": "-", "expect": "-", "subscriptions": {"quotes": "^"}}, "sources are given"),
        ({"given": {"source": "-"}, "expect": "-", "subscriptions": "^"}, "a mapping of the sources' names"),
    ],
)
def test_wrong_argument_raises_and_says_what_is_right(arguments: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(InvalidArgumentError, match=problem.replace("(", r"\(")):
        assert_stream(same, **arguments)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("values", ["t"]),
        ("epoch", "now"),
        ("epoch", True),
        ("error", "boom"),
        ("error", 3),
        ("subscriptions", 3),
    ],
)
def test_argument_of_another_kind_raises(option: str, value: Any) -> None:
    with pytest.raises(InvalidTypeError, match=f"{option} must be "):
        assert_stream(same, "-", "-", **{option: value})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("-t|", "given='one marble'"),
        ({"trades": "-t|"}, r"given=\['trades'\]"),
        ({"x": "", "trades": ""}, "x"),
    ],
)
def test_sources_that_the_pipeline_does_not_take_are_told_with_those_it_does(given: Any, named: str) -> None:
    def pipeline(trades: Observable[Any], quotes: Observable[Any]) -> Observable[Any]:
        raise AssertionError("it must not be called")

    with pytest.raises(
        InvalidArgumentError, match=rf"{named}.* is not allowed: the pipeline takes \(trades.*quotes"
    ):
        run_stream(pipeline, given)


@pytest.mark.parametrize("pipeline", [lambda it: None, lambda it: [it], 5, None])
def test_pipeline_that_gives_no_observable_raises(pipeline: Callable[..., Any]) -> None:
    with pytest.raises(InvalidTypeError, match="a function that returns an Observable"):
        assert_stream(pipeline, "-", "-")
