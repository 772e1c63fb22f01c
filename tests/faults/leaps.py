"""The time of a connection, which a test makes leap: minutes without waiting, and never by a busy machine."""

from __future__ import annotations

import threading
import time
from typing import Final

import pytest

from rxpolygon.connection import Carrier
from rxpolygon.live import LiveStreams
from tests.support import wait_for

__all__ = ["MINUTE", "Leaps", "carrier_of"]

#: Seconds: far more than a machine stands still.
MINUTE: Final = 60.0


def carrier_of(client: LiveStreams) -> Carrier:
    """The carrier of a client that was started."""
    carrier = client._carrier
    assert carrier is not None
    return carrier


class Leaps:
    """A clock that goes on as the real one does, and ahead of it as far as it was made to leap."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._looked = threading.Event()

    @classmethod
    def of(cls, monkeypatch: pytest.MonkeyPatch) -> Leaps:
        """The clock of all connections of a test, and of their buffers, from now on."""
        clock = cls()
        for module in ("carrier", "buffer"):
            monkeypatch.setattr(f"rxpolygon.connection.{module}.time", clock)
        return clock

    def monotonic(self) -> float:
        """The time, as the module ``time`` tells it."""
        if threading.current_thread().name.endswith("-keeper"):
            self._looked.set()
        return time.monotonic() + self._ahead

    def leap(self, carrier: Carrier, seconds: float) -> None:
        """Let time pass at once for a connection, and wait until its keeper has done what is due then."""
        with carrier._condition:
            self._ahead += seconds
            self._looked.clear()
            carrier._condition.notify_all()
        wait_for(self._looked.is_set)
        with carrier._condition:
            """The keeper waits again, or carries out what it decided."""

    def leap_and_hear(self, carrier: Carrier, seconds: float) -> None:
        """Let time pass, and wait until something was read after that."""
        before = carrier._reads()
        self.leap(carrier, seconds)
        wait_for(lambda: carrier._reads() > before)
