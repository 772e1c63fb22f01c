"""What lies between: proxies, certificates, frames beyond the limit, and lines that are slow."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rxpolygon import errors
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.link import websocket_frame
from rxpolygon.status import Authenticated, Connecting, Disconnected, Reconnecting
from tests.bare_server import accept
from tests.certificates import write_certificate
from tests.client.support import trade
from tests.faults.leaps import MINUTE, Leaps, carrier_of
from tests.faults.rig import Log, Rig, push, wait_subscribed
from tests.support import PATIENCE, wait_for


class ConnectProxy:
    """An HTTP proxy that opens tunnels and counts them."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._serve)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]  # a function
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                self._sockets.append(accepted)
                self._start(self._tunnel, accepted)

    def _tunnel(self, client: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            received = client.recv(1)
            if not received:
                return
            request += received
        target = request.split()[1].decode()
        self.targets.append(target)
        server = socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])))
        self._sockets.append(server)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._start(self._pump, server, client)
        self._pump(client, server)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._sockets):
            end.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    """A proxy that the environment names, for loopback too."""
    running = ConnectProxy()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, running.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "elsewhere.example")
    yield running
    running.close()


@pytest.mark.parametrize("transport", ["default", "auto"])
@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "tls"])
def test_proxy_of_the_environment_is_used(
    proxy: ConnectProxy, certificate: tuple[Path, Path], transport: str, is_secure: bool
) -> None:
    with Rig(transport, certificate if is_secure else None) as rig:
        server = rig.server()
        log = rig.stream(server)
        push(server, 1)
        log.wait_number(1)
        server.restart()
        wait_for(lambda: 2 in server.subscriptions)
        push(server, 2)
        log.wait_number(2)
        assert proxy.targets == [server.url.rpartition("/")[2]] * 2


def test_certificate_of_an_unknown_authority_is_final_and_says_so(rig: Rig, tmp_path: Path) -> None:
    if rig.certificate is None:
        return
    server = rig.server()
    stranger, _ = write_certificate(tmp_path)
    log = Log(rig.client(server, ca_certs=str(stranger))).trades()
    log.client.start_stream_thread()
    assert log.wait_end().kind == "ConnectFailedError"
    assert "certificate is not trusted" in str(log.errors[0])
    assert not log.of(Reconnecting)
    assert len(log.of(Connecting)) == 1


def test_frame_at_the_limit_passes_and_one_above_ends_the_connection(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, max_frame=4_000)
    server.send_raw(b"[]".ljust(4_000))
    push(server, 1)
    log.wait_number(1)
    server.send_raw(b"[]".ljust(4_001))
    assert log.wait(Reconnecting).cause == "protocol"
    wait_for(lambda: 2 in server.subscriptions)
    push(server, 2)
    log.wait_number(2)


def test_large_frames_pass(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    server.push("stocks", [trade("AAPL", number) for number in range(1, 20_001)])
    log.wait_number(20_000)
    assert log.numbers == list(range(1, 20_001))


def test_text_of_the_server_is_harmless_on_a_terminal(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, reconnect=None)
    server.send_raw(
        b'[{"ev":"status","status":"ne\\u001b[31mws","message":"\\u001b[2J\\u0007hello\\r\\nworld"}]'
    )
    push(server, 1)
    log.wait_number(1)
    server.send_raw(b'[{"ev":"status","status":"force_disconnect","message":"\\u001b]0;title\\u0007"}]')
    server.restart()
    log.wait_end()
    shown = [str(entry) for entry in (*log.entries, *log.errors)]
    assert all(text.isprintable() for text in shown), shown
    assert isinstance(log.errors[0], errors.EvictedError)


@contextlib.contextmanager
def dribbling_server() -> Iterator[str]:
    """A websocket that lets anybody in, and then sends one huge frame byte by byte and nothing else."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with accept(listener) as accepted:
            for status in ("connected", "auth_success"):
                accepted.sendall(websocket_frame(b'[{"ev":"status","status":"%s"}]' % status.encode()))
            accepted.sendall(bytes((0x81, 127)) + (2**20).to_bytes(8, "big"))
            with contextlib.suppress(OSError):
                while not over.wait(0.02):
                    accepted.sendall(b" ")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()
        thread.join()


@pytest.mark.parametrize("transport", ["default", "fast"])
def test_frame_that_takes_long_is_life(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Leaps.of(monkeypatch)
    with dribbling_server() as url, Rig(transport, None) as rig:
        log = Log(rig.client(url))
        log.client.start_stream_thread(ping_interval=MINUTE, ping_timeout=2 * MINUTE)
        log.wait(Authenticated)
        for _ in range(8):
            clock.leap_and_hear(carrier_of(log.client), MINUTE)
        log.client.close_stream(PATIENCE)
        assert [status.cause for status in log.of(Disconnected)] == ["closed"]


def test_simulators_side_by_side_are_apart(rig: Rig) -> None:
    first, second = rig.server(), rig.server()
    logs = [rig.stream(server) for server in (first, second)]
    servers: list[Simulator] = [first, second]
    for server, log, number in zip(servers, logs, (1, 2), strict=True):
        wait_subscribed(server)
        push(server, number)
        log.wait_number(number)
    assert [log.numbers for log in logs] == [[1], [2]]
