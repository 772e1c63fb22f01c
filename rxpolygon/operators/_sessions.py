"""``Session``: the hours in which trades count, by clock and weekday or by an exchange's calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import import_module
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rxpolygon.errors import InvalidArgumentError, MissingPackageError

__all__ = ["Session", "Span"]

_DAY: Final = timedelta(days=1)
# No exchange of a calendar was ever closed longer: New York in 1914 is before all of them.
_LONGEST_CLOSURE_DAYS: Final = 20
_WEEKDAYS: Final = (0, 1, 2, 3, 4)
# What pandas_market_calendars calls the hours.
_COLUMNS: Final = {"regular": ("market_open", "market_close"), "extended": ("pre", "post")}


class Span(NamedTuple):
    """A stretch wholly inside or wholly outside of the hours, in Unix ms UTC; ``end`` is exclusive."""

    start: int
    end: int
    is_open: bool


class Session:
    """The hours in which trades count. Windows start anew with each session and are cut at its end.

    A class of one's own overrides :meth:`hours`.

    Args:
        time_zone: Whose dates :meth:`hours` is asked for.

    Example:
        >>> from rxpolygon.operators import Session
        >>> forex_week = Session.daily(
        ...     "17:00", "17:00", time_zone="America/New_York", weekdays=(6, 0, 1, 2, 3)
        ... )
    """

    def __init__(self, time_zone: str) -> None:
        try:
            self.time_zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, TypeError, ValueError, OSError):
            allowed = "use a name of the IANA database, such as 'America/New_York'"
            raise InvalidArgumentError("time_zone", time_zone, allowed) from None
        self._intervals_on = lru_cache(maxsize=64)(self.hours)

    @classmethod
    def daily(
        cls, opening: str, closing: str, *, time_zone: str, weekdays: Collection[int] = _WEEKDAYS
    ) -> Session:
        """The same hours on each of some weekdays, without holidays.

        Args:
            opening: The clock at the opening, as "09:30".
            closing: The clock at the closing, exclusive. If it is not after the opening it is on the next
                day.
            time_zone: Of both, as "America/New_York". Changes to and from summer time are followed.
            weekdays: On which days a session opens: 0 is Monday, 6 is Sunday.
        """
        return _ClockSession(_clock("opening", opening), _clock("closing", closing), time_zone, weekdays)

    @classmethod
    def exchange(cls, calendar: str = "NYSE", hours: Literal["regular", "extended"] = "regular") -> Session:
        """The hours of an exchange, with holidays, half days and lunch breaks.

        Args:
            calendar: A name of the package ``pandas_market_calendars`` (extra ``sessions``): NYSE, NASDAQ,
                CME_Equity, LSE, XHKG, ...
            hours: "regular" from opening to closing (New York 9:30-16:00, on half days to 13:00), or
                "extended" with the hours before and after (4:00-20:00, on half days to 17:00), where the
                calendar knows them.

        Raises:
            MissingPackageError: The extra ``sessions`` is not installed.
            InvalidArgumentError: An unknown calendar, or hours that it does not know.
        """
        return _CalendarSession(calendar, hours)

    def hours(self, day: date) -> Sequence[tuple[int, int]]:
        """The hours of the session that belongs to a date in ``time_zone``, in order.

        Returns:
            Pairs of opening and closing (exclusive) in Unix ms UTC; empty when there is no session.
        """
        raise NotImplementedError

    def span(self, timestamp: int, *, whole_day: bool = False) -> Span:
        """The open hours, or the closed stretch between them, that an instant (Unix ms UTC) lies in.

        Args:
            timestamp: The instant, Unix ms UTC.
            whole_day: Whether breaks within a session count as open.
        """
        try:
            today = datetime.fromtimestamp(timestamp / 1_000, UTC).astimezone(self.time_zone).date()
            _ = today - 2 * _DAY, today + _LONGEST_CLOSURE_DAYS * _DAY
        except (ValueError, OverflowError, OSError):
            # Beyond the calendar, as nanoseconds taken for milliseconds are.
            return Span(timestamp, timestamp + 86_400_000, is_open=False)
        closed_from = int(datetime.combine(today - _DAY, time.min, self.time_zone).timestamp() * 1_000)
        # From two days ago: the hours of that day may have ended yesterday.
        for days in range(-2, _LONGEST_CLOSURE_DAYS):
            intervals = self._intervals_on(today + days * _DAY)
            if whole_day and intervals:
                intervals = [(intervals[0][0], intervals[-1][1])]
            for opening, closing in intervals:
                if timestamp < opening:
                    return Span(closed_from, opening, is_open=False)
                if timestamp < closing:
                    return Span(opening, closing, is_open=True)
                closed_from = max(closed_from, closing)
        return Span(closed_from, timestamp + 86_400_000, is_open=False)


class _ClockSession(Session):
    def __init__(self, opening: time, closing: time, time_zone: str, weekdays: Collection[int]) -> None:
        super().__init__(time_zone)
        if not isinstance(weekdays, Collection) or not weekdays or not set(weekdays) <= set(range(7)):
            raise InvalidArgumentError("weekdays", weekdays, "use numbers from 0 (Monday) to 6 (Sunday)")
        self._opening = opening
        self._closing = closing
        self._weekdays = frozenset(weekdays)

    def hours(self, day: date) -> Sequence[tuple[int, int]]:
        if day.weekday() not in self._weekdays:
            return ()
        last_day = day if self._closing > self._opening else day + _DAY
        return ((self._instant(day, self._opening), self._instant(last_day, self._closing)),)

    def _instant(self, day: date, clock: time) -> int:
        return int(datetime.combine(day, clock, self.time_zone).timestamp() * 1_000)


class _CalendarSession(Session):
    def __init__(self, name: str, hours: str) -> None:
        try:
            # By name: the package has no types, and it is only there with the extra.
            calendars = import_module("pandas_market_calendars")
        except ImportError:
            raise MissingPackageError("Session.exchange", "pandas_market_calendars", "sessions") from None
        try:
            self._calendar = calendars.get_calendar(name)
        except RuntimeError:
            allowed = "use a name of pandas_market_calendars.get_calendar_names(), such as 'NYSE'"
            raise InvalidArgumentError("calendar", name, allowed) from None
        known = set(self._calendar.market_times)
        columns = _COLUMNS.get(hours)
        if columns is None or not known.issuperset(columns):
            choices = "'regular' or 'extended'" if {"pre", "post"} <= known else "'regular'"
            raise InvalidArgumentError("hours", hours, f"the calendar {name!r} knows {choices}")
        self._columns = columns
        self._years: dict[int, dict[date, Sequence[tuple[int, int]]]] = {}
        super().__init__(str(self._calendar.tz))

    def hours(self, day: date) -> Sequence[tuple[int, int]]:
        # A year at a time: the schedule of a year takes the library 0.2 s, that of a day 0.02 s.
        year = self._years.get(day.year)
        if year is None:
            year = self._years[day.year] = self._load(day.year)
        return year.get(day, ())

    def _load(self, year: int) -> dict[date, Sequence[tuple[int, int]]]:
        opening, closing = self._columns
        schedule = self._calendar.schedule(f"{year}-01-01", f"{year}-12-31", start=opening, end=closing)
        has_break = "break_start" in schedule.columns and opening == "market_open"
        names = [opening, "break_start", "break_end", closing] if has_break else [opening, closing]
        rows = schedule[names].itertuples(name=None)
        return {day.date(): _pairs(instants) for day, *instants in rows}


def _pairs(instants: Iterable[datetime]) -> Sequence[tuple[int, int]]:
    # A day without the break has "not a time" there, which alone differs from itself.
    times = [int(instant.timestamp() * 1_000) for instant in instants if instant == instant]
    pairs: list[tuple[int, int]] = []
    for opening, closing in zip(times[::2], times[1::2], strict=True):
        if pairs and opening == pairs[-1][1]:
            # A break of no length: it was given up, or a half day ends with it.
            pairs[-1] = (pairs[-1][0], closing)
        else:
            pairs.append((opening, closing))
    return tuple(pairs)


def _clock(argument: str, clock: str) -> time:
    try:
        told = time.fromisoformat(clock)
    except (TypeError, ValueError):
        raise InvalidArgumentError(argument, clock, "use hours and minutes, such as '09:30'") from None
    if told.tzinfo is not None:
        raise InvalidArgumentError(argument, clock, "use the clock alone; time_zone tells the zone")
    return told
