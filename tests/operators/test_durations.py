"""Lengths of time as users write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators._durations import to_milliseconds


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("250ms", 250),
        ("1s", 1_000),
        (" 5m ", 300_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        (timedelta(seconds=1.5), 1_500),
    ],
)
def test_to_milliseconds_reads_every_unit(written: str | timedelta, milliseconds: int) -> None:
    assert to_milliseconds("every", written) == milliseconds


@pytest.mark.parametrize(
    "written", ["", "m", "5", "5 m", "1.5s", "-1s", "1w", "0s", "٣s", timedelta(0), timedelta(-1)]
)
def test_to_milliseconds_refuses_what_is_no_length(written: str | timedelta) -> None:
    with pytest.raises(InvalidArgumentError, match="every="):
        to_milliseconds("every", written)


def test_to_milliseconds_zero_where_it_is_allowed() -> None:
    assert to_milliseconds("lateness", "0s", allow_zero=True) == 0
    with pytest.raises(InvalidArgumentError, match="zero or more"):
        to_milliseconds("lateness", timedelta(-1), allow_zero=True)


def test_to_milliseconds_finer_than_a_millisecond_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="finest"):
        to_milliseconds("every", timedelta(microseconds=1_500))


def test_to_milliseconds_wrong_type_is_refused() -> None:
    with pytest.raises(InvalidTypeError, match="timedelta"):
        to_milliseconds("every", 60)  # type: ignore[arg-type]
