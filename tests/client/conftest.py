"""A server that sends only what a test pushes, and clients that are closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rxpolygon import StreamClient
from rxpolygon.simulator import Simulator
from tests.client.support import Connect
from tests.support import PATIENCE


@pytest.fixture(autouse=True)
def _patient_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closes wait long for their threads where a test names no limit: it goes on as if they had ended."""
    monkeypatch.setattr(StreamClient.close_stream, "__defaults__", (PATIENCE,))


@pytest.fixture
def server() -> Iterator[Simulator]:
    """A simulator that sends nothing by itself."""
    with Simulator(market=False, keep_sent=True) as simulator:
        yield simulator


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[Simulator]:
    """The same over TLS."""
    with Simulator(market=False, keep_sent=True, tls=certificate) as simulator:
        yield simulator


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients of a simulator, or of a URL; not started yet, closed after the test."""
    clients: list[StreamClient] = []

    def make(server: Simulator | str, cluster: str = "stocks", **options: Any) -> StreamClient:
        host = server if isinstance(server, str) else server.url
        client = StreamClient(options.pop("api_key", "demo"), cluster, host, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close_stream()
