"""Frames to events and commands to frames."""

from __future__ import annotations

import orjson
import pytest

from rxpolygon import events
from rxpolygon.topics import Topic
from rxpolygon.venues.polygon.channels import CHANNELS, MARKETS, channel_by_name, event_types
from rxpolygon.venues.polygon.codec import PolygonCodec, StatusMessage
from rxpolygon.venues.polygon.names import StreamCluster, StreamServicePrefix

KEY = "sEcReTkEy"


@pytest.fixture
def codec() -> PolygonCodec:
    return PolygonCodec("ws://localhost:1", StreamCluster.STOCKS, KEY)


def test_url_is_host_and_cluster() -> None:
    codec = PolygonCodec("wss://socket.polygon.io/", StreamCluster.FUTURES_CME, KEY)
    assert codec.url == "wss://socket.polygon.io/futures/cme"
    assert KEY not in repr(codec)


def test_login_and_commands_are_what_the_vendor_expects(codec: PolygonCodec) -> None:
    assert orjson.loads(codec.login()) == {"action": "auth", "params": KEY}
    topics = [Topic("T", "AAPL"), Topic("Q", "AAPL"), Topic("T", "BRK.B")]
    commands = [(orjson.loads(command), named) for command, named in codec.subscribe(topics)]
    assert commands == [
        ({"action": "subscribe", "params": "T.AAPL,T.BRK.B"}, (topics[0], topics[2])),
        ({"action": "subscribe", "params": "Q.AAPL"}, (topics[1],)),
    ]
    ((command, _),) = codec.unsubscribe([Topic("A", "*")])
    assert orjson.loads(command) == {"action": "unsubscribe", "params": "A.*"}


def test_many_topics_are_sent_in_chunks_that_hold_each_once(codec: PolygonCodec) -> None:
    topics = [Topic("T", f"SYM{number}") for number in range(10_000)]
    commands = codec.subscribe(topics)
    assert [topic for _, named in commands for topic in named] == topics
    assert len(commands) > 1
    assert max(len(command) for command, _ in commands) < 17_000


def test_statuses_may_share_a_frame_with_data(codec: PolygonCodec) -> None:
    frame = b'[{"ev":"status","status":"success","message":"m"},{"ev":"T","sym":"A"},{"ev":"status"}]'
    assert [type(item) for item in codec.decode(frame)] == [StatusMessage, events.Trade, StatusMessage]
    assert len(codec.notices(frame)) == 2


DEEP = b"[" * 1_010 + b"]" * 1_010  # some decoders go as deep, and Python shows no list that is

BAD = {
    "not JSON": (b"hello", 0, 1),
    "empty": (b"", 0, 1),
    "an object": (b'{"ev":"T","sym":"A"}', 0, 1),
    "a number": (b"17", 0, 1),
    "no events": (b"[]", 0, 0),
    "cut in an event": (b'[{"ev":"T","sym":"A"},{"ev":"T","sy', 1, 1),
    "cut after an event": (b'[{"ev":"T","sym":"A"}', 1, 1),
    "not UTF-8": (b"\xff\xfe\x00", 0, 1),
    "not UTF-8 in one event": (b'[{"ev":"T","sym":"A"},{"ev":"T","sym":"\xff"},{"ev":"T","sym":"B"}]', 2, 1),
    "a null": (b'[{"ev":"T","sym":"A","p":null},{"ev":"T","sym":"B"}]', 2, 0),
    "a null symbol": (b'[{"ev":"T","sym":null},{"ev":"T","sym":"B"}]', 1, 1),
    "no symbol": (b'[{"ev":"T","p":1},{"ev":"T","sym":"B"}]', 1, 1),
    "no kind": (b'[{"sym":"A"},{"ev":"T","sym":"B"}]', 1, 1),
    "a kind that is no text": (b'[{"ev":7,"sym":"A"},{"ev":"T","sym":"B"}]', 1, 1),
    "an unknown kind": (b'[{"ev":"ZZ","sym":"A"},{"ev":"T","sym":"B"}]', 2, 0),
    "a number as text": (b'[{"ev":"T","sym":"A","p":"1.5","s":"7"}]', 1, 0),
    "text as a number": (b'[{"ev":"T","sym":"A","p":"abc"},{"ev":"T","sym":"B"}]', 1, 1),
    "a fraction as an instant": (b'[{"ev":"T","sym":"A","t":1754843586948.6707}]', 1, 0),
    "items that are no objects": (b'[1,"x",null,[],{"ev":"T","sym":"B"}]', 1, 4),
    "NaN": (b'[{"ev":"T","sym":"B"},{"ev":"T","sym":"A","p":NaN}]', 1, 1),
    "NaN before an event": (b'[{"ev":"T","sym":"A","p":NaN},{"ev":"T","sym":"B"}]', 1, 1),
    "digits without end": (b'[{"ev":"T","sym":"A","p":' + b"9" * 5_000 + b'},{"ev":"T","sym":"B"}]', 1, 1),
    "NaN and a cut": (b'[{"ev":"T","sym":"A","p":NaN},{"ev":"T","sy', 0, 2),
    "a deeply nested symbol": (b'[{"ev":"T","sym":' + DEEP + b'},{"ev":"T","sym":"B"}]', 1, 1),
    "a deeply nested status": (b'[{"ev":"status","message":' + DEEP + b'},{"ev":"T","sym":"B"}]', 1, 0),
    "deeply nested": (b"[" * 50_000, 0, 1),
    "an infinite instant": (b'[{"ev":"T","sym":"A","t":1e999},{"ev":"T","sym":"B"}]', 1, 1),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_frame_costs_nothing_but_its_bad_part(codec: PolygonCodec, name: str) -> None:
    frame, good, bad = BAD[name]
    salvaged = codec.salvage(frame)
    assert len(salvaged.events) == good, salvaged
    assert len(salvaged.malformed) == bad, salvaged.malformed
    assert all(broken.problem for broken in salvaged.malformed)
    codec.notices(frame)  # never raises
    for item in codec.split(frame).items:
        codec.label(item)


def test_fraction_of_a_millisecond_is_floored(codec: PolygonCodec) -> None:
    (event,) = codec.salvage(b'[{"ev":"T","sym":"A","t":1754843586948.6707}]').events
    assert event.timestamp == 1754843586948


def test_instant_as_text_is_exact_in_an_event_that_needs_mending(codec: PolygonCodec) -> None:
    (event,) = codec.salvage(b'[{"ev":"NOI","T":"A","t":"1700000000123456789","a":7}]').events
    assert (event.timestamp_ns, event.timestamp) == (1_700_000_000_123_456_789, 1_700_000_000_123)


@pytest.mark.parametrize(
    "stamp", ["1700000000123456789", '"1700000000123"', '"1700000000123.5"', "1700000000123.5"]
)
def test_unknown_event_and_raw_event_tell_milliseconds(codec: PolygonCodec, stamp: str) -> None:
    frame = f'[{{"ev":"ZZ","sym":"A","t":{stamp}}},{{"ev":"T","sym":"A","t":{stamp}}}]'.encode()
    unknown, _ = codec.salvage(frame).events
    assert isinstance(unknown, events.UnknownEvent)
    assert unknown.timestamp == 1_700_000_000_123
    labels = [codec.label(item) for item in codec.split(frame).items]
    assert [label.timestamp for label in labels if label is not None] == [1_700_000_000_123] * 2


def test_large_frame_of_rubbish_is_one_problem(codec: PolygonCodec) -> None:
    salvaged = codec.salvage(b"x" * 50_000_000)
    assert len(salvaged.malformed) == 1


def test_key_that_the_server_echoes_is_hidden(codec: PolygonCodec) -> None:
    frame = orjson.dumps([{"ev": "status", "status": "auth_failed", "message": f"bad key {KEY}"}])
    (notice,) = codec.notices(frame)
    assert notice.message == "bad key <key>"
    assert KEY.encode() not in codec.redacted(frame)


def test_every_prefix_of_the_table_is_in_the_enum() -> None:
    assert {channel.prefix for channel in CHANNELS} == {prefix.value for prefix in StreamServicePrefix}
    for channel in CHANNELS:
        assert StreamServicePrefix[channel.name.upper()].value == channel.prefix


@pytest.mark.parametrize("market", MARKETS)
def test_each_class_of_a_market_has_one_prefix(market: str) -> None:
    types = event_types(market)
    assert len(set(types.values())) == len(types)
    assert all(kind.__struct_config__.tag == prefix for prefix, kind in types.items())


def test_channel_of_another_cluster_says_where_to_go() -> None:
    from rxpolygon.errors import WrongClusterError

    with pytest.raises(WrongClusterError, match="connection to 'options'"):
        channel_by_name("option_trades", "stocks")
