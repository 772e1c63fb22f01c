"""What operators give for an instant."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from rxpolygon.events._base import ABSENT, moment_of

__all__ = ["Dated"]


class Dated(Struct, frozen=True, gc=False):
    """A result with a ``timestamp``, and so with a ``time``, as every event has."""

    @property
    def timestamp(self) -> int:
        """The instant, Unix milliseconds UTC."""
        raise NotImplementedError

    @property
    def time(self) -> datetime:
        """The instant as an aware datetime in UTC; None where missing or beyond the calendar."""
        stamp = self.timestamp
        return ABSENT if stamp is None else moment_of(stamp * 1_000)
