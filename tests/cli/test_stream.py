"""``rxpolygon stream``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rxpolygon.cli.options import symbols_from
from rxpolygon.simulator import Simulator
from tests.cli.processes import OPENING, Outcome, connection, patiently

Command = Callable[..., Outcome]


def objects(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_all_means_every_symbol_and_its_capitals_are_a_ticker() -> None:
    assert symbols_from("all") is symbols_from("AAPL,*") is None
    assert symbols_from("AAPL,ALL") == ["AAPL", "ALL"]


def test_stream_writes_typed_events_as_json_lines(command: Command, market: Simulator) -> None:
    options = ["--channel", "stock_trades", "--symbols", "aapl", "--limit", "5"]
    outcome = command("stream", *options, *connection(market.url))
    assert outcome.status == 0
    trades = objects(outcome)
    assert len(trades) == 5
    for trade in trades:
        assert trade["type"] == "Trade"
        assert trade["symbol"] == "AAPL"
        assert isinstance(trade["price"], float)
        assert isinstance(trade["timestamp"], int)
        assert None not in trade.values()


@pytest.fixture
def patient_market() -> Iterator[Simulator]:
    """A simulator that waits for the last of several subscriptions, even where the machine stands still."""
    with Simulator(seed=3, speed=600, start=OPENING, rate=0.5, settle=0.5) as simulator:
        yield simulator


def test_stream_of_all_channels_writes_each_event_once(command: Command, patient_market: Simulator) -> None:
    outcome = command("stream", "--symbols", "AAPL", "--limit", "400", *connection(patient_market.url))
    events = objects(outcome)
    assert {"Trade", "Quote", "SecondAggregate"} <= {event["type"] for event in events}
    assert len({json.dumps(event) for event in events}) == len(events) == 400


def test_stream_takes_several_channels(command: Command, patient_market: Simulator) -> None:
    options = ["--cluster", "crypto", "--channel", "crypto-trades,crypto_quotes", "--symbols", "X:BTC-USD"]
    outcome = command("stream", *options, "--limit", "50", *connection(patient_market.url))
    assert {event["type"] for event in objects(outcome)} == {"CryptoTrade", "CryptoQuote"}


def test_stream_gives_fine_timestamps_in_both_units(command: Command, market: Simulator) -> None:
    options = ["--channel", "fair_market_value", "--symbols", "AAPL", "--limit", "1"]
    [value] = objects(command("stream", *options, *connection(market.url)))
    assert value["timestamp"] == value["timestamp_ns"] // 1_000_000
    assert "wire_timestamp" not in value


def test_stream_without_symbols_leaves_out_channels_that_need_them(
    command: Command, market: Simulator
) -> None:
    outcome = command("stream", "--cluster", "options", "--limit", "3", *connection(market.url))
    assert outcome.status == 0
    assert "option_quotes is left out: it needs --symbols" in outcome.err


def test_stream_ends_after_its_time(command: Command) -> None:
    with Simulator(market=False) as silent:
        options = connection(silent.url)
        outcome = patiently(lambda seconds: command("stream", *options, "--seconds", seconds))
    assert outcome == (0, "", outcome.err)


def test_stream_ends_when_its_only_channel_is_refused(command: Command) -> None:
    with Simulator(refuse=["LULD"], refusal="\x1b[2Jnot for you") as server:
        outcome = command(
            "stream", "--channel", "stock_limit_up_limit_down", "--symbols", "AAPL", *connection(server.url)
        )
    assert outcome.status == 3
    assert "the server refused LULD.AAPL" in outcome.err
    assert "\\x1b[2Jnot for you" in outcome.err
    assert "\x1b" not in outcome.err


def test_stream_goes_on_when_one_of_its_channels_is_refused(command: Command) -> None:
    # No line comes before all channels were asked for, and one was refused.
    with Simulator(refuse=["LULD"], speed=60, settle=0.5) as server:
        outcome = command("stream", "--symbols", "AAPL", "--limit", "200", *connection(server.url))
    assert outcome.status == 0
    assert len(outcome.out.splitlines()) == 200
    assert "stock_limit_up_limit_down: the server refused LULD.AAPL" in outcome.err


@pytest.mark.parametrize("channel", ["stock_trade", "option_trades", ","])
def test_stream_of_a_channel_that_the_cluster_lacks_names_those_it_has(
    command: Command, channel: str
) -> None:
    outcome = command("stream", "--channel", channel, "--api-key", "demo")
    assert outcome.status == 2
    assert outcome.reason.startswith("the cluster 'stocks' has no channel")
    assert "stock_trades, stock_quotes" in outcome.reason
