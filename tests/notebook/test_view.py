"""The life of a view: when it draws, how it ends, and what it leaves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import reactivex as rx
from reactivex.abc import DisposableBase, ScheduledAction
from reactivex.subject import Subject
from reactivex.testing import TestScheduler
from reactivex.typing import RelativeTime

from rxpolygon import StreamClient
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, MissingPackageError
from rxpolygon.events import Trade
from rxpolygon.notebook import LiveView, candlesticks, depth, live_table, monitor, tape
from rxpolygon.operators import Bar
from rxpolygon.testing import bar, trade
from tests.notebook.support import cells_of, rows, watch
from tests.support import wait_for

pytest.importorskip("ipywidgets")


ViewThreads = Callable[[], list[threading.Thread]]


def timers() -> list[threading.Thread]:
    """Threads of timers, which draw."""
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


@pytest.fixture
def view_threads() -> ViewThreads:
    """Gives the threads of timers but for those that earlier tests have left, which end when they are due."""
    before = timers()
    return lambda: [thread for thread in timers() if thread not in before]


def is_drawn(drawn: list[str], text: str) -> bool:
    return bool(drawn) and text in drawn[-1]


# When it draws.


def test_flood_is_drawn_four_times_a_second() -> None:
    clock, trades = TestScheduler(), Subject[Trade]()
    view = live_table(trades, scheduler=clock)
    drawn = watch(view)
    for step in range(10_000):
        clock.advance_to(step / 10_000)
        trades.on_next(trade("IBM", 100 + step, at=step / 10_000))
    clock.advance_to(1.0)
    assert len(drawn) == 4
    assert "10,099.00" in cells_of(drawn[-1])
    view.close()


def test_every_says_how_often_it_draws() -> None:
    clock, trades = TestScheduler(), Subject[Trade]()
    with live_table(trades, every="2s", scheduler=clock) as view:
        drawn = watch(view)
        for second in range(60):
            clock.advance_to(second)
            trades.on_next(trade("IBM", 100 + second, at=second))
        assert len(drawn) == 29  # at 2, 4, ... 58


def test_silence_draws_nothing() -> None:
    clock, trades = TestScheduler(), Subject[Trade]()
    with live_table(trades, scheduler=clock) as view:
        drawn = watch(view)
        trades.on_next(trade("IBM", 1.0, at=0))
        clock.advance_to(1)
        assert len(drawn) == 1
        clock.advance_to(3_600)
        assert len(drawn) == 1


def test_event_after_silence_is_drawn_at_once() -> None:
    clock, trades = TestScheduler(), Subject[Trade]()
    with live_table(trades, scheduler=clock) as view:
        drawn = watch(view)
        clock.advance_to(100)
        trades.on_next(trade("IBM", 1.0, at=0))
        clock.advance_to(100.001)
        assert len(drawn) == 1


def test_nothing_is_drawn_before_it_is_shown() -> None:
    clock, trades = TestScheduler(), Subject[Trade]()
    with live_table(trades, scheduler=clock) as view:
        trades.on_next(trade("IBM", 1.0, at=0))
        assert not clock._queue  # no work was given to the scheduler
        assert cells_of(view.widget.value)[:2] == ["IBM", "1.00"]


# Threads.


def test_view_that_is_not_shown_has_no_thread(view_threads: ViewThreads) -> None:
    trades = Subject[Trade]()
    with live_table(trades) as view:
        trades.on_next(trade("IBM", 1.0, at=0))
        assert rows(view)[0][:2] == ["IBM", "1.00"]
        assert view_threads() == []


def test_shown_view_has_one_thread_while_something_is_to_be_drawn(view_threads: ViewThreads) -> None:
    trades = Subject[Trade]()
    view = live_table(trades, every="1h")
    drawn = watch(view)
    for price in range(100):
        trades.on_next(trade("IBM", float(price), at=0))
    assert len(view_threads()) == 1  # it waits for the hour
    assert drawn == []
    view.close()
    wait_for(lambda: view_threads() == [])
    assert "99.00" in cells_of(drawn[-1])


def test_silent_view_has_no_thread(view_threads: ViewThreads) -> None:
    trades = Subject[Trade]()
    with live_table(trades, every="100ms") as view:
        drawn = watch(view)
        for price in range(1, 4):
            trades.on_next(trade("IBM", float(price), at=0))
            wait_for(partial(is_drawn, drawn, f"{price:.2f}"))
        wait_for(lambda: view_threads() == [])


def test_close_from_the_drawing_thread_ends_it(view_threads: ViewThreads) -> None:
    trades = Subject[Trade]()
    view = live_table(trades)
    view.widget.observe(lambda change: view.close(), "value")
    trades.on_next(trade("IBM", 1.0, at=0))
    wait_for(lambda: not view.is_live and view_threads() == [])
    assert not trades.observers


def test_ten_thousand_trades_from_another_thread_while_it_draws_are_all_counted() -> None:
    trades = Subject[Trade]()
    view = live_table(trades, every="100ms")
    drawn = watch(view)

    def flood() -> None:
        for number in range(10_000):
            trades.on_next(trade(f"S{number % 100}", float(number + 1), at=number))

    thread = threading.Thread(target=flood, name="flood")
    thread.start()
    thread.join()
    trades.on_completed()
    assert "100 symbols, 10,000 events · completed" in drawn[-1]


class SlowToReturn(TestScheduler):
    """Does what it is given before it gives the disposable, as where a thread stands still in between."""

    def schedule_relative(
        self, duetime: RelativeTime, action: ScheduledAction[Any], state: Any = None
    ) -> DisposableBase:
        place = super().schedule_relative(duetime, action, state)
        if self.to_seconds(self.now) < 1:
            self.advance_by(duetime)
        return place


def test_it_goes_on_drawing_when_a_drawing_is_over_before_it_is_noted() -> None:
    clock = SlowToReturn()
    with monitor(StreamClient("demo"), scheduler=clock) as view:
        drawn = watch(view)
        before = len(drawn)
        clock.advance_to(10)
        assert len(drawn) > before + 4


# Its end.


def test_completion_shows_the_last_state_and_releases_all() -> None:
    clock, trades = TestScheduler(), Subject[Trade]()
    view = live_table(trades, scheduler=clock)
    drawn = watch(view)
    trades.on_next(trade("IBM", 7.0, at=0))
    trades.on_completed()
    assert not view.is_live
    assert view.error is None
    assert "7.00" in drawn[-1]
    assert "completed" in drawn[-1]
    clock.advance_to(100)
    assert len(drawn) == 1


def test_error_of_the_stream_is_shown_and_escaped() -> None:
    trades = Subject[Trade]()
    view = live_table(trades)
    drawn = watch(view)
    failure = ValueError("<b>the feed</b> is gone")
    trades.on_error(failure)
    assert view.error is failure
    assert '<div class="failed">' in drawn[-1]
    assert "ValueError: &lt;b&gt;the feed&lt;/b&gt; is gone" in drawn[-1]
    assert "failed: ValueError: <b>the feed</b> is gone" in str(view)


def test_close_releases_the_stream_and_is_fine_twice() -> None:
    trades = Subject[Trade]()
    view = live_table(trades)
    drawn = watch(view)
    view.close()
    view.close()
    assert not trades.observers
    assert len(drawn) == 1
    trades.on_next(trade("IBM", 7.0, at=0))
    assert "closed" in str(view)
    assert rows(view) == []


def test_value_that_cannot_be_shown_ends_the_view_and_not_the_stream() -> None:
    values, seen = Subject[Any](), list[object]()
    view = live_table(values)
    values.subscribe(seen.append)
    values.on_next("no event")
    values.on_next("another")
    assert isinstance(view.error, InvalidTypeError)
    assert "what this view shows must be an event with a symbol, not str" in str(view)
    assert seen == ["no event", "another"]


def test_widget_that_cannot_be_drawn_on_ends_the_view(caplog: pytest.LogCaptureFixture) -> None:
    clock, trades = TestScheduler(), Subject[Trade]()
    view = live_table(trades, scheduler=clock)

    def refuse(change: object) -> None:
        raise RuntimeError("no more room")

    view.widget.observe(refuse, "value")
    trades.on_next(trade("IBM", 7.0, at=0))
    with caplog.at_level(logging.ERROR, "rxpolygon.notebook"):
        clock.advance_to(1)
    assert isinstance(view.error, RuntimeError)
    assert not trades.observers
    assert "a view cannot be drawn" in caplog.text


def test_widget_that_was_taken_is_left_open_and_others_are_closed() -> None:
    widgets: list[Any] = []
    for is_taken in (True, False):
        view = live_table(rx.never())
        widgets.append(view.widget)
        view._is_widget_taken = is_taken
        view.close()
    assert [widget.comm is not None for widget in widgets] == [True, False]


def test_stream_that_is_over_before_it_returns() -> None:
    view = live_table(rx.of(trade("IBM", 7.0, at=0)))
    assert not view.is_live
    assert rows(view)[0][:2] == ["IBM", "7.00"]
    assert "7.00" in cells_of(view.widget.value)


# Where no widgets run.


def finished_views() -> list[LiveView]:
    trades = rx.of(trade("IBM", 10.5, at=0))
    return [live_table(trades), tape(trades), candlesticks(rx.of(bar("IBM", 10.5, at=0)))]


@pytest.mark.parametrize("view", finished_views(), ids=["live_table", "tape", "candlesticks"])
def test_outside_of_a_kernel_it_is_a_static_picture_and_text(view: LiveView) -> None:
    bundle = view._repr_mimebundle_()
    assert bundle["text/plain"] == str(view) == repr(view)
    assert "application/vnd.jupyter.widget-view+json" not in bundle
    assert bundle.keys() & {"text/html", "image/png"}


def test_static_picture_of_a_live_view_is_its_present_state() -> None:
    trades = Subject[Trade]()
    with live_table(trades) as view:
        for price in ("1.00", "2.00"):
            trades.on_next(trade("IBM", float(price), at=0))
            assert price in str(view._repr_mimebundle_()["text/html"])


def test_without_ipywidgets_there_is_a_picture_and_a_clear_refusal_of_the_widget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    with live_table(rx.never()) as view:
        assert "text/html" in view._repr_mimebundle_()
        with pytest.raises(MissingPackageError, match=r"rxpolygon\[notebook\]"):
            _ = view.widget


# Arguments.


@pytest.mark.parametrize("kind", [live_table, tape, candlesticks, depth])
def test_what_is_no_stream_is_refused(kind: Any) -> None:
    with pytest.raises(InvalidTypeError, match="must be an Observable, not list"):
        kind([1, 2, 3])


def test_what_is_no_client_is_refused() -> None:
    with pytest.raises(InvalidTypeError, match="client must be a client such as StreamClient"):
        monitor(rx.never())  # type: ignore[arg-type] # that is the test


@pytest.mark.parametrize("every", ["99ms", "0s", "soon"])
def test_redrawing_too_often_is_refused(every: str) -> None:
    with pytest.raises(InvalidArgumentError, match="every"):
        live_table(rx.never(), every=every)


@pytest.mark.parametrize(
    ("kind", "argument", "value"),
    [
        (live_table, "rows", 0),
        (live_table, "columns", []),
        (live_table, "columns", ["price", "price"]),
        (live_table, "timezone", "Mars/Olympus"),
        (tape, "rows", 0),
        (tape, "timezone", ""),
        (candlesticks, "limit", -1),
        (depth, "levels", 0),
    ],
)
def test_argument_that_is_not_allowed_is_named(kind: Any, argument: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=argument):
        kind(rx.never(), **{argument: value})


@pytest.mark.parametrize(
    ("argument", "value"),
    [("columns", "price"), ("columns", [1]), ("columns", 1), ("rows", 1.5), ("timezone", 1), ("every", 1)],
)
def test_argument_of_a_wrong_type_is_named(argument: str, value: object) -> None:
    with pytest.raises(InvalidTypeError, match=argument):
        live_table(rx.never(), **{argument: value})  # type: ignore[arg-type] # that is the test


def test_refused_arguments_leave_the_stream_alone() -> None:
    bars = Subject[Bar]()
    with pytest.raises(InvalidArgumentError):
        candlesticks(bars, every="1ms")
    assert not bars.observers
