"""Frames that are not what they should be: a clear status, and every good neighbour delivered."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from rxpolygon.errors import ConnectionLostError
from rxpolygon.events import FuturesTrade, Trade, UnknownEvent
from rxpolygon.simulator import Simulator
from rxpolygon.simulator import faults as wrong
from rxpolygon.status import Malformed, ServerMessage, Status
from tests.client.support import (
    Connect,
    Recorder,
    numbers,
    push_numbers,
    trade,
    wait_for_topics,
)
from tests.client.wire_samples import sample
from tests.support import PATIENCE, wait_for

_TRADE = b'{"ev":"T","sym":"AAPL","q":%d}'


def _frame(*parts: bytes) -> bytes:
    return b"[" + b",".join(parts) + b"]"


_GOOD_1, _GOOD_2 = _TRADE % 1, _TRADE % 2

# The frame, the numbers of the trades that must come, and how many things are malformed.
_FRAMES: dict[str, tuple[bytes, list[int], int]] = {
    "not json": (b"<html>502 Bad Gateway</html>", [], 1),
    "empty": (b"", [], 1),
    "blank": (b"  \n", [], 1),
    "no array": (_GOOD_1, [], 1),
    "null": (b"null", [], 1),
    "number": (b"7", [], 1),
    "text": (b'"AAPL"', [], 1),
    "empty array": (b"[]", [], 0),
    "not utf-8": (_frame(_GOOD_1, b'{"ev":"T","sym":"A\xff"}', _GOOD_2), [1, 2], 1),
    "all not utf-8": (b"\xff\xfe\x00", [], 1),
    "cut in the second": (_frame(_GOOD_1, _GOOD_2)[:-9], [1], 1),
    "cut at the end": (_frame(_GOOD_1, _GOOD_2)[:-1], [1, 2], 1),
    "cut after the comma": (b"[" + _GOOD_1 + b",", [1], 1),
    "bracket only": (b"[", [], 1),
    "broken in the middle": (_frame(_GOOD_1, b'{"ev":"T",,}', _GOOD_2), [1], 1),
    "no objects": (_frame(_GOOD_1, b"1", b'"x"', b"null", b"[]", _GOOD_2), [1, 2], 4),
    "object without a kind": (_frame(_GOOD_1, b"{}", b'{"ev":null}', b'{"ev":7}', _GOOD_2), [1, 2], 3),
    "without a symbol": (_frame(_GOOD_1, b'{"ev":"T","p":1}', _GOOD_2), [1, 2], 1),
    "null symbol": (_frame(_GOOD_1, b'{"ev":"T","sym":null}', _GOOD_2), [1, 2], 1),
    "wrong types": (_frame(_GOOD_1, b'{"ev":"T","sym":"AAPL","p":{},"t":"soon"}', _GOOD_2), [1, 2], 1),
    "huge number": (_frame(_GOOD_1, b'{"ev":"T","sym":"AAPL","t":1e999}', _GOOD_2), [1, 2], 1),
    "unknown kind": (_frame(_GOOD_1, b'{"ev":"ZZZ","sym":"AAPL"}', _GOOD_2), [1, 2], 0),
    "other cluster": (_frame(_GOOD_1, b'{"ev":"XT","pair":"BTC-USD"}', _GOOD_2), [1, 2], 0),
    "deep": (b"[" * 100_000, [], 1),
    "deep inside": (_frame(_GOOD_1, b'{"ev":"T","sym":' + b"[" * 5_000 + b"]" * 5_000 + b"}"), [1], 1),
    "zero byte": (_frame(_GOOD_1, b"\x00", _GOOD_2), [1], 1),
    "byte order mark": (b"\xef\xbb\xbf" + _frame(_GOOD_1), [], 1),
}


# The wire's bytes of these are told as they were read.
_REWRITTEN = ("deep inside", "huge number")


def _malformed(statuses: Recorder[Status]) -> list[Malformed]:
    return [status for status in statuses.values if isinstance(status, Malformed)]


@pytest.mark.parametrize("transport", ["default"])
@pytest.mark.parametrize("name", _FRAMES)
@pytest.mark.parametrize("watched", ["trades", "everything"])
def test_frame_that_is_wrong_is_told_and_costs_no_neighbour(
    server: Simulator, connect: Connect, transport: str, name: str, watched: str
) -> None:
    frame, good, bad = _FRAMES[name]
    client = connect(server, transport=transport)
    statuses = Recorder.of(client.status)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    if watched == "everything":
        Recorder.of(client.events)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw(frame)
    push_numbers(server, 9)
    wait_for(lambda: 9 in numbers(trades), message=lambda: f"9: {trades.values}, {statuses.values[-2:]}")
    assert numbers(trades) == [*good, 9]
    told = _malformed(statuses)
    assert len(told) == bad == client.stats.malformed
    assert all(status.problem for status in told)
    assert all(status.data in frame or status.data == b"" for status in told if name not in _REWRITTEN)
    assert all(str(status).isprintable() and len(str(status)) < 1_000 for status in told)
    assert not trades.is_over


@pytest.mark.parametrize("kind", list(wrong.GarbageKind))
def test_garbage_of_the_server_is_survived_by_both_transports(
    connect: Connect, transport: str, kind: wrong.GarbageKind
) -> None:
    with Simulator(market=False, faults=[wrong.Garbage(kind=kind, every=2)]) as server:
        client = connect(server, transport=transport)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, *range(10))
        trades.wait(10)
        assert numbers(trades) == list(range(10))


def _cut_statuses(event: bytes) -> bytes:
    status = b'{"ev":"status","status":"note","message":"mine"}'
    return b"[" + status + b"," + event + b"," + event[:20]


def test_status_in_a_damaged_frame_is_heard(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    statuses = Recorder.of(client.status)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw(_cut_statuses(_GOOD_1))
    push_numbers(server, 9)
    trades.wait(2)
    assert numbers(trades) == [1, 9]
    assert [status for status in statuses.values if isinstance(status, ServerMessage)] == [
        ServerMessage("note", "mine")
    ]
    assert len(_malformed(statuses)) == 1


def test_unknown_event_arrives_whole_among_its_neighbours(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    everything = Recorder.of(client.events)
    client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    odd = {"ev": "ZZZ", "pair": "X", "t": 5.5, "deep": {"a": [1, None]}}
    server.send_raw(json.dumps([trade("AAPL", 1), odd, trade("AAPL", 2)]))
    everything.wait(3)
    unknown = everything.values[1]
    assert isinstance(unknown, UnknownEvent)
    assert (unknown.kind, unknown.symbol, unknown.timestamp, unknown.data) == ("ZZZ", "X", 5, odd)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"p":null,"s":null,"t":null,"c":null', (None, None, None, None)),
        ("", (None, None, None, None)),
        ('"p":"10.5","s":"100","t":"1700000000123","c":[1]', (10.5, 100.0, 1_700_000_000_123, (1,))),
        ('"p":182,"s":5.0,"t":1700000000123.0,"c":[]', (182.0, 5.0, 1_700_000_000_123, ())),
        ('"p":1,"s":null,"t":1700000000123,"c":37', (1.0, None, 1_700_000_000_123, (37,))),
    ],
)
def test_missing_null_and_text_fields_are_mended(
    server: Simulator, connect: Connect, fields: str, expected: tuple[object, ...]
) -> None:
    client = connect(server)
    statuses = Recorder.of(client.status)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw(f'[{{"ev":"T","sym":"AAPL"{"," if fields else ""}{fields}}}]')
    event = trades.wait()[0]
    assert isinstance(event, Trade)
    assert (event.price, event.size, event.timestamp, event.conditions) == expected
    assert _malformed(statuses) == []


@pytest.mark.parametrize("identity", ['"52983"', "52983"])
def test_trade_id_is_text_whether_sent_as_text_or_number(
    server: Simulator, connect: Connect, identity: str
) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw(f'[{{"ev":"T","sym":"AAPL","i":{identity}}}]')
    assert trades.wait()[0].id == "52983"


def test_futures_with_a_field_of_another_cluster_arrive(server: Simulator, connect: Connect) -> None:
    client = connect(server, "futures")
    trades = Recorder.of(client.subscribe_futures_trades(["ESZ5"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.ESZ5")
    server.send_raw('[{"ev":"T","sym":"ESZ5","p":6000.25,"new":{"x":[1]},"t":1700000000123}]')
    event = trades.wait()[0]
    assert isinstance(event, FuturesTrade)
    assert event.price == 6000.25


@pytest.mark.parametrize("kind", ["good", "malformed"])
def test_frame_of_fifty_megabytes_is_delivered_or_told(
    server: Simulator, connect: Connect, transport: str, kind: str
) -> None:
    padding = b" " * 50_000_000
    good = b"[" + _GOOD_1 + b"," + padding + _GOOD_2 + b"]"
    bad = b"[" + _GOOD_1 + b"," + b"x" + padding + b"]"
    client = connect(server, transport=transport)
    statuses = Recorder.of(client.status)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw(good if kind == "good" else bad)
    push_numbers(server, 9)
    wait_for(lambda: 9 in numbers(trades), timeout=2 * PATIENCE)
    assert numbers(trades) == ([1, 2, 9] if kind == "good" else [1, 9])
    assert [len(status.data) for status in _malformed(statuses)] == ([] if kind == "good" else [50_000_002])
    assert len(repr(statuses.values)) < 5_000


@pytest.mark.parametrize("make", [lambda size: b"[" + b" " * (size - 2) + b"]", lambda size: b"x" * size])
def test_frame_above_the_limit_ends_the_connection_with_a_clear_error(
    server: Simulator, connect: Connect, transport: str, make: Callable[[int], bytes]
) -> None:
    client = connect(server, transport=transport, max_frame=100_000, reconnect=None)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    server.send_raw(make(90_000))
    push_numbers(server, 2)
    trades.wait(2)
    server.send_raw(make(100_001))
    error = trades.wait_for_end()
    assert isinstance(error, ConnectionLostError)
    assert "100001" in str(error)
    assert "100000" in str(error)
    assert numbers(trades) == [1, 2]


def test_frame_above_the_limit_leads_to_a_new_connection(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport, max_frame=100_000)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()  # picows keeps the frame right before a broken one to itself
    server.send_raw(b"x" * 200_000)
    wait_for_topics(server, "T.AAPL", connection=2)
    push_numbers(server, 2)
    trades.wait(2)
    assert numbers(trades) == [1, 2]


def test_utf8_validation_finds_what_the_decoder_does_not_look_at(server: Simulator, connect: Connect) -> None:
    odd = b'[{"ev":"T","sym":"AAPL","q":1,"note":"\xff"},{"ev":"T","sym":"AAPL","q":2}]'
    for skip, expected in ((True, None), (False, [2, 9])):
        client = connect(server)
        statuses = Recorder.of(client.status)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread(skip_utf8_validation=skip)
        wait_for_topics(server, "T.AAPL")
        server.send_raw(odd)
        push_numbers(server, 9)
        wait_for(lambda trades=trades: 9 in numbers(trades))  # type: ignore[misc]
        if expected is not None:
            assert numbers(trades) == expected
            assert "UTF-8" in _malformed(statuses)[0].problem
        client.close_stream()
        wait_for_topics(server)


def _mutated(chance: random.Random) -> bytes:
    """A good frame with some bytes changed, taken out, doubled, or cut off."""
    status = {"ev": "status", "status": "success", "message": "subscribed to: T.AAPL"}
    kinds = [sample("stocks", prefix, "AAPL") for prefix in ("T", "Q", "AM", "A", "LULD", "NOI", "FMV")]
    frame = bytearray(json.dumps(chance.choices([*kinds, status], k=chance.randint(1, 4))).encode())
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(frame))
        match chance.randrange(4):
            case 0:
                frame[place] = chance.choice(b'"{}[],:-.0123456789eE\\tnul \xff\x00T')
            case 1:
                del frame[place + 1 : place + chance.randint(2, 6)]
            case 2:
                frame[place:place] = frame[place : place + chance.randint(1, 9)]
            case _:
                del frame[place + 1 :]
    return bytes(frame)


@pytest.mark.parametrize("raw_data", [False, True])
@pytest.mark.parametrize("watched", ["trades", "everything"])
def test_frames_damaged_at_random_end_nothing(
    server: Simulator, connect: Connect, raw_data: bool, watched: str
) -> None:
    chance = random.Random(f"{raw_data} {watched}")
    client = connect(server, raw_data=raw_data)
    statuses = Recorder.of(client.status)
    everything = Recorder.of(client.events) if watched == "everything" else None
    marker: Recorder[object] = Recorder.of(client.subscribe_stock_trades(["MARK"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.MARK")
    for _ in range(1_000):
        server.send_raw(_mutated(chance))
    server.push("stocks", trade("MARK"))
    marker.wait()
    assert client.stats.frames == 3 + 1_000 + 1
    assert client.stats.malformed == len(_malformed(statuses)) > 100
    assert everything is None or not everything.is_over
