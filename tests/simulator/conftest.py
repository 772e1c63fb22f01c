"""What every test of the simulator stands on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rxpolygon.simulator import Simulator
from tests.simulator.leaps import LeapingLoop
from tests.simulator.wire import PATIENCE


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> list[LeapingLoop]:
    """The event loops of the simulators of a test, whose time can leap."""
    return LeapingLoop.of(monkeypatch)


@pytest.fixture
def patient_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulators that wait for slow readers before they end a connection that they closed."""
    monkeypatch.setattr("rxpolygon.simulator.link._CLOSE_SECONDS", PATIENCE)


@pytest.fixture
def quiet() -> Iterator[Simulator]:
    """A simulator that sends nothing by itself."""
    with Simulator(market=False, keep_sent=True) as simulator:
        yield simulator
