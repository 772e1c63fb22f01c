"""Figures of market data as text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rxpolygon.text import printable

__all__ = ["clock_text", "counted", "decimals_of", "value_text"]

_PRICES: Final = frozenset(
    {"price", "bid_price", "ask_price", "open", "high", "low", "close", "vwap", "mid", "spread", "value"}
)
_STEPS: Final = (2, 4, 6)  # decimals: cents, pips and mils, small coins
_CALCULATED: Final = 4  # decimals of averages, which have no end
_MOST_DECIMALS: Final = 6  # of sizes, which have as many as they need


def decimals_of(column: str, values: Iterable[object]) -> int | None:
    """As many decimals as the finest of a column's prices needs, cents at least; None where it has no prices.

    Example:
        >>> decimals_of("price", [189.5, 7]), decimals_of("mid", [1.08421]), decimals_of("size", [0.5])
        (2, 6, None)
    """
    if column not in _PRICES:
        return None
    return max((_needed(value) for value in values if isinstance(value, float)), default=_STEPS[0])


def _needed(number: float) -> int:
    exact = (step for step in _STEPS if abs(round(number, step) - number) < 1e-9)
    return next(exact, _CALCULATED if abs(number) >= 1 else _STEPS[-1])


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
    """An instant in Unix ms as a time of day; nothing for None.

    Example:
        >>> clock_text(1_700_000_000_123, ZoneInfo("UTC"))
        '22:13:20.123'
    """
    if timestamp is None:
        return ""
    return datetime.fromtimestamp(timestamp / 1_000, zone).isoformat(timespec="milliseconds")[11:23]
