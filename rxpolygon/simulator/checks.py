"""Checks of arguments that the simulator and its faults share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, TypeVar

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["close_code", "integer", "one_of", "positive", "seconds", "share", "whole"]

Word = TypeVar("Word", bound=str)

_LAST_CODE: Final = 4999
# RFC 6455, 7.4: codes that may be sent, beside those from 3000 on.
_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})


def integer(name: str, value: object, low: int, high: int) -> int:
    """A whole number in a range."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTypeError(name, value, "an int")
    if not low <= value <= high:
        raise InvalidArgumentError(name, value, f"it is from {low} to {high}")
    return value


def whole(name: str, value: object, low: int) -> None:
    """A whole number, however large."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTypeError(name, value, "an int")
    if value < low:
        raise InvalidArgumentError(name, value, f"it is {low} or above")


def positive(name: str, value: object) -> float:
    """A number above zero."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidTypeError(name, value, "a number")
    if not 0 < value <= sys.float_info.max:
        raise InvalidArgumentError(name, value, "it is above 0")
    return float(value)


def one_of(name: str, value: Word, allowed: Sequence[str]) -> Word:
    """One of some words."""
    if value not in allowed:
        raise InvalidArgumentError(name, value, f"it is one of {', '.join(map(repr, allowed))}")
    return value


def seconds(name: str, value: object) -> float:
    """A time, 0 or longer."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidTypeError(name, value, "a number of seconds")
    if not 0 <= value <= sys.float_info.max:
        raise InvalidArgumentError(name, value, "it is 0 or above, and finite")
    return float(value)


def share(name: str, value: object) -> None:
    """A part of the whole."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidTypeError(name, value, "a number")
    if not 0 <= value <= 1:
        raise InvalidArgumentError(name, value, "it is from 0 to 1")


def close_code(code: object) -> None:
    """Refuse what no server may close with."""
    if isinstance(code, bool) or not isinstance(code, int):
        raise InvalidTypeError("code", code, "a close code: an int")
    if code not in _CLOSE_CODES and not 3000 <= code <= _LAST_CODE:
        raise InvalidArgumentError(
            "code", code, "a close code is 1000 to 1003, 1007 to 1014, or 3000 to 4999"
        )
