"""Events whose instant comes as text or packed into an integer, read only when it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from msgspec import field

from rxpolygon.events._base import ABSENT, Event, moment_of, to_milliseconds, to_nanoseconds

__all__ = ["PACKED_KEY", "WIRE_FORMS", "InstantEvent", "packed_nanoseconds", "text_nanoseconds"]

#: The key under which a codec puts a packed instant; no server uses it.
PACKED_KEY: Final = "_"

#: Fields that hold an instant in the wire's own form; ``timestamp_ns`` says it better.
WIRE_FORMS: Final = frozenset({"wire_timestamp", "packed_timestamp"})

_SECOND_BITS: Final = 34
_SECONDS: Final = (1 << _SECOND_BITS) - 1
_NANOSECONDS: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_SECOND: Final = timedelta(seconds=1)


def packed_nanoseconds(packed: int) -> int:
    """Unix nanoseconds of a msgpack timestamp: its 64 bits, or the 32 of the short form.

    34 bits of seconds stand below 30 bits of nanoseconds (msgpack specification, timestamp extension type);
    in the short form the upper ones are 0.
    """
    return (packed & _SECONDS) * _NANOSECONDS + (packed >> _SECOND_BITS)


def text_nanoseconds(text: str) -> int | None:
    """Unix nanoseconds of an RFC 3339 time; None where it is none.

    Example:
        >>> text_nanoseconds("2023-11-14T22:13:20.123456789Z")
        1700000000123456789
    """
    if text[19:20] == "." and text[-1] == "Z":  # as servers write it
        seconds, digits = _seconds(text[:19]), text[20:-1]
    else:
        seconds, digits = _parts(text.upper())
    if seconds is None or (digits and not (digits.isascii() and digits.isdigit())):
        return None
    return seconds * _NANOSECONDS + int(digits[:9].ljust(9, "0"))


@lru_cache(maxsize=4_096)
def _seconds(text: str) -> int | None:
    """Unix seconds of a time in UTC without fraction and zone. Many events share a second."""
    return _parts(text + "Z")[0]


def _parts(text: str) -> tuple[int | None, str]:
    """Unix seconds of a time, None where it is none, and the digits of its fraction: datetime keeps six."""
    try:
        seconds = (datetime.fromisoformat(text) - _EPOCH) // _ONE_SECOND
    except (ValueError, TypeError, OverflowError):  # no time, or none that says its zone
        return None, ""
    _, point, rest = text.partition(".")
    return seconds, rest[: len(rest) - len(rest.lstrip("0123456789"))] if point else ""


class InstantEvent(Event, frozen=True, tag_field="T"):
    """An event whose instant is as fine as nanoseconds.

    To read it costs as much as to decode the rest of the event, so it is left as it came until somebody asks.
    """

    symbol: str = field(name="S")
    wire_timestamp: int | str = field(default=ABSENT, name="t")
    packed_timestamp: int = field(default=-1, name=PACKED_KEY)

    @property
    def timestamp(self) -> int:
        """The event's instant, Unix milliseconds UTC, floored; None where it is missing or no time."""
        packed = self.packed_timestamp
        if packed >= 0:
            return (packed & _SECONDS) * 1_000 + (packed >> _SECOND_BITS) // 1_000_000
        stamp = self.wire_timestamp
        if stamp.__class__ is int:
            return to_milliseconds(stamp)
        stamp_ns = self.timestamp_ns
        return ABSENT if stamp_ns is None else stamp_ns // 1_000_000

    @property
    def timestamp_ns(self) -> int:
        """The event's instant, Unix nanoseconds UTC, exact; None where it is missing or no time."""
        if self.packed_timestamp >= 0:
            return packed_nanoseconds(self.packed_timestamp)
        stamp = self.wire_timestamp
        if isinstance(stamp, str):
            read = text_nanoseconds(stamp)
            return ABSENT if read is None else read
        return ABSENT if stamp is None else to_nanoseconds(stamp)

    @property
    def time(self) -> datetime:
        """The event's instant as an aware datetime in UTC, floored to microseconds."""
        stamp_ns = self.timestamp_ns
        return ABSENT if stamp_ns is None else moment_of(stamp_ns // 1_000)

    def _told(self) -> list[tuple[str, Any]]:  # Any: fields of any type
        """The fields with their values, and the instant in one form, whichever way it came."""
        told = [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in WIRE_FORMS]
        return [*told, ("timestamp_ns", self.timestamp_ns)]

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__ or not isinstance(other, InstantEvent):
            return NotImplemented
        return self._told() == other._told()

    def __hash__(self) -> int:
        return hash(tuple(self._told()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._told() if value is not None)
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """What rich and IPython show."""
        return [(name, value) for name, value in self._told() if value is not None]
