"""Checks of arguments that several operators share."""

from __future__ import annotations

from math import isfinite

from reactivex import Observable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["fit", "function", "not_negative", "observable", "positive", "positive_whole", "unfit"]


def observable(argument: str, value: object) -> None:
    """Refuses what is no Observable."""
    if not isinstance(value, Observable):
        raise InvalidTypeError(argument, value, "an Observable")


def function(argument: str, value: object) -> None:
    """Refuses what cannot be called, but for None, which stands for no function."""
    if value is not None and not callable(value):
        raise InvalidTypeError(argument, value, "a function")


def unfit(event: object, expected: str, error: AttributeError) -> InvalidTypeError:
    """What to tell of an event that lacks an attribute."""
    told = InvalidTypeError("an event of the source", event, expected)
    told.__cause__ = error
    return told


def fit(event: object, expected: str, *attributes: str) -> None:
    """Refuses an event that lacks an attribute."""
    if not all(hasattr(event, name) for name in attributes):
        raise InvalidTypeError("an event of the source", event, expected)


def not_negative(argument: str, value: float) -> None:
    """Refuses what is not a finite number of zero or above."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTypeError(argument, value, "a number")
    if not (isfinite(value) and value >= 0):
        raise InvalidArgumentError(argument, value, "use a finite number, zero or above")


def positive(argument: str, value: float) -> None:
    """Refuses what is not a finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTypeError(argument, value, "a number")
    if not (isfinite(value) and value > 0):
        raise InvalidArgumentError(argument, value, "use a finite number above zero")


def positive_whole(argument: str, value: int) -> None:
    """Refuses what is not a whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTypeError(argument, value, "an int")
    if value <= 0:
        raise InvalidArgumentError(argument, value, "use a whole number above zero")
