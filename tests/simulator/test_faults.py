"""Every fault on demand."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import websocket

from rxpolygon.simulator import Simulator
from rxpolygon.simulator import faults as wrong
from rxpolygon.simulator.garbage import garbage_frame
from rxpolygon.simulator.schedule import FaultSchedule
from tests.simulator.leaps import MINUTE, LeapingLoop
from tests.simulator.markets import REGULAR_HOURS
from tests.simulator.wire import PATIENCE, Client, Ended, trade
from tests.support import wait_for


@contextmanager
def subscribed(*faults: wrong.Fault, **options: Any) -> Iterator[tuple[Simulator, Client]]:
    """A quiet simulator with faults, and a client that has all trades."""
    with (
        Simulator(market=False, keep_sent=True, faults=faults, **options) as simulator,
        Client(simulator.url, skip_utf8_validation=True) as client,
    ):
        client.log_in().subscribe("T.*")
        yield simulator, client


def push(simulator: Simulator, *numbers: int) -> None:
    """Send trades with these numbers, each in a frame of its own."""
    for number in numbers:
        simulator.push("stocks", trade("A", q=number))


def test_cut_after_frames_lets_those_arrive() -> None:
    with subscribed(wrong.Cut(after_frames=2)) as (simulator, client):
        push(simulator, 1, 2, 3)
        assert [event["q"] for event in client.take(2)] == [1, 2]
        with pytest.raises(Ended):
            client.raw()
        assert len(simulator.sent[1]) == 2


def test_cut_resets_the_connection() -> None:
    with subscribed(wrong.Cut(after_frames=2, reset=True)) as (simulator, client):
        push(simulator, 1)
        client.next()
        push(simulator, 2)
        with pytest.raises(ConnectionResetError):
            read_all(client.plain)


def test_cut_by_fin_ends_the_stream() -> None:
    with subscribed(wrong.Cut(after_frames=1)) as (simulator, client):
        push(simulator, 1)
        client.next()
        assert client.plain.recv(10) == b""


def test_cut_in_a_frame_lets_its_first_bytes_out() -> None:
    with subscribed(wrong.Cut(after_frames=1, extra_bytes=7)) as (simulator, client):
        push(simulator, 1, 2)
        client.next()
        assert read_all(client.plain)[2:] == simulator_frame(2)[:5]


def test_cut_at_a_byte_counts_the_bytes_of_data() -> None:
    length = len(simulator_frame(1)) + 2
    with subscribed(wrong.Cut(at_byte=length + 3)) as (simulator, client):
        push(simulator, 1, 2)
        client.next()
        assert len(read_all(client.plain)) == 3
        assert len(simulator.sent[1]) == 1


def simulator_frame(number: int) -> bytes:
    return json.dumps([trade("A", q=number)], separators=(",", ":")).encode()


def read_all(plain: socket.socket) -> bytes:
    data = b""
    while more := plain.recv(1_000):
        data += more
    return data


def test_login_may_be_answered_with_garbage() -> None:
    fault = wrong.GarbageLogin(kind=wrong.GarbageKind.NOT_UTF8)
    with (
        Simulator(market=False, faults=[fault]) as simulator,
        Client(simulator.url, skip_utf8_validation=True) as client,
    ):
        client.next()
        client.send("auth", "demo")
        assert client.raw()[1] == garbage_frame(fault.kind)[0]
        assert client.subscribe("T.A")[0]["status"] == "auth_required"
        client.send("auth", "demo")
        assert client.next()["status"] == "auth_success"


def test_fault_of_one_connection_leaves_the_others() -> None:
    with Simulator(market=False, faults=[wrong.Restart(connection=2)]) as simulator:
        for expected in (None, 1001, None):
            with Client(simulator.url) as client:
                client.log_in()
                if expected is None:
                    assert client.subscribe("T.A")[0]["status"] == "success"
                else:
                    assert client.end() == expected


def test_fault_happens_as_often_as_it_may() -> None:
    with Simulator(market=False, faults=[wrong.Evict(times=2)]) as simulator:
        for _ in range(2):
            with Client(simulator.url) as client:
                assert client.log_in().next()["status"] == "force_disconnect"
                assert client.end() == 1008
        with Client(simulator.url) as client:
            assert client.log_in().subscribe("T.A")[0]["status"] == "success"


def test_fault_that_was_counted_is_told() -> None:
    told: list[dict[str, int]] = []
    schedule = FaultSchedule([wrong.Mute()], 0, lambda: told.append(dict(schedule.happened)))
    assert [schedule.use(0), schedule.use(0)] == [True, False]
    assert told == [{"Mute": 1}]


def test_mute_sends_nothing_more_and_answers_pings() -> None:
    with subscribed(wrong.Mute(after_frames=1)) as (simulator, client):
        push(simulator, 1, 2)
        client.next()
        client.socket.ping()
        assert client.socket.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_PONG
        assert client.subscribe("T.B")[0]["status"] == "success"


def test_mute_may_leave_pings_unanswered() -> None:
    with subscribed(wrong.Mute(answer_pings=False)) as (simulator, client):
        client.socket.ping()
        client.send("subscribe", "T.B")
        assert client.socket.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_TEXT
        assert simulator.unmute() == 1
        client.socket.ping()
        assert client.socket.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_PONG


def test_muted_connection_can_be_unmuted() -> None:
    with subscribed() as (simulator, client):
        assert simulator.mute() == 1
        push(simulator, 1)
        assert simulator.unmute() == 1
        push(simulator, 2)
        assert client.next()["q"] == 2


def test_half_open_connection_neither_reads_nor_writes_nor_closes() -> None:
    with subscribed(wrong.HalfOpen(after_frames=1)) as (simulator, client):
        push(simulator, 1, 2)
        client.next()
        client.socket.ping()
        client.send("subscribe", "T.B")
        # Another connection is served after that, and still nothing has come on the frozen one.
        with Client(simulator.url, "crypto") as other:
            other.log_in()
        assert len(simulator.received) == 3
        client.socket.settimeout(0.05)
        with pytest.raises(websocket.WebSocketTimeoutException):
            client.socket.recv()
        assert simulator.open_connections[1] == "stocks"


def test_frozen_connections_are_half_open() -> None:
    with subscribed() as (simulator, client):
        assert simulator.freeze() == 1
        push(simulator, 1)
        assert simulator.frames_sent == 0
        client.socket.settimeout(0.05)
        with pytest.raises(websocket.WebSocketTimeoutException):
            client.socket.recv()


def test_delay_sends_everything_late_and_in_order() -> None:
    with subscribed(wrong.Delay(seconds=0.2)) as (simulator, client):
        began = time.monotonic()
        push(simulator, 1, 2, 3)
        assert [event["q"] for event in client.take(3)] == [1, 2, 3]
        assert 0.19 < time.monotonic() - began < PATIENCE


def test_reorder_sends_younger_events_first_within_its_bound() -> None:
    faults = [wrong.Reorder(share=0.3, within=0.4)]
    with (
        Simulator(start=REGULAR_HOURS, speed=50, rate=50, faults=faults) as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in().subscribe("T.AAPL")
        stamps = [event["t"] for event in client.take(400)]
    assert stamps != sorted(stamps)
    newest = 0
    for stamp in stamps:
        newest = max(newest, stamp)
        assert newest - stamp <= 400


def test_duplicates_follow_their_originals() -> None:
    with subscribed(wrong.Duplicate(share=0.5)) as (simulator, client):
        simulator.push("stocks", [trade("A", q=number) for number in range(100)])
        numbers = [event["q"] for event in client.frame()]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(100))
    assert 120 < len(numbers) < 180


def test_duplicates_are_the_same_for_the_same_seed() -> None:
    def numbers() -> list[int]:
        with subscribed(wrong.Duplicate(share=0.5), seed=3) as (simulator, client):
            simulator.push("stocks", [trade("A", q=number) for number in range(50)])
            return [event["q"] for event in client.frame()]

    assert numbers() == numbers()


def test_garbage_of_every_kind_comes_between_the_frames() -> None:
    with subscribed(wrong.Garbage(every=1)) as (simulator, client):
        for number, kind in enumerate(wrong.GarbageKind):
            push(simulator, number)
            assert client.frame()[0]["q"] == number
            data, is_binary = garbage_frame(kind)
            opcode = websocket.ABNF.OPCODE_BINARY if is_binary else websocket.ABNF.OPCODE_TEXT
            assert client.raw() == (opcode, data)
        assert len(simulator.sent[1]) == len(wrong.GarbageKind)


def test_garbage_of_one_kind_comes_every_so_often() -> None:
    fault = wrong.Garbage(kind=wrong.GarbageKind.NOT_JSON, every=2, times=1)
    with subscribed(fault) as (simulator, client):
        push(simulator, 1, 2, 3, 4)
        assert [len(client.raw()[1]) == len(simulator_frame(1)) for _ in range(5)] == [
            True,
            True,
            False,
            True,
            True,
        ]


def test_cap_refusal_comes_instead_of_the_login() -> None:
    with (
        Simulator(market=False, faults=[wrong.CapRefusal()]) as simulator,
        Client(simulator.url) as client,
    ):
        client.next()
        client.send("auth", "demo")
        assert client.next()["status"] == "max_connections"
        assert client.end() == 1008


def test_cap_refusal_comes_after_the_acknowledgement(loops: list[LeapingLoop]) -> None:
    fault = wrong.CapRefusal(when="acknowledgement", delay=MINUTE)
    with subscribed(fault) as (simulator, client):
        push(simulator, 1)
        assert client.next()["q"] == 1
        loops[0].leap(MINUTE)
        assert client.next()["status"] == "max_connections"
        assert client.end() == 1008
        with Client(simulator.url) as again:
            assert again.log_in().subscribe("T.*")[0]["status"] == "success"


def test_restart_closes_with_its_code() -> None:
    with subscribed(wrong.Restart(after_frames=1, code=1000)) as (simulator, client):
        push(simulator, 1)
        client.next()
        assert client.end() == 1000


@pytest.mark.parametrize(("code", "seen"), [(1011, 1011), (None, None)])
def test_connection_may_be_closed_at_once(code: int | None, seen: int | None) -> None:
    with (
        Simulator(market=False, faults=[wrong.CloseAtOnce(code=code)]) as simulator,
        Client(simulator.url) as client,
    ):
        assert client.end() == seen


def test_handshake_may_be_refused() -> None:
    with Simulator(market=False, faults=[wrong.RefuseHandshake(status=503)]) as simulator:
        with pytest.raises(websocket.WebSocketBadStatusException) as caught:
            Client(simulator.url)
        assert caught.value.status_code == 503
        with Client(simulator.url) as client:
            client.log_in()


@pytest.mark.usefixtures("patient_farewell")
def test_slow_reader_is_cut_off_by_its_unread_bytes() -> None:
    with subscribed(wrong.SlowConsumer(unread_bytes=1_000_000)) as (simulator, client):
        fill(simulator)
        seen = client.until(lambda seen: bool(seen) and seen[-1]["ev"] == "status")
        assert seen[-1]["status"] == "slow_consumer"
        assert len(seen) - 1 == simulator.frames_sent
        assert client.end() == 1008


@pytest.mark.usefixtures("patient_farewell")
def test_slow_reader_hears_the_end_as_long_as_it_goes_on_reading(
    monkeypatch: pytest.MonkeyPatch, loops: list[LeapingLoop]
) -> None:
    monkeypatch.setattr("rxpolygon.simulator.link._DRAIN_SECONDS", MINUTE)
    with subscribed(wrong.SlowConsumer(unread_bytes=20_000_000)) as (simulator, client):
        unread = fill(simulator)
        seen, left, leaps = [client.next()], unread(), 0
        while seen[-1]["ev"] == "T":
            seen.append(client.next())
            if unread() < left:
                left = unread()
                leaps += 1
                loops[-1].leap(MINUTE * 2 / 3)  # it is given a minute, but from one look to the next
        assert leaps > 2
        assert seen[-1]["status"] == "slow_consumer"
        assert len(seen) - 1 == simulator.frames_sent
        assert client.end() == 1008


def test_slow_reader_that_stops_reading_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, loops: list[LeapingLoop]
) -> None:
    monkeypatch.setattr("rxpolygon.simulator.link._DRAIN_SECONDS", MINUTE)
    with subscribed(wrong.SlowConsumer(unread_bytes=1_000_000)) as (simulator, client):
        unread = fill(simulator)
        assert unread()
        loops[-1].leap(MINUTE)
        wait_for(lambda: not unread())
        assert client.end() is None


def fill(simulator: Simulator) -> Callable[[], int]:
    """Send until the client is cut off for what it has not read; a function that tells how much that is."""
    while simulator.push("stocks", trade("A", padding="x" * 100_000)):
        assert simulator.frames_sent < 1_000
    server = simulator._runner.server
    assert server is not None
    (session,) = server._sessions
    return lambda: session.link.unread_bytes


def test_reader_that_keeps_up_is_not_cut_off() -> None:
    with subscribed(wrong.SlowConsumer(unread_bytes=1_000_000)) as (simulator, client):
        for number in range(50):
            assert simulator.push("stocks", trade("A", q=number, padding="x" * 100_000)) == 1
            assert client.next()["q"] == number


def test_restart_by_hand_closes_everything_and_welcomes_again(quiet: Simulator) -> None:
    with Client(quiet.url) as stocks, Client(quiet.url, "crypto") as crypto:
        stocks.log_in()
        crypto.log_in()
        assert quiet.restart(cluster="crypto") == 1
        assert crypto.end() == 1001
        assert quiet.restart(1012) == 1
        assert stocks.end() == 1012
    with Client(quiet.url) as client:
        client.log_in()


@pytest.mark.parametrize("reset", [True, False])
def test_dropped_connections_end_without_a_handshake(quiet: Simulator, reset: bool) -> None:
    with Client(quiet.url) as client:
        client.log_in()
        assert quiet.drop_connections(reset=reset) == 1
        assert client.end() is None


def test_eviction_by_hand_is_told(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in()
        assert quiet.evict("stocks") == 1
        assert client.next()["status"] == "force_disconnect"


def test_faults_on_a_market_are_the_same_for_the_same_seed() -> None:
    def stream() -> list[Any]:
        faults = [wrong.Reorder(), wrong.Duplicate(share=0.1)]
        with (
            Simulator(start=REGULAR_HOURS, speed=50, seed=4, faults=faults) as simulator,
            Client(simulator.url) as client,
        ):
            client.log_in().subscribe("T.AAPL,A.AAPL")
            return client.take(300)

    assert stream() == stream()
