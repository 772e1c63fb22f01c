"""Connections that are open and dead, or seem to be."""

from __future__ import annotations

import random
import threading

import orjson
import pytest

from rxpolygon.connection import Carrier, FrameBuffer, Machine
from rxpolygon.connection.machine import Timing
from rxpolygon.errors import RxPolygonError
from rxpolygon.simulator import Simulator, faults
from rxpolygon.status import CaughtUp, Disconnected, Lagging, Reconnecting, Status, Subscribed
from rxpolygon.topics import Topic
from rxpolygon.transport import Endpoint, Ping, choose_transport
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster
from tests.client.support import trade
from tests.faults.leaps import MINUTE, Leaps, carrier_of
from tests.faults.rig import QUICK, Log, Rig, wait_subscribed
from tests.support import PATIENCE, wait_for


class Sink:
    """Takes what a carrier delivers."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.statuses: list[Status] = []

    def frames(self, frames: list[bytes]) -> None:
        self.received += frames

    def tell(self, status: Status) -> None:
        self.statuses.append(status)

    def lost(self, topics: tuple[Topic, ...] | None, cause: str, dropped: int | None) -> None:
        pass

    def refuse(self, topic: Topic, error: RxPolygonError) -> None:
        pass

    def end(self, error: RxPolygonError | None, undelivered: int) -> None:
        pass


def carried(rig: Rig, server: Simulator, timing: Timing, *, is_open: bool = True) -> tuple[Carrier, Sink]:
    """A connection without a client around it, with a patience of its own."""
    codec = PolygonCodec(server.url, StreamCluster.STOCKS, "demo")
    certificate = str(rig.certificate[0]) if rig.certificate else None
    sink = Sink()
    carrier = Carrier(
        Machine(codec, timing, QUICK, random.random, lambda: is_open),
        codec,
        lambda listener: choose_transport(rig.transport, Endpoint(codec.url, certificate), listener, "read"),
        FrameBuffer(1_000_000, "block"),
        sink,
        lambda topic: True,
        "test",
    )
    carrier.changed([Topic("T", "AAPL")])
    return carrier, sink


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Leaps:
    """The clock of all connections."""
    return Leaps.of(monkeypatch)


def closed_causes(log: Log) -> list[str]:
    """Close, and why connections ended from the first one to the close."""
    log.client.close_stream(PATIENCE)
    return [status.cause for status in log.of(Disconnected)]


def causes(sink: Sink) -> list[str]:
    return [status.cause for status in sink.statuses if isinstance(status, Disconnected)]


def test_login_never_answered_ends_after_its_limit(rig: Rig, clock: Leaps) -> None:
    server = rig.server(faults.SilentLogin(), login_timeout=2 * PATIENCE)
    carrier, sink = carried(rig, server, Timing(login=MINUTE))
    carrier.start()
    wait_for(lambda: server.faults_happened)
    clock.leap(carrier, MINUTE)
    wait_subscribed(server)
    assert carrier.close(PATIENCE)
    assert causes(sink) == ["login", "closed"]
    assert server.connections == 2


@pytest.mark.parametrize("kind", list(faults.GarbageKind))
def test_login_answered_with_garbage_is_a_login_without_an_answer(
    plain: Rig, clock: Leaps, kind: faults.GarbageKind
) -> None:
    server = plain.server(faults.GarbageLogin(kind=kind), login_timeout=2 * PATIENCE)
    carrier, sink = carried(plain, server, Timing(login=MINUTE))
    carrier.start()
    wait_for(lambda: len(sink.received) == 2)  # the greeting and the garbage
    clock.leap(carrier, MINUTE)
    wait_subscribed(server)
    assert carrier.close(PATIENCE)
    assert causes(sink) == ["login", "closed"]
    assert server.connections == 2


def test_mute_market_off_hours_is_left_alone(rig: Rig, clock: Leaps) -> None:
    server = rig.server()
    carrier, sink = carried(rig, server, Timing(data=MINUTE, ping=Ping(interval=0)), is_open=False)
    carrier.start()
    wait_for(lambda: any(isinstance(status, Subscribed) for status in sink.statuses))
    for _ in range(5):
        clock.leap(carrier, MINUTE + 1)
    assert carrier.close(PATIENCE)
    assert causes(sink) == ["closed"]
    assert server.connections == 1


def test_mute_market_that_is_open_is_connected_again(rig: Rig) -> None:
    server = rig.server()
    carrier, sink = carried(rig, server, Timing(data=0.1))
    carrier.start()
    wait_for(lambda: causes(sink))
    assert carrier.close(PATIENCE)
    assert causes(sink)[0] == "mute"


def test_half_open_connection_is_found_within_interval_and_timeout(rig: Rig, clock: Leaps) -> None:
    server = rig.server()
    log = rig.stream(server, ping_interval=MINUTE, ping_timeout=2 * MINUTE)
    carrier = carrier_of(log.client)
    assert server.freeze() == 1
    clock.leap(carrier, MINUTE)
    clock.leap(carrier, MINUTE)
    assert not log.of(Disconnected)
    clock.leap(carrier, MINUTE)
    assert log.wait(Disconnected).cause == "mute"
    wait_for(lambda: server.subscriptions.get(2))


def test_half_open_connection_is_found_by_the_real_clock(plain: Rig) -> None:
    server = plain.server()
    log = plain.stream(server, ping_interval=0.3, ping_timeout=0.3)
    server.freeze()
    assert log.wait(Disconnected).cause == "mute"  # TCP would take minutes


def test_connection_whose_pings_are_answered_lives(rig: Rig, clock: Leaps) -> None:
    server = rig.server()
    log = rig.stream(server, ping_interval=MINUTE, ping_timeout=2 * MINUTE)
    for _ in range(8):
        clock.leap_and_hear(carrier_of(log.client), MINUTE)
    assert closed_causes(log) == ["closed"]


def test_connection_without_pongs_but_with_data_lives(rig: Rig, clock: Leaps) -> None:
    server = rig.server()
    log = rig.stream(server, ping_interval=MINUTE, ping_timeout=2 * MINUTE)
    assert server.mute(answer_pings=False) == 1
    for number in range(1, 9):
        clock.leap(carrier_of(log.client), MINUTE)
        server.send_raw(orjson.dumps([trade("AAPL", number)]))  # the one thing that a muted connection gets
        log.wait_number(number)
    assert closed_causes(log) == ["closed"]


def test_pong_behind_a_full_buffer_kills_nothing(rig: Rig, clock: Leaps) -> None:
    server = rig.server()
    log = Log(rig.client(server, max_buffer=20_000))
    released = threading.Event()
    seen: list[int] = []

    def hold(event: object) -> None:
        seen.append(1)
        released.wait(PATIENCE)

    log.client.subscribe_stock_trades(["AAPL"]).subscribe(hold)
    log.client.start_stream_thread(ping_interval=MINUTE, ping_timeout=2 * MINUTE)
    wait_subscribed(server)
    for _ in range(50):
        server.push("stocks", [trade("AAPL", number) for number in range(200)])
    wait_for(lambda: seen and log.client._buffer.is_held)
    for _ in range(6):
        clock.leap(carrier_of(log.client), MINUTE)
    assert log.client.stats.buffered_bytes > 5_000
    released.set()
    wait_for(lambda: len(seen) == 10_000)
    lagging, caught_up = log.wait(Lagging), log.wait(CaughtUp)
    assert lagging.buffered_bytes > 10_000
    assert caught_up.seconds > 5 * MINUTE
    assert closed_causes(log) == ["closed"]
    assert server.connections == 1


@pytest.mark.parametrize("limit", [0.2, {"crypto_trades": 0.2}], ids=["any", "by-channel"])
def test_connected_but_mute_is_replaced(rig: Rig, limit: float | dict[str, float]) -> None:
    server = rig.server()
    log = Log(rig.client(server, "crypto", data_timeout=limit))  # the one market that never closes
    log.client.subscribe_crypto_trades(["BTC-USD"]).subscribe(lambda event: None)
    log.client.subscribe_crypto_quotes(["BTC-USD"]).subscribe(lambda event: None)
    log.client.start_stream_thread()
    waiting = log.wait(Reconnecting)
    assert waiting.cause == "mute"
    assert "open but dead" in waiting.remedy


def test_channel_that_is_mute_among_others_is_found(plain: Rig) -> None:
    server = plain.server()
    log = Log(plain.client(server, "crypto", data_timeout={"crypto_trades": 0.3}))
    log.client.subscribe_crypto_trades(["BTC-USD"]).subscribe(lambda event: None)
    log.client.subscribe_crypto_quotes(["BTC-USD"]).subscribe(lambda event: None)
    log.client.start_stream_thread()
    wait_subscribed(server, "XQ.BTC-USD")

    def quote_and_look() -> bool:
        server.push("crypto", {"ev": "XQ", "pair": "BTC-USD", "bp": 1.0, "ap": 1.1, "t": 1_700_000_000_000})
        return bool(log.of(Disconnected))

    wait_for(quote_and_look)
    assert "channel XT" in log.of(Disconnected)[0].reason
