"""Every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import rxpolygon


def module_names() -> list[str]:
    found = pkgutil.walk_packages(rxpolygon.__path__, "rxpolygon.")
    return ["rxpolygon", *sorted(module.name for module in found if not module.name.endswith("__main__"))]


@pytest.mark.usefixtures("statuses_unwritten")
@pytest.mark.parametrize("name", module_names())
def test_examples_of_a_module_run(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert results.failed == 0
