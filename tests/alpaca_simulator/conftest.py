"""What every test of the simulator of Alpaca stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rxpolygon.simulator import Simulator


@pytest.fixture
def quiet() -> Iterator[Simulator]:
    """A simulator that sends nothing by itself."""
    with Simulator(venue="alpaca", market=False, keep_sent=True) as simulator:
        yield simulator
