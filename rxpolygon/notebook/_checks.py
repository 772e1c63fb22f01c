"""Arguments that several views share, checked."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["zone_from"]


def zone_from(timezone: str) -> ZoneInfo:
    """The time zone of a name.

    Example:
        >>> zone_from("America/New_York").key
        'America/New_York'
    """
    if not isinstance(timezone, str):
        raise InvalidTypeError("timezone", timezone, "the name of a time zone, as a str")
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise InvalidArgumentError(
            "timezone", timezone, "use an IANA name such as 'UTC' or 'America/New_York'"
        ) from None
