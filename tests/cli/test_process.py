"""Ctrl-C, closed pipes and losses, in a process of its own."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rxpolygon.simulator import Simulator
from tests.cli.processes import PATIENCE, connection, program, started

_MANY = 1_000_000  # bytes, more than a pipe holds


def test_ctrl_c_ends_a_stream_with_whole_lines(market: Simulator) -> None:
    with started("stream", *connection(market.url)) as stream:
        first = stream.out.readline()
        stream.signal(signal.SIGINT)
        outcome = stream.end()
    assert outcome.status == 130
    assert outcome.err == f"rxpolygon: logged in to {market.url}/stocks\n"
    assert (first + outcome.out).endswith("}\n")


@pytest.mark.parametrize("module", ["json", "orjson", "rxpolygon.cli.app", "rxpolygon.cli.show"])
def test_ctrl_c_while_the_command_is_being_loaded_leaves_no_traceback(module: str) -> None:
    code = """\
import os, signal, sys

class Impatience:
    def find_spec(self, name, *rest):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatience())
module = sys.argv[1]
from rxpolygon.cli import main
sys.argv[1:] = ["demo", "--seconds", "1"]
main()
"""
    arguments = [sys.executable, "-c", code, module]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_a_stream_in_order_too(market: Simulator, number: int) -> None:
    with started("stream", "--csv", *connection(market.url)) as stream:
        stream.out.readline()
        first = stream.out.readline()
        stream.signal(number)
        outcome = stream.end()
    assert outcome.status == 128 + number
    assert (first + outcome.out).endswith("\n")
    assert outcome.err == f"rxpolygon: logged in to {market.url}/stocks\n"


def test_what_nohup_protects_goes_on_when_the_terminal_is_closed(market: Simulator) -> None:
    ignoring = "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    code = f"{ignoring}from rxpolygon.cli import main; main()"
    arguments = [sys.executable, "-c", code, "stream", *connection(market.url)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        for _ in range(200):
            assert process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 143


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("form", ["--json", "--csv"])
@pytest.mark.parametrize("name", ["stream", "bars"])
def test_head_takes_the_first_line_in_silence(market: Simulator, name: str, form: str) -> None:
    line = shlex.join(program(name, form, *connection(market.url)))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}  | head -1"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stderr == f"rxpolygon: logged in to {market.url}/stocks\n"


def test_ctrl_c_ends_a_stream_whose_reader_stands_still() -> None:
    with Simulator(speed="max", keep_sent=True) as busy, started("stream", *connection(busy.url)) as stream:
        busy.wait_for(lambda server: sum(map(len, server.sent_frames.get(1, []))) > _MANY, timeout=PATIENCE)
        stream.signal(signal.SIGINT)
        assert stream.end_unread().status == 130


@pytest.mark.parametrize("name", ["stream", "bars"])
def test_a_reader_that_leaves_ends_the_command_quietly(market: Simulator, name: str) -> None:
    with started(name, *connection(market.url)) as command:
        command.out.readline()
        command.out.close()
        outcome = command.end_unread()
    assert outcome.status == 0
    assert outcome.err == f"rxpolygon: logged in to {market.url}/stocks\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(market: Simulator) -> None:
    arguments = [sys.executable, "-m", "rxpolygon", "stream", *connection(market.url)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "rxpolygon: stdout cannot be written: No space left on device"


def test_a_stream_goes_on_after_a_loss_and_tells_it(market: Simulator) -> None:
    # Few lines, lest the command waits for a reader of them.
    options = ["--channel", "stock_minute_aggregates", "--symbols", "AAPL", *connection(market.url)]
    with started("stream", *options) as stream:
        stream.out.readline()
        assert "logged in to" in stream.err.readline()
        market.drop_connections()
        told = list(iter(stream.err.readline, f"rxpolygon: logged in to {market.url}/stocks\n"))
        stream.signal(signal.SIGINT)
        outcome = stream.end()
    assert outcome.status == 130
    assert {line.split()[1] for line in told} == {"disconnected:", "reconnecting"}
