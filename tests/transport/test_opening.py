"""The way to an open websocket: it can be given up wherever it stands, and goes on to the next address."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from rxpolygon.transport import Endpoint, Loss, Transport, choose_transport, fast, opening, standard
from tests.bare_server import accept
from tests.support import wait_for

LIMIT = 30.0
PATIENT = 60.0  # of the transport: whatever ends sooner did not end by this

# What a server leaves unanswered, and the scheme with which it shows.
STAGES = {"tcp": "ws", "tls": "wss", "handshake": "ws"}


class Listener:
    """Remembers how it ended."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.loss: Loss | None = None

    def on_open(self) -> None:
        self.is_open.set()

    def on_frames(self, frames: list[bytes]) -> None:
        pass

    def on_loss(self, loss: Loss) -> None:
        self.loss = loss


def start(kind: str, url: str, listener: Listener, timeout: float = PATIENT) -> Transport:
    endpoint = Endpoint(url, connect_timeout=timeout)
    transport = choose_transport(kind, endpoint, listener, "rxpolygon-test-read")
    transport.start()
    return transport


@contextlib.contextmanager
def silent_server(stage: str) -> Iterator[tuple[str, socket.socket]]:
    """A server that takes a connection and says nothing, or does not even take it."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0 if stage == "tcp" else 5)
        if stage == "tcp":
            _fill(stack, server)
        yield f"{STAGES[stage]}://127.0.0.1:{server.getsockname()[1]}/stocks", server


def _fill(stack: contextlib.ExitStack, server: socket.socket) -> None:
    """Take all the places in the queue of those who wait to be accepted."""
    for _ in range(8):
        client = stack.enter_context(socket.socket())
        client.settimeout(0.1)
        try:
            client.connect(server.getsockname())
        except TimeoutError:
            return
    pytest.skip("this system accepts connections beyond the backlog")


@pytest.mark.parametrize("farewell", ["close", "abort"])
@pytest.mark.parametrize("stage", list(STAGES))
@pytest.mark.parametrize("kind", ["default", "fast"])
def test_attempt_can_be_given_up_at_every_stage(kind: str, stage: str, farewell: str) -> None:
    listener = Listener()
    with silent_server(stage) as (url, server):
        transport = start(kind, url, listener)
        if stage != "tcp":
            server.settimeout(LIMIT)
            with server.accept()[0] as peer:
                assert peer.recv(1)  # the first word of TLS, or of the handshake
                getattr(transport, farewell)()
                assert transport.join(LIMIT)
        else:
            getattr(transport, farewell)()
            assert transport.join(LIMIT)
    assert listener.loss is not None
    assert not listener.is_open.is_set()


@pytest.mark.parametrize("module", [standard, fast])
def test_attempt_can_be_given_up_just_before_the_handshake(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    real = module.open_socket

    def open_and_abort(*arguments: Any, **options: Any) -> socket.socket:
        opened: socket.socket = real(*arguments, **options)
        transport.abort()
        return opened

    monkeypatch.setattr(module, "open_socket", open_and_abort)
    with silent_server("handshake") as (url, _):
        kind = "fast" if module is fast else "default"
        transport = choose_transport(kind, Endpoint(url, connect_timeout=PATIENT), listener, "rxpolygon-test")
        transport.start()
        assert transport.join(LIMIT)
    assert listener.loss is not None
    assert not listener.is_open.is_set()


@pytest.mark.parametrize("stage", list(STAGES))
@pytest.mark.parametrize("kind", ["default", "fast"])
def test_attempt_without_an_answer_ends_after_its_limit(kind: str, stage: str) -> None:
    listener = Listener()
    with silent_server(stage) as (url, _):
        transport = start(kind, url, listener, timeout=0.1)
        assert transport.join(LIMIT)
    assert listener.loss is not None
    assert listener.loss.kind == "connect"
    assert not listener.loss.is_final


@pytest.mark.parametrize("kind", ["default", "fast"])
def test_address_that_does_not_answer_is_left_for_the_next(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    with silent_server("tcp") as (url, silent), socket.create_server(("127.0.0.1", 0)) as server:
        places = [silent.getsockname(), server.getsockname()]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        # Short for an address, and long for the answer to the handshake, which this thread gives.
        monkeypatch.setattr(opening._Patience, "limit", lambda self: time.monotonic() + 0.5)
        transport = start(kind, url.replace("127.0.0.1", "localhost"), listener)
        with accept(server):
            wait_for(listener.is_open.is_set)
            transport.abort()
            assert transport.join(LIMIT)
