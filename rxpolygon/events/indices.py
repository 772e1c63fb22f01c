"""Events of the indices cluster."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from rxpolygon.events._aggregate import MINUTE_MS, SECOND_MS, ServerBar
from rxpolygon.events._base import ABSENT, FineEvent

__all__ = ["IndexAggregate", "IndexMinuteAggregate", "IndexSecondAggregate", "IndexValue"]


class IndexValue(FineEvent, frozen=True, tag="V"):
    """The value of an index (channel ``V``).

    Attributes:
        symbol: ``T``. The index, for example ``I:SPX``.
        value: ``val``. In points.
        wire_timestamp: ``t``. The instant as sent. ``timestamp`` is it in ms and ``timestamp_ns`` exact.
    """

    symbol: str = field(name="T")
    value: float = field(default=ABSENT, name="val")
    wire_timestamp: int = field(default=ABSENT, name="t")


class IndexAggregate(ServerBar, frozen=True):
    """A second or a minute of an index, summed up by the server (channels ``A``, ``AM``). No volume.

    Attributes:
        symbol: ``sym``. The index, for example ``I:SPX``.
        open: ``o``. The first value in the window.
        high: ``h``. The highest value.
        low: ``l``. The lowest value.
        close: ``c``. The last value.
        start: ``s``. The window's first instant, Unix ms UTC, inclusive.
        end: ``e``. Its end, Unix ms UTC, exclusive; start plus length when the server leaves it out.
        official_open: ``op``. The day's opening value.
    """

    symbol: str = field(name="sym")
    open: float = field(default=ABSENT, name="o")
    high: float = field(default=ABSENT, name="h")
    low: float = field(default=ABSENT, name="l")
    close: float = field(default=ABSENT, name="c")
    start: int = field(default=ABSENT, name="s")
    end: int = field(default=ABSENT, name="e")
    official_open: float | None = field(default=None, name="op")


class IndexSecondAggregate(IndexAggregate, frozen=True, tag="A"):
    """An :class:`IndexAggregate` of one second."""

    length: ClassVar[int] = SECOND_MS


class IndexMinuteAggregate(IndexAggregate, frozen=True, tag="AM"):
    """An :class:`IndexAggregate` of one minute."""

    length: ClassVar[int] = MINUTE_MS
