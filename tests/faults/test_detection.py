"""Connections that are open and dead, or seem to be."""

from __future__ import annotations

import random
import threading
import time

import pytest

from rxpolygon.connection import Carrier, FrameBuffer, Machine
from rxpolygon.connection.machine import Timing
from rxpolygon.errors import RxPolygonError
from rxpolygon.simulator import Simulator, faults
from rxpolygon.status import Authenticated, CaughtUp, Disconnected, Lagging, Reconnecting, Status
from rxpolygon.topics import Topic
from rxpolygon.transport import Endpoint, choose_transport
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster
from tests.client.support import trade
from tests.faults.rig import QUICK, Log, Rig, push, wait_subscribed
from tests.support import wait_for


class Sink:
    """Takes what a carrier delivers."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []

    def frames(self, frames: list[bytes]) -> None:
        pass

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


def causes(sink: Sink) -> list[str]:
    return [status.cause for status in sink.statuses if isinstance(status, Disconnected)]


def test_login_never_answered_ends_after_its_limit(rig: Rig) -> None:
    server = rig.server(faults.SilentLogin())
    carrier, sink = carried(rig, server, Timing(login=0.2))
    carrier.start()
    wait_for(lambda: causes(sink))
    wait_subscribed(server)
    carrier.close(5)
    assert causes(sink)[0] == "login"
    assert server.connections >= 2  # more, if the next login took as long


@pytest.mark.parametrize("kind", list(faults.GarbageKind))
def test_login_answered_with_garbage_is_a_login_without_an_answer(
    plain: Rig, kind: faults.GarbageKind
) -> None:
    server = plain.server(faults.GarbageLogin(kind=kind))
    carrier, sink = carried(plain, server, Timing(login=0.1))
    carrier.start()
    wait_subscribed(server)
    carrier.close(5)
    assert causes(sink)[0] == "login"


def test_mute_market_off_hours_is_left_alone(rig: Rig) -> None:
    server = rig.server()
    carrier, sink = carried(rig, server, Timing(data=0.05), is_open=False)
    carrier.start()
    wait_subscribed(server)
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 0.3)
    carrier.close(5)
    assert causes(sink) == ["closed"]
    assert server.connections == 1


def test_mute_market_that_is_open_is_connected_again(rig: Rig) -> None:
    server = rig.server()
    carrier, sink = carried(rig, server, Timing(data=0.1))
    carrier.start()
    wait_for(lambda: causes(sink))
    carrier.close(5)
    assert causes(sink)[0] == "mute"


def test_half_open_connection_is_found_within_interval_and_timeout(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, ping_interval=0.3, ping_timeout=0.3)
    server.freeze()
    began = time.monotonic()
    assert log.wait(Disconnected).cause == "mute"
    assert time.monotonic() - began < 5  # a busy machine is given some time; TCP takes minutes
    log.wait(Authenticated, 2)


def test_connection_whose_pings_are_answered_lives(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, ping_interval=0.05, ping_timeout=0.8)
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 1.4)
    assert not log.of(Disconnected)


def test_connection_without_pongs_but_with_data_lives(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, ping_interval=0.1, ping_timeout=0.8)
    server.mute(answer_pings=False)
    server.unmute()
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < 1.4:
        number += 1
        push(server, number)
        log.wait_number(number)
    assert not log.of(Disconnected)


def test_pong_behind_a_full_buffer_kills_nothing(rig: Rig) -> None:
    server = rig.server()
    log = Log(rig.client(server, max_buffer=20_000))
    released = threading.Event()
    seen: list[int] = []

    def hold(event: object) -> None:
        seen.append(1)
        released.wait(10)

    log.client.subscribe_stock_trades(["AAPL"]).subscribe(hold)
    log.client.start_stream_thread(ping_interval=0.1, ping_timeout=0.6)
    wait_subscribed(server)
    for _ in range(50):
        server.push("stocks", [trade("AAPL", number) for number in range(200)])
    wait_for(lambda: seen)
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 1.0)
    assert log.client.stats.buffered_bytes > 5_000
    released.set()
    wait_for(lambda: len(seen) == 10_000)
    assert not log.of(Disconnected)
    assert server.connections == 1
    lagging, caught_up = log.wait(Lagging), log.wait(CaughtUp)
    assert lagging.buffered_bytes > 10_000
    assert caught_up.seconds > 0.9


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
