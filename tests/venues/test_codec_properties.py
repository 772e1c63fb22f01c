"""Whatever bytes come, the codec neither raises nor hangs, and good events survive their neighbours."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxpolygon.events import Event
from rxpolygon.recording import read_frames
from rxpolygon.venues.dialect import Notice, Salvaged, Split
from rxpolygon.venues.polygon.channels import MARKETS, event_types
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster
from tests.client.wire_samples import SYMBOLS, sample

Item = dict[str, Any]  # Any: what JSON may hold

_CODECS: Final = {market: PolygonCodec("ws://x", StreamCluster(market), "SECRET") for market in MARKETS}
_SAMPLES: Final = {
    market: [sample(market, prefix, SYMBOLS[market][2]) for prefix in event_types(market)]
    for market in MARKETS
}
_STATUS: Final = {"ev": "status", "status": "success", "message": "subscribed to: T.AAPL"}

_SCALARS: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from([10**400, -(2**63), "", "NaN", "1e999", "\ud800", "SECRET"])
)
_JSON: Final = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
_LETTERS: Final = st.sampled_from(
    sorted({letter for items in _SAMPLES.values() for i in items for letter in i})
)


def read(market: str, frame: bytes) -> tuple[Salvaged, Split]:
    """Read a frame in every way there is; only the fast decoder may raise."""
    codec = _CODECS[market]
    salvaged, split = codec.salvage(frame), codec.split(frame)
    assert all(isinstance(event, Event) for event in salvaged.events)
    assert all(isinstance(broken.data, bytes) and broken.problem for broken in salvaged.malformed)
    assert all(isinstance(item, dict) for item in split.items)
    assert all(isinstance(notice, Notice) for notice in codec.notices(frame))
    for event in salvaged.events:
        assert isinstance(event.symbol, str)
        assert event.timestamp is None or isinstance(event.timestamp, int)
    for notice in codec.notices(frame):
        assert "SECRET" not in notice.message
    codec.channel_in(frame)
    codec.carries(frame, "T")
    assert b"SECRET" not in codec.redacted(frame)
    return salvaged, split


def decoded_or_salvaged(market: str, frame: bytes) -> list[Event]:
    """The events of a frame as the client gets them."""
    codec = _CODECS[market]
    try:
        events = codec.decode(frame)
    except Exception:
        events = codec.salvage(frame).events
    return [event for event in events if isinstance(event, Event)]


def encoded(items: list[Any]) -> bytes:
    return json.dumps(items).encode("utf-8", "surrogatepass")


@given(market=st.sampled_from(MARKETS), frame=st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_never_raise(market: str, frame: bytes) -> None:
    read(market, frame)


@given(market=st.sampled_from(MARKETS), value=_JSON)
@settings(max_examples=300, deadline=None)
def test_arbitrary_json_never_raises(market: str, value: Any) -> None:
    read(market, encoded(value))
    read(market, encoded([value, {"ev": value}, {"ev": "T", "sym": value}]))


@given(data=st.data(), market=st.sampled_from(MARKETS))
@settings(max_examples=300, deadline=None)
def test_field_of_any_kind_costs_no_neighbour(data: st.DataObject, market: str) -> None:
    good = data.draw(st.sampled_from(_SAMPLES[market]))
    bad = dict(data.draw(st.sampled_from(_SAMPLES[market])))
    for letter in data.draw(st.lists(_LETTERS, min_size=1, max_size=3)):
        bad[letter] = data.draw(_JSON)
    frame = encoded([good, bad, good])
    read(market, frame)
    (alone,) = decoded_or_salvaged(market, encoded([good]))
    events = decoded_or_salvaged(market, frame)
    assert (events[0], events[-1]) == (alone, alone)
    assert len(events) in (2, 3)


@given(data=st.data(), market=st.sampled_from(MARKETS))
@settings(max_examples=300, deadline=None)
def test_frame_with_changed_bytes_never_raises(data: st.DataObject, market: str) -> None:
    items = data.draw(st.lists(st.sampled_from([*_SAMPLES[market], _STATUS]), min_size=1, max_size=5))
    frame = bytearray(encoded(items))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(frame) - 1))
        frame[position] = data.draw(st.integers(0, 255))
    read(market, bytes(frame))


@given(data=st.data(), market=st.sampled_from(MARKETS))
@settings(max_examples=200, deadline=None)
def test_frame_that_is_cut_off_keeps_its_whole_events(data: st.DataObject, market: str) -> None:
    item = data.draw(st.sampled_from(_SAMPLES[market]))
    frame = encoded([item, item, item])
    length = len(encoded([item])) - 2
    cut = data.draw(st.integers(1, len(frame) - 1))
    salvaged, _ = read(market, frame[:cut])
    whole = sum(cut >= 1 + length * (number + 1) + 2 * number for number in range(3))
    assert len(salvaged.events) == whole
    assert salvaged.malformed


@given(
    status=st.text(max_size=12) | st.sampled_from(["success", "error", "auth_failed", "max_connections"]),
    message=st.text(max_size=60) | st.from_regex(r"(un)?subscribed to: [A-Z.,*]{0,20}"),
    market=st.sampled_from(MARKETS),
)
@settings(max_examples=300, deadline=None)
def test_status_of_any_text_is_one_notice(status: str, message: str, market: str) -> None:
    frame = encoded([{"ev": "status", "status": status, "message": message}])
    assert len(_CODECS[market].notices(frame)) == 1


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"ev":', b'[{"ev":"T","sym":['])
def test_deep_nesting_neither_raises_nor_hangs(opening: bytes) -> None:
    for depth in (10, 1_000, 200_000):
        read("stocks", opening * depth)


def test_large_rubbish_is_read_in_linear_time() -> None:
    for unit in (b'{"ev":"T"', b",", b" ", b'"', b"\\", b"\xff", b"[{}", b'"ev":"T"'):
        read("stocks", b"[" + unit * (100_000 // len(unit)))


def test_changed_bytes_of_real_frames_never_raise(real_data: Path) -> None:
    chance = random.Random(5)
    recording = real_data / "us-equities-open-5min.jsonl"
    for recorded in itertools.islice(read_frames(recording), 0, 400, 2):
        frame = bytearray(recorded.frame)
        for _ in range(3):
            frame[chance.randrange(len(frame))] = chance.randrange(256)
        read("stocks", bytes(frame))
        read("stocks", bytes(frame[: chance.randrange(len(frame))]))
