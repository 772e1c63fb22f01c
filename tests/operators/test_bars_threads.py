"""``time_bars`` with timers on real threads: nothing lost, nothing overlapping, nothing left behind."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pytest
import reactivex
from reactivex import Observable, Subject, abc
from reactivex import operators as ops
from reactivex.scheduler import TimeoutScheduler
from reactivex.testing import TestScheduler

from rxpolygon.events import Trade
from rxpolygon.operators import Bar, SaleRules, resample, time_bars
from tests.operators.bar_support import BASE, Run, label, live, trade
from tests.support import PATIENCE, wait_for

TRADES: Final = 50_000
EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


class HastyScheduler(TimeoutScheduler):
    """Runs every timer at once on its thread, and its clock fast."""

    @property
    def now(self) -> datetime:
        return EPOCH + (super().now - EPOCH) * 100

    def schedule_relative(self, duetime: Any, action: abc.ScheduledAction[Any], state: Any = None) -> Any:
        return super().schedule_relative(0.0002, action, state)


def test_timer_closes_the_bar_on_the_default_scheduler() -> None:
    source: Subject[Trade] = Subject()
    bars: list[Bar] = []
    threads = set(threading.enumerate())
    subscription = source.pipe(time_bars("50ms")).subscribe(bars.append)
    source.on_next(trade("A", 10, at=0))
    wait_for(lambda: len(bars) == 1)
    assert label(bars[0]) == ("A", 0, 0)
    subscription.dispose()
    wait_for(lambda: set(threading.enumerate()) <= threads)


def test_no_timer_is_left_after_completion_or_disposal() -> None:
    threads = set(threading.enumerate())
    for end in ("complete", "error", "dispose"):
        source: Subject[Trade] = Subject()
        subscription = source.pipe(time_bars("1h")).subscribe(on_error=lambda _: None)
        source.on_next(trade("A", 10, at=0))
        assert set(threading.enumerate()) - threads
        if end == "complete":
            source.on_completed()
        elif end == "error":
            source.on_error(RuntimeError("line cut"))
        else:
            subscription.dispose()
        wait_for(lambda: set(threading.enumerate()) <= threads)


def test_timers_that_meet_events_lose_nothing_and_do_not_overlap(request: pytest.FixtureRequest) -> None:
    source: Subject[Trade] = Subject()
    latest: dict[tuple[str, int], Bar] = {}
    inside = threading.Lock()
    overlaps: list[Bar] = []
    disorder: list[Bar] = []

    def on_next(bar: Bar) -> None:
        if not inside.acquire(blocking=False):
            overlaps.append(bar)
            return
        before = latest.get((bar.symbol, bar.start))
        if bar.revision != (0 if before is None else before.revision + 1):
            disorder.append(bar)
        latest[bar.symbol, bar.start] = bar
        inside.release()

    # Threads take turns every 10 µs instead of every 5 ms.
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-5)
    operator = time_bars("5ms", sales=SaleRules.EVERY_TRADE, revisable="10d")
    done = threading.Event()
    source.pipe(operator).subscribe(on_next, on_completed=done.set, scheduler=HastyScheduler())
    for number in range(TRADES):
        event = trade("AB"[number % 2], 10, at=number / 10_000, size=1)
        source.on_next(event)
        if number % 500 == 275:
            # In mid-window: the timer closes it, while trades go on.
            window = (event.symbol, event.timestamp // 5 * 5)
            wait_for(lambda window=window: window in latest)  # type: ignore[misc]
    source.on_completed()
    assert done.wait(PATIENCE)  # a timer that was at work gives the last bars, in its thread
    assert sum(bar.volume for bar in latest.values()) == TRADES
    assert (overlaps, disorder) == ([], [])
    # The timers did close windows that more trades came for.
    assert any(bar.revision for bar in latest.values())


def test_producers_on_several_threads_lose_nothing(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-5)
    source: Subject[Trade] = Subject()
    bars: list[Bar] = []
    done = threading.Event()
    source.pipe(time_bars("1d", sales=SaleRules.EVERY_TRADE)).subscribe(bars.append, on_completed=done.set)

    def produce() -> None:
        for number in range(5_000):
            source.on_next(trade("A", 10, at=number / 1_000, size=1))

    producers = [threading.Thread(target=produce) for _ in range(4)]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    source.on_completed()
    assert done.wait(PATIENCE)
    assert [(bar.count, bar.volume) for bar in bars] == [(20_000, 20_000)]


def test_dispose_frees_the_state() -> None:
    class Token(str):
        """A symbol that can be watched."""

    symbol = Token("A")
    watch = weakref.ref(symbol)
    source: Subject[Trade] = Subject()
    subscription = source.pipe(time_bars("1h"), resample("2h")).subscribe()
    source.on_next(Trade(symbol=symbol, price=10, size=1, timestamp=BASE))
    del symbol
    subscription.dispose()
    wait_for(lambda: gc.collect() >= 0 and watch() is None)  # a timer may be at work, and lets go last


def test_timer_that_an_observer_raises_in_ends_in_its_on_error() -> None:
    def on_next(_: Bar) -> None:
        raise ValueError("mine")

    errors: list[Exception] = []
    source: Subject[Trade] = Subject()
    source.pipe(time_bars("20ms")).subscribe(on_next, errors.append)
    source.on_next(trade("A", 10, at=0))
    wait_for(lambda: len(errors) == 1)
    assert str(errors[0]) == "mine"


def test_busy_stream_starts_a_timer_a_second_not_one_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []
    schedule_relative = TestScheduler.schedule_relative

    def counted(self: TestScheduler, duetime: Any, action: Any, state: Any = None) -> abc.DisposableBase:
        started.append(duetime)
        return schedule_relative(self, duetime, action, state)

    monkeypatch.setattr(TestScheduler, "schedule_relative", counted)
    arrivals = live(*(trade("A", 10, at=number / 100) for number in range(1, 6_000)))
    assert Run(time_bars("1m"), arrivals, until=59.99).values == []
    assert len(started) == 60


def test_silence_that_run_saw_leaves_no_thread_until_the_window_ends() -> None:
    # tests/conftest.py counts the threads. After a second of silence the next timer is due in an hour.
    silence: Observable[Any] = reactivex.timer(1.5).pipe(ops.ignore_elements())
    bars = reactivex.of(trade("A", 10, at=0)).pipe(ops.concat(silence), time_bars("1h"))
    assert bars.run().close == 10
