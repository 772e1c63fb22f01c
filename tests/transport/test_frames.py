"""Splitting a stream of bytes into websocket messages."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxpolygon.transport.frames import CLOSE, PING, FrameSplitter

LIMIT = 200_000


def frame(payload: bytes, head: int = 0x81) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([head, size]) + payload
    if size < 65_536:
        return bytes([head, 126]) + struct.pack(">H", size) + payload
    return bytes([head, 127]) + struct.pack(">Q", size) + payload


def feed_in_pieces(data: bytes, cuts: list[int]) -> tuple[list[bytes], FrameSplitter]:
    splitter = FrameSplitter(LIMIT)
    messages: list[bytes] = []
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        if start < end:
            messages += splitter.feed(data[start:end])
    return messages, splitter


@given(
    st.lists(st.sampled_from([0, 1, 2, 125, 126, 127, 300, 65_535, 65_536, 70_000]), max_size=6),
    st.lists(st.integers(0, 300_000), max_size=8),
)
def test_messages_of_any_length_survive_any_cuts(sizes: list[int], cuts: list[int]) -> None:
    payloads = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    messages, splitter = feed_in_pieces(b"".join(map(frame, payloads)), cuts)
    assert messages == payloads
    assert splitter.error is None


@given(st.lists(st.integers(0, 60), max_size=8))
def test_fragments_are_joined_and_controls_come_between(cuts: list[int]) -> None:
    data = (
        frame(b"one", 0x01) + frame(b"ping", 0x89) + frame(b"two", 0x00) + frame(b"three", 0x80) + frame(b"x")
    )
    messages, splitter = feed_in_pieces(data, cuts)
    assert messages == [b"onetwothree", b"x"]
    assert splitter.take_controls() == [(PING, b"ping")]
    assert splitter.take_controls() == []


def test_binary_messages_are_messages_too() -> None:
    assert FrameSplitter(LIMIT).feed(frame(b"b", 0x82)) == [b"b"]


def test_close_frame_is_a_control() -> None:
    splitter = FrameSplitter(LIMIT)
    assert splitter.feed(frame(b"m") + frame(b"\x03\xe9restart", 0x88)) == [b"m"]
    assert splitter.take_controls() == [(CLOSE, b"\x03\xe9restart")]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x81\x85abcdhello", "masked"),
        (b"\x81\xfe\x00\x05abcdhello", "masked"),
        (frame(b"x", 0xC1), "reserved bits"),
        (frame(b"x", 0x83), "unknown kind 3"),
        (frame(b"x", 0x80), "without a beginning"),
        (frame(b"x", 0x01) + frame(b"y", 0x81), "inside a fragmented"),
        (frame(b"x", 0x09), "control frame"),
        (b"\x89\x7e\x01\x00" + b"x" * 256, "control frame"),
    ],
)
def test_broken_stream_is_told_after_the_good_messages(data: bytes, problem: str) -> None:
    splitter = FrameSplitter(LIMIT)
    assert splitter.feed(frame(b"good") + data + frame(b"never")) == [b"good"]
    assert problem in str(splitter.error)
    assert splitter.feed(frame(b"never")) == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x7f" + struct.pack(">Q", LIMIT + 1),
        b"\x81\x7f" + struct.pack(">Q", 2**63),
        frame(b"x" * LIMIT, 0x01) + frame(b"y", 0x80),
        frame(b"x" * (LIMIT + 1)),
    ],
)
def test_too_large_message_is_refused_by_its_header(data: bytes) -> None:
    splitter = FrameSplitter(LIMIT)
    assert splitter.feed(data) == []
    assert splitter.error is not None
    assert splitter.error.too_large
