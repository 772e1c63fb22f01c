"""What the command says about itself."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable

import pytest

import rxpolygon
from rxpolygon.cli import exits
from tests.cli.processes import Outcome

Command = Callable[..., Outcome]

NAMES = ["demo", "serve", "bars", "stream", "record", "replay"]


def test_version_is_the_package_version(command: Command) -> None:
    assert command("--version") == (0, f"rxpolygon {rxpolygon.__version__}\n", "")


def test_no_arguments_show_the_help(command: Command) -> None:
    outcome = command()
    assert outcome == command("--help")
    assert outcome.status == 0
    for name in NAMES:
        assert f"  {name} " in outcome.out


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command_fits_a_terminal(command: Command, name: str) -> None:
    outcome = command(name, "--help")
    assert outcome.status == 0
    assert outcome.out.startswith(f"Usage: rxpolygon {name} ")
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_help_comes_with_a_short_option_too(command: Command) -> None:
    assert command("bars", "-h") == command("bars", "--help")


@pytest.mark.parametrize("name", NAMES)
def test_examples_of_a_command_use_options_that_it_has(command: Command, name: str) -> None:
    text = command(name, "--help").out
    options = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", text, re.MULTILINE))
    examples = re.findall(r"^    rxpolygon (.*)$", text, re.MULTILINE)
    assert examples
    for example in examples:
        called, *rest = shlex.split(example.partition(" > ")[0])
        assert called == name
        assert {word for word in rest if word.startswith("--")} <= options


def test_the_help_lists_every_exit_status(command: Command) -> None:
    _, _, table = command("--help").out.partition("Exit status:")
    told = set(re.findall(r"\b(\d{1,3})\b", table))
    documented = set(re.findall(r"^(\d+) ", exits.__doc__ or "", re.MULTILINE))
    assert documented <= told
    assert documented == {"0", "1", "2", "3", "4", "5", "129", "130", "143"}


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in NAMES)])
def test_help_does_not_wait_for_a_streams_machinery(arguments: list[str]) -> None:
    code = (
        f"import sys; sys.argv[1:] = {arguments!r}\n"
        "from rxpolygon.cli.entry import run\n"
        "run(sys.argv[1:])\n"
        "heavy = {'rxpolygon.client', 'rxpolygon.simulator', 'rxpolygon.alpaca', 'rxpolygon.operators'}\n"
        "sys.exit(len(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
