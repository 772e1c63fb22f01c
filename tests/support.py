"""What tests of every room use."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["PATIENCE", "wait_for"]

#: How long a test waits for what must come, in seconds; only failures pay it.
PATIENCE: Final = 10.0
_POLL: Final = 0.002

T = TypeVar("T")


def wait_for(condition: Callable[[], T], timeout: float = PATIENCE) -> T:
    """Poll until a condition gives a true value, and return it.

    Raises:
        AssertionError: It did not in time; the message holds the last value.
    """
    limit = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > limit:
            raise AssertionError(f"waited {timeout:g} s in vain; the last value was {value!r}")
        time.sleep(_POLL)
    return value
