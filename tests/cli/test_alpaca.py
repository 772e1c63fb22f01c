"""``--venue alpaca``: the same commands over the other vendor's protocol."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rxpolygon.recording import read_frames
from rxpolygon.simulator import Simulator, faults
from tests.cli.processes import OPENING, Outcome, patiently
from tests.cli.test_completion import offered

Command = Callable[..., Outcome]


@pytest.fixture
def alpaca() -> Iterator[Simulator]:
    """A simulator of Alpaca where a minute passes in a tenth of a second."""
    with Simulator(venue="alpaca", seed=3, speed=600, start=OPENING, rate=0.5) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _no_keys_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)


def at(server: Simulator, feed: str = "v2/iex") -> list[str]:
    """The options that lead to a simulator's feed."""
    return ["--venue", "alpaca", "--host", server.url_of(feed), "--api-key", "demo:secret"]


def objects(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_stream_writes_typed_events(command: Command, alpaca: Simulator) -> None:
    options = ["--channel", "trades", "--symbols", "aapl", "--limit", "5"]
    outcome = command("stream", *options, *at(alpaca))
    assert outcome.status == 0
    trades = objects(outcome)
    assert {(trade["type"], trade["symbol"]) for trade in trades} == {("Trade", "AAPL")}
    assert all(isinstance(trade["price"], float) and trade["timestamp"] > OPENING for trade in trades)
    assert all(trade["timestamp_ns"] // 1_000_000 == trade["timestamp"] for trade in trades)
    assert not any("packed_timestamp" in trade for trade in trades)


def test_stream_of_all_channels_as_csv(command: Command, alpaca: Simulator) -> None:
    outcome = command("stream", "--symbols", "AAPL", "--csv", "--limit", "300", *at(alpaca))
    rows = list(csv.DictReader(io.StringIO(outcome.out, newline="")))
    assert len(rows) == 300
    assert {"Trade", "Quote"} <= {row["type"] for row in rows}


def test_stream_of_options_leaves_out_what_needs_symbols(command: Command, alpaca: Simulator) -> None:
    options = ["--cluster", "options", "--limit", "3", *at(alpaca, "v1beta1/indicative")]
    outcome = command("stream", *options)
    assert outcome.status == 0
    assert "quotes is left out: it needs --symbols" in outcome.err


@pytest.mark.parametrize(
    ("cluster", "feed", "symbol"),
    [("stocks", "v2/iex", "AAPL"), ("crypto", "v1beta3/crypto/us", "BTC/USD")],
)
def test_bars_come_from_trades(
    command: Command, alpaca: Simulator, cluster: str, feed: str, symbol: str
) -> None:
    options = ["--cluster", cluster, "--symbols", symbol, "--limit", "2", "--json", *at(alpaca, feed)]
    first, second = objects(command("bars", *options))
    assert first["symbol"] == symbol
    assert second["start"] == first["end"] == first["start"] + 60_000


def test_bars_are_revised_by_cancels(command: Command) -> None:
    amended = [faults.Amend(share=0.5, times=None)]
    with Simulator(venue="alpaca", seed=3, speed=600, start=OPENING, rate=0.5, faults=amended) as simulator:
        outcome = command("bars", "--symbols", "AAPL", "--json", "--limit", "40", *at(simulator))
    assert max(bar["revision"] for bar in objects(outcome)) > 0


def test_record_keeps_frames_that_can_be_read(command: Command, alpaca: Simulator, tmp_path: Path) -> None:
    options = ["--channel", "trades", "--symbols", "AAPL", *at(alpaca)]
    kinds: set[str] = set()

    def attempt(seconds: str) -> Outcome:
        path = tmp_path / f"{seconds}.jsonl.gz"
        outcome = command("record", str(path), *options, "--seconds", seconds)
        found = read_frames(path) if path.exists() else []
        kinds.update(event["T"] for frame in found for event in json.loads(frame.frame))
        return outcome

    assert patiently(attempt, lambda _: "t" in kinds).status == 0
    assert {"t"} <= kinds <= {"t", "success", "subscription"}


@pytest.mark.parametrize(
    ("cluster", "feed", "kind"),
    [
        ("stocks", "v2/iex", "Trade"),
        ("crypto", "v1beta3/crypto/us", "CryptoTrade"),
        ("options", "v1beta1/indicative", "OptionTrade"),
    ],
)
def test_what_was_recorded_can_be_replayed(
    command: Command, alpaca: Simulator, tmp_path: Path, cluster: str, feed: str, kind: str
) -> None:
    options = ["--cluster", cluster, "--channel", "trades"]
    path = ""

    def attempt(seconds: str) -> Outcome:
        nonlocal path
        path = str(tmp_path / f"{seconds}.jsonl.gz")
        status = command("record", path, *options, "--seconds", seconds, *at(alpaca, feed)).status
        assert status in (0, 4)  # 4: no login yet
        return command("replay", path, "--venue", "alpaca", *options)

    events = objects(patiently(attempt, lambda outcome: outcome.out))
    assert {event["type"] for event in events} == {kind}
    bars = objects(command("replay", path, "--venue", "alpaca", "--cluster", cluster, "--bars", "1s"))
    assert {bar["symbol"] for bar in bars} <= {event["symbol"] for event in events}
    assert bars


ALPACA_FRAME = '[{"T":"t","S":"AAPL","i":1,"x":"V","p":1,"s":1,"c":["@"],"z":"C","t":"2025-06-02T13:30:00Z"}]'
POLYGON_FRAME = '[{"ev":"T","sym":"AAPL","p":1,"s":1,"t":1748871000000}]'


@pytest.mark.parametrize(
    ("frame", "called", "told"),
    [
        (ALPACA_FRAME, ["replay"], "a frame of Alpaca, in a replay of Polygon.io"),
        (POLYGON_FRAME, ["replay", "--venue", "alpaca"], "in a terminal --venue polygon"),
        (ALPACA_FRAME, ["serve", "--port", "0"], "no market data of this venue"),
        (POLYGON_FRAME, ["serve", "--port", "0", "--venue", "alpaca"], "no market data of this venue"),
    ],
)
def test_a_recording_of_another_venue_is_told_with_the_option(
    command: Command, tmp_path: Path, frame: str, called: list[str], told: str
) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text(f"[1748871000000000000,{frame}]\n")
    outcome = command(*called, str(path))
    assert outcome.status == 5
    assert told in outcome.err.splitlines()[-1]
    assert "in a terminal --venue" in outcome.err.splitlines()[-1]


def test_what_was_recorded_can_be_served(command: Command, alpaca: Simulator, tmp_path: Path) -> None:
    feed = "v1beta1/indicative"  # whose frames are not text
    options = ["--cluster", "options", "--channel", "trades"]
    path = tmp_path / "day.jsonl"

    def attempt(seconds: str) -> Outcome:
        path.unlink(missing_ok=True)
        return command("record", str(path), *options, "--seconds", seconds, *at(alpaca, feed))

    def has_trades(outcome: Outcome) -> bool:
        replayed = ["replay", str(path), "--venue", "alpaca", *options]
        return not outcome.status and len(objects(command(*replayed))) >= 3

    assert patiently(attempt, has_trades).status == 0
    with Simulator(venue="alpaca", recording=path, speed="max") as server:
        outcome = command("stream", *options, "--limit", "3", *at(server, feed))
    assert [event["type"] for event in objects(outcome)] == ["OptionTrade"] * 3


@pytest.mark.parametrize(
    ("options", "reason", "status"),
    [
        (["--venue", "bybit", "--api-key", "a:b"], "venue='bybit' is not allowed: use polygon or alpaca", 2),
        (["--venue", "alpaca"], "no API keys: give --api-key KEY:SECRET, or set APCA_API_KEY_ID", 2),
        (["--venue", "alpaca", "--api-key", "demo"], "alpaca has two keys: give --api-key KEY:SECRET", 2),
        (
            ["--venue", "alpaca", "--api-key", "a:b", "--cluster", "forex"],
            "cluster='forex' is not allowed",
            2,
        ),
        (["--venue", "alpaca", "--api-key", "a:b", "--feed", "moon"], "feed='moon' is not allowed", 2),
        (["--feed", "iex", "--api-key", "demo"], "--feed goes with --venue alpaca", 2),
        (
            ["--venue", "alpaca", "--api-key", "a:b", "--host", "ws://127.0.0.1:1/v2/iex"],
            "cannot connect to ws://127.0.0.1:1/v2/iex",
            4,
        ),
    ],
)
def test_wrong_options_are_told_in_one_line(
    command: Command, options: list[str], reason: str, status: int
) -> None:
    outcome = command("bars", *options)
    assert (outcome.status, outcome.out) == (status, "")
    assert outcome.reason.startswith(reason)


def test_an_unknown_channel_is_told_with_those_there_are(command: Command) -> None:
    outcome = command("stream", "--venue", "alpaca", "--api-key", "a:b", "--channel", "stock_trades")
    assert outcome.status == 2
    assert outcome.reason.startswith("alpaca's stocks have no channel 'stock_trades': use trades, quotes, ")


def test_a_refused_login_does_not_show_the_keys(command: Command, alpaca: Simulator) -> None:
    options = ["--venue", "alpaca", "--host", alpaca.url, "--api-key", "TOPSECRET:EVENMORE"]
    outcome = command("stream", *options)
    assert outcome.status == 3
    assert "TOPSECRET" not in outcome.err
    assert "EVENMORE" not in outcome.err


def test_keys_may_come_from_the_environment(
    command: Command, alpaca: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", "demo")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "secret")
    options = ["--venue", "alpaca", "--host", alpaca.url, "--symbols", "AAPL", "--limit", "1"]
    assert command("stream", *options).status == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rxpolygon stream --venue a", ["alpaca"]),
        ("rxpolygon stream --venue alpaca --feed s", ["sip"]),
        ("rxpolygon stream --venue alpaca --channel tr", ["trades", "trading_statuses"]),
        ("rxpolygon stream --venue alpaca --cluster crypto --channel o", ["orderbooks"]),
    ],
)
def test_values_complete(line: str, expected: list[str]) -> None:
    found = offered(line)
    assert set(expected) <= set(found)
    assert not any(name.startswith("stock_") for name in found)
