"""New York's clock, by which US markets count their days and hours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["DAY_MS", "HOUR_MS", "MINUTE_MS", "SECOND_MS", "NewYorkClock"]

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

_OPEN_MS: Final = 9 * HOUR_MS + 30 * MINUTE_MS
_CLOSE_MS: Final = 16 * HOUR_MS
_NEW_YORK: Final = "America/New_York"


class NewYorkClock:
    """Wall times of New York, one time-zone question an hour.

    Example:
        >>> clock = NewYorkClock()
        >>> clock.is_regular(1_700_000_000_000), clock.time_of_day(1_700_000_000_000) // HOUR_MS
        (False, 17)
    """

    def __init__(self) -> None:
        self._zone = ZoneInfo(_NEW_YORK)
        self._hour = -1
        self._offset = 0

    def local(self, at: int) -> int:
        """The instant moved by New York's offset, so that its midnight is a multiple of a day."""
        hour = at // HOUR_MS
        if hour != self._hour:
            offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(self._zone).utcoffset()
            self._offset = int(offset.total_seconds() * 1000) if offset is not None else 0
            self._hour = hour
        return at + self._offset

    def time_of_day(self, at: int) -> int:
        """Milliseconds since midnight in New York."""
        return self.local(at) % DAY_MS

    def day(self, at: int) -> int:
        """The number of the day in New York."""
        return self.local(at) // DAY_MS

    def is_regular(self, at: int) -> bool:
        """Whether the instant is in regular hours, from 9:30 up to 16:00."""
        return _OPEN_MS <= self.time_of_day(at) < _CLOSE_MS
