from __future__ import annotations

from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Trade
from tests.operators.streams import END, ERROR, Early, Hot, Lab, Watch, push_through, trade


def stamps(values: list[object]) -> list[tuple[str, int]]:
    return [(it.symbol, it.timestamp) for it in values if isinstance(it, Trade)]


def test_conflate_emits_the_latest_of_each_symbol_when_the_window_is_over() -> None:
    lab = Lab()
    a1, b1, a2, a3 = trade("A", at=1), trade("B", at=2_000), trade("A", at=9_000), trade("A", at=10_000)
    source = lab.hot("-a-b-c--d-|", a=a1, b=b1, c=a2, d=a3)
    watch = lab.watch(source.pipe(rxo.conflate("10s")))
    lab.run()
    assert watch.seen == [(8, b1), (8, a2), (10, a3), (10, END)]


@pytest.mark.parametrize(("at", "expected"), [(999, []), (1_000, [("A", 0)]), (5_000, [("A", 0)])])
def test_conflate_event_on_the_edge_opens_the_next_window(at: int, expected: list[object]) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.conflate("1s")))
    source.send(trade(at=0), trade(at=at))
    assert stamps(list(watch.values)) == expected


def test_conflate_any_symbol_closes_the_window_of_all() -> None:
    assert stamps(push_through(rxo.conflate("1s"), [trade("A", at=1), trade("B", at=1_500)])) == [
        ("A", 1),
        ("B", 1_500),
    ]


def test_conflate_event_older_than_the_latest_is_left_out() -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.conflate("1s")))
    source.send(trade(at=500), trade(at=400), trade(at=1_500), trade(at=600), trade("B", at=700))
    source.complete()
    assert stamps(list(watch.values)) == [("A", 500), ("A", 1_500), ("B", 700)]


def test_conflate_of_equal_timestamps_the_last_to_come_is_the_latest() -> None:
    first, last = trade(price=1.0, at=5), trade(price=2.0, at=5)
    assert push_through(rxo.conflate("1s"), [first, last]) == [last]


def test_conflate_in_silence_emits_between_one_and_two_times_every() -> None:
    lab = Lab()
    source = lab.hot("-a--------b---------", a=trade(at=1), b=trade(at=2))
    watch = lab.watch(source.pipe(rxo.conflate("2s")))
    lab.run()
    assert [time for time, _ in watch.seen] == [3, 12]


def test_conflate_timer_that_is_due_while_it_is_started_keeps_its_successor() -> None:
    scheduler = Early()
    source: Hot[Trade] = Hot()
    watch = Watch[Trade]().of(source.pipe(rxo.conflate("1s")), scheduler)
    source.send(trade("A", at=1))
    scheduler.advance_to(3)
    assert stamps(list(watch.values)) == [("A", 1)]


def test_conflate_after_run_has_no_thread_that_waits_for_its_timer() -> None:
    # tests/conftest.py counts the threads.
    trades = reactivex.of(trade("A", at=1), trade("A", at=2))
    assert trades.pipe(rxo.conflate("1h")).run() == trade("A", at=2)


def test_conflate_error_comes_at_once_without_what_is_kept() -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(rxo.conflate("1s")))
    source.send(trade(at=1))
    source.fail()
    assert watch.seen == [(0, ERROR)]


def test_conflate_unreadable_every_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="every"):
        rxo.conflate("0s")


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 5_000)), max_size=50))
def test_conflate_in_order_equals_the_last_of_each_symbol_and_window(rows: list[tuple[str, int]]) -> None:
    events = [trade(symbol, at=at) for symbol, at in sorted(rows, key=lambda row: row[1])]
    expected = {(event.symbol, event.timestamp // 1_000): event for event in events}
    ours = push_through(rxo.conflate("1s"), events)
    assert sorted(map(id, ours)) == sorted(map(id, expected.values()))
    assert [id(it) for it in events if any(it is one for one in ours)] == [id(it) for it in ours]


@given(st.lists(st.tuples(st.sampled_from("AB"), st.none() | st.integers(0, 30)), max_size=50))
def test_conflate_out_of_order_equals_going_through_all_events(rows: list[tuple[str, int | None]]) -> None:
    events = [trade(symbol, at=at) for symbol, at in rows]
    expected: list[Trade] = []
    kept: dict[str, Trade] = {}
    seen: dict[str, int] = {}
    now = end = -1
    for event in events:
        at = now if event.timestamp is None else event.timestamp
        if at >= end and at >= 0:
            expected += kept.values()
            kept, end = {}, at - at % 10 + 10
        now = max(now, at)
        if at >= seen.get(event.symbol, -1):
            seen[event.symbol] = at
            kept.pop(event.symbol, None)
            kept[event.symbol] = event
    expected += kept.values()
    ours = push_through(rxo.conflate(timedelta(milliseconds=10)), events)
    assert list(map(id, ours)) == list(map(id, expected))
