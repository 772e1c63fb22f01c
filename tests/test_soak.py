"""A short soak: every event that faulty simulators send is accounted for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import pytest

from tests.soak import Soak

_SECONDS: Final = 13.0
_LONGEST: Final = 100.0  # where the machine is so busy that little happened


@pytest.mark.timeout(240)
def test_soak_of_some_seconds_loses_nothing_in_silence(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    soak = Soak(seed=7, transport="both", certificate=certificate, logs=tmp_path, longest=8.0)
    soak.start()
    began = time.monotonic()
    while time.monotonic() - began < (_SECONDS if is_enough(soak) else _LONGEST):
        if soak.figures.violations:
            break
        time.sleep(0.05)
    soak.stop()
    assert not soak.figures.violations, f"{soak.figures.violations}, see {tmp_path}"
    assert is_enough(soak), str(soak.figures)


def is_enough(soak: Soak) -> bool:
    """Whether the epochs that are over tell anything."""
    return soak.figures["connections"] > 10 and soak.figures["delivered"] > 1_000
