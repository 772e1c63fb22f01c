"""When to connect again, and which policies there can be."""

from __future__ import annotations

from typing import Any

import pytest

from rxpolygon import Reconnect
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError


@pytest.mark.parametrize(
    ("argument", "value"),
    [("attempts", 0), ("multiplier", 0.5), ("initial", -1), ("initial", 10**400), ("maximum", float("nan"))],
)
def test_value_that_is_not_allowed_is_named(argument: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"{argument}="):
        Reconnect(**{argument: value})


@pytest.mark.parametrize(("argument", "value"), [("attempts", True), ("attempts", 2.5), ("multiplier", "2")])
def test_value_of_a_wrong_type_is_named(argument: str, value: Any) -> None:
    with pytest.raises(InvalidTypeError, match=f"{argument} must be a"):
        Reconnect(**{argument: value})


def test_steep_back_off_stays_at_its_maximum() -> None:
    policy = Reconnect(multiplier=1e9, jitter="none")
    assert [policy.delay(attempt, lambda: 0.5) for attempt in (1, 2, 1_000)] == [0.5, 30.0, 30.0]
