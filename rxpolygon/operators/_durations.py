"""Lengths of time as users write them: "250ms", "1s", "5m", "1h", "1d", or a timedelta."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["to_milliseconds"]

_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PATTERN: Final = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_ALLOWED: Final = 'use a whole number with a unit, such as "250ms", "1s", "5m", "1h" or "1d", or a timedelta'


def to_milliseconds(argument: str, every: str | timedelta, *, allow_zero: bool = False) -> int:
    """The length of time in whole milliseconds.

    Args:
        argument: The argument's name, for the error's text.
        every: A number with one of the units ms, s, m, h and d ("1d" is 24 hours), or a timedelta.
        allow_zero: Whether no time at all is a length.

    Raises:
        InvalidArgumentError: Zero (unless allowed), negative, finer than a millisecond, or no known unit.
        InvalidTypeError: Neither a str nor a timedelta.
    """
    if isinstance(every, timedelta):
        length, rest = divmod(every, timedelta(milliseconds=1))
        if rest:
            raise InvalidArgumentError(argument, every, "the finest length is one millisecond")
    elif isinstance(every, str):
        match = _PATTERN.fullmatch(every.strip())
        if match is None:
            raise InvalidArgumentError(argument, every, _ALLOWED)
        length = int(match[1]) * _UNIT_MS[match[2]]
    else:
        raise InvalidTypeError(argument, every, "a str such as '1m', or a timedelta")
    if length < 0 or (length == 0 and not allow_zero):
        bound = "zero or more" if allow_zero else "above zero"
        raise InvalidArgumentError(argument, every, f"the length must be {bound}; {_ALLOWED}")
    return length
