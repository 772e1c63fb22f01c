"""Greeting, login by message and by headers, and the errors of both."""

from __future__ import annotations

import base64
import inspect
import json

import pytest
import websocket

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import RefuseHandshake, RefuseLogin, SilentLogin
from tests.alpaca_simulator.packed import pack
from tests.alpaca_simulator.wire import FORMATS, PATIENCE, Client
from tests.simulator.leaps import MINUTE, LeapingLoop

forms = pytest.mark.parametrize("form", FORMATS)
AUTH_FAILED = {"T": "error", "code": 402, "msg": "auth failed"}


def test_transcript_of_the_documentation_in_json(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        assert client.raw() == (websocket.ABNF.OPCODE_TEXT, b'[{"T":"success","msg":"connected"}]')
        client.socket.send('{"action": "auth", "key": "demo", "secret": "*****"}')
        assert client.raw() == (websocket.ABNF.OPCODE_TEXT, b'[{"T":"success","msg":"authenticated"}]')
        client.socket.send(
            '{"action": "subscribe", "trades": ["AAPL"], "quotes": ["AMD", "CLDR"], "bars": ["*"]}'
        )
        acknowledged = (
            b'[{"T":"subscription","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"],"updatedBars":[],'
            b'"dailyBars":[],"statuses":[],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]'
        )
        assert client.raw() == (websocket.ABNF.OPCODE_TEXT, acknowledged)
        client.socket.send('{"action": "unsubscribe", "bars": ["*"]}')
        assert client.raw()[1] == acknowledged.replace(b'["*"]', b"[]")


def test_transcript_of_the_documentation_in_msgpack(quiet: Simulator) -> None:
    with Client(quiet.url, "msgpack") as client:
        opcode, data = client.raw()
        assert opcode == websocket.ABNF.OPCODE_BINARY
        assert data == pack([{"T": "success", "msg": "connected"}])
        client.socket.send_binary(pack({"action": "auth", "key": "demo", "secret": "*****"}))
        assert client.raw()[1] == pack([{"T": "success", "msg": "authenticated"}])
        client.socket.send_binary(pack({"action": "subscribe", "trades": ["AAPL"]}))
        (acknowledged,) = client.frame()
        assert list(acknowledged) == [
            "T",
            "trades",
            "quotes",
            "bars",
            "updatedBars",
            "dailyBars",
            "statuses",
            "lulds",
            "corrections",
            "cancelErrors",
        ]
        assert acknowledged["corrections"] == ["AAPL"]


@forms
def test_login_with_wrong_credentials_is_402_and_may_be_tried_again(quiet: Simulator, form: str) -> None:
    with Client(quiet.url, form) as client:
        client.next()
        client.send("auth", key="wrong", secret="secret")
        assert client.frame() == [AUTH_FAILED]
        client.send("auth", key="demo", secret="secret")
        assert client.frame() == [{"T": "success", "msg": "authenticated"}]


def test_key_may_be_bound_to_a_secret() -> None:
    with Simulator(venue="alpaca", market=False, api_keys=["AK:right"]) as simulator:
        with Client(simulator.url) as client:
            client.next()
            client.send("auth", key="AK", secret="wrong")
            assert client.next() == AUTH_FAILED
        with Client(simulator.url) as client:
            client.log_in("AK", "right")


@forms
def test_second_login_is_403_and_changes_nothing(quiet: Simulator, form: str) -> None:
    with Client(quiet.url, form) as client:
        client.log_in()
        client.send("auth", key="demo", secret="secret")
        assert client.frame() == [{"T": "error", "code": 403, "msg": "already authenticated"}]
        assert client.subscribe(trades=["AAPL"])["trades"] == ["AAPL"]


@forms
def test_login_that_does_not_come_is_404_and_the_end(form: str) -> None:
    with (
        Simulator(venue="alpaca", market=False, login_timeout=0.05) as simulator,
        Client(simulator.url, form) as client,
    ):
        assert client.take(2)[1] == {"T": "error", "code": 404, "msg": "auth timeout"}
        assert client.end() == 1008


def test_login_has_ten_seconds() -> None:
    assert inspect.signature(Simulator).parameters["login_timeout"].default == 10


@forms
def test_command_before_the_login_is_401(quiet: Simulator, form: str) -> None:
    with Client(quiet.url, form) as client:
        client.next()
        assert client.subscribe(trades=["AAPL"]) == {"T": "error", "code": 401, "msg": "not authenticated"}
        assert quiet.subscriptions == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"APCA-API-KEY-ID": "demo", "APCA-API-SECRET-KEY": "secret"},
        {"Authorization": "Basic " + base64.b64encode(b"demo:secret").decode()},
    ],
)
def test_login_may_come_with_the_handshake(quiet: Simulator, headers: dict[str, str]) -> None:
    with Client(quiet.url, headers=headers) as client:
        assert [message["msg"] for message in client.take(2)] == ["connected", "authenticated"]
        assert client.subscribe(quotes=["AAPL"])["quotes"] == ["AAPL"]
    assert [(entry.action, entry.params) for entry in quiet.received][:1] == [("auth", "***")]


@pytest.mark.parametrize(
    "headers",
    [
        {"APCA-API-KEY-ID": "wrong", "APCA-API-SECRET-KEY": "secret"},
        {"APCA-API-KEY-ID": "demo"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
    ],
)
def test_wrong_credentials_in_the_handshake_are_402(quiet: Simulator, headers: dict[str, str]) -> None:
    with Client(quiet.url, headers=headers) as client:
        assert client.take(2)[1] == AUTH_FAILED


def test_feed_outside_the_plan_is_409_at_the_login() -> None:
    with Simulator(venue="alpaca", market=False, clusters=["v2/iex", "v2/test"]) as simulator:
        with Client(simulator.url_of("v2/sip")) as client:
            client.next()
            client.send("auth", key="demo", secret="secret")
            assert client.next() == {"T": "error", "code": 409, "msg": "insufficient subscription"}
            assert client.end() == 1008
        with Client(simulator.url_of("v2/test")) as client:
            client.log_in()


@forms
def test_second_connection_of_a_key_is_refused_with_406(quiet: Simulator, form: str) -> None:
    with Client(quiet.url, form) as first, Client(quiet.url, form) as second:
        first.log_in()
        second.next()
        second.send("auth", key="demo", secret="secret")
        assert second.next() == {"T": "error", "code": 406, "msg": "connection limit exceeded"}
        assert second.end() == 1008
        assert first.subscribe(trades=["AAPL"])["trades"] == ["AAPL"]


def test_connections_to_other_feeds_are_apart(quiet: Simulator) -> None:
    with Client(quiet.url) as iex, Client(quiet.url_of("v2/sip")) as sip:
        iex.log_in()
        sip.log_in()
        assert quiet.open_connections == {1: "v2/iex", 2: "v2/sip"}


@pytest.mark.parametrize("path", ["", "/v2", "/v2/nasdaq", "/stocks", "/v2/iex/AAPL"])
def test_unknown_path_is_answered_with_404(quiet: Simulator, path: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        Client(quiet.url.removesuffix("/v2/iex") + path)
    assert caught.value.status_code == 404
    assert quiet.connections == 0


def test_unknown_feed_is_an_error_that_names_the_feeds(quiet: Simulator) -> None:
    for ask in (quiet.url_of, lambda feed: quiet.push(feed, {"T": "t", "S": "AAPL"})):
        with pytest.raises(InvalidArgumentError, match="'v2/iex', 'v2/sip'"):
            ask("sip")
    with pytest.raises(InvalidArgumentError, match=r"clusters='sip'.*'v2/iex', 'v2/sip'"):
        Simulator(venue="alpaca", clusters=["sip"])


@pytest.mark.parametrize("status", [401, 403, 429])
def test_handshake_may_be_refused_with_any_status(status: int) -> None:
    with Simulator(venue="alpaca", market=False, faults=[RefuseHandshake(status=status)]) as simulator:
        with pytest.raises(websocket.WebSocketBadStatusException) as caught:
            Client(simulator.url)
        assert caught.value.status_code == status
        with Client(simulator.url) as client:
            client.log_in()


@forms
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (402, "auth failed"),
        (404, "auth timeout"),
        (406, "connection limit exceeded"),
        (408, "v2 not enabled"),
        (409, "insufficient subscription"),
        (411, "insufficient scope"),
        (500, "internal error"),
    ],
)
def test_login_may_be_refused_with_any_code(form: str, code: int, message: str) -> None:
    fault = RefuseLogin(status=code, times=2)
    with Simulator(venue="alpaca", market=False, faults=[fault]) as simulator:
        for _ in range(2):
            with Client(simulator.url, form) as client:
                client.next()
                client.send("auth", key="demo", secret="secret")
                assert client.frame() == [{"T": "error", "code": code, "msg": message}]
        with Client(simulator.url, form) as client:
            client.log_in()


def test_login_is_refused_with_402_unless_told_otherwise() -> None:
    with (
        Simulator(venue="alpaca", market=False, faults=[RefuseLogin()]) as simulator,
        Client(simulator.url) as client,
    ):
        client.next()
        client.send("auth", key="demo", secret="secret")
        assert client.next() == AUTH_FAILED


def test_silent_login_is_never_answered(loops: list[LeapingLoop]) -> None:
    faults = [SilentLogin()]
    with (
        Simulator(venue="alpaca", market=False, login_timeout=MINUTE, faults=faults) as simulator,
        Client(simulator.url) as client,
    ):
        client.next()
        client.send("auth", key="demo", secret="secret")
        simulator.wait_for(lambda sim: sim.received, PATIENCE)
        with Client(simulator.url) as later:  # when its time is over, that of the first one is, too
            later.next()
            loops[0].leap(MINUTE)
            assert later.next()["code"] == 404
        client.socket.ping("still there?")
        opcode, data = client.socket.recv_data(control_frame=True)
        assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"still there?")


def test_keys_and_secrets_are_recorded_nowhere(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.next()
        client.send("auth", key="PKLIVE", secret="hunter2")
        client.next()
        client.socket.send(json.dumps({"action": "login", "key": "PKLIVE", "secret": "hunter2"}))
        client.next()
    assert [entry.action for entry in quiet.received] == ["auth", "login"]
    assert "PKLIVE" not in repr(quiet.received)
    assert "hunter2" not in repr(quiet.received)
