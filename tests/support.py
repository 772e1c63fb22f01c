"""What tests of every room use."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["PATIENCE", "wait_for"]

#: How long a test waits for what must come, in seconds; only failures pay it.
PATIENCE: Final = 30.0
_POLL: Final = 0.002

T = TypeVar("T")


def wait_for(
    condition: Callable[[], T], timeout: float = PATIENCE, *, message: Callable[[], str] | None = None
) -> T:
    """Poll until a condition gives a true value, and return it.

    Args:
        condition: Called again and again.
        timeout: Seconds.
        message: Tells what was waited for and what is there instead.

    Raises:
        AssertionError: It did not in time; the text holds the last value and the message.
    """
    limit = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > limit:
            told = f"; for {message()}" if message is not None else ""
            raise AssertionError(f"waited {timeout:g} s in vain; the last value was {value!r}{told}")
        time.sleep(_POLL)
    return value
