"""A silent server, and clients of it that are closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rxpolygon import StreamClient
from rxpolygon.simulator import Simulator

Connect = Callable[..., StreamClient]


@pytest.fixture
def server() -> Iterator[Simulator]:
    """A simulator that sends nothing by itself."""
    with Simulator(market=False, keep_sent=True) as simulator:
        yield simulator


@pytest.fixture
def connect(server: Simulator) -> Iterator[Connect]:
    """Makes clients of the server; not started yet, closed after the test."""
    clients: list[StreamClient] = []

    def make(cluster: str = "stocks", **options: Any) -> StreamClient:
        client = StreamClient("demo", cluster, server.url, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close_stream()
