"""``rxpolygon serve``."""

from __future__ import annotations

import gzip
import json
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from tests.alpaca_simulator.wire import Client
from tests.cli.processes import OPENING, Outcome, Process, connection, started

Command = Callable[..., Outcome]


def url_of(server: Process) -> str:
    """The URL that the server tells first."""
    told = re.search(r"on (ws://127\.0\.0\.1:\d+) \(Ctrl-C stops it\)", server.out.readline())
    assert told is not None
    return told[1]


def recording(path: Path, count: int = 20) -> Path:
    """A recording of trades a tenth of a second apart."""
    lines = []
    for number in range(count):
        at = OPENING + number * 100
        trade = {
            "ev": "XT",
            "pair": "BTC-USD",
            "p": 100.5 + number,
            "s": 1,
            "t": at,
            "i": str(number),
            "x": 1,
        }
        lines.append(json.dumps([at * 1_000_000, [trade]], separators=(",", ":")))
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_serve_tells_its_url_and_what_to_type_and_stops_at_ctrl_c(command: Command) -> None:
    with started("serve", "--port", "0", "--speed", "60", "--api-key", "mine") as server:
        url = url_of(server)
        server.out.readline()
        assert server.out.readline() == f"  rxpolygon bars --cluster stocks --host {url} --api-key mine\n"
        outcome = command(
            "stream", "--host", url, "--api-key", "mine", "--channel", "stock_quotes", "--limit", "3"
        )
        assert outcome.status == 0
        assert len(outcome.out.splitlines()) == 3
        server.signal(signal.SIGINT)
        assert server.end()[::2] == (130, "rxpolygon: stopped\n")


def test_serve_gives_a_recording_to_its_own_cluster(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "btc.jsonl.gz")
    with started("serve", str(path), "--port", "0", "--speed", "max") as server:
        url = url_of(server)
        server.out.readline()
        assert f"rxpolygon bars --cluster crypto --host {url}" in server.out.readline()
        outcome = command(
            "stream", "--cluster", "crypto", "--channel", "crypto_trades", "--limit", "20", *connection(url)
        )
    prices = [json.loads(line)["price"] for line in outcome.out.splitlines()]
    assert prices == [100.5 + number for number in range(20)]


def test_serve_tells_where_a_recording_is_cut(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "cut.jsonl")
    path.write_bytes(path.read_bytes()[:-30])
    with started("serve", str(path), "--port", "0", "--speed", "max") as server:
        options = ["--cluster", "crypto", "--channel", "crypto_trades", "--limit", "19"]
        outcome = command("stream", *options, *connection(url_of(server)))
        assert len(outcome.out.splitlines()) == 19
        server.signal(signal.SIGINT)
        assert "cut.jsonl, line 20: the file is cut off here" in server.end().err


def test_serve_on_a_port_that_is_taken_fails(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = command("serve", "--port", str(port))
    assert outcome.status == 1
    assert outcome.reason.startswith(f"cannot listen on port {port}: ")


def test_serve_without_a_usable_recording_fails(command: Command, tmp_path: Path) -> None:
    empty, other = tmp_path / "empty.jsonl", tmp_path / "other.jsonl"
    empty.touch()
    other.write_text("name,price\n")
    for path, problem in (
        (tmp_path / "none.jsonl", "none.jsonl: the file cannot be read"),
        (empty, "empty.jsonl, line 1: the file is empty"),
        (other, "other.jsonl, line 1: expected [<receive time in Unix ns>,<frame>]"),
    ):
        outcome = command("serve", str(path))
        assert outcome.status == 5
        assert problem in outcome.reason


def test_serve_at_a_speed_that_is_none_fails(command: Command) -> None:
    outcome = command("serve", "--speed", "fast")
    assert outcome.status == 2
    assert "speed='fast' is not allowed: it is a number above 0, or 'max'" in outcome.reason


def test_serve_speaks_the_protocol_of_the_other_venue(command: Command) -> None:
    with started("serve", "--venue", "alpaca", "--port", "0", "--api-key", "AK:right") as server:
        url = re.search(r"on (ws://127\.0\.0\.1:\d+/v2/iex) ", server.out.readline())
        assert url is not None
        server.out.readline()
        assert server.out.readline() == f'  StockDataStream("AK", "right", url_override="{url[1]}")\n'
        with Client(url[1]) as client:
            client.log_in("AK", "right").subscribe(quotes=["AAPL"])
            assert client.next()["S"] == "AAPL"
        server.signal(signal.SIGINT)
        assert server.end()[::2] == (130, "rxpolygon: stopped\n")


def test_serve_names_the_venues_that_there_are(command: Command) -> None:
    outcome = command("serve", "--venue", "nasdaq")
    assert outcome.status != 0
    assert "'polygon', 'alpaca'" in outcome.err
