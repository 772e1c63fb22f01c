"""The end of a connection while what came before it waits to be read."""

from __future__ import annotations

import socket
import threading

import pytest
from picows import WSTransport

from rxpolygon.transport import choose_transport
from rxpolygon.transport.base import Endpoint, Listener, Loss, Transport
from rxpolygon.transport.fast import FastTransport
from rxpolygon.transport.standard import StandardTransport
from tests.bare_server import accept

LIMIT = 30.0


class SlowListener:
    """Takes its time over the first frames."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.loss: Loss | None = None
        self.is_open, self.is_busy = threading.Event(), threading.Event()
        self.may_go_on, self.is_over = threading.Event(), threading.Event()

    def on_open(self) -> None:
        self.is_open.set()

    def on_frames(self, frames: list[bytes]) -> None:
        self.frames += frames
        self.is_busy.set()
        assert self.may_go_on.wait(LIMIT)

    def on_loss(self, loss: Loss) -> None:
        self.loss = loss
        self.is_over.set()


def open_transport(kind: type[Transport], url: str, listener: Listener) -> Transport:
    transport = (FastTransport if kind is FastTransport else StandardTransport)(
        Endpoint(url), listener, "rxpolygon-test-read"
    )
    transport.start()
    return transport


@pytest.mark.parametrize("is_reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("kind", [FastTransport, StandardTransport])
def test_frames_before_the_end_arrive_whatever_was_sent_meanwhile(
    kind: type[Transport], is_reset: bool
) -> None:
    listener = SlowListener()
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = open_transport(kind, f"ws://127.0.0.1:{server.getsockname()[1]}/stocks", listener)
        with accept(server) as peer:
            # What is sent is on its way at once: a reset takes back what still waits.
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if is_reset:  # what the system sends for a program that ends with something unread
                assert listener.is_open.wait(LIMIT)
                transport.ping(b"")
                peer.recv(1, socket.MSG_PEEK)
            peer.sendall(b"\x81\x05first")
            assert listener.is_busy.wait(LIMIT)
            peer.sendall(b"\x81\x06second" * 100)
        for _ in range(3):  # the first one is answered by a reset, after which nothing can be written
            transport.ping(b"")
        listener.may_go_on.set()
        assert listener.is_over.wait(LIMIT)
        assert transport.join(LIMIT)
    assert listener.frames == [b"first"] + [b"second"] * 100
    assert listener.loss is not None
    assert listener.loss.kind == "network"


def close_in_between(transport: Transport) -> None:
    """Close a transport from another thread, while its own one is busy."""
    closer = threading.Thread(target=transport.close)
    closer.start()
    closer.join(LIMIT)


class ClosesAtOnce(SlowListener):
    """Closes a transport in the moment of its opening."""

    transport: Transport

    def on_open(self) -> None:
        close_in_between(self.transport)


@pytest.mark.parametrize("moment", ["default, told", "fast, told", "fast, before the wait"])
def test_close_in_the_moment_of_the_opening_says_goodbye(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, _, when = moment.partition(", ")
    listener = ClosesAtOnce() if when == "told" else SlowListener()
    real = FastTransport._until_lost

    async def until_lost(transport: FastTransport, connection: WSTransport) -> Loss:
        if when != "told":
            close_in_between(transport)
        return await real(transport, connection)

    monkeypatch.setattr(FastTransport, "_until_lost", until_lost)
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint(f"ws://127.0.0.1:{server.getsockname()[1]}/stocks")
        transport = choose_transport(kind, endpoint, listener, "rxpolygon-test-read")
        if isinstance(listener, ClosesAtOnce):
            listener.transport = transport
        transport.start()
        with accept(server) as peer:
            peer.settimeout(LIMIT)
            frame = peer.recv(64)
            peer.sendall(b"\x88\x02\x03\xe8")
            assert listener.is_over.wait(LIMIT)
        assert transport.join(LIMIT)
    mask, masked = frame[2:6], frame[6:]
    assert frame[:2] == b"\x88\x82"
    assert bytes(one ^ two for one, two in zip(masked, mask, strict=False)) == (1000).to_bytes(2, "big")
    assert listener.loss is not None
    assert listener.loss.kind == "local"
