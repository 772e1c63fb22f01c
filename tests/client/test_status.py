"""``status``, ``state``, ``events`` and ``messages``: what is told, when, and in which order."""

from __future__ import annotations

import threading
from pathlib import Path

from rxpolygon import StreamClient
from rxpolygon.events import Event, UnknownEvent
from rxpolygon.simulator import Simulator
from rxpolygon.status import (
    Authenticated,
    Closed,
    Connected,
    Connecting,
    Disconnected,
    Idle,
    ServerMessage,
    State,
    Status,
    Subscribed,
    Unsubscribed,
)
from rxpolygon.topics import Topic
from tests.client.support import (
    Connect,
    Recorder,
    numbers,
    push_numbers,
    trade,
    wait_for_topics,
)
from tests.support import PATIENCE, wait_for


def _is_logged_in(client: StreamClient) -> bool:
    return isinstance(client.state, Authenticated)


def test_status_tells_a_whole_life_in_order(server: Simulator, connect: Connect, transport: str) -> None:
    client = connect(server, transport=transport)
    statuses = Recorder.of(client.status)
    source = client.subscribe_stock_trades(["AAPL", "BRK.B"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.BRK.B")
    trades = Recorder.of(source)
    push_numbers(server, 1)
    trades.wait()
    trades.dispose()
    wait_for_topics(server)
    wait_for(lambda: sum(isinstance(status, Unsubscribed) for status in statuses.values) == 2)
    client.close_stream()
    url = f"{server.url}/stocks"
    assert statuses.values == [
        Idle(),
        Connecting(url),
        Connected(url),
        Authenticated("authenticated"),
        Subscribed(Topic("T", "AAPL")),
        Subscribed(Topic("T", "BRK.B")),
        *statuses.values[6:8],
        Disconnected("closed by this client", 1000, "closed"),
        Closed(),
    ]
    # In which order symbols are given up does not matter.
    assert sorted(map(str, statuses.values[6:8])) == [
        f"unsubscribed from T.{name}" for name in ("AAPL", "BRK.B")
    ]
    assert statuses.wait_for_end() is None


def test_status_over_tls_tells_the_same(
    tls_server: Simulator, connect: Connect, transport: str, certificate: tuple[Path, Path]
) -> None:
    client = connect(tls_server, transport=transport, ca_certs=certificate[0])
    statuses = Recorder.of(client.status)
    client.start_stream_thread()
    wait_for(lambda: _is_logged_in(client))
    client.close_stream()
    assert [type(status) for status in statuses.values] == [
        Idle,
        Connecting,
        Connected,
        Authenticated,
        Disconnected,
        Closed,
    ]


def test_new_observer_is_told_the_current_state_first_then_changes(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    client.start_stream_thread()
    wait_for(lambda: _is_logged_in(client))
    first = Recorder.of(client.status)
    assert first.values == [Authenticated("authenticated")]
    client.subscribe_stock_trades(["AAPL"])
    first.wait(2)
    second = Recorder.of(client.status)
    client.close_stream()
    assert first.values[1] == Subscribed(Topic("T", "AAPL"))
    assert second.values[0] == Authenticated("authenticated")
    assert second.values[-1] == first.values[-1] == Closed() == client.state


def test_new_observers_at_any_moment_are_told_each_state_once(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    recorders: list[Recorder[Status]] = []
    stop = threading.Event()

    def observe() -> None:
        while not stop.is_set():
            recorders.append(Recorder.of(client.status))

    thread = threading.Thread(target=observe)
    thread.start()
    client.start_stream_thread()
    wait_for(lambda: _is_logged_in(client))
    stop.set()
    thread.join()
    client.close_stream(PATIENCE)  # on a slow machine there are thousands to be told
    life = [Idle, Connecting, Connected, Authenticated, Disconnected, Closed]
    for recorder in recorders:
        told = [type(status) for status in recorder.values]
        assert told == life[life.index(told[0]) :]
        assert recorder.completions == 1


def test_state_is_where_the_connection_stands(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    assert client.state == Idle()
    seen: list[State] = []
    client.status.subscribe(lambda status: seen.append(client.state))
    client.start_stream_thread()
    wait_for(lambda: _is_logged_in(client))
    client.close_stream()
    assert [type(state) for state in seen] == [
        Idle,
        Connecting,
        Connected,
        Authenticated,
        Disconnected,
        Closed,
    ]
    assert repr(client) == f"StreamClient('{server.url}/stocks', closed)"


def test_statuses_come_in_order_with_the_events_around_them(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    told: list[str] = []
    client.subscribe_stock_trades(["AAPL"]).subscribe(lambda event: told.append(str(event.sequence_number)))
    client.status.subscribe(
        lambda status: told.append(status.message) if isinstance(status, ServerMessage) else None
    )
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    for number in range(50):
        push_numbers(server, number)
        server.send_raw(f'[{{"ev":"status","status":"note","message":"after {number}"}}]')
    wait_for(lambda: told[-1:] == ["after 49"])
    assert told == [word for number in range(50) for word in (str(number), f"after {number}")]


def test_unknown_status_is_told_and_ends_nothing(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    statuses = Recorder.of(client.status)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw('[{"ev":"status","status":"maintenance","message":"tonight\\u001b[2J"}]')
    server.send_raw('[{"ev":"status"}]')
    server.send_raw('[{"ev":"status","status":7,"message":["x"]}]')
    push_numbers(server, 1)
    trades.wait()
    messages = [status for status in statuses.values if isinstance(status, ServerMessage)]
    assert messages == [
        ServerMessage("maintenance", "tonight\x1b[2J"),
        ServerMessage("", ""),
        ServerMessage("7", "['x']"),
    ]
    assert "\x1b" not in str(messages[0])
    assert client.stats.malformed == 0


def test_statuses_that_share_a_frame_are_all_heard(connect: Connect) -> None:
    with Simulator(market=False, api_keys=["demo"]) as server:
        client = connect(server)
        statuses = Recorder.of(client.status)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL", "MSFT"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL", "T.MSFT")
        server.send_raw(
            '[{"ev":"T","sym":"AAPL","q":1},{"ev":"status","status":"a","message":"1"},'
            '{"ev":"T","sym":"MSFT","q":2},{"ev":"status","status":"b","message":"2"},'
            '{"ev":"ZZZ"},{"ev":"status","status":"error","message":"3"},{"ev":"T","sym":"AAPL","q":4}]'
        )
        trades.wait(3)
        assert numbers(trades) == [1, 2, 4]
        wait_for(lambda: len([s for s in statuses.values if isinstance(s, ServerMessage)]) == 3)
        assert client.stats.events == 4
        assert client.stats.malformed == 0


def test_events_holds_everything_in_order_before_the_single_observers(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    order: list[tuple[str, Event]] = []
    trades = client.subscribe_stock_trades(["AAPL"])
    trades.subscribe(lambda event: order.append(("single", event)))
    client.events.subscribe(lambda event: order.append(("all", event)))
    marker = Recorder.of(client.subscribe_stock_quotes())
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "Q.*")
    quote = {"ev": "Q", "sym": "IBM", "bp": 1}
    server.push("stocks", [trade("AAPL", 1), quote])
    server.send_raw('[{"ev":"ZZZ","sym":"AAPL","t":5,"extra":{"a":1}}]')
    server.push("stocks", [quote])
    marker.wait(2)
    assert [(who, type(event).__name__) for who, event in order] == [
        ("all", "Trade"),
        ("single", "Trade"),
        ("all", "Quote"),
        ("all", "UnknownEvent"),
        ("all", "Quote"),
    ]
    assert order[3][1] == UnknownEvent(
        kind="ZZZ",
        data={"ev": "ZZZ", "sym": "AAPL", "t": 5, "extra": {"a": 1}},
        symbol="AAPL",
        timestamp=5,
    )


def test_messages_holds_every_frame_byte_for_byte(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    frames = Recorder.of(client.messages)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    odd = [b'[ {"ev":"T" ,"sym":"AAPL"} ]', b"", b"\xff\x00", b"[]", b" " * 70_000]
    for frame in odd:
        server.send_raw(frame)
    push_numbers(server, 1)
    trades.wait(2)
    assert frames.values[:2] == [
        b'[{"ev":"status","status":"connected","message":"Connected Successfully"}]',
        b'[{"ev":"status","status":"auth_success","message":"authenticated"}]',
    ]
    assert frames.values[3:-1] == odd
    assert frames.values[-1:] == server.sent_frames[1]


def test_events_can_be_released_and_observed_again(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    first = Recorder.of(client.events)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    first.wait()
    first.dispose()
    push_numbers(server, 2)
    trades.wait(2)
    second = Recorder.of(client.events)
    push_numbers(server, 3)
    second.wait()
    assert [numbers(first), numbers(second)] == [[1], [3]]
    client.close_stream()
    assert not first.is_over
