"""Text from outside, made fit to be shown."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["instant", "printable"]


def instant(milliseconds: int | None) -> str:
    """Unix milliseconds for a person: in UTC; as they are where no calendar has them.

    Example:
        >>> instant(1_700_000_000_001)
        '2023-11-14T22:13:20.001Z'
    """
    if milliseconds is None:
        return "an unknown time"
    try:
        moment = datetime.fromtimestamp(milliseconds / 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def printable(text: str, limit: int = 500) -> str:
    """Text from a server, made harmless for terminals and logs, and cut at a length.

    Example:
        >>> printable("\\x1b[2Jhello")
        '\\\\x1b[2Jhello'
    """
    clipped = text if len(text) <= limit else f"{text[:limit]}…"
    if clipped.isprintable():
        return clipped
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in clipped
    )
