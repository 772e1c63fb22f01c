"""What the command says about itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rxpolygon
from tests.cli.processes import Outcome

Command = Callable[..., Outcome]


def test_version_is_the_package_version(command: Command) -> None:
    assert command("--version") == (0, f"rxpolygon {rxpolygon.__version__}\n", "")


def test_no_arguments_show_the_help(command: Command) -> None:
    outcome = command()
    assert outcome == command("--help")
    assert outcome.status == 0
    for name in ("demo", "serve", "bars", "stream", "record", "replay"):
        assert f"  {name} " in outcome.out


@pytest.mark.parametrize("name", ["demo", "serve", "bars", "stream", "record", "replay"])
def test_help_of_a_command_fits_a_terminal(command: Command, name: str) -> None:
    outcome = command(name, "--help")
    assert outcome.status == 0
    assert outcome.out.startswith(f"Usage: rxpolygon {name} ")
    assert max(map(len, outcome.out.splitlines())) <= 80
