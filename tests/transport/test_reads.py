"""What may come together in one read, on both transports."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from rxpolygon.transport import Endpoint, Loss, Transport, choose_transport
from tests.bare_server import accept
from tests.support import wait_for

LIMIT = 30.0
PING, PONG_BACK = b"\x89\x02hi", b"\x8a\x82"  # what the server sends, and how the client's answer begins


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.loss: Loss | None = None
        self.is_open = threading.Event()

    def on_open(self) -> None:
        self.is_open.set()

    def on_frames(self, frames: list[bytes]) -> None:
        self.frames += frames

    def on_loss(self, loss: Loss) -> None:
        self.loss = loss


class Line:
    """A transport and the server at its other end."""

    def __init__(self, listener: Listener, transport: Transport, peer: socket.socket) -> None:
        self.listener = listener
        self.transport = transport
        self.peer = peer

    def wait_frames(self, *frames: bytes) -> None:
        wait_for(lambda: self.listener.frames == list(frames), message=lambda: str(self.listener.frames))

    def wait_loss(self) -> Loss:
        loss = wait_for(lambda: self.listener.loss)
        assert loss is not None
        return loss


@pytest.fixture(params=["default", "fast"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """An open websocket, small messages only."""
    listener = Listener()
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint(f"ws://127.0.0.1:{server.getsockname()[1]}/stocks", largest_frame=100)
        transport = choose_transport(request.param, endpoint, listener, "rxpolygon-test-read")
        transport.start()
        with accept(server) as peer:
            peer.settimeout(LIMIT)
            assert listener.is_open.wait(LIMIT)
            yield Line(listener, transport, peer)
            transport.abort()
    assert transport.join(LIMIT)


@pytest.mark.parametrize("rest", [PING, b"\x8a\x02hi", b"\x81", b"\x81\x05cut", b"\x01\x04part"], ids=repr)
def test_message_is_handed_over_whatever_comes_right_behind_it(line: Line, rest: bytes) -> None:
    line.peer.sendall(b"\x81\x05first\x81\x06second" + rest)
    line.wait_frames(b"first", b"second")


def test_message_before_a_ping_and_the_end_arrives(line: Line) -> None:
    line.peer.sendall(b"\x81\x05first" + PING)
    line.peer.shutdown(socket.SHUT_WR)
    assert line.wait_loss().kind == "network"
    assert line.listener.frames == [b"first"]


def test_ping_is_answered_with_its_payload(line: Line) -> None:
    line.peer.sendall(b"\x81\x05first" + PING)
    answer = line.peer.recv(64)
    assert answer.startswith(PONG_BACK)
    mask, masked = answer[2:6], answer[6:]
    assert bytes(one ^ two for one, two in zip(masked, mask, strict=False)) == b"hi"


def test_message_in_fragments_around_a_ping_is_one(line: Line) -> None:
    line.peer.sendall(b"\x01\x02fr" + PING + b"\x00\x02ag\x80\x04ment" + b"\x81\x04next")
    line.wait_frames(b"fragment", b"next")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x80\x02no", "protocol"),  # a continuation of nothing
        (b"\x01\x02no\x81\x05other", "protocol"),  # a message inside another one
        (b"\x01\x02no\x01\x05other", "protocol"),
        (b"\x01\x3c" + b"a" * 60 + b"\x80\x3c" + b"a" * 60, "too_large"),
        (b"\x81\x7e\x00\xc8" + b"a" * 200, "too_large"),
        (b"\x83\x00", "protocol"),  # a kind that does not exist
        (b"\x81\x82abcdno", "protocol"),  # servers do not mask
    ],
    ids=repr,
)
def test_broken_stream_is_told_behind_what_was_whole(line: Line, data: bytes, kind: str) -> None:
    line.peer.sendall(b"\x81\x05first")
    line.wait_frames(b"first")
    line.peer.sendall(b"\x81\x06second\x81\x06behind" + data + b"\x81\x05never")
    assert line.wait_loss().kind == kind
    # picows keeps the frame right before a broken one to itself.
    assert line.listener.frames[:2] == [b"first", b"second"]
    assert line.listener.frames[2:] in ([], [b"behind"])
