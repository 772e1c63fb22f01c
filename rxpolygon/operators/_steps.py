"""Let an engine take values in turns, and emit what it put."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from rxpolygon.operators._turns import Turns

__all__ = ["Steps"]

T = TypeVar("T")
V = TypeVar("V")


class Steps(Generic[T]):
    """What an engine puts in a step is emitted after it: an observer never meets an engine in mid-step.

    Attributes:
        put: Keeps a value until the step is over; for the engine.
    """

    def __init__(self, turns: Turns[T]) -> None:
        self._turns = turns
        self._out: deque[T] = deque()
        # The bound method itself: one call less for every value.
        self.put: Callable[[T], None] = self._out.append

    def of(self, step: Callable[[V], None]) -> Callable[[V], None]:
        """A handler for :class:`Turns`; an exception of the step ends the output, after what was put."""
        out, turns, emit = self._out, self._turns, self._turns.emit

        def handle(value: V) -> None:
            error: Exception | None = None
            try:
                step(value)
            except Exception as raised:
                error = raised
            while out:
                emit(out.popleft())
            if error is not None:
                turns.end(error)

        return handle
