"""The README tells the truth: its examples run, and its tables are those of the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rxpolygon import errors, operators, status
from rxpolygon.simulator import Simulator
from rxpolygon.venues.polygon.channels import CHANNELS, MARKETS, Channel
from tests.docs.pages import blocks_of

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
OPENING = 1_748_871_000_000  # Monday, 2025-06-02, 9:30 in New York


def blocks(language: str) -> list[str]:
    return [block.text for block in blocks_of(TEXT) if block.language == language]


def section(heading: str) -> str:
    _, _, rest = TEXT.partition(f"\n## {heading}\n")
    assert rest, f"the README has no section {heading!r}"
    return rest.partition("\n## ")[0]


def table_rows(heading: str) -> list[str]:
    rows = [line for line in section(heading).splitlines() if line.startswith("| ")]
    return [row for row in rows if not row.startswith("| ---")][1:]


def names_in(rows: list[str]) -> set[str]:
    """What stands in code style in the first cell of rows."""
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}


def public(module: object, names: list[str], root: type) -> set[str]:
    classes = {name: getattr(module, name) for name in names}
    return {name for name, found in classes.items() if inspect.isclass(found) and issubclass(found, root)}


@pytest.fixture
def _market_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the README tells a reader without an account to set up."""
    with Simulator(seed=2, speed=600, start=OPENING, rate=0.5) as market:
        monkeypatch.setenv("MARKET_HOST", market.url)
        monkeypatch.setenv("POLYGON_API_KEY", "demo")
        yield


@pytest.mark.usefixtures("_market_outside")
@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_an_example_runs(number: int, request: pytest.FixtureRequest) -> None:
    block = blocks("python")[number]
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(block, str(README), "exec"), names)
    for name, found in names.items():
        if name.startswith("test_") and callable(found):
            found(*map(request.getfixturevalue, inspect.signature(found).parameters))


def test_there_are_examples() -> None:
    assert len(blocks("python")) >= 6


def test_there_are_two_set_up_commands_of_one_line_each() -> None:
    commands = re.findall(r"^```sh\n(.*?)^```$", section("Set up"), re.MULTILINE | re.DOTALL)
    assert len(commands) == 2
    assert all(command.count("\n") == 1 for command in commands)
    assert commands[0].rstrip().endswith("/rxpolygon demo")
    assert commands[1].rstrip().endswith("/python -m pytest")


def channel_row(channel: Channel) -> str:
    clusters = "every" if channel.markets == MARKETS else ", ".join(channel.markets)
    return f"| `{channel.name}` | {clusters} | `{channel.prefix}` | `{channel.event.__name__}` |"


def test_the_channels_are_those_of_the_table() -> None:
    assert table_rows("Channels") == [channel_row(channel) for channel in CHANNELS]


def test_the_operators_are_all_there() -> None:
    functions = {name for name in operators.__all__ if inspect.isfunction(getattr(operators, name))}
    assert names_in(table_rows("Operators")) == functions - {"is_regular_hours"}


def test_the_statuses_are_all_there() -> None:
    rows = table_rows("Status, statistics and errors")
    expected = public(status, status.__all__, status.Status) - {"Status", "State"}
    assert expected <= names_in(rows)


def test_the_errors_are_all_there() -> None:
    rows = table_rows("Status, statistics and errors")
    expected = public(errors, errors.__all__, errors.RxPolygonError) - {"RxPolygonError"}
    assert names_in(rows) - public(status, status.__all__, status.Status) - {"status", "error"} == expected
