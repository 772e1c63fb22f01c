"""The kit's public names exist, are documented, and come from one place."""

from __future__ import annotations

import inspect

import pytest

from rxpolygon import testing


@pytest.mark.parametrize("name", testing.__all__)
def test_public_name_exists_and_is_documented(name: str) -> None:
    found = getattr(testing, name)
    assert name in dir(testing)
    assert not (inspect.isclass(found) or inspect.isfunction(found)) or (found.__doc__ or "").strip()


def test_every_public_name_has_one_place() -> None:
    placed = [name for names in testing._PLACES.values() for name in names]
    assert sorted(placed) == sorted(testing.__all__)


def test_unknown_name_raises() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = testing.nothing  # type: ignore[attr-defined]  # that is the test
