"""Ten thousand schedules of faults for the state machine, under a virtual network and clock.

A failure names its seed, and ``RXPOLYGON_SEED=<seed> pytest tests/connection/test_machine_virtual.py``
runs it alone.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

from tests.connection.virtual import World

_SCHEDULES: Final = 10_000
_GROUP: Final = 1_000


def _groups() -> list[range]:
    alone = os.environ.get("RXPOLYGON_SEED")
    if alone is not None:
        return [range(int(alone), int(alone) + 1)]
    return [range(start, start + _GROUP) for start in range(0, _SCHEDULES, _GROUP)]


@pytest.mark.parametrize("seeds", _groups(), ids=str)
def test_machine_under_seeded_faults_keeps_its_promises(seeds: range) -> None:
    for seed in seeds:
        world = World(seed)
        try:
            world.run()
        except Exception as error:
            raise AssertionError(f"seed {seed}, at {world.now:.3f} s: {error!r}") from error
