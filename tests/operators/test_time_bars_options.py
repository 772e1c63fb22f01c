"""Filled, forming and session bars of ``time_bars``."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import reactivex
from reactivex import abc
from reactivex import operators as ops
from reactivex.disposable import Disposable

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Trade
from rxpolygon.operators import Session, time_bars
from tests.operators.bar_support import BASE, Run, collect, label, live, ohlcv, trade
from tests.still_time import StillTime

NEW_YORK = ZoneInfo("America/New_York")
HALF_DAY = date(2023, 11, 24)

# The calendar library uses what pandas 3.1 deprecates.
calendar_warnings = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def in_new_york(day: date, hour: int, minute: int = 0) -> Trade:
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)
    return Trade(symbol="A", price=10, size=100, timestamp=int(local.timestamp() * 1_000))


def local_start(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1_000, NEW_YORK).strftime("%d %H:%M")


def test_fill_gives_quiet_windows_at_the_close_before() -> None:
    events = [trade("A", 10, at=1), trade("B", 5, at=61), trade("A", 12, at=181)]
    bars = collect(events, time_bars("1m", fill=True))
    assert [(label(bar), ohlcv(bar), bar.is_filled) for bar in bars] == [
        (("A", 0, 0), (10, 10, 10, 10, 100), False),
        (("A", 60, 0), (10, 10, 10, 10, 0), True),
        (("B", 60, 0), (5, 5, 5, 5, 100), False),
        (("A", 120, 0), (10, 10, 10, 10, 0), True),
        (("B", 120, 0), (5, 5, 5, 5, 0), True),
        (("A", 180, 0), (12, 12, 12, 12, 100), False),
        (("B", 180, 0), (5, 5, 5, 5, 0), True),
    ]


def test_fill_goes_on_by_timer_while_the_stream_is_silent() -> None:
    run = Run(time_bars("1m", fill=True), live(trade("A", 10, at=1)), until=200)
    assert [label(bar)[1] for bar in run.values] == [0, 60, 120]
    assert run.times == [60, 120, 180]


def test_fill_brings_volume_that_may_set_no_price() -> None:
    events = [trade("A", 10, at=1), trade("A", 12, at=61, size=30, conditions=(37,)), trade("A", 11, at=121)]
    bar = collect(events, time_bars("1m", fill=True))[1]
    assert (ohlcv(bar), bar.vwap, bar.count, bar.is_filled) == ((10, 10, 10, 10, 30), 12, 1, True)


def test_fill_late_trade_revises_the_filled_bar() -> None:
    events = [trade("A", 10, at=1), trade("A", 11, at=121), trade("A", 12, at=61)]
    bars = collect(events, time_bars("1m", fill=True))
    assert [(label(bar), ohlcv(bar)) for bar in bars][2] == (("A", 60, 1), (12, 12, 12, 12, 100))


def test_fill_starts_with_the_first_bar_of_a_symbol() -> None:
    events = [trade("A", 10, at=1), trade("B", 10, at=121), trade("A", 10, at=181)]
    bars = collect(events, time_bars("1m", fill=True))
    assert [label(bar)[1] for bar in bars if bar.symbol == "B"] == [120, 180]


def test_window_without_a_price_has_no_bar() -> None:
    events = [trade("A", 10, at=1), trade("A", 12, at=61, conditions=(37,)), trade("A", 11, at=121)]
    assert [label(bar)[1] for bar in collect(events, time_bars("1m"))] == [0, 120]


def test_provisional_gives_the_forming_bar_at_most_so_often() -> None:
    events = [trade("A", 10 + i, at=0.2 * i) for i in range(11)]
    bars = collect(events, time_bars("1m", provisional="1s"))
    assert [(bar.close, bar.is_final, bar.revision) for bar in bars] == [
        (10, False, 0),
        (15, False, 0),
        (20, False, 0),
        (20, True, 0),
    ]


def test_provisional_waits_for_a_price() -> None:
    events = [trade("A", 10, at=1, conditions=(37,)), trade("A", 11, at=2)]
    bars = collect(events, time_bars("1m", provisional="1s"))
    assert [(ohlcv(bar), bar.is_final) for bar in bars] == [
        ((11, 11, 11, 11, 200), False),
        ((11, 11, 11, 11, 200), True),
    ]


def test_provisional_bar_decides_nothing_about_the_final_one() -> None:
    """Code 32 sets a price only as the first of the day, which the window before decides when it is over."""
    events = [trade("A", 10, at=1), trade("A", 11, at=61, conditions=(32,)), trade("B", 1, at=150)]
    final = collect(events, time_bars("1m", lateness="1m"))
    shown = collect(events, time_bars("1m", lateness="1m", provisional="1s"))
    assert [label(bar) for bar in final] == [("A", 0, 0), ("B", 120, 0)]
    assert [bar for bar in shown if bar.is_final] == final


def test_session_windows_count_from_the_opening_and_end_at_the_close() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    day = date(2023, 11, 16)
    clocks = [(9, 29), (9, 30), (10, 29), (10, 30), (15, 45), (15, 59), (16, 0)]
    bars = collect([in_new_york(day, *clock) for clock in clocks], time_bars("1h", session=session))
    assert [(local_start(bar.start), local_start(bar.end), bar.count) for bar in bars] == [
        ("16 09:30", "16 10:30", 2),
        ("16 10:30", "16 11:30", 1),
        ("16 15:30", "16 16:00", 2),
    ]


def test_session_of_one_day_has_one_bar() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    days = [date(2023, 11, 17), date(2023, 11, 18), date(2023, 11, 20)]
    events = [in_new_york(day, hour) for day in days for hour in (9, 10, 15, 16)]
    bars = collect(events, time_bars("1d", session=session))
    assert [(local_start(bar.start), local_start(bar.end), bar.count) for bar in bars] == [
        ("17 09:30", "17 16:00", 2),
        ("20 09:30", "20 16:00", 2),
    ]


def test_session_that_is_over_gives_its_bar_with_the_next_trade_outside() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    day = date(2023, 11, 16)
    arrivals = [(1.0, in_new_york(day, 15)), (1.1, in_new_york(day, 16))]
    assert Run(time_bars("1d", session=session), arrivals, until=2).times == [1.1]


def test_session_fill_leaves_out_the_closed_hours() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    events = [in_new_york(date(2023, 11, 16), 15, 58), in_new_york(date(2023, 11, 17), 9, 31)]
    bars = collect(events, time_bars("1m", session=session, fill=True))
    assert [local_start(bar.start) for bar in bars] == ["16 15:58", "16 15:59", "17 09:30", "17 09:31"]


@calendar_warnings
@pytest.mark.parametrize(("hours", "end"), [("regular", "24 13:00"), ("extended", "24 17:00")])
def test_session_of_an_exchange_knows_half_days(hours: str, end: str) -> None:
    pytest.importorskip("pandas_market_calendars")
    session = Session.exchange("NYSE", "extended" if hours == "extended" else "regular")
    bars = collect([in_new_york(HALF_DAY, 12), in_new_york(HALF_DAY, 18)], time_bars("1d", session=session))
    assert [(local_start(bar.end), bar.count) for bar in bars] == [(end, 1)]


class _Closing(Session):
    """Hours that are known for one day alone."""

    def hours(self, day: date) -> list[tuple[int, int]]:
        if day > date(2023, 11, 17):
            raise LookupError("no calendar")
        return [(BASE, BASE + 120_000)] if day == date(2023, 11, 16) else []


def test_session_that_raises_while_windows_are_filled_ends_in_on_error() -> None:
    """Of a source, too, that emits before anybody can leave it."""
    session = _Closing("UTC")
    events = [trade("A", 10, at=1), trade("A", 10, at=86_400 * 30)]

    def emit(observer: abc.ObserverBase[Trade], _: object) -> Disposable:
        for event in events:
            observer.on_next(event)
        return Disposable()

    errors: list[Exception] = []
    bars = reactivex.create(emit).pipe(time_bars("1m", session=session, fill=True))
    bars.subscribe(on_error=errors.append, scheduler=StillTime())
    assert [type(error) for error in errors] == [LookupError]


def test_session_with_offset_raises_at_the_call() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    with pytest.raises(InvalidArgumentError, match="counted from its opening"):
        time_bars("1m", session=session, offset="30s")


def test_session_with_windows_of_several_days_raises_at_the_call() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    with pytest.raises(InvalidArgumentError, match="at most '1d'"):
        time_bars("2d", session=session)


def test_day_without_session_is_a_utc_day() -> None:
    bar = collect([trade("A", 10, at=0)], time_bars("1d"))[0]
    assert (bar.start % 86_400_000, bar.end - bar.start, bar.start <= BASE < bar.end) == (0, 86_400_000, True)


def test_fill_late_volume_keeps_the_close_before_its_window() -> None:
    """Not the newest close, which the symbol had only later."""
    odd_lot = trade("A", 50, at=65, size=5, conditions=(37,))
    events = [trade("A", 10, at=1), trade("A", 20, at=121), trade("A", 21, at=181), odd_lot]
    bar = collect(events, time_bars("1m", fill=True))[3]
    assert (label(bar), ohlcv(bar), bar.is_filled) == (("A", 60, 1), (10, 10, 10, 10, 5), True)


def test_fill_late_volume_before_the_first_price_has_no_bar() -> None:
    odd_lot = trade("A", 50, at=5, size=5, conditions=(37,))
    bars = collect(
        [trade("B", 1, at=1), trade("A", 20, at=61), trade("A", 21, at=121), odd_lot],
        time_bars("1m", fill=True),
    )
    assert [label(bar) for bar in bars if bar.symbol == "A"] == [("A", 60, 0), ("A", 120, 0)]


def test_fill_late_volume_in_a_window_that_was_never_open_keeps_the_close_before() -> None:
    late = [trade("A", 10, at=1), trade("A", 20, at=121), trade("A", 50, at=65, size=5, conditions=(37,))]
    bars = collect([trade("B", 1, at=301), *late], time_bars("1m", fill=True))
    assert [(ohlcv(bar), bar.is_filled) for bar in bars if label(bar) == ("A", 60, 0)] == [
        ((10, 10, 10, 10, 5), True)
    ]


def test_fill_of_a_long_gap_is_given_window_by_window() -> None:
    """Not gathered before the first of its bars is given: over weekends they are millions."""
    events = [trade("A", 10, at=0), trade("A", 11, at=10**12)]
    bars = collect(events, lambda trades: trades.pipe(time_bars("1s", fill=True), ops.take(5)))
    assert [label(bar)[1] for bar in bars] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("session", [None, Session.daily("09:30", "16:00", time_zone="America/New_York")])
@pytest.mark.parametrize("stamp", [BASE * 1_000_000, -BASE * 1_000_000, 2**62])
def test_timestamp_beyond_the_calendar_ends_nothing(stamp: int, session: Session | None) -> None:
    stray = Trade(symbol="A", price=9, size=100, timestamp=stamp, conditions=(12,))
    bars = collect([trade("A", 10, at=1), stray], time_bars("1m", session=session))
    assert ohlcv(bars[0]) == (10, 10, 10, 10, 100)
