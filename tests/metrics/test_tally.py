"""What the statistics count of the statuses is what was told."""

from __future__ import annotations

from collections import Counter

from rxpolygon import StreamClient, status
from rxpolygon.delivery import Progress
from rxpolygon.simulator import Simulator
from tests.client.support import Recorder, push_numbers, wait_for_topics
from tests.metrics.conftest import Connect
from tests.metrics.support import live_through
from tests.support import wait_for


def test_figures_are_those_of_the_statuses_told(server: Simulator, connect: Connect) -> None:
    client = connect()
    told = Recorder.of(client.status)
    live_through(server, client)
    client.close_stream()
    stats = client.stats
    gaps = [it for it in told.values if isinstance(it, status.Gap)]
    ends = [it for it in told.values if isinstance(it, status.Disconnected)]
    assert stats.gaps == len(gaps) == 2
    assert stats.gaps_by_cause == Counter(gap.cause for gap in gaps) == {"reconnect": 1, "malformed": 1}
    assert stats.disconnects == Counter(end.cause for end in ends)
    assert stats.disconnects["closed"] == 1
    assert stats.reconnects == sum(isinstance(it, status.Reconnecting) for it in told.values) >= 1


def test_a_refused_topic_is_counted() -> None:
    with Simulator(market=False, refuse=["LULD"]) as strict:
        client = StreamClient("demo", host=strict.url)
        refused = Recorder.of(client.subscribe_stock_limit_up_limit_down(["AAPL"]))
        with client:
            refused.wait_for_end()
            assert client.stats.refused == 1


def test_counts_begin_anew_with_each_run(server: Simulator, connect: Connect) -> None:
    client = connect()
    live_through(server, client)
    client.close_stream()
    assert client.stats.gaps == 2
    trades = client.subscribe_stock_trades(["AAPL"])
    Recorder.of(trades)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    wait_for(lambda: client.stats.frames)
    assert (client.stats.gaps, client.stats.reconnects, client.stats.disconnects) == (0, 0, {})


def test_who_sees_an_event_counted_finds_its_time_and_lag(server: Simulator, connect: Connect) -> None:
    """Another thread may look between any two steps of the dispatch thread."""
    looks: list[tuple[int, float | None]] = []

    class Watched(Progress):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            looks.append((client.stats.events, client.stats.lag))

    client = connect()
    Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    client._delivery.progress = Watched()
    push_numbers(server, 1)
    wait_for(lambda: looks and looks[-1][0] == 1)
    assert all(lag is None or lag > 0 for _, lag in looks)
    assert all(lag is not None for events, lag in looks if events)
