"""A check of arguments that every room may need."""

from __future__ import annotations

from rxpolygon.errors import InvalidTypeError

__all__ = ["flag"]


def flag(argument: str, value: bool, hint: str = "") -> bool:
    """The value, if it is True or False: anything else might be meant to say more.

    Args:
        argument: Its name.
        value: What was given.
        hint: What somebody who gave another value may have meant instead, for the error's text.

    Raises:
        InvalidTypeError: It is neither.

    Example:
        >>> from rxpolygon.checks import flag
        >>> flag("fill", True)
        True
    """
    if not isinstance(value, bool):
        raise InvalidTypeError(argument, value, f"True or False{hint}")
    return value
