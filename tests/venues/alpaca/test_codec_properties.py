"""Whatever bytes come, the codec neither raises nor hangs, and good events survive their neighbours."""

from __future__ import annotations

from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # it has no annotations
import msgspec
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from rxpolygon.events import Event
from rxpolygon.venues.alpaca.channels import MARKETS
from rxpolygon.venues.alpaca.codec import AlpacaCodec, Encoding
from rxpolygon.venues.alpaca.packed import packed_items, rfc3339
from rxpolygon.venues.dialect import Broken, Notice
from tests.venues.alpaca.samples import SAMPLES, Item, in_json, in_msgpack

_ENCODINGS: Final[tuple[Encoding, ...]] = ("msgpack", "json")
_CODECS: Final = {
    (market, encoding): AlpacaCodec("wss://x", market, "KEYID", "SECRET", encoding)
    for market in MARKETS
    for encoding in _ENCODINGS
}
_FRAMES: Final = [(key, (in_msgpack if key[1] == "msgpack" else in_json)(SAMPLES[key[0]])) for key in _CODECS]
_SCALARS: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.binary(max_size=12)
    | st.sampled_from(["SECRET", "success", "error", "subscription", 10**18, -1])
    | st.builds(msgpack.Timestamp, st.integers(0, 2**34 - 1), st.integers(0, 999_999_999))
)
_VALUES: Final = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
_KEYS: Final = st.sampled_from(["T", "S", "t", "p", "s", "c", "i", "_", "msg", "code", "trades", "z", "b"])


def check(codec: AlpacaCodec, frame: bytes) -> None:
    """Read a frame in every way there is; only the fast decoder may raise."""
    salvaged, split = codec.salvage(frame), codec.split(frame)
    assert all(isinstance(event, Event) for event in salvaged.events)
    assert all(isinstance(broken.data, bytes) and broken.problem for broken in salvaged.malformed)
    notices = codec.notices(frame)
    assert all(isinstance(notice, Notice) and "SECRET" not in notice.message for notice in notices)
    assert not notices or codec.may_hold_notices(frame)
    for event in salvaged.events:
        assert isinstance(event.symbol, str)
        assert event.timestamp is None or isinstance(event.timestamp, int)
        assert event.timestamp_ns is None or isinstance(event.timestamp_ns, int)
        repr(event)
    for item in split.items:
        label = codec.label(item)
        assert label is None or isinstance(label.symbol, str)
    codec.channel_in(frame)
    codec.carries(frame, "trades")
    assert b"SECRET" not in codec.redacted(frame)
    try:
        codec.decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return


def check_alike(codec: AlpacaCodec, frame: bytes) -> None:
    """What the fast decoder takes, the slow way reads alike."""
    try:
        decoded = codec.decode(frame)
    except msgspec.MsgspecError:
        return
    assert [event for event in decoded if isinstance(event, Event)] == codec.salvage(frame).events


@settings(deadline=None, max_examples=300)
@given(frame=st.binary(max_size=400), codec=st.sampled_from(list(_CODECS.values())))
def test_any_bytes(frame: bytes, codec: AlpacaCodec) -> None:
    check(codec, frame)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), chosen=st.sampled_from(_FRAMES))
def test_mutated_frames(data: st.DataObject, chosen: tuple[tuple[str, Encoding], bytes]) -> None:
    key, frame = chosen
    changed = bytearray(frame)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert", "truncate"])):
            case "set":
                changed[place] = data.draw(st.integers(0, 255))
            case "cut":
                del changed[place : place + data.draw(st.integers(1, 9))]
            case "insert":
                changed[place:place] = data.draw(st.binary(min_size=1, max_size=9))
            case _:
                del changed[place:]
        if not changed:
            break
    check(_CODECS[key], bytes(changed))


@settings(deadline=None, max_examples=300)
@given(
    market=st.sampled_from(MARKETS),
    changes=st.lists(st.tuples(st.integers(0, 9), _KEYS, _VALUES), max_size=5),
)
def test_events_with_any_values(market: str, changes: list[tuple[int, str, Any]]) -> None:
    items: list[Item] = [dict(sample) for sample in SAMPLES[market]]
    for place, key, value in changes:
        items[place % len(items)][key] = value
    packed = bytes(msgpack.packb(items))
    check(_CODECS[market, "msgpack"], packed)
    check_alike(_CODECS[market, "msgpack"], packed)
    try:
        text = orjson.dumps(items)
    except TypeError:
        return
    check(_CODECS[market, "json"], text)
    check_alike(_CODECS[market, "json"], text)


@settings(deadline=None, max_examples=200)
@given(items=st.lists(_VALUES, max_size=6))
def test_items_of_a_whole_frame_are_what_another_package_reads(items: list[Any]) -> None:
    """Found one by one, with the bytes after the array that make the whole unreadable."""
    frame = bytes(msgpack.packb(items))
    found = list(packed_items(frame + b"\x01"))
    assert len(found) == len(items) + 1
    assert isinstance(found[-1], Broken)
    for one, item in zip(found[:-1], items, strict=True):
        alone = list(packed_items(bytes(msgpack.packb([item]))))
        assert [one] == alone or repr([one]) == repr(alone) or isinstance(one, Broken)


@settings(deadline=None, max_examples=300)
@given(seconds=st.integers(0, 2**34 - 1), nanoseconds=st.integers(0, 999_999_999))
def test_instants_come_through_exactly(seconds: int, nanoseconds: int) -> None:
    item = {**SAMPLES["stocks"][0], "t": msgpack.Timestamp(seconds, nanoseconds)}
    frame = bytes(msgpack.packb([item]))
    expected = seconds * 1_000_000_000 + nanoseconds
    codec = _CODECS["stocks", "msgpack"]
    (event,) = (*codec.decode(frame),)
    assert isinstance(event, Event)
    assert (event.timestamp_ns, event.timestamp) == (expected, expected // 1_000_000)
    text = orjson.dumps([{**SAMPLES["stocks"][0], "t": rfc3339(expected)}])
    (same,) = (*_CODECS["stocks", "json"].decode(text),)
    assert same == event


def test_deep_nesting_ends() -> None:
    for depth in (50, 500, 50_000):
        for codec in _CODECS.values():
            check(codec, b"\x91" * depth)
            check(codec, b"\x91\x81\xa1T" * depth)
            check(codec, b"[" * depth)
            check(codec, b'[{"T":' * depth)


def test_huge_lengths_end() -> None:
    for head in (
        b"\xdd\xff\xff\xff\xff",
        b"\x91\xdf\xff\xff\xff\xff",
        b"\x91\xdb\xff\xff\xff\xff",
        b"\x91\xc9\xff",
    ):
        for codec in _CODECS.values():
            check(codec, head)
            check(codec, head + b"\x00" * 100)
