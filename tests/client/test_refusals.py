"""A channel that is refused ends its Observables and no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from reactivex import operators as ops

from rxpolygon.errors import SubscriptionRefusedError
from rxpolygon.simulator import Simulator
from rxpolygon.status import Refused, Status, Subscribed
from rxpolygon.topics import Topic
from tests.client.support import (
    Connect,
    Recorder,
    commands,
    numbers,
    push_numbers,
    topics,
    trade,
    wait_for_topics,
)
from tests.support import wait_for

# What servers say: with the topic in it, or not.
_NAMING = "You don't have access to {topic}. Please visit https://polygon.io/pricing."
_NAMELESS = "You don't have access real-time data. Please visit https://polygon.io/pricing."


@contextmanager
def _refusing(*refused: str, refusal: str = _NAMELESS) -> Iterator[Simulator]:
    with Simulator(market=False, keep_sent=True, refuse=refused, refusal=refusal) as server:
        yield server


def _answers(statuses: Recorder[Status]) -> list[tuple[str, str]]:
    return [
        (type(status).__name__, str(status.topic))
        for status in statuses.values
        if isinstance(status, (Subscribed, Refused))
    ]


@pytest.mark.parametrize("refusal", [_NAMING, _NAMELESS, "not authorized"])
def test_refused_channel_ends_its_observables_and_leaves_the_others(
    connect: Connect, transport: str, refusal: str
) -> None:
    with _refusing("LULD", refusal=refusal) as server:
        client = connect(server, transport=transport)
        statuses = Recorder.of(client.status)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        two = [Recorder.of(client.subscribe_stock_limit_up_limit_down(["AAPL"])) for _ in range(2)]
        quotes = Recorder.of(client.subscribe_stock_quotes(["AAPL"]))
        client.start_stream_thread()
        for bands in two:
            error = bands.wait_for_end()
            assert isinstance(error, SubscriptionRefusedError)
            assert error.topic == Topic("LULD", "AAPL")
            assert "LULD.AAPL" in str(error)
            assert refusal.split("{")[0] in str(error)
            assert bands.threads == {"rxpolygon-stocks-dispatch"}
        wait_for_topics(server, "T.AAPL", "Q.AAPL")
        push_numbers(server, 1)
        trades.wait()
        assert not trades.is_over
        assert not quotes.is_over
        assert _answers(statuses) == [
            ("Subscribed", "T.AAPL"),
            ("Refused", "LULD.AAPL"),
            ("Subscribed", "Q.AAPL"),
        ]


@pytest.mark.parametrize("refusal", [_NAMING, _NAMELESS])
@pytest.mark.parametrize("bad", ["A", "B", "C"])
def test_one_refused_symbol_of_a_request_ends_who_asked_for_it(
    connect: Connect, bad: str, refusal: str
) -> None:
    with _refusing(f"T.{bad}", refusal=refusal) as server:
        client = connect(server)
        single = {name: Recorder.of(client.subscribe_stock_trades([name])) for name in "ABC"}
        client.start_stream_thread()
        error = single[bad].wait_for_end()
        assert isinstance(error, SubscriptionRefusedError)
        assert str(error.topic) == f"T.{bad}"
        good = [name for name in "ABC" if name != bad]
        wait_for_topics(server, *(f"T.{name}" for name in good))
        server.push("stocks", [trade(name) for name in good])
        for name in good:
            single[name].wait()
            assert not single[name].is_over


@pytest.mark.parametrize("refusal", [_NAMING, _NAMELESS])
def test_several_refused_symbols_of_a_request_end_by_their_own_names(connect: Connect, refusal: str) -> None:
    refused = [f"S{number:02}" for number in range(0, 30, 2)]
    granted = [f"S{number:02}" for number in range(1, 30, 2)]
    with _refusing(*(f"T.{name}" for name in refused), refusal=refusal) as server:
        client = connect(server)
        recorders = {name: Recorder.of(client.subscribe_stock_trades([name])) for name in refused + granted}
        client.start_stream_thread()
        for name in refused:
            error = recorders[name].wait_for_end()
            assert isinstance(error, SubscriptionRefusedError)
            assert str(error.topic) == f"T.{name}"
        wait_for_topics(server, *(f"T.{name}" for name in granted))
        assert not any(recorders[name].is_over for name in granted)


def test_refused_whole_request_ends_each_by_its_own_name(connect: Connect) -> None:
    with _refusing("T") as server:
        client = connect(server)
        recorders = {name: Recorder.of(client.subscribe_stock_trades([name])) for name in ("A", "B.C", "*")}
        client.start_stream_thread()
        for name, recorder in recorders.items():
            error = recorder.wait_for_end()
            assert isinstance(error, SubscriptionRefusedError)
            assert error.topic == Topic("T", name)


def test_observable_of_several_symbols_ends_with_the_first_refusal(connect: Connect) -> None:
    with _refusing("T.B", "T.C") as server:
        client = connect(server)
        both = Recorder.of(client.subscribe_stock_trades(["A", "B", "C"]))
        rest = Recorder.of(client.subscribe_stock_trades(["A"]))
        client.start_stream_thread()
        error = both.wait_for_end()
        assert isinstance(error, SubscriptionRefusedError)
        assert str(error.topic) in ("T.B", "T.C")
        wait_for_topics(server, "T.A")
        push_numbers(server, 1, symbol="A")
        rest.wait()
        assert both.values == []


def test_refused_request_that_nobody_observes_is_told_and_forgotten(connect: Connect) -> None:
    with _refusing("LULD") as server:
        client = connect(server)
        statuses = Recorder.of(client.status)
        client.subscribe_stock_limit_up_limit_down()
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for(lambda: ("Refused", "LULD.*") in _answers(statuses))
        server.restart()
        wait_for_topics(server, "T.AAPL", connection=2)
        push_numbers(server, 1)
        trades.wait()
        assert len([one for one in commands(server) if "LULD" in one[1]]) == 1


def test_observing_after_a_refusal_asks_again(connect: Connect) -> None:
    with _refusing("LULD") as server:
        client = connect(server)
        source = client.subscribe_stock_limit_up_limit_down(["AAPL"])
        client.start_stream_thread()
        for _ in range(3):
            assert isinstance(Recorder.of(source).wait_for_end(), SubscriptionRefusedError)
        limited = Recorder.of(source.pipe(ops.retry(3)))
        assert isinstance(limited.wait_for_end(), SubscriptionRefusedError)
        assert topics(server) == set()


def test_refused_wildcard_leaves_the_single_symbols(connect: Connect) -> None:
    with _refusing("T.*") as server:
        client = connect(server)
        every = Recorder.of(client.subscribe_stock_trades())
        single = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        assert isinstance(every.wait_for_end(), SubscriptionRefusedError)
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, 1)
        single.wait()
        assert numbers(single) == [1]


def test_refusal_while_data_flows_keeps_the_data(connect: Connect, transport: str) -> None:
    with _refusing("Q") as server:
        client = connect(server, transport=transport)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        refused: list[Recorder[Any]] = []
        for number in range(20):
            push_numbers(server, number)
            refused.append(Recorder.of(client.subscribe_stock_quotes([f"S{number}"])))
        for recorder in refused:
            assert isinstance(recorder.wait_for_end(), SubscriptionRefusedError)
        push_numbers(server, 20)
        trades.wait(21)
        assert numbers(trades) == list(range(21))


def test_error_that_nothing_asked_for_is_told_and_ends_nothing(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    statuses = Recorder.of(client.status)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    wait_for(lambda: _answers(statuses))
    server.send_raw('[{"ev":"status","status":"error","message":"not authorized for T.AAPL"}]')
    server.send_raw('[{"ev":"status","status":"error","message":"something is wrong"}]')
    push_numbers(server, 1)
    trades.wait()
    assert not trades.is_over
    assert "something is wrong" in str(statuses.values[-1])


def test_options_beyond_a_thousand_contracts_of_quotes_are_refused_singly(connect: Connect) -> None:
    names = [f"O:SPY241220P{number:08}" for number in range(1_001)]
    with Simulator(market=False) as server:
        client = connect(server, "options")
        most = Recorder.of(client.subscribe_option_quotes(names[:1_000]))
        client.start_stream_thread()
        wait_for_topics(server, *(f"Q.{name}" for name in names[:1_000]))
        one_more = Recorder.of(client.subscribe_option_quotes(names[1_000:]))
        assert isinstance(one_more.wait_for_end(), SubscriptionRefusedError)
        assert not most.is_over
