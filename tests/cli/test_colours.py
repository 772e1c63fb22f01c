"""Colours on a terminal, and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rxpolygon.cli.colours import coloured_json
from tests.cli.processes import PATIENCE, in_terminal, plain, program
from tests.cli.test_replay import recording, trade

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def day(tmp_path: Path) -> str:
    return str(recording(tmp_path / "day.jsonl", [trade(number) for number in range(3)]))


def test_names_are_in_the_background_on_a_terminal(day: str) -> None:
    status, screen = in_terminal("replay", day)
    assert status == 0
    assert screen.count("\x1b[2m") == 3 * 7  # the names of a trade's fields
    assert [json.loads(line)["price"] for line in plain(screen).split()] == [100.0, 101.0, 102.0]


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("options", [[], ["--bars", "10s"], ["--limit", "none"]])
def test_no_colours_where_they_are_not_wanted(
    day: str, environment: dict[str, str], options: list[str]
) -> None:
    _, screen = in_terminal("replay", day, *options, **environment)
    assert screen
    assert "\x1b" not in screen


def test_a_failure_is_red_on_a_terminal() -> None:
    status, screen = in_terminal("replay", "none.jsonl")
    assert status == 5
    assert screen == "\x1b[31mrxpolygon:\x1b[0m none.jsonl: there is no such file\r\n"


@pytest.mark.parametrize(("variable", "has_colours"), [("PATH", False), ("FORCE_COLOR", True)])
def test_a_pipe_gets_colours_only_when_they_are_forced(day: str, variable: str, has_colours: bool) -> None:
    environment = {name: it for name, it in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    environment = {"TERM": "xterm", **environment, variable: environment.get(variable, "1")}
    done = subprocess.run(
        program("replay", day), capture_output=True, timeout=PATIENCE, check=True, env=environment
    )
    assert (b"\x1b" in done.stdout) is has_colours


def test_what_looks_like_a_name_in_a_value_is_left_alone() -> None:
    assert coloured_json(b'{"id":"a\\"b\\":c"}') == b'{\x1b[2m"id":\x1b[0m"a\\"b\\":c"}'
