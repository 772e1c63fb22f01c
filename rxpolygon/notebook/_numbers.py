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
_STEPS: Final = (0, 2, 4, 6)  # decimals: whole, cents, pips and mils, small coins
_CALCULATED: Final = 4  # decimals of averages, which have no end


def decimals_of(column: str, values: Iterable[object]) -> int:
    """As many decimals as the finest number of a column needs; prices show cents at least.

    Example:
        >>> decimals_of("price", [189.5, 7]), decimals_of("size", [100.0]), decimals_of("mid", [1.08421])
        (2, 0, 6)
    """
    least = 2 if column in _PRICES else 0
    return max((_needed(value) for value in values if isinstance(value, float)), default=least) or least


def _needed(number: float) -> int:
    exact = (step for step in _STEPS if abs(round(number, step) - number) < 1e-9)
    return next(exact, _CALCULATED if abs(number) >= 1 else _STEPS[-1])


def value_text(value: object, decimals: int = 0) -> str:
    """A value of an event, short and safe to show; nothing for None.

    Example:
        >>> value_text(1234567), value_text(1234.5, 2), value_text(("I", "T")), value_text(None)
        ('1,234,567', '1,234.50', 'I, T', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.{decimals}f}"
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
