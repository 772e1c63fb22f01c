"""Logging: quiet by default, the life of a connection at INFO, faults at WARNING, details at DEBUG."""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rxpolygon
from rxpolygon import StreamClient
from rxpolygon.simulator import Simulator, faults
from tests.client.support import Recorder
from tests.metrics.conftest import Connect
from tests.metrics.support import live_through

PACKAGE = Path(rxpolygon.__file__).parent


def logger_names() -> Iterator[tuple[str, str]]:
    """Where loggers are made, and by which names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("getLogger"):
                [name] = node.args
                yield str(path.relative_to(PACKAGE)), ast.literal_eval(name)


def test_every_logger_is_below_the_librarys_own() -> None:
    names = dict(logger_names())
    assert len(names) > 5
    assert {name for name in names.values() if not f"{name}.".startswith("rxpolygon.")} == set()


def test_the_life_of_a_connection_is_told_by_levels(
    server: Simulator, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "rxpolygon")
    client = connect()
    live_through(server, client)
    client.close_stream()
    told: dict[int, list[str]] = {}
    for record in caplog.records:
        if record.name == "rxpolygon.connection":
            told.setdefault(record.levelno, []).append(record.getMessage())
    assert told[logging.INFO][:3] == [
        f"stocks: connecting to {client.url}",
        f"stocks: connected to {client.url}",
        "stocks: logged in",
    ]
    assert told[logging.INFO][-1] == "stocks: closed"
    faults_told = " ".join(told[logging.WARNING])
    for fault in ("disconnected: ", "reconnecting in ", "gap in T of AAPL ", "malformed ("):
        assert f"stocks: {fault}" in faults_told
    assert any("subscribed to T.AAPL" in line for line in told[logging.DEBUG])
    assert any("sending: " in line for line in told[logging.DEBUG])


def test_an_error_that_ends_the_stream_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rxpolygon")
    with Simulator(faults=[faults.RefuseHandshake(status=404)]) as strict:
        client = StreamClient("demo", host=strict.url, reconnect=None)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        with client:
            trades.wait_for_end()
    [ended] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert ended.getMessage().startswith("stocks: closed: cannot connect to ")


def test_nothing_is_written_unless_logging_is_set_up() -> None:
    program = (
        "from reactivex import operators as ops\n"
        "from rxpolygon import StreamClient\n"
        "from rxpolygon.simulator import Simulator\n"
        "with Simulator(speed=60) as server:\n"
        "    client = StreamClient('demo', host=server.url)\n"
        "    trades = client.subscribe_stock_trades(['AAPL'])\n"
        "    trades.subscribe()\n"  # before the start: what nobody observes is written
        "    with client:\n"
        "        trades.pipe(ops.first()).run()\n"
        "        server.drop_connections()\n"
        "        trades.pipe(ops.skip_while(lambda _: server.connections < 2), ops.first()).run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_the_guide_lists_every_logger() -> None:
    page = (PACKAGE.parent / "docs" / "guide" / "metrics-and-logging.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(rxpolygon\.\w+)` \|", page, re.MULTILINE))
    used = {".".join(name.split(".")[:2]) for _, name in logger_names()} - {"rxpolygon"}
    assert used == listed
