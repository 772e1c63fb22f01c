"""Faults on Alpaca's wire, in both encodings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import websocket

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator import faults as wrong
from tests.alpaca_simulator.packed import unpack
from tests.alpaca_simulator.wire import FORMATS, Client, Ended, Message, nanoseconds
from tests.simulator.markets import REGULAR_HOURS

forms = pytest.mark.parametrize("form", FORMATS)
IEX = "v2/iex"


def trade(number: int) -> Message:
    return {
        "T": "t",
        "S": "A",
        "i": number,
        "x": "V",
        "p": 10.5,
        "s": 100,
        "c": ["@"],
        "z": "C",
        "t": "2025-11-06T16:00:20.000000001Z",
    }


@contextmanager
def subscribed(form: str, *faults: wrong.Fault, **options: Any) -> Iterator[tuple[Simulator, Client]]:
    """A quiet simulator with faults, and a client that has all trades."""
    with (
        Simulator(venue="alpaca", market=False, keep_sent=True, faults=faults, **options) as simulator,
        Client(simulator.url, form) as client,
    ):
        client.log_in().subscribe(trades=["*"])
        yield simulator, client


def push(simulator: Simulator, *numbers: int) -> None:
    """Send trades with these numbers, each in a frame of its own."""
    for number in numbers:
        simulator.push(IEX, trade(number))


@forms
def test_cut_in_the_middle_of_a_frame(form: str) -> None:
    with subscribed(form, wrong.Cut(after_frames=1, extra_bytes=9)) as (simulator, client):
        push(simulator, 1, 2)
        assert client.next()["i"] == 1
        with pytest.raises(Ended):
            client.raw()
        assert len(simulator.sent[1]) == 1


@forms
@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda simulator: simulator.restart(), 1001),
        (lambda simulator: simulator.restart(1000), 1000),
        (lambda simulator: simulator.drop_connections(reset=False), None),
    ],
)
def test_server_may_restart_and_drop(form: str, act: Callable[[Simulator], int], code: int | None) -> None:
    with subscribed(form) as (simulator, client):
        assert act(simulator) == 1
        assert client.end() == code


@forms
def test_eviction_has_no_words_here_and_closes(form: str) -> None:
    with subscribed(form) as (simulator, client):
        assert simulator.evict() == 1
        with pytest.raises(Ended) as caught:
            client.raw()
        assert caught.value.code == 1008


@forms
def test_mute_and_half_open(form: str) -> None:
    with subscribed(form, wrong.HalfOpen(connection=2)) as (simulator, client):
        simulator.mute()
        push(simulator, 1)
        simulator.unmute()
        push(simulator, 2)
        assert client.next()["i"] == 2
        with Client(simulator.url_of("v2/sip"), form) as frozen:
            frozen.log_in()
            frozen.send("subscribe", trades=["*"])
            client.subscribe(quotes=["*"])
            client.unsubscribe(quotes=["*"])  # by now the other one would have been answered, too
            assert not simulator.subscriptions.get(2)
            frozen.socket.settimeout(0.05)
            with pytest.raises(websocket.WebSocketTimeoutException):
                frozen.socket.recv()


@forms
def test_duplicates_come_one_after_the_other(form: str) -> None:
    with subscribed(form, wrong.Duplicate(share=1)) as (simulator, client):
        simulator.push(IEX, [trade(1), trade(2)])
        assert [event["i"] for event in client.frame()] == [1, 1, 2, 2]


@forms
def test_delay_keeps_the_order(form: str) -> None:
    with subscribed(form, wrong.Delay(seconds=0.1)) as (simulator, client):
        began = time.monotonic()
        push(simulator, 1, 2, 3)
        assert [event["i"] for event in client.take(3)] == [1, 2, 3]
        assert time.monotonic() - began >= 0.1


@forms
def test_reordered_trades_come_late_and_once(form: str) -> None:
    faults = [wrong.Reorder(share=0.2, within=1)]
    with (
        Simulator(venue="alpaca", start=REGULAR_HOURS, speed=100, faults=faults) as simulator,
        Client(simulator.url, form) as client,
    ):
        client.log_in().subscribe(trades=["AAPL"])
        trades = client.take(500)
    stamps = [nanoseconds(event["t"]) for event in trades]
    assert stamps != sorted(stamps)
    assert len({event["i"] for event in trades}) == 500


@forms
@pytest.mark.usefixtures("patient_farewell")
def test_slow_reader_is_told_407_and_cut_off(form: str) -> None:
    with subscribed(form, wrong.SlowConsumer(unread_bytes=65_536)) as (simulator, client):
        while simulator.push(IEX, trade(1) | {"padding": "x" * 100_000}):
            assert simulator.frames_sent < 1_000
        assert simulator.faults_happened == {"SlowConsumer": 1}
        messages, code = rest(client)
        assert code == 1008
        assert messages[-1] == {"T": "error", "code": 407, "msg": "slow client"}
        assert len(messages) - 1 == simulator.frames_sent


@forms
@pytest.mark.parametrize("when", ["login", "acknowledgement"])
def test_connection_limit_may_be_told_late(form: str, when: str) -> None:
    faults = [wrong.CapRefusal(when=when, times=1)]  # type: ignore[arg-type]  # both words are allowed
    with Simulator(venue="alpaca", market=False, faults=faults) as simulator:
        with Client(simulator.url, form) as client:
            client.next()
            client.send("auth", key="demo", secret="secret")
            if when == "acknowledgement":
                assert client.next()["msg"] == "authenticated"
                assert client.subscribe(trades=["*"])["T"] == "subscription"
            assert client.next() == {"T": "error", "code": 406, "msg": "connection limit exceeded"}
            assert client.end() == 1008
        with Client(simulator.url, form) as client:
            client.log_in().subscribe(trades=["*"])


@forms
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (400, "invalid syntax"),
        (401, "not authenticated"),
        (402, "auth failed"),
        (403, "already authenticated"),
        (404, "auth timeout"),
        (405, "symbol limit exceeded"),
        (406, "connection limit exceeded"),
        (407, "slow client"),
        (408, "v2 not enabled"),
        (409, "insufficient subscription"),
        (410, "invalid subscribe action for this feed"),
        (411, "insufficient scope"),
        (500, "internal error"),
    ],
)
def test_any_error_comes_on_demand_in_the_middle_of_the_stream(form: str, code: int, message: str) -> None:
    fault = wrong.Complain(after_frames=1, status=code, closes=True)
    with subscribed(form, fault) as (simulator, client):
        assert simulator.complain(code) == 1
        assert client.frame() == [{"T": "error", "code": code, "msg": message}]
        push(simulator, 1)
        assert client.next()["i"] == 1
        assert client.frame() == [{"T": "error", "code": code, "msg": message}]
        assert client.end() == 1008


def test_error_of_the_server_is_500_unless_told_otherwise() -> None:
    with subscribed("json") as (simulator, client):
        simulator.complain(message="try again later", closes=True)
        assert client.next() == {"T": "error", "code": 500, "msg": "try again later"}
        assert client.end() == 1008


@forms
def test_garbage_of_every_kind_comes_between_the_frames(form: str) -> None:
    read: Callable[[bytes], Any] = json.loads if form == "json" else unpack
    right = websocket.ABNF.OPCODE_TEXT if form == "json" else websocket.ABNF.OPCODE_BINARY
    kinds = list(wrong.GarbageKind)
    with (
        Simulator(venue="alpaca", market=False, keep_sent=True, faults=[wrong.Garbage(every=1)]) as simulator,
        Client(simulator.url, form) as client,
    ):
        client.log_in().subscribe(trades=["*"])
        for number, kind in enumerate(kinds):
            push(simulator, number)
            assert client.next()["i"] == number
            opcode, data = raw(client)
            assert (opcode == right) is (kind is not wrong.GarbageKind.BINARY)
            assert is_proper(read, data) is (kind is wrong.GarbageKind.EMPTY_ARRAY), kind
        assert len(simulator.sent[1]) == len(kinds)


def rest(client: Client) -> tuple[list[Message], int | None]:
    """All messages up to the end, and its code."""
    messages: list[Message] = []
    try:
        while True:
            messages.extend(client.frame())
    except Ended as ended:
        return messages, ended.code


def raw(client: Client) -> tuple[int, bytes]:
    frame = client.socket.recv_frame()  # type: ignore[no-untyped-call]  # the package is untyped here
    return frame.opcode, bytes(frame.data)


def is_proper(read: Callable[[bytes], Any], data: bytes) -> bool:
    """Whether data are an array of nothing but whole trades."""
    try:
        messages = read(data)
    except ValueError:  # msgpack's and JSON's errors alike
        return False
    return isinstance(messages, list) and all(
        isinstance(m, dict) and m.get("T") == "t" and isinstance(m.get("p"), float) and "S" in m
        for m in messages
    )


def test_login_may_be_answered_with_garbage() -> None:
    fault = wrong.GarbageLogin(kind=wrong.GarbageKind.NOT_JSON)
    with (
        Simulator(venue="alpaca", market=False, faults=[fault]) as simulator,
        Client(simulator.url, "msgpack") as client,
    ):
        client.next()
        client.send("auth", key="demo", secret="secret")
        assert client.raw() == (websocket.ABNF.OPCODE_BINARY, b"<html>502 Bad Gateway</html>")


@forms
def test_raw_frame_may_be_of_either_sort(form: str) -> None:
    with subscribed(form) as (simulator, client):
        simulator.send_raw(b"\x90", binary=True)
        simulator.send_raw("[]")
        assert client.raw() == (websocket.ABNF.OPCODE_BINARY, b"\x90")
        assert client.raw() == (websocket.ABNF.OPCODE_TEXT, b"[]")


def test_pushed_event_with_a_stamp_that_is_none_arrives_as_it_is() -> None:
    with subscribed("msgpack") as (simulator, client):
        simulator.push(IEX, {"T": "t", "S": "A", "t": "yesterday"})
        assert client.frame() == [{"T": "t", "S": "A", "t": "yesterday"}]


@forms
@pytest.mark.parametrize("value", [2**70, b"bytes", object()])
def test_event_that_cannot_be_written_is_refused_whoever_listens(form: str, value: object) -> None:
    with subscribed(form) as (simulator, client):
        for symbol in ("A", "B"):
            with pytest.raises(InvalidArgumentError, match="JSON cannot say it"):
                simulator.push(IEX, {"T": "t", "S": symbol, "p": value})
        push(simulator, 1)
        assert client.next()["i"] == 1


@forms
def test_events_go_only_to_those_who_subscribed(form: str) -> None:
    with (
        Simulator(venue="alpaca", market=False) as simulator,
        Client(simulator.url, form) as client,
    ):
        client.log_in().subscribe(trades=["A"], bars=["B"])
        assert simulator.push(IEX, {"T": "q", "S": "A"}) == 0
        assert simulator.push(IEX, {"T": "t", "S": "B"}) == 0
        assert simulator.push("v2/sip", {"T": "t", "S": "A"}) == 0
        events = [{"T": kind, "S": symbol} for kind in "tcxqb" for symbol in "AB"]
        assert simulator.push(IEX, events) == 1
        assert [(event["T"], event["S"]) for event in client.frame()] == [
            ("t", "A"),
            ("c", "A"),
            ("x", "A"),
            ("b", "B"),
        ]


@pytest.mark.parametrize(
    "fault",
    [
        wrong.RefuseLogin(status="auth_timeout"),
        wrong.RefuseSubscription(status="no"),
        wrong.Complain(status=""),
    ],
)
def test_status_that_is_no_code_of_the_vendor_is_named(fault: wrong.Fault) -> None:
    with pytest.raises(InvalidArgumentError, match="alpaca's own statuses or codes"):
        Simulator(venue="alpaca", faults=[fault])
    with (
        Simulator(venue="alpaca", market=False) as simulator,
        pytest.raises(InvalidArgumentError, match="status"),
    ):
        simulator.complain("slow_consumer")
