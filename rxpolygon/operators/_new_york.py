"""Days and regular hours in New York, found without calendar arithmetic for each trade."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

__all__ = ["NewYorkDay", "day_of", "is_regular_hours"]

_OPENING: Final = time(9, 30)
_CLOSING: Final = time(16, 0)


class NewYorkDay(NamedTuple):
    """A calendar day in New York; all instants in Unix milliseconds UTC."""

    start: int
    opening: int
    closing: int
    end: int


@lru_cache(maxsize=1)
def _zone() -> ZoneInfo:
    return ZoneInfo("America/New_York")


# Keyed by the UTC hour: New York's midnight always falls on one.
@lru_cache(maxsize=256)
def _day_of_hour(hour: int) -> NewYorkDay:
    zone = _zone()
    try:
        today = datetime.fromtimestamp(hour * 3_600, UTC).astimezone(zone).date()
        today + timedelta(days=1)
    except (ValueError, OverflowError, OSError):
        # Beyond the calendar, as nanoseconds taken for milliseconds are: no hours are regular there.
        start = hour // 24 * 86_400_000
        return NewYorkDay(start, start, start, start + 86_400_000)

    def instant(day_offset: int, clock: time) -> int:
        local = datetime.combine(today + timedelta(days=day_offset), clock, zone)
        return int(local.timestamp() * 1_000)

    return NewYorkDay(instant(0, time.min), instant(0, _OPENING), instant(0, _CLOSING), instant(1, time.min))


def day_of(timestamp: int) -> NewYorkDay:
    """The day in New York that an instant (Unix ms UTC) belongs to."""
    return _day_of_hour(timestamp // 3_600_000)


def is_regular_hours(timestamp: int) -> bool:
    """Whether an instant (Unix ms UTC) is from 9:30 up to, not including, 16:00 in New York.

    Only the clock is asked: holidays and half days are those of any other day. This is the rule that the
    tapes apply to trades of extended hours.

    Example:
        >>> from datetime import datetime
        >>> from zoneinfo import ZoneInfo
        >>> def in_new_york(hour, minute):
        ...     local = datetime(2024, 3, 11, hour, minute, tzinfo=ZoneInfo("America/New_York"))
        ...     return int(local.timestamp() * 1_000)
        >>> [is_regular_hours(in_new_york(*clock)) for clock in [(9, 29), (9, 30), (15, 59), (16, 0)]]
        [False, True, True, False]
    """
    day = _day_of_hour(timestamp // 3_600_000)
    return day.opening <= timestamp < day.closing
