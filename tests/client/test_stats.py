"""The figures are exactly what the server sent."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from rxpolygon.simulator import Simulator
from rxpolygon.stats import StreamStats
from tests.client.support import NOW, Connect, Recorder, push_numbers, trade, wait_for_topics
from tests.support import wait_for


def test_stats_before_the_start_are_zero(connect: Connect) -> None:
    assert connect("ws://127.0.0.1:1").stats == StreamStats()


@pytest.mark.parametrize("observed", ["trades", "everything", "nothing", "raw"])
def test_stats_are_exact_against_what_was_sent(
    server: Simulator, connect: Connect, transport: str, observed: str
) -> None:
    client = connect(server, transport=transport, raw_data=observed == "raw")
    source = client.subscribe_stock_trades()
    if observed in ("trades", "raw"):
        Recorder.of(source)
    elif observed == "everything":
        Recorder.of(client.events)
        Recorder.of(client.messages)
    client.start_stream_thread()
    wait_for_topics(server, "T.*")
    for number in range(100):
        server.push("stocks", [trade(f"S{one}", number) for one in range(number % 7 + 1)])
    events = len(server.sent[1])
    wait_for(lambda: client.stats.events == events, message=lambda: f"{events}: {client.stats}")
    answers = [
        b'[{"ev":"status","status":"connected","message":"Connected Successfully"}]',
        b'[{"ev":"status","status":"auth_success","message":"authenticated"}]',
        b'[{"ev":"status","status":"success","message":"subscribed to: T.*"}]',
    ]
    sent = [*answers, *server.sent_frames[1]]
    wait_for(lambda: client.stats.buffered_bytes == 0)
    stats = client.stats
    assert stats.frames == len(sent) == 103
    assert stats.bytes == sum(map(len, sent))
    assert (stats.dropped, stats.malformed, stats.connections) == (0, 0, 1)
    assert stats.last_event_time == datetime.fromtimestamp((NOW + 99) / 1_000, UTC)
    client.close_stream()
    assert client.stats.events == events


@pytest.mark.parametrize("raw_data", [False, True])
def test_statuses_among_the_data_are_no_events(server: Simulator, connect: Connect, raw_data: bool) -> None:
    client = connect(server, raw_data=raw_data)
    client.subscribe_stock_trades()
    marker = Recorder.of(client.subscribe_stock_quotes())
    client.start_stream_thread()
    wait_for_topics(server, "T.*", "Q.*")
    server.send_raw('[{"ev":"T","sym":"A"},{"ev":"status","status":"x"},{"ev":"T","sym":"A"}]')
    server.send_raw('[{"ev":"status","status":"x"},{"ev":"NEW","sym":"A"},{"ev":"T","p":1}]')
    server.push("stocks", {"ev": "Q", "sym": "A"})
    marker.wait()
    # T, T, NEW, Q; the trade without a symbol is malformed, and in raw data it is a dict like others.
    wait_for(lambda: client.stats.events == (5 if raw_data else 4), message=lambda: str(client.stats))
    assert client.stats.malformed == (0 if raw_data else 1)


def test_lag_is_the_age_of_the_newest_event(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    Recorder.of(client.subscribe_stock_trades())
    client.start_stream_thread()
    wait_for_topics(server, "T.*")
    assert client.stats.lag is None
    assert client.stats.last_event_time is None
    began = time.time()
    stamp = int(began * 1_000) - 5_000
    server.push("stocks", trade("AAPL", t=stamp))
    wait_for(lambda: client.stats.events)
    stats = client.stats
    assert stats.lag is not None
    assert began <= stamp / 1_000 + stats.lag <= time.time()
    assert stats.last_event_time == datetime.fromtimestamp(stamp / 1_000, UTC)


@pytest.mark.parametrize("raw_data", [False, True])
@pytest.mark.parametrize("stamp", [10**17, -(10**17), 2**62, 0, 1.5, "1700000000000", None, 1e300])
def test_odd_timestamps_do_not_break_the_figures(
    server: Simulator, connect: Connect, stamp: object, raw_data: bool
) -> None:
    client = connect(server, raw_data=raw_data)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.push("stocks", trade("AAPL", t=stamp))
    push_numbers(server, 7, symbol="AAPL")
    trades.wait(2 if stamp != 1e300 or raw_data else 1)
    assert isinstance(client.stats, StreamStats)
    wait_for(lambda: client.stats.last_event_time == datetime.fromtimestamp((NOW + 7) / 1_000, UTC))


@pytest.mark.parametrize("raw_data", [False, True])
@pytest.mark.parametrize("stamp", [2**62, 10**400], ids=["no time", "no float"])
def test_stats_with_only_an_odd_timestamp_can_be_read(
    server: Simulator, connect: Connect, raw_data: bool, stamp: int
) -> None:
    client = connect(server, raw_data=raw_data)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw(f'[{{"ev":"T","sym":"AAPL","t":{stamp}}}]')
    trades.wait()
    wait_for(lambda: client.stats.events == 1)


def test_raw_event_without_a_timestamp_leaves_the_time_alone(server: Simulator, connect: Connect) -> None:
    client = connect(server, raw_data=True)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw('[{"ev":"T","sym":"AAPL","p":1,"s":100}]')  # s is a trade's size, a bar's start
    trades.wait()
    wait_for(lambda: client.stats.events == 1)
    assert client.stats.last_event_time is None


def test_stats_start_anew_with_each_run(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    for _ in range(2):
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, 1, 2)
        trades.wait(2)
        wait_for(lambda: client.stats.events == 2)
        client.close_stream()
        wait_for_topics(server)
    assert (client.stats.frames, client.stats.events, client.stats.connections) == (5, 2, 1)
