"""Figures of market data as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zoneinfo import ZoneInfo

from rxpolygon.stats import time_of
from rxpolygon.text import printable

__all__ = ["clock_text", "counted", "decimals_of", "value_text"]

_PRICES: Final = frozenset(
    {"price", "bid_price", "ask_price", "open", "high", "low", "close", "vwap", "mid", "spread", "value"}
)
_STEPS: Final = (2, 4, 6)  # decimals: cents, pips and mils, small coins
_SMALL: Final = 0.001  # below it are coins whose prices have more decimals
_SMALL_STEPS: Final = (*_STEPS, 8, 10)
_CALCULATED: Final = 4  # decimals of averages, which have no end
_MOST_DECIMALS: Final = 6  # of sizes, which have as many as they need


def decimals_of(column: str, values: Iterable[object]) -> int | None:
    """As many decimals as the finest of a column's prices needs, cents at least; None where it has no prices.

    Example:
        >>> decimals_of("price", [189.5, 7]), decimals_of("mid", [1.08421]), decimals_of("size", [0.5])
        (2, 6, None)
        >>> decimals_of("price", [0.00000812])
        8
    """
    if column not in _PRICES:
        return None
    return max((_needed(value) for value in values if isinstance(value, float)), default=_STEPS[0])


def _needed(number: float) -> int:
    size = abs(number)
    steps, rounding = (_SMALL_STEPS, 1e-12) if 0 < size < _SMALL else (_STEPS, 1e-9)
    exact = (step for step in steps if abs(round(number, step) - number) < rounding)
    return next(exact, _CALCULATED if size >= 1 else steps[-1])


def value_text(value: object, decimals: int | None = None) -> str:
    """A value of an event, short and safe to show; nothing for None.

    Args:
        value: The value.
        decimals: Of a number; None shows those that it has.

    Example:
        >>> value_text(1234567), value_text(1234.5, 2), value_text(0.25), value_text(("I", "T"))
        ('1,234,567', '1,234.50', '0.25', 'I, T')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and decimals is not None:
        return f"{value:,.{decimals}f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.{_MOST_DECIMALS}f}".rstrip("0").rstrip(".")
    if isinstance(value, tuple | list):
        return ", ".join(value_text(part) for part in value)
    return printable(str(value), 40)


def counted(count: int, thing: str) -> str:
    """A number of things.

    Example:
        >>> counted(1, "bar"), counted(2_000, "bar")
        ('1 bar', '2,000 bars')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def clock_text(timestamp: int | None, zone: ZoneInfo) -> str:
    """An instant in Unix ms as a time of day; nothing for None, nor for a number that is no time.

    Example:
        >>> clock_text(1_700_000_000_123, ZoneInfo("UTC"))
        '22:13:20.123'
    """
    try:
        time = time_of(timestamp)
        return "" if time is None else time.astimezone(zone).isoformat(timespec="milliseconds")[11:23]
    except OverflowError:  # the last day of the calendar, in a zone where it is over
        return ""
