"""What the choice of a transport, its pings and a proxy do."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from rxpolygon import StreamClient
from rxpolygon.errors import InvalidArgumentError, MissingPackageError
from rxpolygon.simulator import Simulator
from rxpolygon.status import Connected
from tests.client.support import Connect, Recorder, numbers, push_numbers, wait_for_topics
from tests.support import PATIENCE, wait_for


class _Listener:
    """A server that remembers the frames of one client and says nothing."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.path = ""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> _Listener:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.join(PATIENCE)
        self._socket.close()

    @staticmethod
    def _next(accepted: socket.socket) -> bytes:
        try:
            return accepted.recv(65_536)
        except ConnectionResetError:  # the client was gone before it had read the last answer
            return b""

    def _serve(self) -> None:
        protocol = ServerProtocol()
        accepted, _ = self._socket.accept()
        with accepted:
            while data := self._next(accepted):
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if isinstance(event, Request):
                        self.path = event.path
                        protocol.send_response(protocol.accept(event))
                    elif isinstance(event, Frame):
                        self.frames.append(event)
                with contextlib.suppress(OSError):  # the client may be gone before the answer
                    for part in protocol.data_to_send():
                        accepted.sendall(part)


def test_pings_go_out_with_their_payload(connect: Connect, transport: str) -> None:
    with _Listener() as listener:
        client = connect(listener.url, transport=transport)
        client.start_stream_thread(ping_interval=0.02, ping_timeout=PATIENCE, ping_payload="hé")
        wait_for(lambda: len([frame for frame in listener.frames if frame.opcode is Opcode.PING]) >= 3)
        client.close_stream()
    assert listener.path == "/stocks"
    pings = {bytes(frame.data) for frame in listener.frames if frame.opcode is Opcode.PING}
    assert pings == {"hé".encode()}
    last = listener.frames[-1]
    assert last.opcode is Opcode.CLOSE
    assert bytes(last.data)[:2] == (1000).to_bytes(2, "big")


def test_interval_of_zero_sends_no_pings(server: Simulator, connect: Connect, transport: str) -> None:
    with _Listener() as listener:
        client = connect(listener.url, transport=transport)
        client.start_stream_thread(ping_interval=0, ping_timeout=0)
        wait_for(lambda: isinstance(client.state, Connected))
        client.close_stream()
    assert [frame.opcode for frame in listener.frames] == [Opcode.CLOSE]


def test_missing_package_of_the_fast_transport_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picows", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'rxpolygon\[fast\]'"):
        StreamClient("KEY", transport="fast")
    StreamClient("KEY", transport="auto")


def test_auto_without_the_fast_package_streams(
    server: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "picows", None)
    client = connect(server, transport="auto")
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()


@contextmanager
def _proxy(target: str) -> Iterator[tuple[int, list[str]]]:
    """A proxy that leads every tunnel to one server; its port, and the first lines that it was sent."""
    host, _, port = target.rpartition("/")[2].partition(":")
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[str] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for one in (source, sink):
                one.close()

    def serve() -> None:
        accepted, _ = listener.accept()
        head = b""
        while b"\r\n\r\n" not in head and (data := accepted.recv(4_096)):
            head += data
        asked.append(head.split(b"\r\n")[0].decode())
        server = socket.create_connection((host, int(port)))
        accepted.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=pump, args=(server, accepted))
        back.start()
        pump(accepted, server)
        back.join()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        thread.join(PATIENCE)
        listener.close()


@pytest.mark.parametrize("chosen", ["auto", "default"])
def test_proxy_of_the_environment_is_used(
    server: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with _proxy(server.url) as (port, asked):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        client = connect("ws://market.invalid:1234", transport=chosen)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, 1, 2)
        trades.wait(2)
        client.close_stream()
    assert numbers(trades) == [1, 2]
    assert asked == ["CONNECT market.invalid:1234 HTTP/1.1"]


def test_fast_by_name_before_a_proxy_is_an_error_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(InvalidArgumentError, match=r"proxy.*'default'.*no_proxy"):
        StreamClient("KEY", transport="fast")
    StreamClient("KEY", transport="default")
    monkeypatch.setenv("no_proxy", "socket.polygon.io")
    StreamClient("KEY", transport="fast")


@pytest.mark.parametrize("size", [10, 200, 70_000, 3_000_000])
def test_frames_of_every_size_arrive_whole_and_in_order(
    server: Simulator, connect: Connect, transport: str, size: int
) -> None:
    client = connect(server, transport=transport)
    frames = Recorder.of(client.messages)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    for number in range(5):
        server.push("stocks", {"ev": "T", "sym": "AAPL", "q": number, "note": "x" * size})
    trades.wait(5)
    assert numbers(trades) == list(range(5))
    assert frames.values[3:] == server.sent_frames[1]


@pytest.mark.parametrize("size", [10, 20_000, 3_000_000])
def test_frames_of_every_size_arrive_over_tls(
    tls_server: Simulator, connect: Connect, transport: str, certificate: tuple[Path, Path], size: int
) -> None:
    client = connect(tls_server, transport=transport, ca_certs=certificate[0])
    frames = Recorder.of(client.messages)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread(ping_interval=0.01)
    wait_for_topics(tls_server, "T.AAPL")
    for number in range(20):
        tls_server.push("stocks", {"ev": "T", "sym": "AAPL", "q": number, "note": "x" * size})
    trades.wait(20)
    assert numbers(trades) == list(range(20))
    assert frames.values[3:] == tls_server.sent_frames[1]


def test_unknown_transport_names_the_known_ones() -> None:
    with pytest.raises(InvalidArgumentError, match=r"'auto', 'default' or 'fast'"):
        StreamClient("KEY", transport="picows")  # type: ignore[arg-type]
