"""Frames to events and commands to frames, in both encodings."""

from __future__ import annotations

import struct
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # it has no annotations
import msgspec
import orjson
import pytest

from rxpolygon.events import Event, UnknownEvent
from rxpolygon.events import alpaca as events
from rxpolygon.topics import Topic
from rxpolygon.venues.alpaca.channels import CHANNELS, IMPLIED, MARKETS, channels_of
from rxpolygon.venues.alpaca.codec import AlpacaCodec, Encoding
from tests.venues.alpaca.samples import INSTANT, INSTANT_NS, SAMPLES, Item, in_json, in_msgpack

ENCODINGS: Final[tuple[Encoding, ...]] = ("msgpack", "json")


def codec(market: str = "stocks", encoding: Encoding = "msgpack") -> AlpacaCodec:
    return AlpacaCodec("wss://x/v2/iex", market, "KEYID", "SECRET", encoding)


def frame(encoding: Encoding, *items: Item) -> bytes:
    return in_json(list(items)) if encoding == "json" else in_msgpack(list(items))


def loaded(command: bytes, encoding: Encoding) -> Any:
    return orjson.loads(command) if encoding == "json" else msgpack.unpackb(command)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("market", MARKETS)
def test_every_kind_is_decoded_to_its_class_with_all_its_fields(market: str, encoding: Encoding) -> None:
    decoded = codec(market, encoding).decode(frame(encoding, *SAMPLES[market]))
    kinds = {channel.kind: channel.event for channel in channels_of(market).values()}
    for event, sample in zip(decoded, SAMPLES[market], strict=True):
        assert type(event) is kinds[sample["T"]]
        assert isinstance(event, Event)
        assert event.timestamp_ns == INSTANT_NS
        assert event.timestamp == INSTANT_NS // 1_000_000
        fields = {field.encode_name: field.name for field in msgspec.structs.fields(event)}
        for letter, value in sample.items():
            if letter != "T":
                assert orjson.loads(msgspec.json.encode(getattr(event, fields[letter]))) == value


@pytest.mark.parametrize("market", MARKETS)
def test_both_encodings_give_equal_events_and_equal_dicts(market: str) -> None:
    packed, text = in_msgpack(SAMPLES[market]), in_json(SAMPLES[market])
    of_packed, of_text = codec(market), codec(market, "json")
    assert of_packed.decode(packed) == of_text.decode(text)
    assert [hash(event) for event in of_packed.decode(packed)] == [hash(e) for e in of_text.decode(text)]
    assert of_packed.salvage(packed).events == of_text.salvage(text).events == of_text.decode(text)
    assert of_packed.split(packed) == of_text.split(text)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),  # 32 bits in msgpack
        ("2023-11-14T22:13:20.5Z", 1_700_000_000_500_000_000),
        ("2023-11-14T22:13:20.999999999Z", 1_700_000_000_999_999_999),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00Z", 0),
        ("2400-01-01T00:00:00.1Z", 13_569_465_600_100_000_000),
    ],
)
def test_instants_are_exact_in_both_encodings(instant: str, expected: int) -> None:
    item = {**SAMPLES["stocks"][0], "t": instant}
    for encoding in ENCODINGS:
        (event,) = codec(encoding=encoding).decode(frame(encoding, item))
        assert isinstance(event, events.Trade)
        assert (event.timestamp_ns, event.timestamp) == (expected, expected // 1_000_000)
        (item_of_split,) = codec(encoding=encoding).split(frame(encoding, item)).items
        assert item_of_split["t"] == instant


def test_instant_beyond_64_bits_is_read_all_the_same() -> None:
    item = {**SAMPLES["stocks"][0], "t": msgpack.Timestamp(1 << 35, 1)}
    with pytest.raises(msgspec.ValidationError):
        codec().decode(in_msgpack([item]))
    (event,) = codec().salvage(in_msgpack([item])).events
    assert event.timestamp == (1 << 35) * 1_000


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_unreadable_or_missing_instant_is_none_and_spoils_nothing(encoding: Encoding) -> None:
    for bad in ("yesterday", "", "2023-11-14T22:13:20"):
        item = {"T": "t", "S": "AAPL", "p": 1.5, "t": bad}
        data = orjson.dumps([item]) if encoding == "json" else msgpack.packb([item])
        (event,) = codec(encoding=encoding).decode(bytes(data))
        assert isinstance(event, events.Trade)
        instants: list[object] = [event.timestamp, event.timestamp_ns, event.time]
        assert (instants, event.price) == ([None] * 3, 1.5)


def test_bytes_of_a_timestamp_inside_a_number_corrupt_nothing() -> None:
    """They stand there once in some billions of numbers; here on purpose."""
    for pattern in (b"\xa1t\xd7\xff", b"\xa1t\xd6\xff"):
        for place in range(5):
            body = b"\x01" * place + pattern + b"\x02" * (4 - place)
            (price,) = struct.unpack(">d", body)
            item = {**SAMPLES["stocks"][0], "p": price}
            data = in_msgpack([SAMPLES["stocks"][1], item, SAMPLES["stocks"][0]])
            try:
                got = list(codec().decode(data))
            except msgspec.MsgspecError:
                got = list(codec().salvage(data).events)
            assert [type(event).__name__ for event in got] == ["Quote", "Trade", "Trade"]
            assert isinstance(got[1], events.Trade)
            assert got[1].price == price
            assert got[1].size == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_bad_event_costs_its_neighbours_nothing(encoding: Encoding) -> None:
    good, bad, unknown = SAMPLES["stocks"][0], {"T": "t", "p": 1.5}, {"T": "zz", "S": "IBM", "n": None}
    salvaged = codec(encoding=encoding).salvage(frame(encoding, good, bad, unknown, {**good, "p": None}))
    first, other, without_price = salvaged.events
    assert isinstance(first, events.Trade)
    assert other == UnknownEvent(
        kind="zz",
        data={"T": "zz", "S": "IBM", "n": None, "t": INSTANT},
        symbol="IBM",
        timestamp=INSTANT_NS // 1_000_000,
    )
    assert isinstance(without_price, events.Trade)
    assert without_price.price is None
    (broken,) = salvaged.malformed
    assert "S" in broken.problem


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_cut_off_frame_gives_what_is_whole(encoding: Encoding) -> None:
    data = frame(encoding, *SAMPLES["stocks"][:3])
    salvaged = codec(encoding=encoding).salvage(data[:-5])
    assert len(salvaged.events) == 2
    assert len(salvaged.malformed) >= 1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_commands(encoding: Encoding) -> None:
    subject = codec(encoding=encoding)
    assert loaded(subject.login(), encoding) == {"action": "auth", "key": "KEYID", "secret": "SECRET"}
    topics = [Topic("trades", "AAPL"), Topic("updatedBars", "*"), Topic("trades", "BRK.B")]
    assert [(loaded(command, encoding), set(held)) for command, held in subject.subscribe(topics)] == [
        ({"action": "subscribe", "trades": ["AAPL", "BRK.B"]}, {topics[0], topics[2]}),
        ({"action": "subscribe", "updatedBars": ["*"]}, {topics[1]}),
    ]
    ((command, _),) = subject.unsubscribe(topics[:1])
    assert loaded(command, encoding) == {"action": "unsubscribe", "trades": ["AAPL"]}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_command_is_above_32_kib_and_none_of_the_symbols_is_lost(encoding: Encoding) -> None:
    topics = [Topic("trades", f"SYM{number:05}") for number in range(20_000)]
    commands = codec(encoding=encoding).subscribe(topics)
    assert all(len(command) <= 32_768 for command, _ in commands)
    asked = [symbol for command, _ in commands for symbol in loaded(command, encoding)["trades"]]
    assert asked == [topic.symbol for topic in topics]
    assert len(commands) < 12


def test_what_comes_with_the_trades_is_never_asked_for() -> None:
    assert codec().subscribe([Topic(field, "*") for field in IMPLIED]) == []
    assert {channel.field for channel in CHANNELS if channel.comes_with} == {"corrections", "cancelErrors"}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_keys_are_taken_out_of_what_a_server_echoes(encoding: Encoding) -> None:
    subject = codec(encoding=encoding)
    (notice,) = subject.notices(frame(encoding, {"T": "error", "code": 402, "msg": "bad KEYID or SECRET"}))
    assert notice.message == "bad <key> or <key>"
    assert subject.redacted(b"KEYID:SECRET") == b"<key>:<key>"
    assert "SECRET" not in repr(subject)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_channels_are_found_without_decoding(encoding: Encoding) -> None:
    subject = codec(encoding=encoding)
    for sample in SAMPLES["stocks"]:
        data = frame(encoding, sample)
        found = [
            channel.field
            for channel in channels_of("stocks").values()
            if subject.carries(data, channel.field)
        ]
        assert [subject.channel_in(data)] == found
    assert subject.channel_in(frame(encoding, *SAMPLES["stocks"])) is None


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_broken_object_is_shown_as_in_json_and_belongs_to_its_channel(encoding: Encoding) -> None:
    sample: Item = {"T": "q", "S": "AAPL", "bp": "no price", "t": INSTANT}
    subject = codec(encoding=encoding)
    (broken,) = subject.salvage(frame(encoding, sample)).malformed
    assert orjson.loads(broken.data) == sample
    assert subject.channel_in(broken.data) == "quotes"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_label_says_class_symbol_and_instant(encoding: Encoding) -> None:
    subject = codec(encoding=encoding)
    trade, control, unknown = subject.split(
        frame(encoding, SAMPLES["stocks"][0], {"T": "success", "msg": "connected"}, {"T": "zz"})
    ).items
    assert subject.label(trade) == (events.Trade, "AAPL", INSTANT_NS // 1_000_000)
    assert subject.label(control) is None
    assert subject.label(unknown) == (None, "", INSTANT_NS // 1_000_000)


def test_handshake_says_the_encoding() -> None:
    assert codec().headers["Content-Type"] == "application/msgpack"
    assert codec(encoding="json").headers["Content-Type"] == "application/json"
    own = AlpacaCodec("wss://x", "stocks", "K", "S", "json", {"content-type": "text/plain", "X-Who": "me"})
    assert own.headers == {"Content-Type": "application/json", "X-Who": "me"}
