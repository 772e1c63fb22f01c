"""Two connections of one key to one cluster."""

from __future__ import annotations

from rxpolygon.simulator import Simulator
from tests.simulator.wire import PATIENCE, Client


def test_second_connection_evicts_the_first(quiet: Simulator) -> None:
    with Client(quiet.url) as first, Client(quiet.url) as second:
        first.log_in()
        second.log_in()
        assert first.next()["status"] == "force_disconnect"
        assert first.end() == 1008
        assert second.subscribe("T.AAPL")[0]["status"] == "success"


def test_second_connection_may_be_refused() -> None:
    with (
        Simulator(market=False, second_connection="refuse") as simulator,
        Client(simulator.url) as first,
        Client(simulator.url) as second,
    ):
        first.log_in()
        second.next()
        second.send("auth", "demo")
        assert second.next()["status"] == "max_connections"
        assert second.end() == 1008
        assert first.subscribe("T.AAPL")[0]["status"] == "success"


def test_second_connection_may_end_both() -> None:
    with (
        Simulator(market=False, second_connection="both") as simulator,
        Client(simulator.url) as first,
        Client(simulator.url) as second,
    ):
        first.log_in()
        second.next()
        second.send("auth", "demo")
        assert first.next()["status"] == "force_disconnect"
        assert second.next()["status"] == "max_connections"


def test_second_connection_may_be_allowed() -> None:
    with (
        Simulator(market=False, second_connection="allow") as simulator,
        Client(simulator.url) as first,
        Client(simulator.url) as second,
    ):
        for client in (first.log_in(), second.log_in()):
            assert client.subscribe("T.AAPL")[0]["status"] == "success"


def test_connections_to_other_clusters_and_of_other_keys_are_apart() -> None:
    with (
        Simulator(market=False, api_keys=("one", "two")) as simulator,
        Client(simulator.url) as first,
        Client(simulator.url) as second,
        Client(simulator.url, "crypto") as third,
    ):
        first.log_in("one")
        second.log_in("two")
        third.log_in("one")
        assert first.subscribe("T.AAPL")[0]["status"] == "success"


def test_connection_after_the_first_has_left_is_welcome() -> None:
    with Simulator(market=False, second_connection="refuse") as simulator:
        with Client(simulator.url) as first:
            first.log_in()
        simulator.wait_for(lambda sim: not sim.open_connections, PATIENCE)
        with Client(simulator.url) as second:
            second.log_in()
        assert simulator.connections == 2
