"""Operators under replay against the same computation on RxPY's own TestScheduler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reactivex import Observable, Subject, abc
from reactivex import operators as ops
from reactivex.testing import TestScheduler

import rxpolygon.operators as rxo
from rxpolygon import ReplayClient
from rxpolygon.events import Trade
from rxpolygon.replay import ReplayScheduler
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster
from tests.replay.support import NOW, frame, line, trade, write_recording

# Uneven, with silences, and never on a whole tenth of a second, where timers of the pipelines are due.
TIMES = [0.013, 0.029, 0.031, 0.212, 0.583, 0.584, 1.255, 3.611, 3.612, 3.777, 4.141, 9.006, 9.007, 9.508]


def count_of(window: Observable[Trade]) -> Observable[int]:
    return window.pipe(ops.count())


PIPELINES: dict[str, Callable[[Observable[Trade]], Observable[Any]]] = {
    "throttle_first": lambda source: source.pipe(ops.throttle_first(0.25)),
    "debounce": lambda source: source.pipe(ops.debounce(0.15)),
    "sample": lambda source: source.pipe(ops.sample(0.4)),
    "buffer_with_time": lambda source: source.pipe(ops.buffer_with_time(1.0)),
    "buffer_with_time_or_count": lambda source: source.pipe(ops.buffer_with_time_or_count(1.0, 3)),
    "delay": lambda source: source.pipe(ops.delay(0.7)),
    "timeout": lambda source: source.pipe(
        ops.timeout(2.0), ops.catch(lambda error, source: ops.take(0)(source))
    ),
    "window_with_time": lambda source: source.pipe(ops.window_with_time(1.0), ops.flat_map(count_of)),
    "time_bars": lambda source: source.pipe(rxo.time_bars("1s")),
    "conflate": lambda source: source.pipe(rxo.conflate("250ms")),
}

Told = list[tuple[float, object]]


def by_test_scheduler(pipeline: Callable[[Observable[Trade]], Observable[Any]]) -> Told:
    scheduler = TestScheduler()
    epoch = NOW / 1_000 + TIMES[0]
    scheduler.advance_to(epoch)
    source: Subject[Trade] = Subject()
    told: Told = []
    pipeline(source).subscribe(
        lambda value: told.append((round(scheduler.now.timestamp() - NOW / 1_000, 3), value)),
        scheduler=scheduler,
    )
    decode = PolygonCodec("ws://x", StreamCluster.STOCKS, "k").decode
    for number, at in enumerate(TIMES):
        if number:
            scheduler.advance_to(NOW / 1_000 + at)
        for event in decode(frame(trade(number=number, at=at))):
            assert isinstance(event, Trade)
            source.on_next(event)
    source.on_completed()
    return told


def by_replay(path: Path, pipeline: Callable[[Observable[Trade]], Observable[Any]], speed: Any) -> Told:
    client = ReplayClient(path, "stocks", speed)
    told: Told = []
    pipeline(client.subscribe_stock_trades()).subscribe(
        lambda value: told.append((round(client.scheduler.now.timestamp() - NOW / 1_000, 3), value))
    )
    client.run()
    return told


@pytest.mark.parametrize("name", PIPELINES)
def test_operator_under_replay_equals_the_test_scheduler(name: str, tmp_path: Path) -> None:
    lines = [line(at, trade(number=number, at=at)) for number, at in enumerate(TIMES)]
    path = write_recording(tmp_path / "a.jsonl", lines)
    expected = by_test_scheduler(PIPELINES[name])
    assert expected
    assert by_replay(path, PIPELINES[name], "max") == expected
    assert by_replay(path, PIPELINES[name], 1_000) == expected


def test_scheduler_runs_many_actions_of_one_instant_in_order() -> None:
    scheduler = ReplayScheduler(lambda: 0)
    done: list[int] = []
    for number in range(500):
        scheduler.schedule_absolute(1.0, lambda _, state: done.append(state or 0), number)
    scheduler.advance_to(999_999_999)
    assert done == []
    scheduler.advance_to(1_000_000_000)
    assert done == [*range(500)]
    assert scheduler.time_ns == 1_000_000_000


def test_scheduler_runs_periodic_actions_at_their_own_times() -> None:
    scheduler = ReplayScheduler(lambda: 1_000_000_000)
    times: list[float] = []

    def note(state: int | None) -> int | None:
        times.append(scheduler.time_ns / 1e9)
        return state

    subscription = scheduler.schedule_periodic(0.5, note)
    scheduler.advance_to(2_600_000_000)
    subscription.dispose()
    scheduler.advance_to(9_000_000_000)
    assert times == [1.5, 2.0, 2.5]


def test_scheduler_outlives_an_action_that_raises(caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    raised: list[object] = []
    monkeypatch.setattr("threading.excepthook", lambda args: raised.append(args.exc_value))
    scheduler = ReplayScheduler(lambda: 0)
    done: list[int] = []
    problem = ValueError("mine")

    def fail(_scheduler: abc.SchedulerBase, _state: object = None) -> None:
        raise problem

    scheduler.schedule_relative(1.0, fail)
    scheduler.schedule_relative(2.0, lambda *_: done.append(2))
    scheduler.advance_to(3_000_000_000)
    assert (raised, done) == ([problem], [2])
