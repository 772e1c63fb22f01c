"""Every failure is one line on stderr, with an exit status that says what kind it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from rxpolygon.simulator import Simulator, faults
from tests.cli.processes import PATIENCE, Outcome, connection

Command = Callable[..., Outcome]

# For ever: another attempt may begin before the command hears of the first one.
_CLOSED_DOORS = [faults.RefuseHandshake(status=503, times=None), faults.CloseAtOnce(times=None)]


@pytest.mark.parametrize("name", ["bars", "stream"])
@pytest.mark.parametrize(
    ("options", "reason", "status"),
    [
        (
            ["--cluster", "bonds", "--api-key", "demo"],
            "cluster='bonds' is not allowed: use one of",
            2,
        ),
        ([], "no API key: give --api-key, or set POLYGON_API_KEY or MASSIVE_API_KEY", 2),
        (["--api-key", ""], "api_key='' is not allowed", 2),
        (["--api-key", "demo", "--host", "ftp://x"], "host='ftp://x' is not allowed", 2),
        (["--api-key", "demo", "--host", "ws://127.0.0.1:1"], "cannot connect to ws://127.0.0.1:1/stocks", 4),
        (
            ["--api-key", "demo", "--host", "-no-host.invalid"],
            "cannot connect to wss://-no-host.invalid/stocks",
            4,
        ),
        (["--api-key", "demo", "--symbols", ","], "symbols=',' is not allowed", 2),
        (["--seconds", "0"], "seconds=0.0 is not allowed: a number above 0", 2),
        (["--seconds", "nan"], "seconds=nan is not allowed: a number above 0", 2),
        (["--limit", "many"], "Invalid value for '--limit'", 2),
        (["--bogus"], "No such option: --bogus", 2),
    ],
)
def test_wrong_options_are_told_in_one_line(
    command: Command, name: str, options: list[str], reason: str, status: int
) -> None:
    outcome = command(name, *options)
    assert (outcome.status, outcome.out) == (status, "")
    assert outcome.reason.startswith(reason)


def test_a_refused_login_does_not_show_the_key(command: Command, market: Simulator) -> None:
    outcome = command("stream", "--host", market.url, "--api-key", "TOPSECRET")
    assert outcome.status == 3
    assert "refused the login" in outcome.reason
    assert "TOPSECRET" not in outcome.err


@pytest.mark.parametrize("fault", _CLOSED_DOORS)
def test_a_server_that_lets_nobody_in_is_not_waited_for(command: Command, fault: faults.Fault) -> None:
    with Simulator(faults=[fault]) as server:
        outcome = command("stream", *connection(server.url))
    assert outcome.status == 4
    assert outcome.reason.startswith(f"cannot connect to {server.url}/stocks")


def test_a_server_that_never_answers_the_login_is_told_when_the_time_is_over(command: Command) -> None:
    with Simulator(faults=[faults.SilentLogin()]) as server:
        outcome = command("stream", "--seconds", "0.3", *connection(server.url))
    assert outcome.status == 4
    assert "did not answer the login within 0.3 s" in outcome.reason


def test_an_unknown_command_is_told_in_one_line(command: Command) -> None:
    outcome = command("sing")
    assert outcome.status == 2
    assert outcome.reason.startswith("No such command 'sing'")


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [("typer", [], "cli"), ("rich", ["demo"], "cli"), ("websockets", ["demo"], "simulator")],
)
def test_a_missing_package_is_told_with_its_extra(package: str, arguments: list[str], extra: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = {arguments!r}; "
        "from rxpolygon.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"pip install 'rxpolygon[{extra}]'" in done.stderr
