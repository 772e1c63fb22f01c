from __future__ import annotations

import logging
from datetime import timedelta
from random import Random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Trade
from tests.operators.streams import ERROR, Hot, Lab, Watch, push_through, trade


def stamps(values: list[object]) -> list[int]:
    return [it.timestamp for it in values if isinstance(it, Trade)]


def test_reorder_sorts_what_is_out_of_order_within_the_bound() -> None:
    lab = Lab()
    source = lab.hot("-abcd|", a=trade(at=1_000), b=trade(at=3_000), c=trade(at=2_000), d=trade(at=5_500))
    watch = lab.watch(source.pipe(rxo.reorder("3s")))
    lab.run()
    assert [(time, it.timestamp) for time, it in watch.seen[:-1] if isinstance(it, Trade)] == [
        (4, 1_000),
        (4, 2_000),
        (5, 3_000),
        (5, 5_500),
    ]
    assert watch.seen[-1] == (5, "|")


@pytest.mark.parametrize(("newest", "emitted"), [(110, []), (111, [100])])
def test_reorder_releases_after_and_not_at_the_bound(newest: int, emitted: list[int]) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.reorder("10ms")))
    source.send(trade(at=100), trade(at=newest))
    assert stamps(list(watch.values)) == emitted


def test_reorder_late_by_exactly_the_bound_finds_its_place() -> None:
    ats = [100, 110, 100, 111]
    assert stamps(push_through(rxo.reorder("10ms"), [trade(at=at) for at in ats])) == [100, 100, 110, 111]


def test_reorder_equal_timestamps_keep_their_order() -> None:
    events = [trade(price=float(n), at=at) for n, at in enumerate([5, 6, 5, 6, 5])]
    sorted_ = push_through(rxo.reorder("10ms"), events)
    assert [it.price for it in sorted_ if isinstance(it, Trade)] == [0.0, 2.0, 4.0, 1.0, 3.0]


def test_reorder_one_watermark_for_all_symbols() -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.reorder("10ms")))
    source.send(trade("A", at=1), trade("B", at=50))
    assert stamps(list(watch.values)) == [1]


@pytest.mark.parametrize(("late", "expected"), [("drop", [50, 100]), ("emit", [50, 30, 100])])
def test_reorder_late_event_is_told_and_dropped_or_emitted(
    late: Literal["drop", "emit"], expected: list[int]
) -> None:
    told: list[Trade] = []
    events = [trade(at=50), trade(at=100), trade(at=30)]
    emitted = push_through(rxo.reorder("10ms", late=late, on_late=told.append), events)
    assert stamps(emitted) == expected
    assert told == [trade(at=30)]


def test_reorder_too_late_for_the_bound_but_not_passed_is_still_placed() -> None:
    told: list[Trade] = []
    events = [trade(at=50), trade(at=100), trade(at=60)]
    assert stamps(push_through(rxo.reorder("10ms", on_late=told.append), events)) == [50, 60, 100]
    assert told == []


def test_reorder_late_event_without_listener_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "rxpolygon.operators"):
        push_through(rxo.reorder("10ms"), [trade(at=50), trade(at=100), trade(at=30), trade(at=31)])
    assert len(caplog.messages) == 2
    assert "2 events came too late for reorder" in caplog.messages


def test_reorder_on_late_that_raises_goes_to_on_error_after_what_is_kept() -> None:
    def fail(_: Trade) -> None:
        raise ERROR

    source: Hot[Trade] = Hot()
    watch = Watch[Trade]().of(source.pipe(rxo.reorder("10ms", on_late=fail)))
    source.send(trade(at=50), trade(at=100), trade(at=30))
    assert stamps(list(watch.values)) == [50, 100]
    assert watch.end is ERROR
    assert not source.observers


def test_reorder_late_event_that_waits_when_the_stream_ends_is_not_told() -> None:
    late: list[Trade] = []
    source: Hot[Trade] = Hot()

    def on_next(_: Trade) -> None:
        if not late:
            source.send(trade(at=1))
        subscription.dispose()

    subscription = source.pipe(rxo.reorder("10ms", on_late=late.append)).subscribe(on_next)
    source.send(trade(at=50), trade(at=100))
    assert late == []


def test_reorder_error_comes_after_what_is_kept() -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.reorder("10ms")))
    source.send(trade(at=5), trade(at=3))
    source.fail()
    assert stamps(list(watch.values)) == [3, 5]
    assert watch.end is ERROR


def test_reorder_in_silence_emits_what_is_kept() -> None:
    lab = Lab()
    source = lab.hot("-ab-------", a=trade(at=5), b=trade(at=3))
    watch = lab.watch(source.pipe(rxo.reorder("2s")))
    lab.run()
    assert [time for time, _ in watch.seen] == [5, 5]
    assert stamps(list(watch.values)) == [3, 5]


def test_reorder_wrong_policy_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="late"):
        rxo.reorder("1s", late="revise")  # type: ignore[call-overload]


@given(st.lists(st.integers(0, 200), max_size=80), st.integers(1, 60), st.integers(0, 2**32))
def test_reorder_disorder_within_the_bound_equals_a_stable_sort(
    ats: list[int], within: int, seed: int
) -> None:
    chance = Random(seed)
    delayed = sorted(ats, key=lambda at: at + chance.randint(0, within))
    events = [trade(price=float(n), at=at) for n, at in enumerate(delayed)]
    told: list[Trade] = []
    operator = rxo.reorder(timedelta(milliseconds=within), on_late=told.append)
    ours = push_through(operator, events)
    assert ours == sorted(events, key=lambda event: event.timestamp)
    assert told == []


@given(st.lists(st.integers(0, 200), max_size=80), st.integers(1, 20))
def test_reorder_any_disorder_is_emitted_in_order_or_told(ats: list[int], within: int) -> None:
    told: list[Trade] = []
    operator = rxo.reorder(timedelta(milliseconds=within), on_late=told.append)
    emitted = stamps(push_through(operator, [trade(at=at) for at in ats]))
    assert emitted == sorted(emitted)
    assert sorted(emitted + stamps(list(told))) == sorted(ats)
