"""Losses of every kind, over real sockets: the client comes back, tells it, and the Observables go on."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
from reactivex import operators as ops

from rxpolygon import Reconnect, errors
from rxpolygon.simulator import Simulator, faults
from rxpolygon.simulator.faults import Fault
from rxpolygon.status import (
    Authenticated,
    Connected,
    Connecting,
    Disconnected,
    Gap,
    Reconnecting,
)
from tests.client.support import Recorder, push_until
from tests.faults.leaps import MINUTE, Leaps, carrier_of
from tests.faults.rig import QUICK, Log, Rig, push, time_of, wait_subscribed
from tests.support import PATIENCE, wait_for

_LOSSES = [
    (faults.Restart(after_frames=2, code=1001), 2, "restart", 1001),
    (faults.Restart(after_frames=2, code=1000), 2, "restart", 1000),
    (faults.Restart(after_frames=2, code=1011), 2, "server", 1011),
    (faults.Cut(after_frames=2), 2, "network", 1006),
    (faults.Cut(after_frames=2, extra_bytes=30), 3, "network", 1006),
]
_LOSS_NAMES = ["1001", "1000", "1011", "cut", "in-frame"]


def resume(server: Simulator, log: Log, number: int) -> None:
    """Wait for the next connection and send a trade on it."""
    log.wait(Authenticated, 2)
    # The first one may still be there, if the server has not heard its farewell yet.
    wait_for(lambda: any("T.AAPL" in topics for at, topics in server.subscriptions.items() if at > 1))
    push(server, number)
    log.wait_number(number)


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """A port that nobody listens on, and that nobody else is given meanwhile."""
    with socket.socket() as holder:
        # Beside a socket that does not listen another one may, if both say so.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def wait_connection(server: Simulator, number: int) -> None:
    """Wait until the connection with a number has subscribed."""
    wait_for(lambda: server.subscriptions.get(number))


@pytest.mark.parametrize(("fault", "pushed", "cause", "code"), _LOSSES, ids=_LOSS_NAMES)
def test_loss_is_told_and_the_observable_goes_on_behind_a_gap(
    rig: Rig, fault: Fault, pushed: int, cause: str, code: int
) -> None:
    server = rig.server(fault)
    log = rig.stream(server)
    push(server, *range(1, pushed + 1))
    resume(server, log, 9)
    (ending,) = log.of(Disconnected)
    assert (ending.cause, ending.code) == (cause, code)
    assert not log.errors
    life = [entry for entry in log.kinds() if entry not in ("Idle", "Subscribed", "ServerMessage")]
    start = ["Connecting", "Connected", "Authenticated"]
    assert life == [*start, "1", "2", "Disconnected", "Reconnecting", *start, "Gap", "9"]
    assert log.of(Gap) == [Gap("T", ("AAPL",), time_of(2), time_of(9), "reconnect")]


def test_reset_loses_only_inside_the_gap(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    push(server, 1)
    log.wait_number(1)
    server.drop_connections(reset=True)
    resume(server, log, 5)
    assert log.of(Disconnected)[0].cause == "network"
    assert log.of(Gap) == [Gap("T", ("AAPL",), time_of(1), time_of(5), "reconnect")]


def test_login_deferred_some_times_is_tried_again(rig: Rig) -> None:
    server = rig.server(faults.RefuseLogin(status="auth_timeout", message="later", times=5))
    log = rig.stream(server)
    assert log.client.state == Authenticated("authenticated")
    logins = [entry.connection for entry in server.received if entry.action == "auth"]
    assert logins == [1, 1, 1, 2, 2, 2]
    assert log.of(Disconnected)[0].cause == "login"


def test_login_refused_is_final_at_once(rig: Rig) -> None:
    server = rig.server(faults.RefuseLogin(times=None))
    log = Log(rig.client(server)).trades()
    log.client.start_stream_thread()
    closed = log.wait_end()
    assert closed.kind == "AuthenticationError"
    assert server.connections == 1
    (error,) = log.errors
    assert isinstance(error, errors.AuthenticationError)
    assert "the API key is wrong, or its plan does not include" in str(error)
    assert not log.of(Reconnecting)


@pytest.mark.parametrize("status", [401, 404])
def test_handshake_refused_for_good_is_final(rig: Rig, status: int) -> None:
    server = rig.server(faults.RefuseHandshake(status=status, times=None))
    log = Log(rig.client(server)).trades()
    log.client.start_stream_thread()
    assert log.wait_end().kind == "ConnectFailedError"
    (error,) = log.errors
    assert isinstance(error, errors.ConnectFailedError)
    assert error.status == status
    assert server.connections == 1


def test_handshake_refused_for_now_is_tried_again(rig: Rig) -> None:
    server = rig.server(faults.RefuseHandshake(status=503, times=2))
    log = rig.stream(server)
    assert [status.cause for status in log.of(Reconnecting)] == ["connect", "connect"]


@pytest.mark.parametrize("code", [1011, 1001, None])
def test_close_before_the_greeting_is_tried_again(plain: Rig, code: int | None) -> None:
    log = plain.stream(plain.server(faults.CloseAtOnce(code=code, times=2)))
    assert [status.attempt for status in log.of(Reconnecting)] == [1, 2]


@pytest.mark.parametrize(
    ("when", "delay"), [("login", 0.0), ("acknowledgement", 0.0), ("acknowledgement", 0.1)]
)
def test_cap_waits_its_cooldown(rig: Rig, when: str, delay: float) -> None:
    server = rig.server(faults.CapRefusal(when=when, delay=delay))  # type: ignore[arg-type]  # from the table
    log = Log(rig.client(server, reconnect=Reconnect(initial=0.01, maximum=0.01, cap_cooldown=0.3))).trades()
    began = time.monotonic()
    log.client.start_stream_thread()
    waiting = log.wait(Reconnecting)
    assert waiting.cause == "cap"
    assert waiting.delay >= 0.3
    assert "other client" in waiting.remedy
    log.wait(Connecting, 2)
    assert time.monotonic() - began > 0.3
    push_until(server, lambda: bool(log.numbers))


def test_cap_without_end_is_met_with_few_connections(plain: Rig) -> None:
    server = plain.server(faults.CapRefusal(times=None, when="acknowledgement", delay=0.05))
    policy = Reconnect(initial=0.01, maximum=0.01, cap_cooldown=0.5)
    log = Log(plain.client(server, reconnect=policy)).trades()
    began = time.monotonic()
    log.client.start_stream_thread()
    log.wait(Reconnecting, 3)
    assert server.connections <= 1 + (time.monotonic() - began) / 0.5


def test_cap_with_the_default_policy_is_met_with_one_connection(plain: Rig) -> None:
    server = plain.server(faults.CapRefusal(times=None))
    log = Log(plain.client(server, reconnect=Reconnect())).trades()
    log.client.start_stream_thread()
    waiting = log.wait(Reconnecting)
    assert waiting.delay >= 60
    assert server.connections == 1


def test_eviction_stops(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    server.evict()
    assert log.wait_end().kind == "EvictedError"
    (error,) = log.errors
    assert isinstance(error, errors.EvictedError)
    assert "share one StreamClient" in str(error)
    assert server.connections == 1


def test_eviction_is_fought_when_told_so(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, reconnect=Reconnect(initial=0.01, maximum=0.05, on_evicted="retry"))
    server.evict()
    resume(server, log, 3)
    assert log.of(Reconnecting)[0].cause == "evicted"


def test_attempts_used_up_end_with_the_typed_error_and_a_remedy(rig: Rig) -> None:
    server = rig.server(faults.CloseAtOnce(times=None))
    log = Log(rig.client(server, reconnect=Reconnect(initial=0.01, maximum=0.02, attempts=3))).trades()
    log.client.start_stream_thread()
    assert log.wait_end().kind == "ConnectionLostError"
    assert server.connections == 4
    (error,) = log.errors
    assert isinstance(error, errors.ConnectionLostError)
    assert error.code == 1011
    assert "the fault is the server's" in str(error)


def test_attempts_used_up_at_a_closed_port_name_host_and_remedy(rig: Rig) -> None:
    with held_port() as port:
        url = f"ws{'s' if rig.certificate else ''}://127.0.0.1:{port}"
        log = Log(rig.client(url, reconnect=Reconnect(initial=0.01, maximum=0.02, attempts=2))).trades()
        log.client.start_stream_thread()
        assert log.wait_end().kind == "ConnectFailedError"
    assert "check the host and the network" in str(log.errors[0])
    assert url in str(log.errors[0])


def test_no_reconnect_ends_with_the_first_loss(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, reconnect=None)
    server.restart(1001)
    assert log.wait_end().kind == "ConnectionLostError"
    assert server.connections == 1


@pytest.mark.parametrize("frame", [b"[]", b"<html>", b"[1]", b'{"heart":"beat"}'], ids=repr)
def test_frames_without_data_do_not_start_the_backoff_anew(plain: Rig, frame: bytes) -> None:
    server = plain.server()
    log = plain.stream(server)
    beats = Recorder.of(log.client.messages.pipe(ops.filter(frame.__eq__)))
    for attempt in range(1, 5):
        wait_connection(server, attempt)
        server.send_raw(frame)
        beats.wait(attempt)
        server.drop_connections()
        assert log.wait(Reconnecting, attempt).attempt == attempt
    wait_connection(server, 5)
    push(server, 1)
    log.wait_number(1)
    server.drop_connections()
    assert log.wait(Reconnecting, 5).attempt == 1


def test_server_that_comes_back_is_found_again(rig: Rig) -> None:
    with held_port() as port:
        first = rig.server(port=port)
        log = rig.stream(first)
        first.close()
        log.wait(Reconnecting, 2)
        second = rig.server(port=port)
    wait_subscribed(second)
    push(second, 4)
    log.wait_number(4)


def test_changes_made_offline_are_restored(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Leaps.of(monkeypatch)
    server = rig.server()
    log = rig.stream(server, reconnect=Reconnect(initial=MINUTE, maximum=MINUTE, jitter="none"))
    other = log.client.subscribe_stock_trades(["MSFT"]).subscribe(lambda event: None)
    wait_subscribed(server, "T.MSFT")
    server.restart()
    log.wait(Reconnecting)
    other.dispose()
    log.client.subscribe_stock_quotes(["NVDA"])
    assert server.connections == 1
    clock.leap(carrier_of(log.client), MINUTE)
    log.wait(Connected, 2)
    wait_for(lambda: server.subscriptions == {2: frozenset({"T.AAPL", "Q.NVDA"})})


def test_second_loss_during_the_login_forgets_nothing(rig: Rig) -> None:
    server = rig.server(faults.RefuseLogin(connection=2, status="auth_timeout", times=3))
    log = rig.stream(server)
    server.restart()
    wait_connection(server, 3)
    push(server, 5)
    log.wait_number(5)
    assert len(log.of(Gap)) == 1


def test_thousands_of_topics_are_restored_in_chunks(plain: Rig) -> None:
    server = plain.server()
    log = Log(plain.client(server))
    symbols = [f"S{number}" for number in range(5_000)]
    log.client.subscribe_stock_trades(symbols).subscribe(lambda event: None)
    log.client.start_stream_thread()
    everything = frozenset(f"T.{symbol}" for symbol in symbols)
    wait_for(lambda: everything in server.subscriptions.values())
    server.restart()
    log.wait(Authenticated, 2)
    wait_for(lambda: server.subscriptions.get(2) == everything)
    commands = [
        entry.params for entry in server.received if (entry.connection, entry.action) == (2, "subscribe")
    ]
    assert 1 < len(commands) < 10
    push(server, 1, symbol="S4999")
    assert log.wait(Gap).symbols == tuple(symbols)
    assert max(map(len, commands)) <= 16_384


@pytest.mark.usefixtures("patient_farewell")
def test_slow_reader_that_was_cut_comes_back_and_is_told_why(plain: Rig) -> None:
    server = plain.server(faults.SlowConsumer(unread_bytes=100_000, times=1), market=True, speed="max")
    log = Log(plain.client(server, max_buffer=10_000))

    def nap(event: object) -> None:
        if not server.faults_happened.get("SlowConsumer"):
            time.sleep(0.05)

    log.client.subscribe_stock_trades(["*"]).subscribe(nap)
    log.client.subscribe_stock_quotes(["*"]).subscribe(nap)
    log.client.start_stream_thread()
    waiting = log.wait(Reconnecting)
    assert waiting.cause == "slow"
    assert "subscribe to less" in waiting.remedy
    log.wait(Authenticated, 2)
    log.client.close_stream(PATIENCE)


def test_two_clusters_live_apart(rig: Rig) -> None:
    server = rig.server()
    stocks = rig.stream(server)
    crypto: list[object] = []
    other = rig.client(server, "crypto")
    other.subscribe_crypto_trades(["BTC-USD"]).subscribe(crypto.append)
    other.start_stream_thread()
    wait_subscribed(server, "XT.BTC-USD")
    server.restart(cluster="stocks")
    server.push("crypto", {"ev": "XT", "pair": "BTC-USD", "p": 1.0, "s": 1.0, "t": time_of(1), "i": "1"})
    wait_for(lambda: crypto)
    resume(server, stocks, 2)
    assert other.stats.connections == 1


def test_refused_topic_ends_its_own_observable_only(rig: Rig) -> None:
    server = rig.server(refuse=["Q"])
    log = rig.stream(server, reconnect=QUICK)
    refused: list[Exception] = []
    log.client.subscribe_stock_quotes(["AAPL"]).subscribe(lambda event: None, refused.append)
    wait_for(lambda: refused)
    assert isinstance(refused[0], errors.SubscriptionRefusedError)
    assert "the plan of this key does not include it" in str(refused[0])
    push(server, 1)
    log.wait_number(1)
    server.restart()
    resume(server, log, 2)
    assert all("Q" not in entry.params for entry in server.received if entry.connection == 2)
