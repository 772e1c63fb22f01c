"""Broken recordings: the error names file and line, and what was good before it is delivered."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rxpolygon import ReplayClient
from rxpolygon.errors import RecordingError
from rxpolygon.recording import read_frames
from tests.replay.support import line, play_until_error, quote, trade, write_recording

GOOD = [line(n / 10, trade(number=n, at=n / 10)) for n in range(5)]


def client(path: Path) -> ReplayClient:
    return ReplayClient(path, "stocks", "max")


def play_until_end(replay: ReplayClient) -> tuple[list[int | None], Exception | None]:
    seen: list[int | None] = []
    errors: list[Exception] = []
    replay.subscribe_stock_trades().subscribe(lambda event: seen.append(event.sequence_number), errors.append)
    replay.run()
    return seen, next(iter(errors), None)


def test_missing_file_is_an_error_at_the_call(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.jsonl: there is no such file"):
        client(tmp_path / "none.jsonl")


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_empty_file_is_an_error(tmp_path: Path, name: str) -> None:
    seen, error = play_until_error(client(write_recording(tmp_path / name, [])))
    assert (seen, error.line) == ([], 1)
    assert "empty" in str(error)


def test_cut_file_gives_what_was_whole(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.jsonl", [*GOOD, GOOD[4][:30]])
    seen, error = play_until_error(client(path))
    assert (seen, error.path, error.line) == ([0, 1, 2, 3, 4], str(path), 6)


def test_cut_packed_file_gives_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    many = [line(n / 10, trade(number=n, at=n / 10, i=str(n * 7919))) for n in range(5_000)]
    packed = gzip.compress(b"".join(many))
    path.write_bytes(packed[: len(packed) // 2])
    seen, error = play_until_error(client(path))
    assert seen == [*range(len(seen))]
    assert len(seen) > 1_000
    assert error.line == len(seen) + 1


def test_corrupt_packed_file_gives_what_was_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    many = [line(n / 10, trade(number=n, at=n / 10, i=str(n * 7919))) for n in range(5_000)]
    packed = bytearray(gzip.compress(b"".join(many)))
    middle = len(packed) // 2
    packed[middle : middle + 64] = bytes(64)
    path.write_bytes(packed)
    seen, error = play_until_error(client(path))
    assert seen[:2_000] == [*range(2_000)]  # the damage may unpack to wrong digits before it is found
    assert error.line is not None
    assert error.path == str(path)


def zstandard_frame(lines: list[bytes], *, is_whole: bool = True) -> bytes:
    package = pytest.importorskip("zstandard", reason="the extra zstd is not installed")
    stream = package.ZstdCompressor().compressobj()
    how = package.COMPRESSOBJ_FLUSH_FINISH if is_whole else package.COMPRESSOBJ_FLUSH_BLOCK
    data: bytes = stream.compress(b"".join(lines)) + stream.flush(how)
    return data


def test_zstandard_file_that_is_cut_at_the_end_of_a_line_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard_frame(GOOD[:2]) + zstandard_frame(GOOD[2:], is_whole=False))
    seen, error = play_until_error(client(path))
    assert (seen, error.line) == ([0, 1, 2, 3, 4], 6)
    assert "cut off" in str(error)


def test_zstandard_file_of_several_frames_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard_frame(GOOD[:2]) + zstandard_frame(GOOD[2:]))
    replay = client(path)
    seen: list[int | None] = []
    replay.subscribe_stock_trades().subscribe(lambda event: seen.append(event.sequence_number))
    replay.run()
    assert seen == [0, 1, 2, 3, 4]


def test_corrupt_zstandard_file_gives_what_was_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard_frame(GOOD) + b"no frame of zstandard")
    seen, error = play_until_error(client(path))
    assert (seen, error.line) == ([0, 1, 2, 3, 4], 6)
    assert "cannot be read" in str(error)


def test_packed_file_whose_name_does_not_say_so_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for data, suffix in ((gzip.compress(b"".join(GOOD)), r"\.gz"), (zstandard_frame(GOOD), r"\.zst")):
        path.write_bytes(data)
        with pytest.raises(RecordingError, match=f"line 1: the file is packed: .* end in {suffix}"):
            list(read_frames(path))


def test_line_that_is_no_frame_is_an_error(tmp_path: Path) -> None:
    seen, error = play_until_error(client(write_recording(tmp_path / "a.jsonl", [*GOOD, b"symbol,start\n"])))
    assert (seen, error.line) == ([0, 1, 2, 3, 4], 6)


def test_time_that_goes_back_is_an_error(tmp_path: Path) -> None:
    seen, error = play_until_error(client(write_recording(tmp_path / "a.jsonl", [*GOOD, GOOD[1], GOOD[2]])))
    assert (seen, error.line) == ([0, 1, 2, 3, 4], 6)
    assert "time goes back by 0.3" in str(error)


@pytest.mark.parametrize(
    "foreign",
    [
        {"ev": "XT", "pair": "BTC-USD", "p": 1.0},
        {"ev": "T", "sym": "O:SPY241220P00720000", "p": 1.0, "s": 1},
        {"ev": "T", "sym": "X:BTC-USD", "p": 1.0, "s": 1},
    ],
)
def test_data_of_another_cluster_is_an_error(tmp_path: Path, foreign: dict[str, object]) -> None:
    path = write_recording(tmp_path / "a.jsonl", [*GOOD, line(1, foreign), line(2, trade(number=9))])
    seen, error = play_until_error(client(path))
    assert seen[:5] == [0, 1, 2, 3, 4]
    assert 9 not in seen
    assert error.line == 6
    assert "cluster" in str(error)


def test_bad_event_of_a_frame_costs_nothing_else(tmp_path: Path) -> None:
    path = write_recording(
        tmp_path / "a.jsonl", [GOOD[0], line(0.1, trade(number=1, p="x"), trade(number=2)), GOOD[3]]
    )
    replay = client(path)
    seen: list[int | None] = []
    replay.subscribe_stock_trades().subscribe(lambda event: seen.append(event.sequence_number))
    replay.run()
    assert seen == [0, 2, 3]
    assert replay.stats.malformed == 1


def test_bad_event_that_nobody_asked_for_is_not_looked_into(tmp_path: Path) -> None:
    bad = quote(number=7) | {"bp": "x"}
    path = write_recording(tmp_path / "a.jsonl", [GOOD[0], line(0.1, bad, trade(number=1)), line(0.2, bad)])
    for asks, malformed in ((False, 0), (True, 2)):
        replay = client(path)
        if asks:
            replay.subscribe_stock_quotes().subscribe()
        seen, error = play_until_end(replay)
        assert (seen, error, replay.stats.malformed) == ([0, 1], None, malformed)


def test_bad_event_is_told_to_who_comes_in_the_middle_of_its_frame(tmp_path: Path) -> None:
    bad = quote(number=2) | {"bp": "x"}
    path = write_recording(tmp_path / "a.jsonl", [line(0, trade(), quote(number=1), bad, quote(number=3))])
    replay = client(path)
    late: list[int | None] = []

    def look(event: object) -> None:
        replay.subscribe_stock_quotes().subscribe(lambda quote: late.append(quote.sequence_number))

    replay.subscribe_stock_trades().subscribe(look)
    replay.run()
    assert late == [1, 3]
    assert (replay.stats.events, replay.stats.malformed) == (3, 1)


def test_broken_file_beside_a_good_one_ends_the_replay_at_its_place(tmp_path: Path) -> None:
    bad = write_recording(tmp_path / "bad.jsonl", [GOOD[0], b"x\n"])
    good = write_recording(tmp_path / "good.jsonl", GOOD[1:])
    seen, error = play_until_error(ReplayClient([good, bad], "stocks", "max"))
    assert (seen, error.path, error.line) == ([0], str(bad), 2)


@pytest.mark.parametrize("stamp", ["9223372036854775807", "9999999999999999999", "1" * 5_000])
def test_receive_time_beyond_all_time_is_an_error(tmp_path: Path, stamp: str) -> None:
    far = b"[%b,[]]\n" % stamp.encode()
    seen, error = play_until_error(client(write_recording(tmp_path / "a.jsonl", [*GOOD, far, GOOD[4]])))
    assert (seen, error.line) == ([0, 1, 2, 3, 4], 6)
    assert "beyond the year 2262" in str(error)


@pytest.mark.parametrize("line_of", ["[%d, %s]\n", "[ %d , %s ]\r\n", "[%d,\t%s]"])
def test_spaces_of_other_writers_do_not_matter(tmp_path: Path, line_of: str) -> None:
    whole = '[{"ev":"T","sym":"A","p":1,"s":1,"q":7}]'
    path = tmp_path / "a.jsonl"
    path.write_text(line_of % (1_700_000_000_000_000_000, whole), newline="")
    assert list(read_frames(path)) == [(1_700_000_000_000_000_000, whole.encode())]
    path.write_text(line_of % (5, '"kQo="'), newline="")
    assert list(read_frames(path)) == [(5, b"\x91\n")]
