"""Ctrl-C, closed pipes and losses, in a process of its own."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from rxpolygon.simulator import Simulator
from tests.cli.processes import connection, started

_MANY = 1_000_000  # bytes, more than a pipe holds


def test_ctrl_c_ends_a_stream_with_whole_lines(market: Simulator) -> None:
    with started("stream", *connection(market.url)) as stream:
        stream.out.readline()
        stream.signal(signal.SIGINT)
        outcome = stream.end()
    assert outcome.status == 0
    assert outcome.err == f"rxpolygon: logged in to {market.url}/stocks\n"
    assert outcome.out.endswith("}\n")


def test_ctrl_c_ends_a_stream_whose_reader_stands_still() -> None:
    with Simulator(speed="max", keep_sent=True) as busy, started("stream", *connection(busy.url)) as stream:
        busy.wait_for(lambda server: sum(map(len, server.sent_frames.get(1, []))) > _MANY, timeout=20)
        stream.signal(signal.SIGINT)
        assert stream.end_unread().status == 0


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
    import subprocess

    arguments = [sys.executable, "-m", "rxpolygon.cli", "stream", *connection(market.url)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "rxpolygon: stdout cannot be written: No space left on device"


def test_a_stream_goes_on_after_a_loss_and_tells_it(market: Simulator) -> None:
    with started("stream", "--symbols", "AAPL", *connection(market.url)) as stream:
        stream.out.readline()
        market.drop_connections()
        market.wait_for(lambda server: server.connections == 2 and server.subscriptions.get(2), timeout=20)
        stream.signal(signal.SIGINT)
        outcome = stream.end()
    assert outcome.status == 0
    assert outcome.err.count("logged in to") == 2
    assert "disconnected: " in outcome.err
    assert "reconnecting in " in outcome.err
