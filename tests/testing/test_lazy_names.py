"""The package's names are there although nothing is imported before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rxpolygon


@pytest.mark.parametrize("name", rxpolygon.__all__)
def test_public_name_is_found_and_listed(name: str) -> None:
    assert getattr(rxpolygon, name) is not None
    assert name in dir(rxpolygon)


def test_every_listed_name_has_one_place() -> None:
    placed = [name for names in rxpolygon._PLACES.values() for name in names]
    assert sorted([*placed, *rxpolygon._MODULES]) == sorted(rxpolygon.__all__)


def test_unknown_name_raises() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rxpolygon.nothing  # type: ignore[attr-defined]  # that is the test


def test_all_names_come_with_a_star_in_a_new_process() -> None:
    program = "from rxpolygon import *\nassert ReplayClient.__module__ == 'rxpolygon.replay.client'\n"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
