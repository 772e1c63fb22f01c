"""A busy observer keeps the next event from coming: that is no silence, and nothing is late for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from reactivex import Observable

import rxpolygon.operators as rxo
from rxpolygon.operators import Bar
from tests.operators.streams import Hot, Lab, Watch, quote, trade


class BusyLab(Lab):
    """A source whose observer is busy for so many seconds with one of the values that it gets."""

    def __init__(
        self, operator: Callable[[Observable[Any]], Observable[Any]], busy: float, busy_with: int = 1
    ) -> None:
        super().__init__()
        self.values: list[Any] = []
        self.events: Hot[Any] = self.source()
        self.events.pipe(operator).subscribe(self._on_next, scheduler=self.scheduler)
        self._busy = busy
        self._busy_with = busy_with

    def _on_next(self, value: Any) -> None:
        self.values.append(value)
        if len(self.values) == self._busy_with:
            self.run(self.now + self._busy)

    def send(self, at: float, *events: Any) -> None:
        """Events, as fast as the observer takes them."""
        self.run(at)
        self.events.send(*events)


def bars(starts: Sequence[int]) -> list[Bar]:
    prices = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1.0, "vwap": 1.0, "count": 1}
    return [Bar(symbol="A", start=at, end=at + 1_000, **prices) for at in starts]  # type: ignore[arg-type]


@pytest.mark.parametrize("busy", [1.2, 3, 70, 200])
def test_time_bars_close_no_window_while_the_observer_is_busy(busy: float) -> None:
    lab = BusyLab(rxo.time_bars("1s", late="drop"), busy)
    lab.send(0.5, trade(at=0))
    lab.send(1.0, trade(at=100))
    lab.send(1.6, trade(at=900), trade(at=1_000), trade(at=1_001), trade(at=1_900))
    lab.run(1_000)
    assert [(bar.start, bar.volume) for bar in lab.values] == [(0, 3), (1_000, 3)]


@pytest.mark.parametrize("busy", [1.2, 3, 70])
def test_resample_closes_no_window_while_the_observer_is_busy(busy: float) -> None:
    lab = BusyLab(rxo.resample("5s"), busy, busy_with=2)
    lab.send(0.5, *bars([0]))
    lab.send(1.0, *bars([1_000]))
    lab.send(1.6, *bars([8_000, 4_000, 9_000]))
    lab.run(1_000)
    told = [(bar.start, bar.volume, bar.revision) for bar in lab.values]
    assert told == [(0, 2, 0), (0, 3, 1), (5_000, 2, 0)]


@pytest.mark.parametrize("busy", [1.2, 3, 500])
def test_reconcile_tells_no_bar_alone_while_the_observer_is_busy(busy: float) -> None:
    server: Hot[Bar] = Hot()
    lab = BusyLab(rxo.reconcile(server, within="1500ms"), busy)
    lab.send(0.5, *bars([0]))
    lab.send(1.0, *bars([0]))
    lab.send(1.6, *bars([1_000]))
    server.send(*bars([0, 1_000]))
    assert [result.agrees for result in lab.values] == [True, True]


@pytest.mark.parametrize("busy", [0.041, 0.05, 3])
def test_reorder_drops_nothing_because_the_observer_is_busy(busy: float) -> None:
    lab = BusyLab(rxo.reorder("20ms"), busy)
    lab.send(0.5, *(trade(at=at) for at in (10, 40, 35, 45)))
    assert [it.timestamp for it in lab.values] == [10]
    lab.run(1_000)
    assert [it.timestamp for it in lab.values] == [10, 35, 40, 45]


@pytest.mark.parametrize("busy", [2.5, 100])
def test_join_holds_trades_while_the_observer_is_busy(busy: float) -> None:
    quotes: Hot[Any] = Hot()
    lab = BusyLab(rxo.join_quotes(quotes, hold=timedelta(seconds=1)), busy)
    quotes.send(quote(at=0))
    lab.send(0.5, trade(at=0), trade(at=2_000))
    quotes.send(quote(at=1_900, bid=20, ask=22))
    lab.run(1_000)
    assert [it.mid for it in lab.values] == [10, 21]


def test_silence_after_the_observer_was_busy_is_one() -> None:
    lab = BusyLab(rxo.conflate("1s"), 5)
    lab.send(0.5, trade(at=0), trade(at=1_000), trade(at=1_500))
    assert [it.timestamp for it in lab.values] == [0]
    lab.run(lab.now + 3.1)
    assert [it.timestamp for it in lab.values] == [0, 1_500]


@pytest.mark.parametrize(
    "operator",
    [rxo.conflate("99999999d"), rxo.reorder("99999999d"), rxo.join_quotes(Hot(), hold="99999999d")],
)
def test_a_silence_longer_than_any_clock_can_wait_for_harms_nothing(
    operator: Callable[[Observable[Any]], Observable[Any]],
) -> None:
    """Warnings are errors, an exception in a timer's thread too."""
    source: Hot[Any] = Hot()
    watch = Watch[Any]()
    source.pipe(operator).subscribe(watch)  # on RxPY's own timers
    source.send(trade())
    source.complete()
    assert watch.end == "|"
    assert len(watch.values) == 1
