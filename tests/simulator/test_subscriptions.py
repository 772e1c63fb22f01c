"""Subscribing and unsubscribing: answers, refusals, spellings, limits."""

from __future__ import annotations

import pytest

from rxpolygon.simulator import Simulator
from tests.simulator.wire import PATIENCE, Client, trade


def test_subscribe_is_acknowledged_once_for_each_param(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        answers = client.log_in().subscribe("T.AAPL, Q.MSFT")
    assert [(answer["status"], answer["message"]) for answer in answers] == [
        ("success", "subscribed to: T.AAPL"),
        ("success", "subscribed to: Q.MSFT"),
    ]


def test_unsubscribe_is_acknowledged_and_ends_the_data(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in().subscribe("T.AAPL,T.IBM")
        assert client.unsubscribe("T.AAPL")[0]["message"] == "unsubscribed to: T.AAPL"
        assert quiet.push("stocks", trade("AAPL")) == 0
        assert quiet.push("stocks", trade("IBM")) == 1
        assert client.next()["sym"] == "IBM"


def test_subscriptions_are_shown_by_connection(quiet: Simulator) -> None:
    with Client(quiet.url) as first, Client(quiet.url, "forex") as second:
        first.log_in().subscribe("T.AAPL,T.BRK.B")
        second.log_in().subscribe("C.EUR/USD")
        assert quiet.subscriptions == {1: {"T.AAPL", "T.BRK.B"}, 2: {"C.EUR/USD"}}
    quiet.wait_for(lambda sim: sim.subscriptions == {}, PATIENCE)


def test_wildcard_of_one_channel_does_not_cover_a_longer_prefix(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in().subscribe("A.*")
        assert quiet.push("stocks", {"ev": "AM", "sym": "AAPL"}) == 0
        assert quiet.push("stocks", {"ev": "A", "sym": "AAPL"}) == 1


def test_wildcard_and_single_symbols_are_apart(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in().subscribe("T.*,T.AAPL")
        client.unsubscribe("T.*")
        assert quiet.push("stocks", trade("IBM")) == 0
        assert quiet.push("stocks", trade("AAPL")) == 1


@pytest.mark.parametrize(
    ("cluster", "param", "event"),
    [
        ("forex", "C.USDCNH", {"ev": "C", "p": "USD/CNH"}),
        ("forex", "C.C:USD-CNH", {"ev": "C", "p": "USD/CNH"}),
        ("forex", "FMV.EUR/USD", {"ev": "FMV", "sym": "C:EURUSD"}),
        ("forex", "LV.USD/EUR", {"ev": "LV", "sym": "C:USD-EUR"}),
        ("crypto", "XT.X:BTC-USD", {"ev": "XT", "pair": "BTC-USD"}),
        ("crypto", "LV.BTC-USD", {"ev": "LV", "sym": "X:BTC-USD"}),
        ("indices", "V.SPX", {"ev": "V", "T": "I:SPX"}),
        ("options", "T.SPY271217C00600000", {"ev": "T", "sym": "O:SPY271217C00600000"}),
        ("stocks", "LULD.AAPL", {"ev": "LULD", "T": "AAPL"}),
    ],
)
def test_every_spelling_reaches_the_instrument(
    quiet: Simulator, cluster: str, param: str, event: dict[str, str]
) -> None:
    with Client(quiet.url, cluster) as client:
        assert client.log_in().subscribe(param)[0]["status"] == "success"
        assert quiet.push(cluster, event) == 1
        assert client.next() == event


@pytest.mark.parametrize("param", ["XT.BTC-USD", "T", "T.", "NOPE.AAPL", ".AAPL"])
def test_unknown_subscription_gets_an_error_that_names_it(quiet: Simulator, param: str) -> None:
    with Client(quiet.url) as client:
        answers = client.log_in().subscribe(f"{param},T.AAPL")
    assert [answer["status"] for answer in answers] == ["error", "success"]
    assert param in answers[0]["message"]


def test_refused_channel_and_topic_leave_the_others() -> None:
    refuse = ("LULD", "T.SECRET")
    with (
        Simulator(market=False, refuse=refuse, refusal="no access to {topic}") as simulator,
        Client(simulator.url) as client,
    ):
        answers = client.log_in().subscribe("LULD.AAPL,T.SECRET,T.AAPL")
    assert [answer["message"] for answer in answers] == [
        "no access to LULD.AAPL",
        "no access to T.SECRET",
        "subscribed to: T.AAPL",
    ]


def test_refusal_may_name_no_channel() -> None:
    with Simulator(market=False, refuse=["Q"]) as simulator, Client(simulator.url) as client:
        answer = client.log_in().subscribe("Q.*")[0]
    assert answer == {"ev": "status", "status": "error", "message": "not authorized"}


def test_option_quotes_refuse_the_wildcard_and_trades_do_not(quiet: Simulator) -> None:
    with Client(quiet.url, "options") as client:
        answers = client.log_in().subscribe("Q.*,T.*")
    assert [answer["status"] for answer in answers] == ["error", "success"]


def test_option_quotes_end_at_a_thousand_contracts(quiet: Simulator) -> None:
    contracts = [f"Q.O:SPY271217C{strike:08d}" for strike in range(1_001)]
    with Client(quiet.url, "options") as client:
        answers = client.log_in().subscribe(",".join(contracts))
        assert [answer["status"] for answer in answers] == ["success"] * 1_000 + ["error"]
        client.unsubscribe(contracts[0])
        assert client.subscribe(contracts[-1])[0]["status"] == "success"
