"""When to connect again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["Reconnect"]


class Reconnect(Struct, frozen=True, kw_only=True):
    """How to come back after a loss: exponential back-off with jitter.

    The back-off starts anew only after data came or ten seconds passed since the login, never because a
    connection or a login worked: a server over its limit lets clients in and throws them out a second later.

    Attributes:
        initial: Seconds before the first attempt.
        maximum: The longest wait in seconds.
        multiplier: How much longer each wait is than the one before.
        jitter: ``full`` waits a random time between 0 and the computed one, so that many clients do not
            come back together; ``none`` waits exactly that long.
        attempts: How many attempts in a row may fail; None for no limit.
        cap_cooldown: Seconds to wait at least when the account's connection limit was reached.
        on_evicted: ``stop`` when another connection of the account takes over, or ``retry``, which
            fights for the place.

    Raises:
        InvalidArgumentError: A number is negative or a word is not one of those above.
        InvalidTypeError: A number is not a number.

    Example:
        >>> policy = Reconnect(initial=1, jitter="none")
        >>> [policy.delay(attempt, random=lambda: 0.5) for attempt in (1, 2, 3)]
        [1.0, 2.0, 4.0]
    """

    initial: float = 0.5
    maximum: float = 30.0
    multiplier: float = 2.0
    jitter: Literal["full", "none"] = "full"
    attempts: int | None = None
    cap_cooldown: float = 60.0
    on_evicted: Literal["stop", "retry"] = "stop"

    def __post_init__(self) -> None:
        for name in ("initial", "maximum", "multiplier", "cap_cooldown"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                unit = "" if name == "multiplier" else " of seconds"
                raise InvalidTypeError(name, value, f"a number{unit}")
            if not 0 <= value <= sys.float_info.max:
                raise InvalidArgumentError(name, value, "a finite number, 0 or more")
        if self.multiplier < 1:
            raise InvalidArgumentError("multiplier", self.multiplier, "1 or more")
        self._check_attempts()
        if self.jitter not in ("full", "none"):
            raise InvalidArgumentError("jitter", self.jitter, "'full' or 'none'")
        if self.on_evicted not in ("stop", "retry"):
            raise InvalidArgumentError("on_evicted", self.on_evicted, "'stop' or 'retry'")

    def _check_attempts(self) -> None:
        allowed = "a whole number from 1, or None for no limit"
        if self.attempts is None:
            return
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int):
            raise InvalidTypeError("attempts", self.attempts, allowed)
        if self.attempts < 1:
            raise InvalidArgumentError("attempts", self.attempts, allowed)

    def delay(self, attempt: int, random: Callable[[], float], *, capped: bool = False) -> float:
        """Seconds to wait before an attempt.

        Args:
            attempt: 1 for the first one after a loss.
            random: Gives a number from 0 up to 1.
            capped: Whether the account's connection limit was the reason.
        """
        exponent = min(attempt - 1, 64)  # beyond, the power is over any sensible maximum
        try:
            wait = min(self.maximum, self.initial * self.multiplier**exponent)
        except OverflowError:  # a steep multiplier
            wait = self.maximum
        if self.jitter == "full":
            wait *= random()
        return self.cap_cooldown + wait if capped else wait
