"""Servers that refuse, fall silent, close, or are none: a clear error, in time."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from rxpolygon import Reconnect, StreamClient
from rxpolygon.connection import carrier
from rxpolygon.errors import (
    AuthenticationError,
    ConnectFailedError,
    ConnectionLimitError,
    ConnectionLostError,
    EvictedError,
    LoginTimeoutError,
    RxPolygonError,
    SlowConsumerError,
)
from rxpolygon.simulator import Simulator
from rxpolygon.simulator import faults as wrong
from rxpolygon.status import Closed, Connecting, Disconnected, ServerMessage, Subscribed
from tests.client.support import Connect, Recorder, numbers, push_numbers, push_until, wait_for_topics
from tests.faults.leaps import MINUTE, Leaps, carrier_of
from tests.support import PATIENCE, wait_for

PATIENT = 2 * PATIENCE  # of a server: what ends sooner did not end by this
# No name begins so, which the system's resolver knows without asking a name server that may not answer.
_NOWHERE = "ws://-no-such-host.invalid"


@contextmanager
def _answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP server that does something with each connection; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            with accepted, contextlib.suppress(OSError):  # the client may be gone before it has it all
                answer(accepted)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _end_of(connect: Connect, server: Simulator | str, **options: object) -> RxPolygonError:
    """Start a client that does not come back and wait for its error; what all that look at it are told."""
    client = connect(server, **{"reconnect": None, **options})
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    everything, frames = Recorder.of(client.events), Recorder.of(client.messages)
    statuses = Recorder.of(client.status)
    client.start_stream_thread()
    error = trades.wait_for_end()
    assert isinstance(error, RxPolygonError)
    assert everything.wait_for_end() is frames.wait_for_end() is error
    assert statuses.wait_for_end() is None
    assert statuses.values[-1] == Closed(str(error), type(error).__name__) == client.state
    assert "demo" not in str(error)
    wait_for(lambda: not client.is_streaming)
    return error


def test_login_refused_ends_the_stream_whatever_the_policy(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport, api_key="wrong", reconnect=Reconnect())
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    error = trades.wait_for_end()
    assert isinstance(error, AuthenticationError)
    assert "authentication failed" in str(error)
    assert "plan" in str(error)
    assert error.url == client.url
    assert server.connections == 1


def test_login_refused_by_the_plan_says_so(connect: Connect) -> None:
    message = "Your plan doesn't include websocket access. Visit https://polygon.io/pricing to upgrade."
    with Simulator(market=False, faults=[wrong.RefuseLogin(message=message)]) as server:
        assert message in str(_end_of(connect, server))


def test_login_put_off_is_tried_again(connect: Connect, transport: str) -> None:
    faults = [wrong.RefuseLogin(status="auth_timeout", message="busy", times=2)]
    with Simulator(market=False, faults=faults) as server:
        client = connect(server, transport=transport)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, 1)
        trades.wait()
        assert server.connections == 1


def test_login_put_off_for_ever_is_an_error_that_says_so(connect: Connect) -> None:
    faults = [wrong.RefuseLogin(status="auth_required", message="busy", times=None)]
    with Simulator(market=False, faults=faults) as server:
        error = _end_of(connect, server)
    assert isinstance(error, LoginTimeoutError)
    assert "put the login off (busy)" in str(error)


def test_login_timed_out_by_the_server_is_an_error_that_says_so(connect: Connect, transport: str) -> None:
    # The server takes garbage for an answer, and then the time is over.
    faults = [wrong.RefuseLogin(status="garbage", message="hm", times=None)]
    with Simulator(market=False, faults=faults, login_timeout=PATIENT) as server:
        client = connect(server, transport=transport, reconnect=None)
        statuses = Recorder.of(client.status)
        client.start_stream_thread()
        wait_for(lambda: ServerMessage("garbage", "hm") in statuses.values)
        server.complain("auth_timeout", closes=True)
        assert statuses.wait_for_end() is None
        wait_for(lambda: not client.is_streaming)
    closed = statuses.values[-1]
    assert isinstance(closed, Closed)
    assert closed.kind == "LoginTimeoutError"


class _Clock:
    """What a client's connection takes for the time; it stands still until it is set."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self._looks = 0

    def monotonic(self) -> float:
        if threading.current_thread().name.endswith("-keeper"):
            self._looks += 1
        return self.now

    def advance(self, seconds: float, client: StreamClient) -> None:
        """Set the clock, and wait until the client has looked at it."""
        self.now += seconds
        looks = self._looks
        client.subscribe_stock_trades([f"S{looks}"])  # any change wakes the thread that looks
        wait_for(lambda: self._looks > looks)


@pytest.mark.parametrize("fault", [wrong.SilentLogin(), wrong.RefuseLogin(status="?")])
def test_login_never_answered_is_given_up_after_ten_seconds(
    connect: Connect, transport: str, fault: wrong.Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock()
    monkeypatch.setattr(carrier, "time", clock)
    with Simulator(market=False, faults=[fault], login_timeout=PATIENT) as server:
        client = connect(server, transport=transport, reconnect=None)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for(lambda: server.received)
        clock.advance(9.9, client)
        for _ in range(3):  # a connection that was given up would look no more
            clock.advance(0, client)
        assert not trades.is_over
        clock.advance(0.2, client)
        error = trades.wait_for_end()
    assert isinstance(error, LoginTimeoutError)
    assert "within 10 s" in str(error)


@pytest.mark.parametrize(
    ("code", "told"), [(1011, 1011), (None, 1006), (1008, None), (1000, 1000), (4001, 4001)]
)
def test_server_that_closes_at_once_is_an_error(
    connect: Connect, transport: str, code: int | None, told: int | None
) -> None:
    with Simulator(market=False, faults=[wrong.CloseAtOnce(code=code, times=None)]) as server:
        error = _end_of(connect, server, transport=transport)
    if code == 1008:
        assert isinstance(error, ConnectionLimitError)
    else:
        assert isinstance(error, ConnectionLostError)
        assert error.code == told


def test_connection_lost_ends_every_observer_with_its_error(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport, reconnect=None)
    recorders = [Recorder.of(client.subscribe_stock_trades([name])) for name in ("AAPL", "MSFT")]
    statuses = Recorder.of(client.status)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    push_numbers(server, 1, 2, 3)
    server.drop_connections(reset=False)
    for recorder in recorders:
        assert isinstance(recorder.wait_for_end(), ConnectionLostError)
    assert numbers(recorders[0]) == [1, 2, 3]
    assert recorders[0].errors[0] is recorders[1].errors[0]
    assert statuses.wait_for_end() is None
    assert any(isinstance(status, Disconnected) for status in statuses.values)
    late = Recorder.of(client.subscribe_stock_trades(["IBM"]))
    assert not late.is_over  # it is for the next start


@pytest.mark.parametrize("reset", [True, False])
def test_connection_cut_in_the_middle_of_a_frame_is_an_error(
    connect: Connect, transport: str, reset: bool
) -> None:
    faults = [wrong.Cut(after_frames=2, extra_bytes=9, reset=reset)]
    with Simulator(market=False, faults=faults) as server:
        client = connect(server, transport=transport, reconnect=None)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, 1, 2)
        trades.wait(2)
        push_numbers(server, 3)
        assert isinstance(trades.wait_for_end(), ConnectionLostError)
        assert numbers(trades) == [1, 2]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (wrong.CapRefusal(), ConnectionLimitError),
        (wrong.CapRefusal(when="acknowledgement", delay=0.05), ConnectionLimitError),
        (wrong.Evict(), EvictedError),
        (wrong.Restart(), ConnectionLostError),
        (wrong.Restart(code=1000), ConnectionLostError),
    ],
)
def test_server_that_sends_us_away_is_an_error_that_says_why(
    connect: Connect, transport: str, fault: wrong.Fault, kind: type[RxPolygonError]
) -> None:
    with Simulator(market=False, faults=[fault]) as server:
        assert isinstance(_end_of(connect, server, transport=transport), kind)


def test_slow_consumer_cut_is_an_error_that_says_why(server: Simulator, connect: Connect) -> None:
    client = connect(server, reconnect=None)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw('[{"ev":"status","status":"slow_consumer","message":"too slow"}]')
    server.restart(1008)
    error = trades.wait_for_end()
    assert isinstance(error, SlowConsumerError)
    assert "too slow" in str(error)


def test_host_that_does_not_exist_is_an_error(connect: Connect, transport: str) -> None:
    error = _end_of(connect, _NOWHERE, transport=transport)
    assert isinstance(error, ConnectFailedError)
    assert "no-such-host.invalid" in str(error)
    assert error.status is None


def test_host_that_does_not_exist_ends_even_a_client_that_reconnects(
    connect: Connect, transport: str
) -> None:
    error = _end_of(connect, _NOWHERE, transport=transport, reconnect=Reconnect())
    assert isinstance(error, ConnectFailedError)


def test_port_where_nobody_listens_is_an_error(connect: Connect, transport: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # taken, so that nobody else can listen there
        error = _end_of(connect, f"ws://127.0.0.1:{bound.getsockname()[1]}", transport=transport)
    assert isinstance(error, ConnectFailedError)
    assert "refused" in str(error).lower() or "connect" in str(error).lower()


@pytest.mark.parametrize("transport_reconnect", [None, Reconnect()])
def test_http_not_found_is_an_error_that_ends_the_stream(
    server: Simulator, connect: Connect, transport: str, transport_reconnect: Reconnect | None
) -> None:
    error = _end_of(connect, f"{server.url}/wrong", transport=transport, reconnect=transport_reconnect)
    assert isinstance(error, ConnectFailedError)
    assert error.status == 404
    assert "404" in str(error)


def test_http_unavailable_is_an_error_without_reconnect(connect: Connect, transport: str) -> None:
    with Simulator(market=False, faults=[wrong.RefuseHandshake(status=503)]) as server:
        error = _end_of(connect, server, transport=transport)
    assert isinstance(error, ConnectFailedError)
    assert error.status == 503


_NOT_A_WEBSOCKET: dict[str, bytes] = {
    "nothing": b"",
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n",
    "binary": b"\x00\xff\x00\xff\r\n\r\n",
    "web page": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "odd status": b"HTTP/1.1 abc def\r\n\r\n",
    "bare http": b"HTTP/1.1\r\n\r\n",
    "no accept": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "wrong accept": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: bm90IHJpZ2h0\r\n\r\n",
    "redirect": b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "odd header": b"HTTP/1.1 101 Switching Protocols\r\nnonsense\r\n\r\n",
    "endless header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
}


@pytest.mark.parametrize("name", _NOT_A_WEBSOCKET)
def test_server_that_is_no_websocket_is_an_error(connect: Connect, transport: str, name: str) -> None:
    def answer(accepted: socket.socket) -> None:
        accepted.recv(4_096)
        accepted.sendall(_NOT_A_WEBSOCKET[name])

    with _answering(answer) as url:
        error = _end_of(connect, url, transport=transport)
    assert isinstance(error, (ConnectFailedError, ConnectionLostError))


def test_plain_server_where_tls_is_expected_is_an_error(
    server: Simulator, connect: Connect, transport: str
) -> None:
    error = _end_of(connect, server.url.replace("ws://", "wss://"), transport=transport)
    assert isinstance(error, ConnectFailedError)


def test_tls_server_where_plain_is_expected_is_an_error(
    tls_server: Simulator, connect: Connect, transport: str
) -> None:
    error = _end_of(connect, tls_server.url.replace("wss://", "ws://"), transport=transport)
    assert isinstance(error, (ConnectFailedError, ConnectionLostError))


def test_certificate_that_is_not_trusted_is_an_error_that_says_so(
    tls_server: Simulator, connect: Connect, transport: str
) -> None:
    error = _end_of(connect, tls_server, transport=transport, reconnect=Reconnect())
    assert isinstance(error, ConnectFailedError)
    assert "certificate" in str(error).lower()
    assert "ca_certs" in str(error)


def test_certificate_of_another_host_is_an_error(
    tls_server: Simulator, connect: Connect, transport: str, certificate: tuple[Path, Path]
) -> None:
    url = tls_server.url.replace("127.0.0.1", "127.0.0.2")
    error = _end_of(connect, url, transport=transport, ca_certs=certificate[0])
    assert isinstance(error, ConnectFailedError)


def test_close_while_the_server_does_not_answer_the_handshake_is_quick(
    connect: Connect, transport: str
) -> None:
    released = threading.Event()

    def never_answer(accepted: socket.socket) -> None:
        released.wait(PATIENT)

    with _answering(never_answer) as url:
        client = connect(url, transport=transport)
        # The handshake's own limit must not be what ends it.
        client._endpoint = msgspec.structs.replace(client._endpoint, connect_timeout=2 * PATIENT)
        statuses = Recorder.of(client.status)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for(lambda: any(isinstance(status, Connecting) for status in statuses.values))
        try:
            client.close_stream(PATIENCE)
            assert not client.is_streaming
            assert trades.completions == 1
            wait_for(lambda: not any("-read" in one.name for one in threading.enumerate()))
        finally:
            released.set()


def test_server_that_never_answers_our_close_is_left_in_time(connect: Connect, transport: str) -> None:
    with Simulator(market=False, faults=[wrong.HalfOpen()]) as server:
        client = connect(server, transport=transport)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for(lambda: server.connections == 1)
        wait_for(lambda: len(server.received) >= 1)
        client.close_stream(PATIENCE)
        assert trades.completions == 1
        assert not client.is_streaming


def test_connection_that_is_dead_is_noticed_by_the_pings(connect: Connect, transport: str) -> None:
    with Simulator(market=False) as server:
        client = connect(server, transport=transport, reconnect=None)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread(ping_interval=0.1, ping_timeout=1, ping_payload="hello")
        # On a machine that stands still for a second the pings find it dead before.
        push_until(server, lambda: bool(trades.values) or trades.is_over)
        server.freeze()
        error = trades.wait_for_end()
        assert isinstance(error, ConnectionLostError)
        assert "ping" in str(error)


def test_connection_that_answers_pings_lives_on_in_silence(
    server: Simulator, connect: Connect, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Leaps.of(monkeypatch)
    client = connect(server, transport=transport, reconnect=None)
    statuses = Recorder.of(client.status)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread(ping_interval=MINUTE, ping_timeout=MINUTE)
    wait_for(lambda: any(isinstance(status, Subscribed) for status in statuses.values))
    for _ in range(3):  # a ping that was not answered would be the end at the next one
        clock.leap_and_hear(carrier_of(client), MINUTE)
    clock.leap(carrier_of(client), MINUTE)
    push_numbers(server, 1)
    trades.wait()
    assert not trades.is_over
    assert server.connections == 1
