"""The README tells the truth: its examples run, and its tables are those of the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from rxpolygon import operators
from rxpolygon.venues.polygon.channels import CHANNELS, MARKETS, Channel
from tests.docs.pages import blocks_of, call_tests, names_in, section, table_rows

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return [block.text for block in blocks_of(TEXT) if block.language == language]


@pytest.mark.usefixtures("market_outside")
@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_an_example_runs(number: int, request: pytest.FixtureRequest) -> None:
    block = blocks("python")[number]
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(block, str(README), "exec"), names)
    call_tests(names, request)


def test_there_are_examples() -> None:
    assert len(blocks("python")) >= 6


def test_there_are_two_set_up_commands_of_one_line_each() -> None:
    commands = re.findall(r"^```sh\n(.*?)^```$", section(TEXT, "Set up"), re.MULTILINE | re.DOTALL)
    assert len(commands) == 2
    assert all(command.count("\n") == 1 for command in commands)
    assert commands[0].rstrip().endswith("/rxpolygon demo")
    assert commands[1].rstrip().endswith("/python -m pytest")


def channel_row(channel: Channel) -> str:
    clusters = "every" if channel.markets == MARKETS else ", ".join(channel.markets)
    return f"| `{channel.name}` | {clusters} | `{channel.prefix}` | `{channel.event.__name__}` |"


def test_the_channels_are_those_of_the_table() -> None:
    assert table_rows(TEXT, "Channels") == [channel_row(channel) for channel in CHANNELS]


def test_the_operators_are_all_there() -> None:
    functions = {name for name in operators.__all__ if inspect.isfunction(getattr(operators, name))}
    assert names_in(table_rows(TEXT, "Operators")) == functions - {"is_regular_hours"}


def test_the_pages_that_it_points_to_are_there() -> None:
    pages = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert len(pages) >= 20
    assert [page for page in pages if not (README.parent / page).exists()] == []
