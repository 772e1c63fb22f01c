"""What every test of the simulator stands on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rxpolygon.simulator import Simulator


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def quiet() -> Iterator[Simulator]:
    """A simulator that sends nothing by itself."""
    with Simulator(market=False, keep_sent=True) as simulator:
        yield simulator
