"""Alpaca's streams on a faulty server: nothing is lost in silence, and each error has its consequence."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rxpolygon import Reconnect
from rxpolygon.alpaca import StockDataStream
from rxpolygon.errors import RxPolygonError
from rxpolygon.events import Event
from rxpolygon.events.alpaca import Trade
from rxpolygon.simulator import Simulator, faults
from rxpolygon.simulator.faults import Fault
from rxpolygon.status import Closed, Connecting, Disconnected, Dropped, Gap, Reconnecting, Status
from tests.faults.leaps import MINUTE, Leaps, carrier_of
from tests.simulator.markets import REGULAR_HOURS
from tests.support import PATIENCE, wait_for

QUICK = Reconnect(initial=0.01, maximum=0.05, cap_cooldown=0.05)
Entry = Event | Status
Mark = tuple[str, int | None]  # what tells a trade from others
_PLACES = [
    ("default", "msgpack", False),
    ("fast", "msgpack", False),
    ("default", "json", True),
    ("fast", "msgpack", True),
]


class Stream:
    """A stream under test, with everything that it told in order."""

    def __init__(self, server: Simulator, **options: Any) -> None:
        usual: dict[str, Any] = {"reconnect": QUICK, "url_override": server.url}
        self.client = StockDataStream("demo", "hunter2", **usual | options)
        self.entries: list[Entry] = []
        self.errors: list[Exception] = []
        self.client.status.subscribe(self.entries.append)

    def observe(self, *channels: str, symbols: tuple[str, ...] = ("AAPL", "IBM")) -> None:
        """Observe some channels."""
        for channel in channels or ("trades",):
            observable = getattr(self.client, f"subscribe_{channel}")(*symbols)
            observable.subscribe(self.entries.append, self.errors.append)

    def of(self, kind: type[Entry]) -> list[Any]:
        """What was told of a kind."""
        return [entry for entry in self.entries if isinstance(entry, kind)]

    def wait(self, kind: type[Entry], count: int = 1) -> None:
        """Wait for so many of a kind."""
        wait_for(lambda: len(self.of(kind)) >= count, message=lambda: f"{kind}: {self.entries[-10:]}")

    @property
    def by_connection(self) -> list[list[Mark]]:
        """The marks of the trades of each connection."""
        numbers: list[list[Mark]] = []
        for entry in self.entries:
            if isinstance(entry, Connecting):
                numbers.append([])
            elif isinstance(entry, Trade):
                numbers[-1].append((entry.symbol, entry.id))
        return numbers


@contextlib.contextmanager
def streaming(server: Simulator, *channels: str, **options: Any) -> Iterator[Stream]:
    """A stream that was started."""
    stream = Stream(server, **options)
    stream.observe(*channels)
    stream.client.start_stream_thread()
    try:
        yield stream
    finally:
        stream.client.close_stream(PATIENCE)


def server(*wrong: Fault, **options: Any) -> Simulator:
    """A simulator with a busy market, or a quiet one."""
    usual: dict[str, Any] = {"seed": 5, "start": REGULAR_HOURS, "speed": 60, "keep_sent": True}
    return Simulator(venue="alpaca", faults=wrong, **usual | options)


@pytest.fixture(params=_PLACES, ids=lambda place: f"{place[0]}-{place[1]}-{'tls' if place[2] else 'plain'}")
def place(
    request: pytest.FixtureRequest, certificate: tuple[Path, Path]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the server and of the stream: a transport, an encoding, with TLS or without."""
    transport, encoding, is_secure = request.param
    ours = {"transport": transport, "encoding": encoding}
    if not is_secure:
        return {}, ours
    return {"tls": certificate}, ours | {"ca_certs": str(certificate[0])}


def marks(simulator: Simulator, connection: int) -> list[Mark]:
    """The marks of the trades that a connection was sent."""
    return [(m["S"], m["i"]) for m in simulator.sent.get(connection, []) if m["T"] == "t"]


def check_gaps(stream: Stream) -> None:
    """After each loss the first trade comes behind a gap that lies between it and the last one before."""
    last: Trade | None = None
    gap: Gap | None = None
    is_lost = False
    for entry in stream.entries:
        if isinstance(entry, Disconnected):
            is_lost = last is not None
        elif isinstance(entry, Gap) and entry.channel == "trades":
            gap = entry
        elif isinstance(entry, Trade):
            if is_lost:
                assert gap is not None, f"no gap before {entry}"
                assert last is not None
                assert (gap.after, gap.before) == (last.timestamp, entry.timestamp)
            last, gap, is_lost = entry, None, False


def test_every_trade_that_arrived_is_delivered_once_and_in_order_over_many_cuts(
    place: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    theirs, ours = place
    wrong = [
        faults.Cut(connection=1, after_frames=3),
        faults.Cut(connection=2, after_frames=5, extra_bytes=11),
        faults.Restart(connection=3, after_frames=2),
        faults.Cut(connection=4, at_byte=3_000),
        faults.Restart(connection=5, after_frames=4, code=1000),
        faults.Complain(connection=6, after_frames=3, status=500, closes=True),
        faults.Complain(connection=7, after_frames=3, status=407, closes=True),
    ]
    with server(*wrong, **theirs) as simulator, streaming(simulator, **ours) as stream:
        wait_for(lambda: len(stream.by_connection) >= 8 and len(stream.by_connection[7]) > 20)
        stream.client.close_stream(PATIENCE)
        sent = [marks(simulator, number) for number in range(1, 9)]
    got = stream.by_connection
    # A connection that the server ended had delivered all before its end; ours may have been cut short.
    assert got[:7] == sent[:7]
    assert got[7] == sent[7][: len(got[7])]
    everything = [mark for connection in got for mark in connection]
    assert len(set(everything)) == len(everything)
    # Where a frame of a busy server is longer than the cut lets out, a connection brings nothing.
    assert len(stream.of(Gap)) == sum(bool(connection) for connection in got[1:])
    check_gaps(stream)


def test_trades_lost_by_a_reset_lie_inside_a_gap(place: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = place
    wrong = [faults.Cut(connection=number, after_frames=4, reset=True) for number in range(1, 5)]
    with server(*wrong, **theirs) as simulator, streaming(simulator, **ours) as stream:
        wait_for(lambda: len(stream.by_connection) >= 5 and len(stream.by_connection[4]) > 5)
        stream.client.close_stream(PATIENCE)
        sent = [marks(simulator, number) for number in range(1, 6)]
    for got, marked in zip(stream.by_connection, sent, strict=True):
        assert got == marked[: len(got)]  # a reset takes what was unread, from the end
    check_gaps(stream)


def test_gap_is_told_for_each_channel(place: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = place
    wrong = [faults.Restart(connection=1, after_frames=20)]
    with server(*wrong, **theirs) as simulator:
        with streaming(simulator, "trades", "quotes", **ours) as stream:
            wait_for(lambda: {gap.channel for gap in stream.of(Gap)} == {"trades", "quotes"})
        assert all(set(gap.symbols) == {"AAPL", "IBM"} for gap in stream.of(Gap))


def test_restarts_at_any_moment_lose_nothing_in_silence(place: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = place
    with server(**theirs) as simulator, streaming(simulator, **ours) as stream:
        for count in range(1, 4):
            wait_for(lambda count=count: len(stream.by_connection) >= count and stream.by_connection[-1])  # type: ignore[misc]  # mypy knows no lambda with a default here
            assert simulator.restart() == 1
        wait_for(lambda: len(stream.by_connection) >= 4 and stream.by_connection[-1])
        check_gaps(stream)
        assert {entry.code for entry in stream.of(Disconnected)} == {1001}


@pytest.mark.usefixtures("patient_farewell")
def test_slow_reader_is_cut_off_and_comes_back_with_a_gap() -> None:
    wrong = [faults.SlowConsumer(unread_bytes=65_536, times=1)]
    awake = threading.Event()
    with server(*wrong, speed="max") as simulator:
        stream = Stream(simulator, max_buffer=65_536, overflow="block")
        stream.observe("trades", "quotes")

        def sleep_once(event: Event) -> None:
            awake.wait(PATIENCE)

        stream.client.subscribe_quotes("KO").subscribe(sleep_once)
        stream.client.start_stream_thread()
        try:
            simulator.wait_for(lambda sim: sim.faults_happened.get("SlowConsumer"), PATIENCE)
            awake.set()
            wait_for(lambda: any(gap.channel == "trades" for gap in stream.of(Gap)))
            trades = len(stream.of(Trade))
            wait_for(lambda: len(stream.of(Trade)) > trades + 10)
        finally:
            awake.set()
            stream.client.close_stream(PATIENCE)
        (ended, *_) = stream.of(Disconnected)
        assert ended.cause == "slow"
    assert stream.of(Dropped) == []
    check_gaps(stream)


def test_connection_limit_is_waited_out_and_the_older_stream_is_left_alone() -> None:
    with server(api_keys=["demo:one", "demo:two"]) as simulator:
        older = StockDataStream("demo", "one", url_override=simulator.url, reconnect=QUICK)
        seen: list[Trade] = []
        older.subscribe_trades("AAPL").subscribe(seen.append)
        older.start_stream_thread()
        wait_for(lambda: len(seen) > 5)
        newer = Stream(simulator)
        newer.client = StockDataStream("demo", "two", url_override=simulator.url, reconnect=QUICK)
        newer.client.status.subscribe(newer.entries.append)
        newer.observe()
        newer.client.start_stream_thread()
        try:
            newer.wait(Reconnecting, 3)
            assert {entry.cause for entry in newer.of(Reconnecting)} == {"cap"}
            assert all(entry.delay >= QUICK.cap_cooldown for entry in newer.of(Reconnecting))
            count = len(seen)
            wait_for(lambda: len(seen) > count + 5)
            assert older.stats.reconnects == 0
            older.close_stream()
            newer.wait(Trade, 5)
            assert newer.errors == []
        finally:
            older.close_stream()
            newer.client.close_stream()


@pytest.mark.parametrize("code", [404, 406, 500])
def test_refusal_that_time_mends_is_tried_again(code: int) -> None:
    wrong = [faults.RefuseLogin(status=code)]
    with server(*wrong) as simulator, streaming(simulator) as stream:
        stream.wait(Trade, 5)
        assert simulator.faults_happened == {"RefuseLogin": 1}
        assert stream.errors == []


@pytest.mark.parametrize("code", [402, 408, 409, 411])
def test_refusal_that_nothing_mends_ends_the_stream_at_once(code: int) -> None:
    with server(faults.RefuseLogin(status=code, times=None)) as simulator, streaming(simulator) as stream:
        stream.wait(Closed)
        wait_for(lambda: stream.errors)
        assert isinstance(stream.errors[0], RxPolygonError)
        assert "hunter2" not in str(stream.errors[0])
        assert simulator.connections == 1


@pytest.mark.parametrize("code", [405, 410])
def test_refused_subscription_ends_its_own_observers_only(code: int) -> None:
    with server() as simulator, streaming(simulator) as stream:
        stream.wait(Trade, 3)
        with server(faults.RefuseSubscription(status=code)) as other, streaming(other) as refused:
            wait_for(lambda: refused.errors)
            assert refused.client.is_streaming
            refused.observe("quotes")
            wait_for(lambda: any("quotes.AAPL" in topics for topics in other.subscriptions.values()))
        assert stream.errors == []


@pytest.mark.parametrize("kind", list(faults.GarbageKind))
@pytest.mark.parametrize("encoding", ["msgpack", "json"])
def test_garbage_costs_no_good_event(encoding: str, kind: faults.GarbageKind) -> None:
    wrong = [faults.Garbage(kind=kind, every=2, times=5)]
    with server(*wrong) as simulator, streaming(simulator, encoding=encoding) as stream:
        wait_for(lambda: simulator.faults_happened.get("Garbage") == 5)
        seen = len(stream.of(Trade))
        stream.wait(Trade, seen + 10)
        stream.client.close_stream(PATIENCE)
        sent = marks(simulator, 1)
    got = [(trade.symbol, trade.id) for trade in stream.of(Trade) if trade.symbol != "GARBAGE"]
    assert got == sent[: len(got)]
    assert len(simulator.sent) == 1
    assert len(stream.by_connection) == 1


def test_amended_trades_are_told_to_those_who_registered() -> None:
    with server(faults.Amend(share=0.2, within=0.5), speed=200) as simulator:
        stream = Stream(simulator)
        corrections: list[Event] = []
        cancels: list[Event] = []
        stream.client.register_trade_corrections().subscribe(corrections.append)
        stream.client.register_trade_cancels().subscribe(cancels.append)
        stream.observe()
        stream.client.start_stream_thread()
        try:
            wait_for(lambda: len(corrections) > 3 and len(cancels) > 3)
        finally:
            stream.client.close_stream(PATIENCE)
    ids = {trade.id for trade in stream.of(Trade)}
    assert {correction.original_id for correction in corrections} <= ids  # type: ignore[attr-defined]  # of this type
    assert {cancel.id for cancel in cancels} <= ids  # type: ignore[attr-defined]  # of this type


@pytest.mark.parametrize(
    "mute",
    [
        faults.Mute(connection=1, after_frames=3, answer_pings=False),
        faults.HalfOpen(connection=1, after_frames=3),
    ],
)
def test_connection_that_falls_silent_is_replaced(mute: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Leaps.of(monkeypatch)
    # The server does not know that the first connection is gone, and would refuse the second.
    with server(mute, second_connection="allow") as simulator:
        stream = Stream(simulator, websocket_params={"ping_interval": MINUTE, "ping_timeout": MINUTE})
        stream.observe()
        stream.client.start_stream_thread()
        try:
            simulator.wait_for(lambda sim: sim.faults_happened, PATIENCE)
            wait_for(lambda: len(stream.of(Trade)) == len(marks(simulator, 1)))
            for _ in range(2):
                clock.leap(carrier_of(stream.client), MINUTE)
            wait_for(lambda: len(stream.by_connection) >= 2 and stream.by_connection[-1])
            check_gaps(stream)
            assert [gap.channel for gap in stream.of(Gap)] == ["trades"]
        finally:
            stream.client.close_stream(PATIENCE)
