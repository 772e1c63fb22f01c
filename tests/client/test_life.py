"""Start, close, and everything in between and twice."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path
from types import ModuleType

import pytest

from rxpolygon import StreamClient, running
from rxpolygon.errors import AlreadyStreamingError
from rxpolygon.events import Trade
from rxpolygon.simulator import Simulator
from tests.client.support import (
    Connect,
    Recorder,
    commands,
    numbers,
    push_numbers,
    topics,
    trade,
    wait_for_topics,
)
from tests.support import PATIENCE, wait_for


def _wait_for_login(client: StreamClient) -> None:
    wait_for(lambda: str(client.state) == "logged in")


def test_client_that_was_never_started_closes(connect: Connect) -> None:
    client = connect("ws://127.0.0.1:1")
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    everything, frames = Recorder.of(client.events), Recorder.of(client.messages)
    statuses = Recorder.of(client.status)
    client.close_stream()
    client.close_stream()
    ends = (trades.wait_for_end, everything.wait_for_end, frames.wait_for_end, statuses.wait_for_end)
    assert [end() for end in ends] == [None] * 4
    assert str(client.state) == "idle"


def test_client_that_was_closed_before_its_start_starts(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    client.close_stream()
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    everything = Recorder.of(client.events)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()
    everything.wait()


def test_close_completes_every_observable_and_ends_the_threads(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    before = set(threading.enumerate())
    recorders = [
        Recorder.of(client.subscribe_stock_trades(["AAPL"])),
        Recorder.of(client.subscribe_stock_quotes()),
        Recorder.of(client.events),
        Recorder.of(client.messages),
        Recorder.of(client.status),
    ]
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "Q.*")
    assert client.is_streaming
    client.close_stream(PATIENCE)
    assert not client.is_streaming
    wait_for(lambda: set(threading.enumerate()) <= before)  # one that reads is given a second to end
    assert [one.completions for one in recorders] == [1] * 5
    assert [one.errors for one in recorders] == [[]] * 5
    assert str(client.state) == "closed"
    wait_for(lambda: not server.open_connections)


def test_close_over_tls_ends_the_threads(
    tls_server: Simulator, connect: Connect, transport: str, certificate: tuple[Path, Path]
) -> None:
    client = connect(tls_server, transport=transport, ca_certs=str(certificate[0]))
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(tls_server, "T.AAPL")
    client.close_stream(PATIENCE)
    assert not client.is_streaming
    assert trades.completions == 1
    wait_for(lambda: not any("-read" in one.name for one in threading.enumerate()))


def test_close_twice_and_from_many_threads_completes_once(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    closers = [threading.Thread(target=client.close_stream) for _ in range(8)]
    for thread in closers:
        thread.start()
    for thread in closers:
        thread.join()
    client.close_stream()
    assert trades.completions == 1


def test_start_twice_and_from_many_threads_opens_one_connection(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    starters = [threading.Thread(target=client.start_stream_thread) for _ in range(8)]
    for thread in starters:
        thread.start()
    for thread in starters:
        thread.join()
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()
    assert numbers(trades) == [1]
    assert server.connections == 1
    assert client.stats.connections == 1


def test_close_right_after_the_start_ends_everything(
    server: Simulator, connect: Connect, transport: str
) -> None:
    for _ in range(20):
        client = connect(server, transport=transport)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        client.close_stream()
        assert trades.completions == 1
        assert not client.is_streaming


def test_stream_starts_again_after_a_close(server: Simulator, connect: Connect, transport: str) -> None:
    client = connect(server, transport=transport)
    for run in (1, 2, 3):
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        everything = Recorder.of(client.events)
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, run)
        trades.wait()
        everything.wait()
        assert numbers(trades) == numbers(everything) == [run]
        wait_for(lambda: client.stats.events == 1)  # it is counted once it was given
        client.close_stream()
        assert trades.wait_for_end() is None
        assert everything.wait_for_end() is None
        wait_for_topics(server)
    assert server.connections == 3


def test_observable_of_before_the_close_can_be_observed_after_the_next_start(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    client.close_stream()
    late = Recorder.of(source)
    assert late.wait_for_end() is None
    assert [Recorder.of(one).completions for one in (client.events, client.messages)] == [1, 1]
    statuses = Recorder.of(client.status)
    assert [str(status) for status in statuses.values] == ["closed"]
    assert statuses.wait_for_end() is None
    client.start_stream_thread()
    trades = Recorder.of(source)
    wait_for_topics(server, "T.AAPL", connection=2)
    push_numbers(server, 1)
    trades.wait()


def test_subscription_between_close_and_start_is_for_the_next_run(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    client.subscribe_stock_trades(["MSFT"])
    client.start_stream_thread()
    wait_for_topics(server, "T.MSFT")
    client.close_stream()
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.subscribe_stock_quotes(["AAPL"])
    assert not trades.is_over
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "Q.AAPL")
    push_numbers(server, 1)
    trades.wait()
    client.close_stream()
    assert trades.wait_for_end() is None
    assert sorted(commands(server)[1:]) == [("subscribe", "Q.AAPL"), ("subscribe", "T.AAPL")]


def test_context_manager_starts_and_closes(server: Simulator, connect: Connect) -> None:
    with connect(server) as client:
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        wait_for_topics(server, "T.AAPL")
        with client:  # it streams already
            push_numbers(server, 1)
            trades.wait()
    assert trades.completions == 1
    assert not client.is_streaming


def test_context_manager_closes_when_its_body_raises(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))

    def divide() -> None:
        with client:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        divide()
    assert trades.completions == 1
    assert not client.is_streaming


def test_second_client_of_the_same_key_and_cluster_is_told_so(server: Simulator, connect: Connect) -> None:
    first = connect(server)
    first.start_stream_thread()
    second = connect(server)
    with pytest.raises(AlreadyStreamingError, match="already streams") as caught:
        second.start_stream_thread()
    assert caught.value.client is first
    crypto = connect(server, "crypto")
    crypto.start_stream_thread()
    _wait_for_login(crypto)
    first.close_stream()
    second.start_stream_thread()
    _wait_for_login(second)


def test_close_in_an_observer_gives_nothing_more_to_anybody(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    source = client.subscribe_stock_trades(["AAPL"])
    seen: list[int | None] = []

    def close_at_two(event: Trade) -> None:
        seen.append(event.sequence_number)
        if event.sequence_number == 2:
            client.close_stream()

    source.subscribe(close_at_two)
    other = Recorder.of(client.subscribe_stock_trades(["MSFT"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    server.push("stocks", [trade("AAPL", 1), trade("AAPL", 2), trade("AAPL", 3), trade("MSFT", 4)])
    assert other.wait_for_end() is None
    wait_for(lambda: not client.is_streaming)
    assert seen == [1, 2]
    assert other.values == []


def test_close_in_an_observer_of_everything_gives_nothing_more(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    client.subscribe_stock_trades(["AAPL"])
    seen: list[object] = []

    def close_at_once(event: object) -> None:
        seen.append(event)
        client.close_stream()

    client.events.subscribe(close_at_once)
    other = Recorder.of(client.events)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.push("stocks", [trade("AAPL", number) for number in (1, 2, 3)])
    assert other.wait_for_end() is None
    assert len(seen) == 1
    assert len(other.values) <= 1


@pytest.mark.parametrize("place", ["on_next", "on_completed", "on_message", "status"])
def test_close_in_every_kind_of_callback_ends_the_stream(
    server: Simulator, connect: Connect, transport: str, place: str
) -> None:
    clients: list[StreamClient] = []

    def close(*anything: object) -> None:
        clients[0].close_stream()

    client = connect(server, transport=transport, on_message=close if place == "on_message" else None)
    clients.append(client)
    source = client.subscribe_stock_trades(["AAPL"])
    source.subscribe(close if place == "on_next" else None, None, close if place == "on_completed" else None)
    if place == "status":
        client.status.subscribe(lambda status: close() if str(status) == "logged in" else None)
    kept = Recorder.of(client.subscribe_stock_trades(["MSFT"]))
    client.start_stream_thread()
    if place in ("on_next", "on_completed"):
        wait_for_topics(server, "T.AAPL", "T.MSFT")
        push_numbers(server, 1)
        if place == "on_completed":
            client.unsubscribe_stock_trades(["AAPL"])
    assert kept.wait_for_end() is None
    wait_for(lambda: not client.is_streaming)
    wait_for(lambda: not server.open_connections)


@pytest.mark.parametrize("place", ["on_error", "on_close", "observer"])
def test_start_in_a_callback_of_the_end_starts_again(server: Simulator, connect: Connect, place: str) -> None:
    clients: list[StreamClient] = []
    recorders: list[Recorder[Trade]] = []

    def start_again(*anything: object) -> None:
        if not recorders:
            recorders.append(Recorder.of(clients[0].subscribe_stock_trades(["MSFT"])))
            clients[0].start_stream_thread()

    client = connect(
        server,
        reconnect=None,
        on_error=start_again if place == "on_error" else None,
        on_close=start_again if place == "on_close" else None,
    )
    clients.append(client)
    first = client.subscribe_stock_trades(["AAPL"])
    first.subscribe(lambda event: None, start_again if place == "observer" else lambda error: None)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.drop_connections()
    wait_for(lambda: server.connections == 2)
    if place != "on_close":  # there it was still asked of the run that ends
        wait_for_topics(server, "T.MSFT")
        push_numbers(server, 1, symbol="MSFT")
        recorders[0].wait()
    assert client.is_streaming


def test_start_after_a_close_in_an_observer_starts_again(server: Simulator, connect: Connect) -> None:
    client = connect(server)

    def restart(event: Trade) -> None:
        client.close_stream()
        client.start_stream_thread()

    client.subscribe_stock_trades(["AAPL"]).subscribe(restart)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    wait_for(lambda: server.connections == 2)
    client.subscribe_stock_trades(["MSFT"])
    wait_for_topics(server, "T.MSFT")


def test_start_while_the_last_connection_is_being_closed_waits_for_that(
    connect: Connect, transport: str
) -> None:
    """An account with one connection would be refused a second one, and then have to wait."""
    with Simulator(market=False, second_connection="allow") as server:
        client = connect(server, transport=transport)
        client.subscribe_stock_trades(["AAPL"]).subscribe(on_completed=client.start_stream_thread)
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        server.freeze()  # so it does not answer the close, and the client gives it half a second
        client.close_stream(0)
        server.wait_for(lambda it: it.connections == 2, timeout=PATIENCE)
        keepers = [thread.name for thread in threading.enumerate() if thread.name.endswith("-keeper")]
        assert keepers == ["rxpolygon-stocks-keeper"]  # that of the first connection has ended


def test_close_after_a_start_in_an_observer_wins(server: Simulator, connect: Connect) -> None:
    client = connect(server)

    def restart(event: Trade) -> None:
        client.close_stream()
        client.start_stream_thread()
        client.close_stream()

    trades = client.subscribe_stock_trades(["AAPL"])
    trades.subscribe(restart)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    wait_for(lambda: not client.is_streaming)
    assert server.connections == 1
    wait_for(lambda: not topics(server))


@pytest.mark.parametrize("moment", [running, atexit], ids=["before the carrier", "after it"])
def test_close_in_the_middle_of_the_start_on_the_same_thread_ends_the_stream(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, moment: ModuleType
) -> None:
    client = connect("ws://127.0.0.1:1")

    def interrupt(*arguments: object) -> None:  # as a handler of Ctrl-C does
        monkeypatch.undo()
        client.close_stream()

    monkeypatch.setattr(moment, "register", interrupt)
    starter = threading.Thread(target=client.start_stream_thread, daemon=True)
    starter.start()
    starter.join(PATIENCE)
    assert not starter.is_alive(), "the start waits for itself"
    wait_for(lambda: not client.is_streaming)
    assert str(client.state) == "closed"


def test_times_longer_than_the_system_can_wait_stand_for_never(server: Simulator, connect: Connect) -> None:
    client = connect(server, data_timeout=1e10)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread(ping_interval=1e10, ping_timeout=10**30)
    wait_for_topics(server, "T.AAPL")
    client.subscribe_stock_trades(["MSFT"])
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    push_numbers(server, 1)
    trades.wait()
    client.close_stream(1e10)
    assert not client.is_streaming
    assert trades.completions == 1
