"""Greeting, login and what comes before it."""

from __future__ import annotations

import pytest
import websocket

from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import RefuseLogin, SilentLogin
from tests.simulator.leaps import MINUTE, LeapingLoop
from tests.simulator.wire import PATIENCE, Client


def test_connection_when_opened_is_greeted(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        assert client.frame() == [
            {"ev": "status", "status": "connected", "message": "Connected Successfully"}
        ]


def test_login_with_a_known_key_succeeds(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.next()
        client.send("auth", "demo")
        assert client.frame() == [{"ev": "status", "status": "auth_success", "message": "authenticated"}]


def test_login_with_an_unknown_key_fails_and_may_be_tried_again(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.next()
        client.send("auth", "wrong")
        assert client.next()["status"] == "auth_failed"
        client.send("auth", "demo")
        assert client.next()["status"] == "auth_success"


def test_login_when_none_comes_times_out_and_closes() -> None:
    with Simulator(market=False, login_timeout=0.05) as simulator, Client(simulator.url) as client:
        assert [status["status"] for status in client.take(2)] == ["connected", "auth_timeout"]
        assert client.end() == 1008


def test_command_before_the_login_is_told_so(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.next()
        assert client.subscribe("T.AAPL")[0]["status"] == "auth_required"
        assert quiet.subscriptions == {}


def test_login_is_recorded_without_its_key(quiet: Simulator) -> None:
    with Client(quiet.url, "crypto") as client:
        client.log_in()
    entry = quiet.received[0]
    assert (entry.connection, entry.cluster, entry.action, entry.params) == (1, "crypto", "auth", "***")
    assert "demo" not in repr(quiet.received)


def test_unknown_action_is_recorded_without_its_params(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in()
        client.send("login", "secret")
        assert client.next() == {"ev": "status", "status": "error", "message": "unknown action: login"}
    assert "secret" not in repr(quiet.received)


@pytest.mark.parametrize(
    "message", ["not json", "[]", "{}", '{"action":"auth"}', '{"action":1,"params":"x"}']
)
def test_unreadable_command_gets_an_error_and_the_connection_stays(quiet: Simulator, message: str) -> None:
    with Client(quiet.url) as client:
        client.log_in()
        client.socket.send(message)
        assert client.next()["status"] == "error"
        assert client.subscribe("T.AAPL")[0]["status"] == "success"


def test_unknown_cluster_is_answered_with_404(quiet: Simulator) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        Client(quiet.url, "bonds")
    assert caught.value.status_code == 404
    assert quiet.connections == 0


@pytest.mark.parametrize("cluster", ["stocks", "futures", "futures/cme", "futures/comex"])
def test_every_cluster_of_the_vendor_is_served(quiet: Simulator, cluster: str) -> None:
    with Client(quiet.url, cluster) as client:
        client.log_in()
        assert quiet.open_connections == {1: cluster}


def test_refused_logins_are_counted(quiet: Simulator) -> None:
    faults = [RefuseLogin(times=2, message="your plan doesn't include websocket access")]
    with Simulator(market=False, faults=faults) as simulator:
        for _ in range(2):
            with Client(simulator.url) as client:
                client.next()
                client.send("auth", "demo")
                assert client.next() == {
                    "ev": "status",
                    "status": "auth_failed",
                    "message": "your plan doesn't include websocket access",
                }
        with Client(simulator.url) as client:
            client.log_in()


def test_silent_login_is_never_answered_though_pings_are(loops: list[LeapingLoop]) -> None:
    with (
        Simulator(market=False, login_timeout=MINUTE, faults=[SilentLogin()]) as simulator,
        Client(simulator.url) as client,
    ):
        client.next()
        client.send("auth", "demo")
        simulator.wait_for(lambda sim: sim.received, PATIENCE)
        with Client(simulator.url) as later:  # when its time is over, that of the first one is, too
            assert later.next()["status"] == "connected"
            loops[0].leap(MINUTE)
            assert later.next()["status"] == "auth_timeout"
        client.socket.ping("still there?")
        opcode, data = client.socket.recv_data(control_frame=True)
        assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"still there?")
