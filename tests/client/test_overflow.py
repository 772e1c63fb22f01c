"""What each overflow policy does when an observer sleeps: nothing is ever lost silently."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rxpolygon import StreamClient
from rxpolygon.errors import OverflowError
from rxpolygon.events import Trade
from rxpolygon.simulator import Simulator
from rxpolygon.status import CaughtUp, Closed, Dropped, Gap, Lagging, Status
from tests.client.support import Connect, Recorder, numbers, push_numbers, trade, wait_for_topics
from tests.support import PATIENCE, wait_for

_FRAMES = 400
_LIMIT = 10_000  # bytes; a frame has about 80


class _Sleeper:
    """An observer that sleeps from its first event until it is woken."""

    def __init__(self) -> None:
        self.values: list[Trade] = []
        self.entered, self.woken = threading.Event(), threading.Event()
        self.errors: list[Exception] = []

    def on_next(self, event: Trade) -> None:
        self.values.append(event)
        self.entered.set()
        assert self.woken.wait(2 * PATIENCE)


@contextmanager
def _asleep(
    server: Simulator, client: StreamClient
) -> Iterator[tuple[_Sleeper, Recorder[Status], Recorder[Trade]]]:
    """A started client whose sleeper has its first event, number 0."""
    sleeper = _Sleeper()
    statuses = Recorder.of(client.status)
    source = client.subscribe_stock_trades(["AAPL"])
    source.subscribe(sleeper.on_next, sleeper.errors.append)
    trades = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 0)
    assert sleeper.entered.wait(PATIENCE)
    try:
        yield sleeper, statuses, trades
    finally:
        sleeper.woken.set()


def _told(statuses: Recorder[Status], kind: type[Status]) -> list[Any]:
    return [status for status in statuses.values if isinstance(status, kind)]


def test_block_loses_nothing_and_holds_back_the_server(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport, max_buffer=100_000)
    padding = "x" * 40_000  # so much that the system's buffers fill, too
    with _asleep(server, client) as (sleeper, statuses, trades):
        for number in range(1, _FRAMES):
            server.push("stocks", trade("AAPL", number, note=padding))
        wait_for(lambda: client.stats.buffered_bytes > 60_000)
        assert client.stats.buffered_bytes <= 100_000
        assert client.stats.frames < _FRAMES
        sleeper.woken.set()
        trades.wait(_FRAMES)
        assert numbers(trades) == list(range(_FRAMES))
        wait_for(lambda: client.stats.buffered_bytes == 0)
        assert client.stats.dropped == 0
        assert client.stats.events == _FRAMES
        assert _told(statuses, Dropped) == []
        wait_for(lambda: _told(statuses, CaughtUp))
        assert _told(statuses, Lagging)


def test_block_with_a_large_buffer_reads_on(server: Simulator, connect: Connect, transport: str) -> None:
    client = connect(server, transport=transport)
    with _asleep(server, client) as (sleeper, statuses, trades):
        push_numbers(server, *range(1, _FRAMES))
        wait_for(lambda: client.stats.frames == 3 + _FRAMES)
        sleeper.woken.set()
        trades.wait(_FRAMES)
        assert numbers(trades) == list(range(_FRAMES))
        assert _told(statuses, Lagging) == []


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_drops_are_counted_and_told_and_the_order_is_kept(
    server: Simulator, connect: Connect, transport: str, overflow: str
) -> None:
    client = connect(server, transport=transport, max_buffer=_LIMIT, overflow=overflow)
    with _asleep(server, client) as (sleeper, statuses, trades):
        push_numbers(server, *range(1, _FRAMES))
        wait_for(lambda: client.stats.frames == 3 + _FRAMES)
        assert client.stats.buffered_bytes <= _LIMIT
        dropped = client.stats.dropped
        assert dropped > 0
        sleeper.woken.set()
        wait_for(lambda: len(trades.values) == _FRAMES - dropped)
        push_numbers(server, _FRAMES)
        wait_for(lambda: numbers(trades)[-1] == _FRAMES)
    seen = numbers(trades)
    assert seen == sorted(seen)
    assert client.stats.dropped == dropped
    assert len(seen) == _FRAMES + 1 - dropped
    wait_for(lambda: client.stats.events == len(seen))  # they are counted once they were given
    told = _told(statuses, Dropped)
    assert sum(status.frames for status in told) == dropped
    sizes = {number: len(frame) for number, frame in enumerate(server.sent_frames[1])}
    assert sum(status.size for status in told) == sum(sizes[n] for n in sizes if n not in seen)
    # The oldest give way to the newest, or the newest to what waits.
    kept = seen[1:-1]
    assert kept == (
        list(range(_FRAMES - len(kept), _FRAMES))
        if overflow == "drop_oldest"
        else list(range(1, len(kept) + 1))
    )


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_drops_are_told_at_their_place_before_the_gap(
    server: Simulator, connect: Connect, overflow: str
) -> None:
    client = connect(server, max_buffer=_LIMIT, overflow=overflow)
    told: list[object] = []
    client.status.subscribe(lambda one: told.append(one) if isinstance(one, (Dropped, Gap)) else None)
    with _asleep(server, client) as (sleeper, _, trades):
        trades.subscription = client.subscribe_stock_trades(["AAPL"]).subscribe(
            lambda event: told.append(event.sequence_number)
        )
        push_numbers(server, *range(1, _FRAMES))
        wait_for(lambda: client.stats.frames == 3 + _FRAMES)
        dropped = client.stats.dropped
        sleeper.woken.set()
        wait_for(lambda: len(trades.values) == _FRAMES - dropped)
        push_numbers(server, _FRAMES)
        wait_for(lambda: told[-1] == _FRAMES)
    places = [index for index, one in enumerate(told) if isinstance(one, Dropped)]
    assert len(places) == 1
    place = places[0]
    gap = told[place + 1]
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.dropped, gap.symbols) == ("dropped", dropped, ("AAPL",))
    numbers_told = [one for one in told if isinstance(one, int)]
    assert numbers_told == numbers(trades)[1:]
    after = next(one for one in told[place:] if isinstance(one, int))
    before = next((one for one in reversed(told[:place]) if isinstance(one, int)), 0)
    assert after - before == dropped + 1


def test_error_ends_the_stream_after_what_was_buffered(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport, max_buffer=_LIMIT, overflow="error")
    fitting = 50
    with _asleep(server, client) as (sleeper, statuses, trades):
        push_numbers(server, *range(1, fitting))
        wait_for(lambda: client.stats.frames == 3 + fitting)
        push_numbers(server, *range(fitting, _FRAMES))
        wait_for(lambda: not server.open_connections)
        sleeper.woken.set()
        error = trades.wait_for_end()
    assert isinstance(error, OverflowError)
    assert error.limit == _LIMIT
    assert str(_LIMIT) in str(error)
    assert isinstance(sleeper.errors[0], OverflowError)
    seen = numbers(trades)
    assert seen == list(range(len(seen)))
    assert len(seen) >= fitting
    assert statuses.wait_for_end() is None
    closed = statuses.values[-1]
    assert isinstance(closed, Closed)
    assert closed.kind == "OverflowError"
    wait_for(lambda: not client.is_streaming)


def test_close_with_a_full_buffer_says_how_much_was_not_delivered(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    with _asleep(server, client) as (sleeper, statuses, trades):
        push_numbers(server, *range(1, 101))
        wait_for(lambda: client.stats.frames == 3 + 101)
        client.close_stream(0)
        sleeper.woken.set()
        assert trades.wait_for_end() is None
    closed = statuses.values[-1]
    assert isinstance(closed, Closed)
    assert closed.undelivered == 100
    assert numbers(trades) in ([], [0])


def test_close_while_the_reading_waits_for_room_is_quick(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport, max_buffer=_LIMIT)
    with _asleep(server, client) as (sleeper, _, trades):
        push_numbers(server, *range(1, _FRAMES))
        wait_for(lambda: client.stats.buffered_bytes > _LIMIT - 200)
        closer = threading.Thread(target=client.close_stream, args=(2 * PATIENCE,))
        closer.start()
        wait_for(lambda: not server.open_connections)
        assert closer.is_alive()
        sleeper.woken.set()
        closer.join(PATIENCE)
        assert not closer.is_alive()
        assert trades.wait_for_end() is None


def test_single_frame_larger_than_the_buffer_is_delivered(
    server: Simulator, connect: Connect, transport: str
) -> None:
    for overflow in ("block", "drop_oldest", "drop_newest", "error"):
        client = connect(server, transport=transport, max_buffer=1_000, overflow=overflow)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        # The greeting, the login's answer and the acknowledgement must be through: else something waits.
        wait_for(lambda client=client: (client.stats.frames, client.stats.buffered_bytes) == (3, 0))  # type: ignore[misc]
        server.push("stocks", trade("AAPL", 1, note="x" * 10_000))
        trades.wait()
        assert client.stats.dropped == 0
        client.close_stream()
        wait_for_topics(server)
