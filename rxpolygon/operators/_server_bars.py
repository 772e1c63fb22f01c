"""Aggregates of a server, read as bars."""

from __future__ import annotations

from typing import Protocol

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._checks import unfit
from rxpolygon.operators._protocols import Timed

__all__ = ["AggregateLike", "bar_of", "rounded_size", "to_bar", "untold"]


class AggregateLike(Timed, Protocol):
    """A window of time summed up by a server, of any cluster or venue; or a :class:`Bar`."""

    @property
    def start(self) -> int:
        """The window's first instant, Unix ms UTC, inclusive."""

    @property
    def end(self) -> int:
        """The window's end, Unix ms UTC, exclusive."""

    @property
    def open(self) -> float:
        """The first price."""

    @property
    def high(self) -> float:
        """The highest price."""

    @property
    def low(self) -> float:
        """The lowest price."""

    @property
    def close(self) -> float:
        """The last price."""


def to_bar(aggregate: AggregateLike, revision: int = 0) -> Bar | None:
    """The aggregate as a bar; None where prices or times are missing.

    A volume that the server does not tell (indices) is 0. The count is what the server tells, or volume by
    average size, or 0.
    """
    if isinstance(aggregate, Bar):
        return aggregate
    prices = (aggregate.open, aggregate.high, aggregate.low, aggregate.close)
    if None in prices or aggregate.start is None or aggregate.end is None:
        return None
    return Bar(
        symbol=aggregate.symbol,
        start=aggregate.start,
        end=aggregate.end,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=float(getattr(aggregate, "volume", None) or 0),
        vwap=getattr(aggregate, "vwap", None),
        count=_count(aggregate),
        revision=revision,
    )


def bar_of(event: AggregateLike) -> Bar | None:
    """An event of a source as a bar, see :func:`to_bar`.

    Raises:
        InvalidTypeError: It is no aggregate at all.
    """
    try:
        return to_bar(event)
    except AttributeError as error:
        raise unfit(event, "an aggregate with start and end, or a Bar", error) from error


def rounded_size(aggregate: AggregateLike) -> float | None:
    """The average size of a trade, which servers round to a whole number, where only it tells the count."""
    if isinstance(aggregate, Bar) or _told_count(aggregate) is not None:
        return None
    size: float | None = getattr(aggregate, "average_size", None)
    return size


def _count(aggregate: AggregateLike) -> int:
    told = _told_count(aggregate)
    if told is not None:
        return told
    average_size = getattr(aggregate, "average_size", None)
    return round((getattr(aggregate, "volume", None) or 0) / average_size) if average_size else 0


def _told_count(aggregate: AggregateLike) -> int | None:
    for name in ("transactions", "trade_count"):
        count = getattr(aggregate, name, None)
        if count is not None:
            return int(count)
    return None


def untold(aggregate: AggregateLike) -> frozenset[str]:
    """The figures of a bar that the server does not tell."""
    names = {name for name in ("volume", "vwap") if getattr(aggregate, name, None) is None}
    if not _count(aggregate) and not isinstance(aggregate, Bar):
        names.add("count")
    return frozenset(names)
