"""Recording: what is written, what survives a kill, and that the stream never waits."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from reactivex import Subject

from rxpolygon import ReplayClient, StreamClient, errors, record
from rxpolygon.recording import RecordedFrame, Recorder, RecordingError, files, read_frames
from rxpolygon.recording import recorder as recorders
from rxpolygon.simulator import Simulator
from tests.client.support import push_numbers, wait_for_topics
from tests.replay.support import frame, trade
from tests.support import PATIENCE, wait_for

DAY_NS = 86_400_000_000_000
NAMES = ["day.jsonl", "day.jsonl.gz", "day.jsonl.zst"]


class Source:
    """A client that has nothing but messages."""

    def __init__(self) -> None:
        self.messages: Subject[bytes] = Subject()

    def send(self, *numbers: int) -> None:
        for number in numbers:
            self.messages.on_next(frame(trade(number=number)))


@pytest.fixture
def source() -> Source:
    return Source()


def has_files(recorder: Recorder, count: int) -> bool:
    return len(recorder.stats.files) == count


def is_full(recorder: Recorder, count: int, size: int) -> bool:
    """Whether so many files are there, and the newest has so many bytes."""
    paths = recorder.stats.files
    return len(paths) >= count and Path(paths[-1]).stat().st_size >= size


def frames_of(*paths: Path | str) -> list[RecordedFrame]:
    return [recorded for path in paths for recorded in read_frames(path)]


def readable(path: Path) -> list[RecordedFrame]:
    """What can be read of a file that was never finished."""
    found: list[RecordedFrame] = []
    try:
        for recorded in read_frames(path):
            found.append(recorded)
    except (RecordingError, FileNotFoundError):
        pass
    return found


def needs_zstandard(name: str) -> None:
    if name.endswith(".zst"):
        pytest.importorskip("zstandard", reason="the extra zstd is not installed")


@pytest.mark.parametrize("name", NAMES)
def test_recording_holds_the_frames_as_they_came(source: Source, tmp_path: Path, name: str) -> None:
    needs_zstandard(name)
    path = tmp_path / name
    before = time.time_ns()
    with record(source, path) as recorder:
        source.send(*range(1_000))
    after = time.time_ns()
    found = frames_of(path)
    assert [one.frame for one in found] == [frame(trade(number=n)) for n in range(1_000)]
    stamps = [one.received_ns for one in found]
    assert stamps == sorted(stamps)
    assert before <= stamps[0] <= stamps[-1] <= after
    stats = recorder.stats
    assert (stats.frames, stats.dropped_frames, stats.queued_bytes, stats.error) == (1_000, 0, 0, None)
    assert stats.written_bytes == path.stat().st_size
    assert stats.files == (str(path),)


@pytest.mark.parametrize("name", NAMES[1:])
def test_damage_in_a_packed_recording_is_noticed(source: Source, tmp_path: Path, name: str) -> None:
    needs_zstandard(name)
    path = tmp_path / name
    with record(source, path, clock_ns=lambda: 5):
        source.send(1)
    whole = path.read_bytes()
    noticed = 0
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert frames_of(path) == [(5, frame(trade(number=1)))]  # a bit that means nothing
        except RecordingError:
            noticed += 1
    assert noticed > 7 * len(whole)


def test_recording_of_a_client_replays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl.gz"
    with Simulator(market=False) as server, StreamClient("demo", host=server.url) as client:
        live: list[Any] = []
        with record(client, path):
            client.subscribe_stock_trades(["AAPL"]).subscribe(live.append)
            wait_for_topics(server, "T.AAPL")
            push_numbers(server, *range(50))
            wait_for(lambda: len(live) == 50)
    again: list[Any] = []
    replay = ReplayClient(path, "stocks", "max")
    replay.subscribe_stock_trades(["AAPL"]).subscribe(again.append)
    replay.run()
    assert again == live


def test_recording_ends_with_the_stream(source: Source, tmp_path: Path) -> None:
    recorder = record(source, tmp_path / "day.jsonl.gz")
    source.send(1)
    source.messages.on_completed()
    wait_for(lambda: not recorder.is_recording)
    recorder.close()
    assert len(frames_of(tmp_path / "day.jsonl.gz")) == 1


def test_existing_file_is_not_touched(source: Source, tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(b"mine")
    with record(source, path) as recorder:
        source.send(1)
    assert path.read_bytes() == b"mine"
    assert recorder.stats.files == (str(tmp_path / "day.1.jsonl.gz"),)


@pytest.mark.parametrize("name", NAMES[:2])
def test_recording_rotates_by_size(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lists: Subject[list[bytes]] = Subject()
    client = SimpleNamespace(messages=Subject[bytes](), frame_lists=lists)
    monkeypatch.setattr(recorders, "_FLUSH_SECONDS", 0.0)  # packed bytes count when they are on the disk
    with record(client, tmp_path / name, rotate_size=100) as recorder:
        for number in range(3):
            lists.on_next([frame(trade(number=number * 10 + n)) for n in range(10)])
            wait_for(partial(is_full, recorder, number + 1, 100))
    paths = recorder.stats.files
    assert paths[:2] == (str(tmp_path / name), str(tmp_path / name.replace("day.", "day.1.")))
    assert [one.frame for one in frames_of(*paths)] == [frame(trade(number=n)) for n in range(30)]


def test_recording_rotates_by_day(source: Source, tmp_path: Path) -> None:
    now = iter([DAY_NS - 1, DAY_NS, 2 * DAY_NS])
    with record(source, tmp_path / "day.jsonl", rotate_daily=True, clock_ns=lambda: next(now)) as recorder:
        for number in range(3):
            source.send(number)
            wait_for(partial(has_files, recorder, number + 1))
    names = ["day.1970-01-01.jsonl", "day.1970-01-02.jsonl", "day.1970-01-03.jsonl"]
    assert [Path(name).name for name in recorder.stats.files] == names
    assert [len(frames_of(path)) for path in recorder.stats.files] == [1, 1, 1]


def test_frames_of_two_days_that_are_written_together_go_to_two_files(source: Source, tmp_path: Path) -> None:
    now = iter([DAY_NS - 2, DAY_NS - 1, DAY_NS, DAY_NS - 1])
    with record(source, tmp_path / "day.jsonl", rotate_daily=True, clock_ns=lambda: next(now)) as recorder:
        source.send(*range(4))
    assert [[one.received_ns for one in frames_of(path)] for path in recorder.stats.files] == [
        [DAY_NS - 2, DAY_NS - 1],
        [DAY_NS, DAY_NS],
    ]


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("day.jsonl.gz", "day.1.jsonl.gz"),
        ("BRK.B.jsonl.gz", "BRK.B.1.jsonl.gz"),
        ("2024.01.02.jsonl", "2024.01.02.1.jsonl"),
        ("2024.01.02", "2024.01.02.1"),
        ("day.gz", "day.1.gz"),
        ("day", "day.1"),
    ],
)
def test_number_of_a_file_stands_before_what_its_name_ends_in(
    source: Source, tmp_path: Path, name: str, second: str
) -> None:
    for expected in (name, second):
        with record(source, tmp_path / name) as recorder:
            source.send(1)
        assert recorder.stats.files == (str(tmp_path / expected),)


def test_frame_that_comes_while_the_file_ends_is_counted_as_dropped(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = files.RecordingFiles.close

    def send_and_close(self: files.RecordingFiles) -> None:
        recorder._take([b"[]", b"[]"])  # the stream's thread was on its way when it was let go
        close(self)

    monkeypatch.setattr(files.RecordingFiles, "close", send_and_close)
    with record(source, tmp_path / "day.jsonl") as recorder:
        pass
    stats = recorder.stats
    assert (stats.frames, stats.dropped_frames, stats.queued_bytes) == (2, 2, 0)


def test_recorder_that_ended_with_its_stream_is_let_go(source: Source, tmp_path: Path) -> None:
    gone = weakref.ref(record(source, tmp_path / "day.jsonl"))
    source.messages.on_completed()
    source.messages = Subject()
    wait_for(lambda: gc.collect() >= 0 and gone() is None)


def test_clock_that_is_set_back_never_shows(source: Source, tmp_path: Path) -> None:
    now = iter([5, 3, 9])
    with record(source, tmp_path / "day.jsonl", clock_ns=lambda: next(now)):
        source.send(0, 1, 2)
    assert [one.received_ns for one in frames_of(tmp_path / "day.jsonl")] == [5, 5, 9]


def test_frame_of_many_lines_stays_one_line(source: Source, tmp_path: Path) -> None:
    with record(source, tmp_path / "day.jsonl"):
        source.messages.on_next(b'[\n{"ev":"T"}\r\n]')
    assert [one.frame for one in frames_of(tmp_path / "day.jsonl")] == [b'[ {"ev":"T"}  ]']


def test_binary_frame_is_kept_byte_for_byte(source: Source, tmp_path: Path) -> None:
    frames = [bytes([0x91, *range(256)]), frame(trade()), b'"a string of its own"', b"", bytes([0xDC]) * 3]
    with record(source, tmp_path / "day.jsonl") as recorder:
        for each in frames:
            source.messages.on_next(each)
        wait_for(lambda: recorder.stats.queued_bytes == 0)
    assert [one.frame for one in frames_of(tmp_path / "day.jsonl")] == frames
    assert len((tmp_path / "day.jsonl").read_bytes().splitlines()) == len(frames)


def test_frames_that_come_in_lists_are_recorded_with_the_time_of_the_list(tmp_path: Path) -> None:
    lists: Subject[list[bytes]] = Subject()
    now = iter([5, 9])
    client = SimpleNamespace(messages=Subject[bytes](), frame_lists=lists)
    with record(client, tmp_path / "day.jsonl", clock_ns=lambda: next(now)):
        lists.on_next([b"[1]", b"[2]"])
        lists.on_next([b"[3]"])
    assert frames_of(tmp_path / "day.jsonl") == [(5, b"[1]"), (5, b"[2]"), (9, b"[3]")]


def test_list_that_is_too_large_is_taken_up_to_the_room_there_is(
    tmp_path: Path, stuck_disk: threading.Event
) -> None:
    lists: Subject[list[bytes]] = Subject()
    client = SimpleNamespace(messages=Subject[bytes](), frame_lists=lists)
    with record(client, tmp_path / "day.jsonl", max_queue=8) as recorder:
        lists.on_next([b"[1]", b"[2]", b"[3]", b"[]"])
        lists.on_next([b"[4]"])
        assert (recorder.stats.frames, recorder.stats.dropped_frames) == (5, 3)
        stuck_disk.set()
    assert [one.frame for one in frames_of(tmp_path / "day.jsonl")] == [b"[1]", b"[2]"]


@pytest.fixture
def stuck_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A disk that does not answer until the event is set."""
    free = threading.Event()
    write = files.RecordingFiles.write

    def stuck(self: files.RecordingFiles, lines: bytes, received_ns: int) -> None:
        assert free.wait(PATIENCE)
        write(self, lines, received_ns)

    monkeypatch.setattr(files.RecordingFiles, "write", stuck)
    yield free
    free.set()


def test_slow_disk_drops_and_counts_and_never_blocks(
    source: Source, tmp_path: Path, stuck_disk: threading.Event
) -> None:
    with record(source, tmp_path / "day.jsonl", max_queue=1_000) as recorder:
        source.send(*range(500))
        assert recorder.stats.dropped_frames > 400
        stuck_disk.set()
    stats = recorder.stats
    assert stats.frames == 500 == stats.dropped_frames + len(frames_of(tmp_path / "day.jsonl"))


def test_full_disk_ends_the_recording_and_not_the_stream(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: files.RecordingFiles, lines: bytes, received_ns: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.RecordingFiles, "write", full)
    told: list[Exception] = []
    recorder: Recorder = record(source, tmp_path / "day.jsonl", on_error=told.append)
    source.send(1)
    wait_for(lambda: told)
    source.send(2)
    recorder.close()
    assert recorder.error is told[0]
    assert "No space" in (recorder.stats.error or "")
    assert (recorder.stats.frames, recorder.stats.dropped_frames) == (2, 2)


def test_file_that_may_not_grow_is_readable_and_tells_why(tmp_path: Path) -> None:
    program = """
import resource, sys, threading
from types import SimpleNamespace
from reactivex import Subject
from rxpolygon import record

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
messages, over = Subject(), threading.Event()
recorder = record(SimpleNamespace(messages=messages), sys.argv[1], on_error=lambda _: over.set())
number = 0
while not over.is_set():
    messages.on_next(b'[{"ev":"T","sym":"A","p":1,"q":%d}]' % number)
    number += 1
recorder.close()
stats = recorder.stats
print(number == stats.frames, stats.frames - stats.dropped_frames, stats.error)
"""
    path = tmp_path / "day.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    counted, _, told = done.stdout.partition(" ")
    kept, _, error = told.partition(" ")
    assert (counted, error) == ("True", "[Errno 27] File too large\n")
    assert path.stat().st_size == 10_000
    found = readable(path)
    assert [one.frame for one in found] == [
        b'[{"ev":"T","sym":"A","p":1,"q":%d}]' % n for n in range(len(found))
    ]
    assert len(found) >= int(kept)
    assert len(found) > 100


def test_wrong_arguments_raise_at_the_call(source: Source, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder"):
        record(source, tmp_path / "none" / "day.jsonl")
    with pytest.raises(errors.InvalidArgumentError, match="rotate_size"):
        record(source, tmp_path / "day.jsonl", rotate_size=0)
    with pytest.raises(errors.InvalidTypeError, match="path"):
        record(source, 7)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(errors.InvalidTypeError, match="client must be a StreamClient"):
        record("day.jsonl", tmp_path / "day.jsonl")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(errors.InvalidArgumentError, match="there is a folder of that name"):
        record(source, tmp_path)
    with pytest.raises(errors.InvalidArgumentError, match="no NUL"):
        record(source, "day\0.jsonl")
    wrong: list[dict[str, Any]] = [{"rotate_daily": "yes"}, {"on_error": 3}, {"clock_ns": 3}]
    for options in wrong:
        with pytest.raises(errors.InvalidTypeError, match=f"{next(iter(options))} must be (a|True or False)"):
            record(source, tmp_path / "day.jsonl", **options)
    assert list(tmp_path.iterdir()) == []


def test_name_for_zstandard_without_it_says_what_to_install(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(errors.MissingPackageError, match=r"rxpolygon\[zstd\]"):
        record(SimpleNamespace(messages=source.messages), tmp_path / "day.jsonl.zst")


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_on_the_disk_within_a_second(
    source: Source, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on while the recorder sleeps, and stands while a busy machine halts it."""
    needs_zstandard(name)
    path = tmp_path / name
    looks = count(1)
    flushed = [0.0]
    flush = files.RecordingFiles.flush

    def monotonic() -> float:
        return next(looks) * recorders._PIECE_SECONDS

    def flush_and_note(self: files.RecordingFiles) -> None:
        flush(self)
        flushed.append(monotonic())

    monkeypatch.setattr(recorders, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(files.RecordingFiles, "flush", flush_and_note)
    with record(source, path):
        for number in range(1, 3):
            source.send(number)
            wait_for(lambda number=number: len(readable(path)) == number)  # type: ignore[misc]
        wait_for(lambda: len(flushed) > 2)
    assert max(later - earlier for earlier, later in pairwise(flushed)) < 1.0


@pytest.mark.parametrize("name", NAMES)
def test_kill_loses_nothing_that_was_on_the_disk(tmp_path: Path, name: str) -> None:
    needs_zstandard(name)
    path = tmp_path / name
    writer = [sys.executable, "-m", "tests.replay.writer", str(path)]
    with subprocess.Popen(writer, cwd=Path(__file__).parents[2]) as process:
        try:
            there = wait_for(lambda: len(found) if len(found := readable(path)) > 100 else 0)
        finally:
            process.kill()
    left = readable(path)
    assert [one.frame for one in left] == [
        b'[{"ev":"T","sym":"A","p":1,"q":%d}]' % n for n in range(len(left))
    ]
    assert len(left) >= there
