"""The made-up market over a connection."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from rxpolygon.simulator import Simulator
from tests.simulator.leaps import MINUTE, LeapingLoop
from tests.simulator.markets import REGULAR_HOURS
from tests.simulator.wire import PATIENCE, Client


def published_at(event: dict[str, Any]) -> int:
    """When an event with the letters of trades, quotes or aggregates was published."""
    return int(event["e"] if event["ev"] in ("A", "AM") else event["t"])


def trades_in(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["ev"] == "T"]


def test_market_starts_now_and_runs_in_real_time() -> None:
    with Simulator(rate=50) as simulator, Client(simulator.url) as client:
        before = time.time() * 1_000
        client.log_in().subscribe("T.AAPL")
        stamps = [event["t"] for event in client.take(20)]
        assert before - 2_000 < stamps[0] < stamps[-1] <= time.time() * 1_000


def test_market_starts_where_it_is_told() -> None:
    with Simulator(start=REGULAR_HOURS, rate=50) as simulator, Client(simulator.url) as client:
        client.log_in().subscribe("Q.AAPL")
        assert REGULAR_HOURS <= client.next()["t"] < REGULAR_HOURS + 1_000


def test_speed_multiplies_market_time() -> None:
    with Simulator(start=REGULAR_HOURS, speed=600) as simulator, Client(simulator.url) as client:
        client.log_in()
        began = time.monotonic()
        client.subscribe("AM.AAPL")
        bars = client.take(5)
        assert [bar["s"] % 60_000 for bar in bars] == [0] * 5
        assert [b["s"] - a["s"] for a, b in pairwise(bars)] == [60_000] * 4
        assert 0.3 < time.monotonic() - began < PATIENCE


def test_same_seed_and_start_give_the_same_stream() -> None:
    def stream() -> list[dict[str, Any]]:
        with (
            Simulator(seed=9, start=REGULAR_HOURS, speed=100) as simulator,
            Client(simulator.url) as client,
        ):
            client.log_in().subscribe("T.AAPL,T.IBM,Q.AAPL,A.IBM")
            return client.take(1_000)

    assert stream() == stream()


def test_subscriptions_made_together_miss_nothing(loops: list[LeapingLoop]) -> None:
    with (
        Simulator(start=REGULAR_HOURS, speed=50, settle=MINUTE) as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in()
        for symbol in ("AAPL", "IBM", "KO"):
            client.subscribe(f"FMV.{symbol}")
            loops[0].leap(MINUTE / 2)
        loops[0].leap(MINUTE)
        events = [event for event in client.take(9) if event["ev"] == "FMV"]
        # The first values are those of the instant at which the market began.
        assert {event["sym"] for event in events if event["t"] == REGULAR_HOURS * 1_000_000} == {
            "AAPL",
            "IBM",
            "KO",
        }


def test_wildcard_stands_for_the_symbols_given() -> None:
    symbols = {"stocks": ["ONE", "TWO"]}
    with Simulator(symbols=symbols, speed=20) as simulator, Client(simulator.url) as client:
        client.log_in().subscribe("T.*")
        assert {event["sym"] for event in client.take(60)} == {"ONE", "TWO"}


def test_frames_hold_several_events_in_order_of_time() -> None:
    with Simulator(speed=20, rate=10) as simulator, Client(simulator.url) as client:
        client.log_in().subscribe("T.*,Q.*,A.*")
        frames = [client.frame() for _ in range(20)]
        assert max(map(len, frames)) > 10
        stamps = [published_at(event) for frame in frames for event in frame]
        assert stamps == sorted(stamps)


def test_two_clients_see_the_same_market() -> None:
    with (
        Simulator(second_connection="allow", start=REGULAR_HOURS, speed=20) as simulator,
        Client(simulator.url) as first,
        Client(simulator.url) as second,
    ):
        first.log_in().subscribe("T.AAPL")
        second.log_in().subscribe("T.AAPL,Q.AAPL")
        trades = trades_in(second.until(lambda seen: len(trades_in(seen)) == 10))
        seen = first.until(lambda seen: seen[-1:] == trades[-1:])
        assert seen[-10:] == trades


def test_quick_market_waits_for_its_reader() -> None:
    with Simulator(start=REGULAR_HOURS, speed="max", rate=50) as simulator, Client(simulator.url) as client:
        client.log_in().subscribe("T.AAPL,Q.AAPL,A.AAPL")
        events = client.until(lambda seen: len(seen) >= 20_000)
        numbers = [event["q"] for event in events if event["ev"] == "T"]
        assert numbers == sorted(numbers)
        seconds = [event["s"] for event in events if event["ev"] == "A"]
        assert seconds == list(range(seconds[0], seconds[-1] + 1, 1_000))


@pytest.mark.parametrize("speed", [5_000, "max"])
def test_market_is_quiet_while_nobody_looks_and_goes_on_afterwards(speed: Any) -> None:
    with Simulator(start=REGULAR_HOURS, speed=speed) as simulator:
        with Client(simulator.url) as client:
            client.log_in().subscribe("T.*")
            first = client.take(10)[-1]["t"]
        simulator.wait_for(lambda sim: not sim.open_connections, PATIENCE)
        with Client(simulator.url) as client:
            client.log_in().subscribe("T.AAPL")
            assert client.next()["t"] > first
