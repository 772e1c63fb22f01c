"""A simulator's time, which a test makes leap: what waits for it comes at once, and never too early."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

__all__ = ["MINUTE", "LeapingLoop"]

#: Seconds: far more than a machine stands still.
MINUTE: Final = 60.0


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers are due as soon as :meth:`leap` says so."""

    _ahead = 0.0

    @classmethod
    def of(cls, monkeypatch: pytest.MonkeyPatch) -> list[LeapingLoop]:
        """The loops of the simulators that start from now on, in their order."""
        loops: list[LeapingLoop] = []

        def make() -> LeapingLoop:
            loops.append(cls())
            return loops[-1]

        monkeypatch.setattr("rxpolygon.simulator.runner.asyncio.SelectorEventLoop", make)
        return loops

    def time(self) -> float:
        """The real time, and the leaps."""
        return super().time() + self._ahead

    def leap(self, seconds: float) -> None:
        """Let time pass at once. Any thread."""

        def pass_by() -> None:
            self._ahead += seconds

        self.call_soon_threadsafe(pass_by)
