"""``rxpolygon bars``."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from rxpolygon.simulator import Simulator
from tests.cli.processes import Outcome, connection, patiently

Command = Callable[..., Outcome]


def test_bars_are_aligned_under_a_heading(command: Command, market: Simulator) -> None:
    outcome = command("bars", "--symbols", "AAPL,MSFT", "--limit", "4", *connection(market.url))
    assert outcome.status == 0
    day, heading, *bars = outcome.out.splitlines()
    assert day == "2025-06-02"
    assert heading.split() == ["UTC", "SYMBOL", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME", "VWAP", "COUNT"]
    assert [bar.split()[:2] for bar in bars] == [
        ["13:30:00", "AAPL"],
        ["13:30:00", "MSFT"],
        ["13:31:00", "AAPL"],
        ["13:31:00", "MSFT"],
    ]
    assert {len(line) for line in (heading, *bars)} == {79}


def test_bars_as_json_have_every_field(command: Command, market: Simulator) -> None:
    options = ["--symbols", "AAPL", "--every", "30s", "--json", "--limit", "2"]
    outcome = command("bars", *options, *connection(market.url))
    first, second = (json.loads(line) for line in outcome.out.splitlines())
    assert first["type"] == "Bar"
    assert first["start"] == first["timestamp"]
    assert first["end"] == first["start"] + 30_000 == second["start"]
    assert first["low"] <= first["open"] <= first["high"]


@pytest.mark.parametrize(
    ("cluster", "symbol"),
    [
        ("options", "O:SPY271217C00600000"),
        ("forex", "EUR/USD"),
        ("crypto", "BTC-USD"),
        ("indices", "I:SPX"),
        ("futures", "ESZ7"),
    ],
)
def test_bars_come_from_every_cluster(command: Command, market: Simulator, cluster: str, symbol: str) -> None:
    options = ["--cluster", cluster, "--symbols", symbol, "--limit", "2"]
    outcome = command("bars", *options, *connection(market.url))
    assert outcome.status == 0
    assert [line.split()[1] for line in outcome.out.splitlines()[2:]] == [symbol, symbol]


def test_bars_that_are_still_open_at_the_end_are_not_written(command: Command, market: Simulator) -> None:
    options = ["--every", "1d", *connection(market.url)]
    outcome = patiently(lambda seconds: command("bars", *options, "--seconds", seconds))
    assert (outcome.status, outcome.out) == (0, "")


def test_bars_of_a_length_that_is_none_fail_before_connecting(command: Command) -> None:
    outcome = command("bars", "--every", "soon", "--api-key", "demo")
    assert outcome.status == 2
    assert "every='soon' is not allowed" in outcome.reason
