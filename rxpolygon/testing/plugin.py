"""pytest fixtures for tests over a real connection, or over a recording.

They come with the package; nobody needs to import them:

- ``simulator``: a server that sends only what the test pushes;
- ``make_simulator``: makes servers of any kind;
- ``stream_client``: makes clients that are connected to ``simulator``;
- ``replay``: makes replays of recordings.

What they made is closed after the test, and a test whose ``stream_client`` leaves a thread behind fails::

    def test_bot_buys_on_a_rise(simulator, stream_client):
        client = stream_client()
        orders = []
        my_bot(client.subscribe_stock_trades(["AAPL"])).subscribe(orders.append)
        simulator.wait_for(lambda server: "T.AAPL" in set().union(*server.subscriptions.values()))
        simulator.push("stocks", {"ev": "T", "sym": "AAPL", "p": 10.5, "s": 100, "t": 1_700_000_000_000})
        ...

Tests of a pipeline's logic are shorter and faster with marbles: see :mod:`rxpolygon.testing`.
"""

# Whoever has rxpolygon installed has this plugin in all of their tests: it imports nothing until a fixture
# is asked for.
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

if TYPE_CHECKING:
    from rxpolygon import ReplayClient, StreamClient
    from rxpolygon.simulator import Simulator

__all__ = ["make_simulator", "replay", "simulator", "stream_client"]

#: How long to wait for what must come, in seconds; only failures pay it.
_PATIENCE: Final = 30.0
_POLL: Final = 0.002
_THREADS: Final = "rxpolygon-"


@pytest.fixture
def make_simulator() -> Iterator[Callable[..., Simulator]]:
    """Makes running servers: ``make_simulator(seed=1, speed=60)``.

    The arguments are those of :class:`~rxpolygon.simulator.Simulator`. All are closed after the test. Without
    the extra ``simulator`` the test is skipped.
    """
    from rxpolygon.errors import MissingPackageError
    from rxpolygon.simulator import Simulator

    servers: list[Simulator] = []

    def make(port: int = 0, **options: Any) -> Simulator:  # Any: a Simulator's arguments
        try:
            server = Simulator(port, **options)
        except MissingPackageError as error:
            pytest.skip(str(error))
        servers.append(server)
        return server.start()

    yield make
    for server in reversed(servers):
        server.close()


@pytest.fixture
def simulator(make_simulator: Callable[..., Simulator]) -> Simulator:
    """A running server that sends only what the test pushes, and keeps what it sent."""
    return make_simulator(market=False, keep_sent=True)


@pytest.fixture
def stream_client(simulator: Simulator) -> Iterator[Callable[..., StreamClient]]:
    """Makes clients that are logged in at ``simulator``: ``stream_client("crypto")``.

    The first argument is the cluster. ``server`` is another simulator to connect to, ``start=False`` leaves
    the start to the test, and the rest goes to :class:`~rxpolygon.StreamClient`. All are closed after the
    test, which fails if their threads have not ended then.
    """
    from rxpolygon import StreamClient
    from rxpolygon.status import Authenticated

    before = set(threading.enumerate())
    clients: list[StreamClient] = []

    def make(
        cluster: str = "stocks",
        *,
        server: Simulator | None = None,
        start: bool = True,
        **options: Any,  # Any: a StreamClient's arguments
    ) -> StreamClient:
        host = (server or simulator).url
        client = StreamClient(**{"api_key": "demo", "cluster": cluster, "host": host} | options)
        clients.append(client)
        if start:
            client.start_stream_thread()
            if not _comes(lambda: isinstance(client.state, Authenticated) or not client.is_streaming):
                pytest.fail(f"{client!r} did not log in within {_PATIENCE:g} s")
        return client

    yield make
    for client in clients:
        client.close_stream()
    if not _comes(lambda: not _own_threads(before)):
        pytest.fail(f"threads that outlived their client: {', '.join(_own_threads(before))}")


@pytest.fixture
def replay() -> Iterator[Callable[..., ReplayClient]]:
    """Makes replays: ``replay("day.jsonl.gz")``, as fast as they go; to be started by ``run()``.

    The arguments are those of :class:`~rxpolygon.ReplayClient`. All are closed after the test.
    """
    from rxpolygon import ReplayClient

    clients: list[ReplayClient] = []

    def make(
        paths: Any,  # Any, twice: a ReplayClient's arguments
        cluster: str = "stocks",
        speed: float | Literal["max"] = "max",
        **options: Any,
    ) -> ReplayClient:
        client = ReplayClient(paths, cluster, speed, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close_stream()


def _comes(condition: Callable[[], bool]) -> bool:
    limit = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(_POLL)
    return True


def _own_threads(before: set[threading.Thread]) -> list[str]:
    extra = set(threading.enumerate()) - before
    return sorted(it.name for it in extra if it.name.startswith(_THREADS) and "simulator" not in it.name)
