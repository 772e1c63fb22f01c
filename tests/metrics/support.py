"""A live client with a known past."""

from __future__ import annotations

import gc
import weakref

from rxpolygon import StreamClient
from rxpolygon.simulator import Simulator
from tests.client.support import Recorder, trade, wait_for_topics
from tests.support import wait_for

__all__ = ["is_gone", "live_through"]


def live_through(server: Simulator, client: StreamClient) -> None:
    """Five trades, a broken one, a loss of the connection, a return and a sixth trade."""
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.push("stocks", [trade("AAPL", number) for number in range(5)])
    trades.wait(5)
    server.drop_connections()
    wait_for(lambda: server.subscriptions.get(2))
    server.push("stocks", trade("AAPL", 6))
    trades.wait(6)
    server.push("stocks", {"ev": "T", "sym": "AAPL", "p": "dear"})
    server.push("stocks", trade("AAPL", 7))
    trades.wait(7)
    wait_for(lambda: client.stats.events == 7, message=lambda: str(client.stats))


def is_gone(client: weakref.ref[StreamClient]) -> bool:
    """Whether nothing holds a closed client; a thread that has not quite ended may, for a moment."""
    gc.collect()
    return client() is None
