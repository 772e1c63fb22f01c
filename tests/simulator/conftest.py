"""What every test of the simulator stands on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rxpolygon.simulator import Simulator
from tests.simulator.leaps import LeapingLoop


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
def quiet() -> Iterator[Simulator]:
    """A simulator that sends nothing by itself."""
    with Simulator(market=False, keep_sent=True) as simulator:
        yield simulator
