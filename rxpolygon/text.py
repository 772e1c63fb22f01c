"""Text from outside, made fit to be shown."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["instant", "printable", "text_of"]


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


def text_of(value: object) -> str:
    """What a server put where a text belongs, as text; empty for nothing.

    Example:
        >>> text_of("AAPL"), text_of(17), text_of(None)
        ('AAPL', '17', '')
    """
    try:
        return "" if value is None else str(value)
    except RecursionError:  # lists in lists, as deep as a decoder allows and deeper than Python shows
        return "<nested too deeply>"


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
