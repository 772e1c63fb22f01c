"""Text from outside, made fit to be shown."""

from __future__ import annotations

__all__ = ["printable"]


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
