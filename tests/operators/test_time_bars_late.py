"""Late trades, corrections and cancels in ``time_bars``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace
from reactivex import Subject

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Trade, alpaca
from rxpolygon.operators import time_bars
from tests.operators.bar_support import BASE, MINUTE, Run, collect, label, ohlcv, trade
from tests.still_time import StillTime


class Cancel(Struct, frozen=True):
    """A cancel as a venue's codec might make it."""

    symbol: str
    timestamp: int
    exchange: int
    id: str

    @property
    def cancels(self) -> tuple[int, str]:
        return self.exchange, self.id


class Correction(Struct, frozen=True):
    """A correction as a venue's codec might make it."""

    symbol: str
    timestamp: int
    original_id: str
    price: float
    size: float
    moved: int = 0

    @property
    def corrects(self) -> tuple[int, str]:
        return 1, self.original_id

    def corrected(self, original: Trade) -> Trade:
        moved = original.timestamp + self.moved
        return replace(original, price=self.price, size=self.size, timestamp=moved)


def known(name: str, price: float, at: float, size: float = 100) -> Trade:
    return trade("A", price, at=at, size=size, exchange=1, id=name)


def test_late_trade_gives_the_bar_again_with_a_higher_revision() -> None:
    events = [trade("A", 10, at=1), trade("A", 12, at=60), trade("A", 11, at=59), trade("A", 9, at=0.5)]
    bars = collect(events, time_bars("1m"))
    assert [(label(bar), ohlcv(bar)) for bar in bars] == [
        (("A", 0, 0), (10, 10, 10, 10, 100)),
        (("A", 0, 1), (10, 11, 10, 11, 200)),
        (("A", 0, 2), (9, 11, 9, 11, 300)),
        (("A", 60, 0), (12, 12, 12, 12, 100)),
    ]


def test_late_trade_of_a_symbol_without_bar_gives_its_first_bar() -> None:
    events = [trade("A", 10, at=1), trade("A", 12, at=60), trade("B", 5, at=59)]
    assert [label(bar) for bar in collect(events, time_bars("1m"))] == [
        ("A", 0, 0),
        ("B", 0, 0),
        ("A", 60, 0),
    ]


def test_late_trade_into_a_window_that_was_never_open_gives_its_bar() -> None:
    events = [trade("A", 12, at=300), trade("A", 5, at=59)]
    assert [label(bar) for bar in collect(events, time_bars("1m"))] == [("A", 0, 0), ("A", 300, 0)]


def test_late_trade_that_changes_nothing_gives_nothing() -> None:
    official_close = trade("A", 11, at=59, conditions=(15,))
    events = [trade("A", 10, at=1), trade("A", 12, at=60), official_close]
    assert [label(bar) for bar in collect(events, time_bars("1m"))] == [("A", 0, 0), ("A", 60, 0)]


def test_late_drop_tells_the_trade_and_leaves_the_bar() -> None:
    told: list[Any] = []
    late = trade("A", 11, at=59)
    bars = collect(
        [trade("A", 10, at=1), trade("A", 12, at=60), late], time_bars("1m", late="drop", on_late=told.append)
    )
    assert [label(bar) for bar in bars] == [("A", 0, 0), ("A", 60, 0)]
    assert told == [late]


def test_late_trade_is_revised_until_revisable_is_over_and_told_then() -> None:
    told: list[Any] = []
    operator = time_bars("1m", revisable="1m", on_late=told.append)
    events = [trade("A", 10, at=1), trade("A", 12, at=119), trade("A", 11, at=59)]
    bars = collect([*events, trade("A", 12, at=120), trade("A", 13, at=58)], operator)
    assert [label(bar) for bar in bars][:2] == [("A", 0, 0), ("A", 0, 1)]
    assert [event.price for event in told] == [13]


def test_on_late_that_raises_ends_in_on_error() -> None:
    def broken(_: object) -> None:
        raise LookupError("full")

    arrivals = [(1.0, trade("A", 10, at=1)), (1.1, trade("A", 12, at=60)), (1.2, trade("A", 11, at=59))]
    run = Run(time_bars("1m", late="drop", on_late=broken), arrivals, until=2)
    assert isinstance(run.error, LookupError)
    assert run.released == 1.2


def test_cancel_takes_a_trade_out_of_a_closed_bar() -> None:
    events = [known("a", 10, 1), known("b", 15, 2, 50), known("c", 11, 3), known("d", 12, 60)]
    bars = collect([*events, Cancel("A", BASE + 61_000, 1, "b")], time_bars("1m", corrections=True))
    assert [(label(bar), ohlcv(bar)) for bar in bars][:2] == [
        (("A", 0, 0), (10, 15, 10, 11, 250)),
        (("A", 0, 1), (10, 11, 10, 11, 200)),
    ]
    assert (bars[1].vwap, bars[1].count) == (10.5, 2)


def test_cancel_in_an_open_window_changes_the_bar_to_come() -> None:
    events = [known("a", 10, 1), known("b", 15, 2), Cancel("A", BASE + 3_000, 1, "b")]
    bars = collect(events, time_bars("1m", corrections=True))
    assert [(label(bar), ohlcv(bar)) for bar in bars] == [(("A", 0, 0), (10, 10, 10, 10, 100))]


def test_cancel_of_the_only_trade_gives_the_bar_without_volume() -> None:
    events = [known("a", 10, 1), known("d", 12, 60), Cancel("A", BASE + 61_000, 1, "a")]
    bar = collect(events, time_bars("1m", corrections=True))[1]
    assert (label(bar), bar.volume, bar.vwap, bar.count, bar.is_filled) == (("A", 0, 1), 0, None, 0, True)


def test_correction_replaces_the_trade() -> None:
    events = [known("a", 10, 1), known("b", 15, 2), known("d", 12, 60)]
    correction = Correction("A", BASE + 61_000, "b", price=10.5, size=40)
    bars = collect([*events, correction], time_bars("1m", corrections=True))
    assert (label(bars[1]), ohlcv(bars[1])) == (("A", 0, 1), (10, 10.5, 10, 10.5, 140))


@pytest.mark.parametrize(("seconds", "start"), [(-60, -60), (60, 60)])
def test_correction_of_the_time_moves_the_trade_to_its_window(seconds: int, start: int) -> None:
    events = [known("a", 10, 1), known("b", 15, 2), known("d", 12, 60)]
    correction = Correction("A", BASE + 61_000, "b", price=14, size=40, moved=seconds * 1_000)
    bars = collect([*events, correction], time_bars("1m", corrections=True))
    assert (label(bars[1]), ohlcv(bars[1])) == (("A", 0, 1), (10, 10, 10, 10, 100))
    moved = next(bar for bar in bars[2:] if label(bar)[1] == start)
    assert moved.low <= 14 <= moved.high
    assert sum(bar.volume for bar in bars[1:]) == 240


def test_correction_after_a_trade_without_timestamp_revises_the_bar() -> None:
    """It stays where it was placed: at the newest timestamp when it came."""
    timeless = replace(known("b", 15, 2), timestamp=None)
    events = [known("a", 10, 1), timeless, known("c", 11, 0.5), known("d", 12, 60)]
    bars = collect([*events, Cancel("A", BASE + 61_000, 1, "c")], time_bars("1m", corrections=True))
    assert (label(bars[1]), ohlcv(bars[1])) == (("A", 0, 1), (10, 15, 10, 15, 200))


def test_cancel_of_the_only_trade_fills_at_the_close_before() -> None:
    events = [known("a", 10, 1), known("wrong", 900, 61), known("d", 12, 180)]
    cancel = Cancel("A", BASE + 121_000, 1, "wrong")
    bars = collect(
        [*events[:2], known("b", 11, 120), cancel, events[2]], time_bars("1m", corrections=True, fill=True)
    )
    assert [(label(bar), ohlcv(bar)) for bar in bars if bar.start == BASE + MINUTE] == [
        (("A", 60, 0), (900, 900, 900, 900, 100)),
        (("A", 60, 1), (10, 10, 10, 10, 0)),
    ]


def test_cancel_of_the_newest_price_is_not_filled_with() -> None:
    events = [known("a", 10, 1), known("wrong", 900, 61), trade("B", 5, at=120)]
    cancel = Cancel("A", BASE + 121_000, 1, "wrong")
    bars = collect([*events, cancel, trade("B", 5, at=180)], time_bars("1m", corrections=True, fill=True))
    assert [ohlcv(bar) for bar in bars if label(bar)[:2] == ("A", 120)] == [(10, 10, 10, 10, 0)]


def test_cancel_of_the_only_trade_has_the_close_of_the_bar_before() -> None:
    """Without `fill` too: a price that was cancelled is no price."""
    events = [known("a", 10, 1), known("wrong", 900, 61), known("b", 11, 120)]
    bars = collect([*events, Cancel("A", BASE + 121_000, 1, "wrong")], time_bars("1m", corrections=True))
    assert [(ohlcv(bar), bar.is_filled) for bar in bars if label(bar) == ("A", 60, 1)] == [
        ((10, 10, 10, 10, 0), True)
    ]


def test_cancel_of_the_only_late_trade_has_the_close_before_its_window() -> None:
    """Not the newest close, which the symbol had only later."""
    events = [known("a", 10, 1), known("b", 20, 121), trade("B", 5, at=300), known("wrong", 900, 61)]
    bars = collect([*events, Cancel("A", BASE + 301_000, 1, "wrong")], time_bars("1m", corrections=True))
    assert [ohlcv(bar) for bar in bars if label(bar) == ("A", 60, 1)] == [(10, 10, 10, 10, 0)]


class CountedSymbol(str):
    """Counts how often it is looked up."""

    lookups = 0

    def __hash__(self) -> int:
        CountedSymbol.lookups += 1
        return super().__hash__()


def test_late_trade_looks_at_no_more_windows_the_more_there_are() -> None:
    """A new bar of a late trade asks for the close before it, in case that its trades are cancelled."""

    def lookups(seconds: int) -> int:
        source: Subject[Trade] = Subject()
        source.pipe(time_bars("1s", corrections=True)).subscribe(scheduler=StillTime())
        for at in range(0, seconds, 2):
            source.on_next(known("a", 10, at))
            source.on_next(trade("B", 10, at=at + 1))
        late = replace(known("late", 10, seconds - 3), symbol=CountedSymbol("A"))
        before = CountedSymbol.lookups
        source.on_next(late)
        return CountedSymbol.lookups - before

    assert 0 < lookups(10) == lookups(400)


@pytest.mark.parametrize(("seconds", "is_revised"), [(119.999, True), (120, False)])
def test_cancel_revises_exactly_as_long_as_a_late_trade(seconds: float, is_revised: bool) -> None:
    told: list[Any] = []
    cancel = Cancel("A", BASE, 1, "a")
    # No window is over at the last trade, with which the first one would be forgotten anyway.
    events = [known("a", 10, 1), trade("B", 5, at=70), trade("B", 5, at=seconds), cancel]
    operator = time_bars("1m", lateness="10s", revisable="50s", corrections=True, on_late=told.append)
    bars = collect(events, operator)
    assert [bar.revision for bar in bars if bar.symbol == "A"] == ([0, 1] if is_revised else [0])
    assert told == ([] if is_revised else [cancel])


def test_correction_that_moves_a_trade_forward_moves_event_time() -> None:
    """Or the next trade would be taken for the latest of its bar."""
    later = Correction("A", BASE + 10_000, "a", price=11, size=100, moved=30_000)
    events = [known("a", 10, 1), later, known("b", 12, 20)]
    assert [ohlcv(bar) for bar in collect(events, time_bars("1m", corrections=True))] == [
        (12, 12, 11, 11, 200)
    ]


def test_amendment_of_a_late_trade_that_changed_nothing_revises_the_filled_bar() -> None:
    official = replace(known("o", 99, 61), conditions=(15,))
    events = [known("a", 10, 1), trade("B", 5, at=121), official, Cancel("A", BASE + 122_000, 1, "o")]
    bars = collect(events, time_bars("1m", corrections=True, fill=True))
    assert [bar.revision for bar in bars if label(bar)[:2] == ("A", 60)] == [0, 1]


def test_correction_of_an_unknown_trade_is_told() -> None:
    told: list[Any] = []
    cancel = Cancel("A", BASE, 1, "z")
    collect([known("a", 10, 1), cancel], time_bars("1m", corrections=True, on_late=told.append))
    assert told == [cancel]


def test_cancel_without_an_id_takes_no_trade_out() -> None:
    told: list[Any] = []
    trades = [alpaca.Trade(symbol="A", price=10, size=100, exchange="V", wire_timestamp=BASE)] * 2
    cancel = alpaca.TradeCancel(symbol="A", exchange="V", wire_timestamp=BASE)
    bars = collect([*trades, cancel], time_bars("1m", corrections=True, on_late=told.append))
    assert ([bar.count for bar in bars], told) == ([2], [cancel])


def test_correction_that_nothing_was_kept_for_ends_in_on_error() -> None:
    run = Run(time_bars("1m"), [(1.0, known("a", 10, 1)), (2.0, Cancel("A", BASE, 1, "a"))], until=3)
    assert isinstance(run.error, InvalidArgumentError)


# --- timestamps from the future


def test_max_ahead_drops_and_tells_an_event_from_the_future() -> None:
    stray = trade("A", 99, at=86_400)
    early = [(1, trade("A", 10, at=1)), (2, stray), (3, trade("A", 11, at=3)), (61, trade("A", 12, at=61))]
    told: list[Trade] = []
    operator = time_bars("1m", max_ahead=timedelta(milliseconds=BASE + 5_000), on_late=told.append)
    run = Run(operator, early, until=100)
    assert told == [stray]
    assert [(label(bar), ohlcv(bar)) for bar in run.values] == [(("A", 0, 0), (10, 11, 10, 11, 200))]


def test_max_ahead_takes_an_event_exactly_so_far_ahead() -> None:
    arrivals = [(0.001, trade("A", 10, at=0)), (1, trade("A", 11, at=61)), (2, trade("A", 12, at=123.001))]
    told: list[Trade] = []
    operator = time_bars("1m", max_ahead=timedelta(milliseconds=BASE + 60_000), on_late=told.append)
    run = Run(operator, arrivals, until=3)
    assert [label(bar) for bar in run.values] == [("A", 0, 0)]
    assert told == [arrivals[2][1]]


def test_no_max_ahead_takes_every_event() -> None:
    bars = collect([trade("A", 10, at=0), trade("A", 99, at=86_400), trade("A", 11, at=3)], time_bars("1m"))
    assert [label(bar) for bar in bars] == [("A", 0, 0), ("A", 86_400, 0)]


def test_dropped_events_are_logged_where_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    events = [trade("A", 10, at=0), trade("A", 12, at=61), trade("A", 11, at=3), trade("A", 11, at=4)]
    collect(events, time_bars("1m", late="drop"))
    first, last = (record.getMessage() for record in caplog.records)
    assert first.startswith("1 event so far came too late, or too far ahead, for a bar: Trade(")
    assert last == "2 events came too late, or too far ahead, for a bar"
