"""What every market event has in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

__all__ = ["ABSENT", "Event", "FineEvent", "moment_of", "to_milliseconds", "to_nanoseconds"]

# The default of a field that the wire nearly always has. It is typed as present, so that users do not
# test each price for None; at run time it is None when the server left the field out, never 0.
ABSENT: Final[Any] = None

# A Unix instant says its unit by its size: until the year 5138 milliseconds stay below 1e14.
_LARGEST_MS: Final = 10**14
_LARGEST_US: Final = 10**17
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_milliseconds(instant: int) -> int:
    """A Unix instant in milliseconds, microseconds or nanoseconds, floored to milliseconds."""
    if instant < _LARGEST_MS:
        return instant
    return instant // 1_000 if instant < _LARGEST_US else instant // 1_000_000


def to_nanoseconds(instant: int) -> int:
    """A Unix instant in milliseconds, microseconds or nanoseconds, as nanoseconds."""
    if instant < _LARGEST_MS:
        return instant * 1_000_000
    return instant * 1_000 if instant < _LARGEST_US else instant


def moment_of(instant_us: int) -> datetime:
    """A Unix instant in microseconds as a datetime; None for a server's number beyond the calendar."""
    try:
        return _EPOCH + timedelta(microseconds=instant_us)
    except OverflowError:
        return ABSENT  # type: ignore[no-any-return]


class Event(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag_field="ev"):
    """A market event of any kind: immutable, and cheap to make.

    Every event has a ``symbol`` as the server spells it and a ``timestamp`` in Unix milliseconds UTC.
    A field that the server left out is None, never 0.

    Example:
        >>> from rxpolygon.events import Trade
        >>> trade = Trade(symbol="AAPL", price=189.5, size=100, timestamp=1_700_000_000_123)
        >>> trade.time.isoformat()
        '2023-11-14T22:13:20.123000+00:00'
    """

    @property
    def symbol(self) -> str:
        """The symbol as the server spells it."""
        raise NotImplementedError

    @property
    def timestamp(self) -> int:
        """The event's instant, Unix milliseconds UTC."""
        raise NotImplementedError

    @property
    def timestamp_ns(self) -> int:
        """The event's instant in Unix nanoseconds UTC, as fine as the wire has it."""
        stamp = self.timestamp
        return ABSENT if stamp is None else stamp * 1_000_000

    @property
    def time(self) -> datetime:
        """The event's instant as an aware datetime in UTC; None where missing or beyond the calendar."""
        stamp = self.timestamp
        return ABSENT if stamp is None else moment_of(stamp * 1_000)


class FineEvent(Event, frozen=True):
    """An event whose instant the server may send in micro- or nanoseconds."""

    @property
    def wire_timestamp(self) -> int:
        """The instant as the server sent it, in the unit that its size tells."""
        raise NotImplementedError

    @property
    def timestamp(self) -> int:
        """The event's instant, Unix milliseconds UTC, floored."""
        stamp = self.wire_timestamp
        return ABSENT if stamp is None else to_milliseconds(stamp)

    @property
    def timestamp_ns(self) -> int:
        """The event's instant, Unix nanoseconds UTC, exact."""
        stamp = self.wire_timestamp
        return ABSENT if stamp is None else to_nanoseconds(stamp)
