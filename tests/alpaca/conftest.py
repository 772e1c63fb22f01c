"""A server that sends only what a test pushes, and streams that are closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rxpolygon.alpaca import StockDataStream
from rxpolygon.simulator import Simulator
from tests.alpaca.support import Connect


@pytest.fixture(params=["msgpack", "json"])
def encoding(request: pytest.FixtureRequest) -> str:
    """Each of the two encodings."""
    return str(request.param)


@pytest.fixture
def server() -> Iterator[Simulator]:
    """A simulator that sends nothing by itself."""
    with Simulator(venue="alpaca", market=False) as simulator:
        yield simulator


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[Simulator]:
    """The same over TLS."""
    with Simulator(venue="alpaca", market=False, tls=certificate) as simulator:
        yield simulator


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes streams of a simulator, or of a URL; not started yet, closed after the test."""
    streams: list[StockDataStream] = []

    def make(server: Simulator | str, **options: Any) -> StockDataStream:
        url = server if isinstance(server, str) else server.url
        stream = StockDataStream(
            options.pop("api_key", "demo"), options.pop("secret_key", "SECRET"), url_override=url, **options
        )
        streams.append(stream)
        return stream

    yield make
    for stream in streams:
        stream.close_stream()
