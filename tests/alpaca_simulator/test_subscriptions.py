"""Subscribing, and every way in which it is refused."""

from __future__ import annotations

import json

import pytest
import websocket

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import RefuseSubscription
from tests.alpaca_simulator.packed import pack
from tests.alpaca_simulator.wire import FORMATS, Client, Message

forms = pytest.mark.parametrize("form", FORMATS)
EMPTY = {
    "T": "subscription",
    "trades": [],
    "quotes": [],
    "bars": [],
    "updatedBars": [],
    "dailyBars": [],
    "statuses": [],
    "lulds": [],
    "corrections": [],
    "cancelErrors": [],
}


def error(code: int, message: str) -> Message:
    return {"T": "error", "code": code, "msg": message}


@forms
def test_acknowledgement_holds_the_whole_state(quiet: Simulator, form: str) -> None:
    with Client(quiet.url, form) as client:
        client.log_in()
        assert client.subscribe(trades=["MSFT", "AAPL"]) == EMPTY | {
            "trades": ["AAPL", "MSFT"],
            "corrections": ["AAPL", "MSFT"],
            "cancelErrors": ["AAPL", "MSFT"],
        }
        client.subscribe(quotes=["IBM"], dailyBars=["*"])
        assert client.subscribe(
            statuses=["*"], lulds=["KO"], updatedBars=["KO"], trades=["AAPL"]
        ) == EMPTY | {
            "trades": ["AAPL", "MSFT"],
            "quotes": ["IBM"],
            "updatedBars": ["KO"],
            "dailyBars": ["*"],
            "statuses": ["*"],
            "lulds": ["KO"],
            "corrections": ["AAPL", "MSFT"],
            "cancelErrors": ["AAPL", "MSFT"],
        }
        client.unsubscribe(trades=["AAPL", "MSFT"], quotes=["IBM"], dailyBars=["*"])
        assert client.unsubscribe(statuses=["*"], lulds=["KO"], updatedBars=["KO"], bars=["F"]) == EMPTY
        assert quiet.subscriptions == {1: frozenset()}


def test_subscriptions_are_told_to_tests_by_channel_and_symbol(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in().subscribe(trades=["AAPL"], bars=["*"])
        assert quiet.subscriptions == {1: frozenset({"trades.AAPL", "bars.*"})}
        assert quiet.received[-1].action == "subscribe"
        assert json.loads(quiet.received[-1].params) == {"trades": ["AAPL"], "bars": ["*"]}


def test_star_and_single_symbols_are_apart(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in().subscribe(trades=["AAPL", "*"])
        assert client.unsubscribe(trades=["*"])["trades"] == ["AAPL"]


@forms
@pytest.mark.parametrize(
    "channels",
    [
        {"trades": "AAPL"},
        {"trades": [1]},
        {"trades": ["AA PL!"]},
        {"trades": [""]},
        {"trades": ["AAPL", None]},
        {"params": "T.AAPL"},
    ],
)
def test_command_that_is_not_understood_is_400(
    quiet: Simulator, form: str, channels: dict[str, object]
) -> None:
    with Client(quiet.url, form) as client:
        client.log_in()
        client.send("subscribe", **channels)
        assert client.next() == error(400, "invalid syntax")
        assert client.subscribe() == EMPTY


@pytest.mark.parametrize("message", ["not json", "[]", "{}", '{"action":1}', '{"action":"dance"}', ""])
def test_message_that_is_no_command_is_400(quiet: Simulator, message: str) -> None:
    with Client(quiet.url) as client:
        client.log_in()
        client.socket.send(message)
        assert client.next() == error(400, "invalid syntax")
        assert client.subscribe() == EMPTY


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc1",
        pack([]),
        pack({}),
        pack({"action": 1}),
        pack({1: "subscribe"}),
        pack({"action": "subscribe", "trades": [b"AAPL"]}),
        pack({"action": "subscribe", "trades": ["AAPL"]})[:-2],
    ],
)
def test_binary_message_that_is_no_command_is_400(quiet: Simulator, message: bytes) -> None:
    with Client(quiet.url, "msgpack") as client:
        client.log_in()
        client.socket.send_binary(message)
        assert client.next() == error(400, "invalid syntax")
        assert client.subscribe() == EMPTY


def test_command_may_come_in_fragments(quiet: Simulator) -> None:
    symbols = [f"S{number}" for number in range(9_000)]
    command = pack({"action": "subscribe", "trades": symbols})
    with Client(quiet.url, "msgpack") as client:
        client.log_in()
        pieces = [command[start : start + 32_768] for start in range(0, len(command), 32_768)]
        assert len(pieces) > 1
        for number, piece in enumerate(pieces):
            opcode = 0x2 if number == 0 else 0x0
            fin = int(number == len(pieces) - 1)
            client.socket.send_frame(_frame(fin, opcode, piece))
        assert client.frame()[0]["trades"] == sorted(symbols)


def _frame(fin: int, opcode: int, data: bytes) -> websocket.ABNF:
    return websocket.ABNF(fin, 0, 0, 0, opcode, 1, data)


@pytest.mark.parametrize(
    ("cluster", "form", "channels"),
    [
        ("v1beta1/opra", "msgpack", {"bars": ["SPY271217C00600000"]}),
        ("v2/test", "json", {"statuses": ["FAKEPACA"]}),
        ("v1beta3/crypto/us", "json", {"lulds": ["BTC/USD"]}),
        ("v2/iex", "json", {"corrections": ["AAPL"]}),
        ("v2/iex", "json", {"orderbooks": ["AAPL"]}),
    ],
)
def test_channel_that_a_feed_does_not_have_is_410(
    quiet: Simulator, cluster: str, form: str, channels: dict[str, list[str]]
) -> None:
    with Client(quiet.url_of(cluster), form) as client:
        client.log_in()
        assert client.subscribe(**channels) == error(410, "invalid subscribe action for this feed")
        assert quiet.wait_for(lambda sim: sim.subscriptions) == {1: frozenset()}


@pytest.mark.parametrize(
    ("cluster", "form", "channels"),
    [
        ("v2/test", "json", ["trades", "quotes", "bars"]),
        ("v1beta3/crypto/us", "json", ["trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars"]),
        ("v1beta1/indicative", "msgpack", ["trades", "quotes"]),
    ],
)
def test_acknowledgement_names_the_channels_of_the_feed(
    quiet: Simulator, cluster: str, form: str, channels: list[str]
) -> None:
    with Client(quiet.url_of(cluster), form) as client:
        client.log_in()
        assert list(client.subscribe()) == ["T", *channels]


def test_symbols_come_back_as_the_vendor_writes_them(quiet: Simulator) -> None:
    with Client(quiet.url_of("v1beta3/crypto/us")) as client:
        assert client.log_in().subscribe(bars=["ETH/USD"])["bars"] == ["ETH/USD"]
    with Client(quiet.url_of("v1beta1/opra"), "msgpack") as client:
        contract = "AAPL240315C00172500"
        assert client.log_in().subscribe(trades=[contract])["trades"] == [contract]


def test_options_in_json_are_412(quiet: Simulator) -> None:
    with Client(quiet.url_of("v1beta1/opra")) as client:
        client.next()
        client.send("auth", key="demo", secret="secret")
        assert client.next()["code"] == 412


def test_every_option_quote_at_once_is_413(quiet: Simulator) -> None:
    with Client(quiet.url_of("v1beta1/opra"), "msgpack") as client:
        assert client.log_in().subscribe(quotes=["*"])["code"] == 413
        assert client.subscribe(trades=["*"])["trades"] == ["*"]


def test_more_symbols_than_the_plan_has_are_405_and_change_nothing() -> None:
    symbols = [f"S{number}" for number in range(30)]
    with (
        Simulator(venue="alpaca", market=False, symbol_limit=30) as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in()
        assert len(client.subscribe(trades=symbols)["trades"]) == 30
        assert client.subscribe(quotes=["ONE", "MORE"]) == error(405, "symbol limit exceeded")
        assert client.subscribe(trades=["*"]) == error(405, "symbol limit exceeded")
        state = client.subscribe(bars=["*"], quotes=symbols[:5])
        assert (len(state["trades"]), len(state["quotes"]), state["bars"]) == (30, 5, ["*"])
        client.unsubscribe(trades=["S29"])
        assert "ONE" in client.subscribe(trades=["ONE"])["trades"]


@pytest.mark.parametrize("refused", ["lulds", "lulds.AAPL"])
def test_what_no_plan_includes_is_410_and_nothing_of_the_command_takes_effect(refused: str) -> None:
    with (
        Simulator(venue="alpaca", market=False, refuse=[refused]) as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in()
        assert client.subscribe(trades=["AAPL"], lulds=["AAPL"])["code"] == 410
        assert client.subscribe() == EMPTY


@forms
@pytest.mark.parametrize(("code", "message"), [(405, "symbol limit exceeded"), (500, "internal error")])
def test_subscription_may_be_refused_with_any_code(form: str, code: int, message: str) -> None:
    faults = [RefuseSubscription(status=code)]
    with (
        Simulator(venue="alpaca", market=False, faults=faults) as simulator,
        Client(simulator.url, form) as client,
    ):
        client.log_in()
        assert client.unsubscribe(trades=["AAPL"]) == EMPTY
        assert client.subscribe(trades=["AAPL"]) == error(code, message)
        assert client.subscribe() == EMPTY
        assert simulator.faults_happened == {"RefuseSubscription": 1}


def test_polygon_has_no_symbol_limit() -> None:
    with pytest.raises(InvalidArgumentError, match="symbol_limit"):
        Simulator(symbol_limit=30)


@pytest.mark.parametrize("clusters", [["stocks"], ["iex"], ["v2/iex", ""]])
def test_cluster_that_the_vendor_does_not_have_is_named(clusters: list[str]) -> None:
    with pytest.raises(InvalidArgumentError, match="clusters"):
        Simulator(venue="alpaca", clusters=clusters)


def test_url_of_a_feed_that_does_not_exist_is_an_error(quiet: Simulator) -> None:
    with pytest.raises(InvalidArgumentError, match="v2/nasdaq"):
        quiet.url_of("v2/nasdaq")
