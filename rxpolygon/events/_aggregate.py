"""Bars that the server makes: what those of all clusters share."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from rxpolygon.events._base import Event

__all__ = ["SECOND_MS", "MINUTE_MS", "ServerBar"]

SECOND_MS = 1_000
MINUTE_MS = 60_000


class ServerBar(Event, frozen=True):
    """A window of time that the server summed up; its ``timestamp`` is its ``start``.

    The same symbol and start again is a revision of the same window.
    """

    #: The window's length in milliseconds; 0 where a class serves windows of several lengths.
    length: ClassVar[int] = 0

    @property
    def start(self) -> int:
        """The window's first instant, Unix milliseconds UTC."""
        raise NotImplementedError

    @property
    def end(self) -> int:
        """The window's end, Unix milliseconds UTC, exclusive."""
        raise NotImplementedError

    @property
    def timestamp(self) -> int:
        """The window's start, Unix milliseconds UTC."""
        return self.start

    def __post_init__(self) -> None:
        # Some feeds leave the end out; the channel's length gives it.
        if self.end is None and self.start is not None and self.length:
            force_setattr(self, "end", self.start + self.length)
