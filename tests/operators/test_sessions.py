"""``Session``: hours by clock and by calendar."""

from __future__ import annotations

import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from rxpolygon.errors import InvalidArgumentError, MissingPackageError
from rxpolygon.operators import Session

calendar_warnings = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def at(zone: str, *moment: int) -> int:
    year, month, day, hour, minute = moment
    return int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp() * 1_000)


def clocks(session: Session, day: date) -> list[tuple[str, str]]:
    """The hours of a day in its own time zone."""
    form = [
        tuple(datetime.fromtimestamp(ms / 1_000, session.time_zone).strftime("%d %H:%M") for ms in hours)
        for hours in session.hours(day)
    ]
    return [(opening, closing) for opening, closing in form]


def test_daily_hours_follow_summer_time() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    winter, summer = session.hours(date(2024, 3, 8))[0], session.hours(date(2024, 3, 11))[0]
    assert winter[0] % 86_400_000 == 14.5 * 3_600_000
    assert summer[0] % 86_400_000 == 13.5 * 3_600_000


def test_daily_closing_not_after_the_opening_is_on_the_next_day() -> None:
    session = Session.daily("17:00", "17:00", time_zone="America/New_York", weekdays=(6, 0, 1, 2, 3))
    assert clocks(session, date(2024, 3, 3)) == [("03 17:00", "04 17:00")]
    assert clocks(session, date(2024, 3, 1)) == []


def test_span_is_open_from_the_opening_up_to_the_closing() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    zone = "America/New_York"
    opening, closing = at(zone, 2024, 3, 8, 9, 30), at(zone, 2024, 3, 8, 16, 0)
    assert session.span(opening) == (opening, closing, True)
    assert session.span(closing - 1) == (opening, closing, True)


def test_span_of_a_weekend_is_closed_until_monday() -> None:
    session = Session.daily("09:30", "16:00", time_zone="America/New_York")
    zone = "America/New_York"
    span = session.span(at(zone, 2024, 3, 9, 12, 0))
    assert span == (at(zone, 2024, 3, 8, 16, 0), at(zone, 2024, 3, 11, 9, 30), False)


def test_span_of_a_weekend_begins_where_a_session_over_midnight_ended() -> None:
    zone = "America/New_York"
    forex = Session.daily("17:00", "17:00", time_zone=zone, weekdays=(6, 0, 1, 2, 3))
    span = forex.span(at(zone, 2024, 3, 9, 12, 0))
    assert span == (at(zone, 2024, 3, 8, 17, 0), at(zone, 2024, 3, 10, 17, 0), False)


@calendar_warnings
def test_exchange_knows_holidays() -> None:
    pytest.importorskip("pandas_market_calendars")
    session = Session.exchange("NYSE")
    assert clocks(session, date(2024, 7, 4)) == []
    assert clocks(session, date(2024, 7, 3)) == [("03 09:30", "03 13:00")]
    assert clocks(session, date(2024, 7, 5)) == [("05 09:30", "05 16:00")]


@calendar_warnings
def test_exchange_extended_hours_of_new_york() -> None:
    pytest.importorskip("pandas_market_calendars")
    assert clocks(Session.exchange("NYSE", "extended"), date(2024, 7, 5)) == [("05 04:00", "05 20:00")]


@calendar_warnings
def test_exchange_lunch_break_is_closed_but_part_of_the_day() -> None:
    pytest.importorskip("pandas_market_calendars")
    session = Session.exchange("XHKG")
    assert clocks(session, date(2024, 7, 5)) == [("05 09:30", "05 12:00"), ("05 13:00", "05 16:00")]
    lunch = at("Asia/Hong_Kong", 2024, 7, 5, 12, 30)
    assert not session.span(lunch).is_open
    assert session.span(lunch, whole_day=True).is_open


@calendar_warnings
@pytest.mark.parametrize(
    ("calendar", "day", "hours"),
    [
        ("XHKG", date(2024, 12, 24), ("24 09:30", "24 12:00")),
        ("CME_Equity", date(2023, 11, 22), ("21 17:00", "22 16:00")),
    ],
    ids=["half day", "break that was given up"],
)
def test_exchange_break_of_no_length_does_not_cut_the_session(
    calendar: str, day: date, hours: tuple[str, str]
) -> None:
    pytest.importorskip("pandas_market_calendars")
    assert clocks(Session.exchange(calendar), day) == [hours]


@calendar_warnings
def test_exchange_unknown_name_or_hours_is_refused() -> None:
    pytest.importorskip("pandas_market_calendars")
    with pytest.raises(InvalidArgumentError, match="get_calendar_names"):
        Session.exchange("MOON")
    with pytest.raises(InvalidArgumentError, match="knows 'regular'"):
        Session.exchange("XHKG", "extended")


def test_exchange_without_the_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas_market_calendars", None)
    with pytest.raises(MissingPackageError, match=r"rxpolygon\[sessions\]"):
        Session.exchange("NYSE")


@pytest.mark.parametrize(
    "arguments",
    [
        {"time_zone": "Moon/Tranquility"},
        {"opening": "half past nine"},
        {"weekdays": ()},
        {"weekdays": (7,)},
    ],
)
def test_daily_argument_not_allowed_is_refused(arguments: dict[str, object]) -> None:
    given = {"opening": "09:30", "closing": "16:00", "time_zone": "America/New_York", **arguments}
    with pytest.raises(InvalidArgumentError):
        Session.daily(**given)  # type: ignore[arg-type]


def test_hours_of_ones_own_count() -> None:
    class Noon(Session):
        def hours(self, day: date) -> list[tuple[int, int]]:
            noon = at("UTC", day.year, day.month, day.day, 12, 0)
            return [(noon, noon + 60_000)]

    session = Noon("UTC")
    assert session.span(at("UTC", 2024, 3, 8, 12, 0)).is_open
    assert session.span(at("UTC", 2024, 3, 8, 12, 1)).end == at("UTC", 2024, 3, 9, 12, 0)
