"""Reading recordings."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rxpolygon.recording import RecordedFrame, RecordingError, read_frames

LINES = b'[1000,[{"ev":"T"}]]\n[2000,[{"ev":"Q"},{"ev":"Q"}]]\n[3000,[]]\n'
FRAMES = [
    RecordedFrame(1000, b'[{"ev":"T"}]'),
    RecordedFrame(2000, b'[{"ev":"Q"},{"ev":"Q"}]'),
    RecordedFrame(3000, b"[]"),
]


def read_until_error(path: Path) -> tuple[list[RecordedFrame], RecordingError]:
    frames: list[RecordedFrame] = []
    with pytest.raises(RecordingError) as caught:
        frames.extend(iter_into(path, frames))
    return frames, caught.value


def iter_into(path: Path, frames: list[RecordedFrame]) -> list[RecordedFrame]:
    for frame in read_frames(path):
        frames.append(frame)
    return []


def test_plain_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(LINES)
    assert list(read_frames(path)) == FRAMES


def test_compressed_file_is_read_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(gzip.compress(LINES))
    assert list(read_frames(str(path))) == FRAMES


def test_last_line_without_its_end_is_whole_if_it_is(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(LINES.rstrip())
    assert list(read_frames(path)) == FRAMES


@pytest.mark.parametrize("left", range(1, 26))
def test_cut_file_gives_every_whole_line_and_then_the_place(tmp_path: Path, left: int) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(LINES[: len(LINES) - 11 - left])
    frames, error = read_until_error(path)
    assert frames == FRAMES[:1]
    assert (error.path, error.line) == (str(path), 2)


def test_cut_compressed_file_gives_every_whole_line_and_then_the_place(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl.gz"
    whole = b"".join(b'[%d,[{"ev":"T","q":%d}]]\n' % (n, n * 7919) for n in range(5_000))
    packed = gzip.compress(whole)
    path.write_bytes(packed[: len(packed) // 2])
    frames, error = read_until_error(path)
    assert 1_000 < len(frames) < 5_000
    assert frames[-1].received_ns == len(frames) - 1
    assert error.line == len(frames) + 1


def test_empty_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(b"")
    with pytest.raises(RecordingError, match="empty"):
        next(read_frames(path))


@pytest.mark.parametrize("line", [b"symbol,start,open\n", b"{}\n", b"[1]\n", b"[x,[]]\n", b"\n"])
def test_line_of_another_format_is_an_error_with_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(b"[1,[]]\n" + line + b"[2,[]]\n")
    frames, error = read_until_error(path)
    assert len(frames) == 1
    assert error.line == 2


def test_file_that_is_not_compressed_though_named_so_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(LINES)
    with pytest.raises(RecordingError, match=r"day\.jsonl\.gz: the file cannot be read"):
        next(read_frames(path))
