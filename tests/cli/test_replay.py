"""``rxpolygon replay``."""

from __future__ import annotations

import gzip
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rxpolygon.simulator import Simulator
from tests.cli.processes import OPENING, Outcome, at_terminal, connection, patiently, started

Command = Callable[..., Outcome]


def trade(number: int, symbol: str = "IBM") -> dict[str, Any]:
    """A trade, ten seconds after the one before it."""
    at = OPENING + number * 10_000
    return {"ev": "T", "sym": symbol, "p": 100.0 + number, "s": 5, "t": at, "i": str(number), "x": 1}


def quote(number: int) -> dict[str, Any]:
    at = OPENING + number * 10_000
    return {"ev": "Q", "sym": "IBM", "bp": 99.0, "bs": 1, "ap": 101.0, "as": 2, "t": at}


def recording(path: Path, events: Sequence[dict[str, Any]]) -> Path:
    """A recording of events, each in a frame of its own, received as it happened."""
    lines = [json.dumps([event["t"] * 1_000_000, [event]], separators=(",", ":")) for event in events]
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def objects(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in outcome.out.splitlines()]


def prices(outcome: Outcome) -> list[float]:
    return [event["price"] for event in objects(outcome)]


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.gz"])
def test_replay_writes_typed_events_as_json_lines(command: Command, tmp_path: Path, name: str) -> None:
    path = recording(tmp_path / name, [trade(0), quote(1), trade(2)])
    outcome = command("replay", str(path))
    assert (outcome.status, outcome.err) == (0, "")
    assert [event["type"] for event in objects(outcome)] == ["Trade", "Quote", "Trade"]
    first = objects(outcome)[0]
    assert first == {
        "type": "Trade",
        "symbol": "IBM",
        "timestamp": OPENING,
        "price": 100.0,
        "size": 5.0,
        "id": "0",
        "exchange": 1,
    }


def test_replay_of_channels_and_symbols_leaves_out_the_rest(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), quote(1), trade(2, "AAPL"), trade(3)])
    outcome = command("replay", str(path), "--channel", "stock-trades", "--symbols", "ibm")
    assert prices(outcome) == [100.0, 103.0]


def test_replay_of_options_tells_which_channel_needs_symbols(command: Command, tmp_path: Path) -> None:
    symbol = "O:SPY271217C00600000"
    path = recording(tmp_path / "day.jsonl", [trade(0, symbol)])
    outcome = command("replay", str(path), "--cluster", "options")
    assert [event["symbol"] for event in objects(outcome)] == [symbol]
    assert outcome.reason == "option_quotes is left out: it needs --symbols"


def test_replay_merges_recordings_by_time(command: Command, tmp_path: Path) -> None:
    odd = recording(tmp_path / "odd.jsonl", [trade(1), trade(3)])
    even = recording(tmp_path / "even.jsonl", [trade(0), trade(2)])
    assert prices(command("replay", str(odd), str(even))) == [100.0, 101.0, 102.0, 103.0]


def test_replay_keeps_to_a_span(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(number) for number in range(6)])
    span = ["--start", str(OPENING + 20_000), "--end", "2025-06-02T13:30:40Z"]
    assert prices(command("replay", str(path), *span)) == [102.0, 103.0]


def test_replay_of_bars_writes_the_last_one_too(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(number) for number in range(8)])
    outcome = command("replay", str(path), "--bars", "1m")
    first, last = objects(outcome)
    assert (outcome.status, outcome.err) == (0, "")
    assert (first["type"], first["start"], first["open"], first["close"]) == ("Bar", OPENING, 100.0, 105.0)
    assert (last["start"], last["open"], last["close"]) == (OPENING + 60_000, 106.0, 107.0)


def test_replay_of_bars_of_a_symbol_leaves_out_the_others(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), trade(1, "AAPL"), trade(7)])
    outcome = command("replay", str(path), "--bars", "1m", "--symbols", "AAPL")
    assert [bar["symbol"] for bar in objects(outcome)] == ["AAPL"]


def test_replay_waits_as_its_speed_says(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), trade(1)])
    assert prices(command("replay", str(path), "--speed", "200")) == [100.0, 101.0]


@pytest.mark.parametrize("ending", ["a line that is none\n", "[17488"])
def test_replay_writes_what_is_before_a_break_and_names_the_line(
    command: Command, tmp_path: Path, ending: str
) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), trade(1)])
    path.write_text(path.read_text() + ending)
    outcome = command("replay", str(path))
    assert outcome.status == 5
    assert prices(outcome) == [100.0, 101.0]
    assert outcome.reason.startswith(f"{path}, line 3: ")


def test_replay_of_bars_writes_those_before_a_break(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), trade(6), trade(1)])
    outcome = command("replay", str(path), "--bars", "1m")
    assert outcome.status == 5
    assert [bar["start"] for bar in objects(outcome)] == [OPENING]
    assert outcome.reason == f"{path}, line 3: time goes back by 50.000000 s here"


def test_replay_ends_at_its_limit_however_broken_the_rest_is(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), trade(1)])
    path.write_text(path.read_text() + "broken\n")
    outcome = command("replay", str(path), "--limit", "2")
    assert (outcome.status, prices(outcome), outcome.err) == (0, [100.0, 101.0], "")


def test_replay_of_another_cluster_is_told(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0)])
    outcome = command("replay", str(path), "--cluster", "crypto")
    assert (outcome.status, outcome.out) == (5, "")
    assert "an event of channel T, of the cluster" in outcome.reason


def test_replay_counts_what_could_not_be_decoded(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), {**trade(1), "p": "dear"}, trade(2)])
    outcome = command("replay", str(path))
    assert outcome.status == 0
    assert prices(outcome) == [100.0, 102.0]
    assert outcome.reason == "frames or events that could not be decoded, and are left out: 1"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--cluster", "bonds"], "cluster='bonds' is not allowed"),
        (["--channel", "option_trades"], "the cluster 'stocks' has no channel 'option_trades'"),
        (["--speed", "fast"], "speed='fast' is not allowed: a number above 0, or 'max'"),
        (["--speed", "0"], "speed=0.0 is not allowed"),
        (["--bars", "soon"], "every='soon' is not allowed"),
        (["--bars", "1m", "--channel", "stock_trades"], "--bars takes its prices from"),
        (["--start", "noon"], "start='noon' is not allowed"),
        (["--start", "2000", "--end", "1000"], "end=1000 is not allowed: it must be later than start"),
        (["--symbols", ","], "symbols=',' is not allowed"),
        (["--limit", "0"], "Invalid value for '--limit'"),
    ],
)
def test_replay_with_wrong_options_is_told_in_one_line(
    command: Command, tmp_path: Path, options: list[str], reason: str
) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0)])
    outcome = command("replay", str(path), *options)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.reason.startswith(reason)


def test_replay_of_no_usable_file_is_told_in_one_line(command: Command, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert command("replay", str(empty)).reason.startswith(f"{empty}, line 1: the file is empty")
    none = tmp_path / "none.jsonl"
    assert command("replay", str(none)) == (5, "", f"rxpolygon: {none}: there is no such file\n")
    assert command("replay").reason.startswith("Missing argument '")


def test_replay_reads_what_record_wrote(command: Command, market: Simulator, tmp_path: Path) -> None:
    options = ["--symbols", "AAPL", *connection(market.url)]

    def attempt(seconds: str) -> Outcome:
        path = str(tmp_path / f"{seconds}.jsonl.gz")
        assert command("record", path, *options, "--seconds", seconds).status in (0, 4)  # 4: no login yet
        return command("replay", path)

    def kinds(outcome: Outcome) -> set[str]:
        return {event["type"] for event in objects(outcome)}

    outcome = patiently(attempt, lambda outcome: {"Trade", "Quote"} <= kinds(outcome))
    assert (outcome.status, outcome.err) == (0, "")
    assert {"Trade", "Quote"} <= kinds(outcome)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_replay_that_is_interrupted_ends_with_whole_lines(tmp_path: Path, number: int) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), trade(8_640)])
    with started("replay", str(path), "--speed", "1") as process:
        assert json.loads(process.out.readline())["price"] == 100.0
        process.signal(number)
        assert process.end() == (128 + number, "", "")


def test_replay_whose_reader_leaves_ends_quietly(tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(number) for number in range(20_000)])
    with started("replay", str(path)) as process:
        process.out.readline()
        process.out.close()
        assert process.end_unread() == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_replay_shows_how_far_it_is_on_a_terminal(tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(number) for number in range(600)])
    with (tmp_path / "out").open("wb") as out:
        status, screen = at_terminal(out, "replay", str(path), "--speed", "6000")
    assert status == 0
    assert " UTC" in screen
    assert "100%" in screen
    assert len((tmp_path / "out").read_bytes().splitlines()) == 600


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_number_beyond_64_bits_is_written_as_it_came(command: Command, tmp_path: Path, form: str) -> None:
    events = [trade(0) | {"q": 2**64, "c": [14, 10**30]}, trade(1)]
    outcome = command("replay", str(recording(tmp_path / "day.jsonl", events)), "--speed", "max", form)
    assert (outcome.status, outcome.err) == (0, "")
    first, second = outcome.out.splitlines()[-2:]
    assert str(2**64) in first
    assert f"[14,{10**30}]" in first
    assert "101.0" in second
