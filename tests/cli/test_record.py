"""``rxpolygon record``."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rxpolygon.cli.options import bytes_from
from rxpolygon.cli.record_view import progress_lines
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.recording import RecordingStats, read_frames
from rxpolygon.simulator import Simulator, faults
from tests.cli.processes import PATIENCE, Outcome, connection, in_terminal, patiently, plain, started

Command = Callable[..., Outcome]

_SOME = 100  # bytes, more than gzip's header

_PROGRESS = re.compile(r"rxpolygon: [\d,]+ frames, .* on disk\)")
_SUMMARY = re.compile(
    r"rxpolygon: recorded ([\d,]+) frames \([\d.]+ \w+\), 0 dropped, [\d.]+ \w+ in (\d+) files?: (.+)"
)


def frames(path: Path) -> list[bytes]:
    return [frame.frame for frame in read_frames(path)]


def recorded_something(outcome: Outcome) -> bool:
    return _SUMMARY.fullmatch(outcome.err.splitlines()[-1]) is not None


def test_record_writes_the_frames_of_the_chosen_channels(
    command: Command, market: Simulator, tmp_path: Path
) -> None:
    options = ["--channel", "stock-trades", "--symbols", "aapl", *connection(market.url)]
    paths = []

    def attempt(seconds: str) -> Outcome:
        paths.append(tmp_path / f"{seconds}.jsonl.gz")
        return command("record", str(paths[-1]), *options, "--seconds", seconds)

    def has_trades(outcome: Outcome) -> bool:
        return recorded_something(outcome) and b"AAPL" in b"".join(frames(paths[-1]))

    outcome = patiently(attempt, has_trades)
    assert (outcome.status, outcome.out) == (0, "")
    logged_in, *progress, summary = outcome.err.splitlines()
    assert all(_PROGRESS.fullmatch(line) for line in progress)
    assert logged_in == f"rxpolygon: logged in to {market.url}/stocks"
    told = _SUMMARY.fullmatch(summary)
    assert told is not None
    found = frames(paths[-1])
    assert told.groups() == (str(len(found)), "1", str(paths[-1]))
    assert {kind for frame in found for kind in re.findall(rb'"ev":"(\w+)"', frame)} == {b"T", b"status"}
    assert b"AAPL" in b"".join(found)


def test_record_of_all_channels_leaves_out_those_that_need_symbols(
    command: Command, market: Simulator, tmp_path: Path
) -> None:
    options = ["--cluster", "options", *connection(market.url)]
    path = str(tmp_path / "day.jsonl")
    outcome = patiently(lambda seconds: command("record", path, *options, "--seconds", seconds))
    assert outcome.status == 0
    assert "option_quotes is left out: it needs --symbols" in outcome.err


def test_record_begins_another_file_at_a_size(command: Command, market: Simulator, tmp_path: Path) -> None:
    options = ["--symbols", "AAPL", "--rotate-size", "1k", *connection(market.url)]
    folders = []

    def attempt(seconds: str) -> Outcome:
        folders.append(tmp_path / seconds)
        folders[-1].mkdir()
        return command("record", str(folders[-1] / "day.jsonl"), *options, "--seconds", seconds)

    outcome = patiently(attempt, lambda _: len(list(folders[-1].iterdir())) > 1)
    told = _SUMMARY.fullmatch(outcome.err.splitlines()[-1])
    assert told is not None
    files = sorted(file.name for file in folders[-1].iterdir())
    assert int(told[2]) == len(files) > 1
    assert {"day.jsonl", "day.1.jsonl"} <= set(files)
    assert sum(len(frames(folders[-1] / file)) for file in files) == int(told[1])


def test_record_by_days_names_the_day(command: Command, market: Simulator, tmp_path: Path) -> None:
    options = ["--symbols", "AAPL", "--rotate-daily", *connection(market.url)]
    folder = tmp_path

    def attempt(seconds: str) -> Outcome:
        nonlocal folder
        folder = tmp_path / seconds
        folder.mkdir()
        return command("record", str(folder / "ibm.jsonl"), *options, "--seconds", seconds)

    outcome = patiently(attempt, recorded_something)
    assert outcome.status == 0
    names = [file.name for file in folder.iterdir()]
    assert names
    assert all(re.fullmatch(r"ibm\.\d{4}-\d\d-\d\d\.jsonl", name) for name in names)


def test_record_leaves_a_file_that_is_there(command: Command, market: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"

    def attempt(seconds: str) -> Outcome:
        nonlocal path
        path = tmp_path / seconds / "day.jsonl"
        path.parent.mkdir()
        path.write_text("mine")
        return command("record", str(path), *connection(market.url), "--seconds", seconds)

    outcome = patiently(attempt, recorded_something)
    assert path.read_text() == "mine"
    assert outcome.err.endswith(f": {path.with_name('day.1.jsonl')}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_record_ends_with_a_summary_and_a_whole_file_when_it_is_interrupted(
    market: Simulator, tmp_path: Path, number: int
) -> None:
    path = tmp_path / "day.jsonl.gz"
    with started("record", str(path), "--symbols", "AAPL", *connection(market.url)) as process:
        assert "logged in to" in process.err.readline()  # what came before is not kept
        market.wait_for(lambda _: path.exists() and path.stat().st_size > _SOME, timeout=PATIENCE)
        process.signal(number)
        outcome = process.end()
    assert (outcome.status, outcome.out) == (128 + number, "")
    told = _SUMMARY.fullmatch(outcome.err.splitlines()[-1])
    assert told is not None
    assert len(frames(path)) == int(told[1])


def test_record_that_is_interrupted_before_anything_came_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    with (
        Simulator(faults=[faults.SilentLogin()]) as server,
        started("record", str(path), *connection(server.url)) as process,
    ):
        server.wait_for(lambda server: server.connections == 1, timeout=PATIENCE)
        process.signal(signal.SIGINT)
        outcome = process.end()
    assert outcome == (130, "", "rxpolygon: recorded nothing: nothing came yet\n")
    assert not path.exists()


def test_record_goes_on_when_one_of_its_channels_is_refused(command: Command, tmp_path: Path) -> None:
    with Simulator(refuse=["LULD"], speed=60) as server:
        options = [str(tmp_path / "day.jsonl"), "--symbols", "AAPL", *connection(server.url)]
        outcome = patiently(
            lambda seconds: command("record", *options, "--seconds", seconds),
            lambda outcome: "refused" in outcome.err,
        )
    assert outcome.status == 0
    assert "stock_limit_up_limit_down: the server refused LULD.AAPL" in outcome.err


def test_record_fails_when_its_only_channel_is_refused(command: Command, tmp_path: Path) -> None:
    with Simulator(refuse=["T"]) as server:
        options = ["--channel", "stock_trades", "--symbols", "AAPL", *connection(server.url)]
        outcome = command("record", str(tmp_path / "day.jsonl"), *options)
    assert outcome.status == 3
    assert "the server refused T.AAPL" in outcome.err.splitlines()[-1]


@pytest.mark.parametrize("fault", [faults.CloseAtOnce(times=None), faults.SilentLogin(times=None)])
def test_record_keeps_no_file_where_it_was_never_let_in(
    command: Command, tmp_path: Path, fault: faults.Fault
) -> None:
    with Simulator(faults=[fault]) as server:
        options = ["--seconds", "0.5", *connection(server.url)]
        outcome = command("record", str(tmp_path / "day.jsonl"), *options)
    assert outcome.status == 4
    assert len(outcome.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_record_into_a_place_that_takes_no_file_is_told_in_one_line(command: Command, tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "none" / "day.jsonl", f"there is no folder {tmp_path / 'none'}"),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        outcome = command("record", str(path), "--api-key", "demo")
        assert outcome.status == 1
        assert outcome.reason == f"cannot record to {path}: {reason}"


def test_record_to_a_folder_asks_for_a_file(command: Command, tmp_path: Path) -> None:
    outcome = command("record", str(tmp_path), "--api-key", "demo")
    assert outcome.status == 2
    assert outcome.reason.startswith(f"{tmp_path} is a folder: name a file in it")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_record_without_permission_is_told_in_one_line(command: Command, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    outcome = command("record", str(tmp_path / "day.jsonl"), "--api-key", "demo")
    tmp_path.chmod(0o700)
    assert outcome.status == 1
    assert outcome.reason.endswith("day.jsonl: Permission denied")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on files")
def test_record_on_a_disk_that_becomes_full_ends_with_one_line(market: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    code = (
        "import resource, sys; from rxpolygon.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); main()"
    )
    arguments = [sys.executable, "-c", code, "record", str(path), *connection(market.url)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    logged_in, *progress, reason = done.stderr.splitlines()
    assert all(_PROGRESS.fullmatch(line) for line in progress)
    assert logged_in == f"rxpolygon: logged in to {market.url}/stocks"
    assert reason.startswith(f"rxpolygon: cannot record to {path}: File too large (")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--rotate-size", "much"], "rotate_size='much' is not allowed: a number of bytes above 0"),
        (["--channel", "option_trades"], "the cluster 'stocks' has no channel 'option_trades'"),
        (["--cluster", "bonds"], "cluster='bonds' is not allowed"),
        (["--symbols", ","], "symbols=',' is not allowed"),
    ],
)
def test_record_with_wrong_options_makes_no_file(
    command: Command, tmp_path: Path, options: list[str], reason: str
) -> None:
    outcome = command("record", str(tmp_path / "day.jsonl"), "--api-key", "demo", *options)
    assert outcome.status == 2
    assert outcome.reason.startswith(reason)
    assert list(tmp_path.iterdir()) == []


def test_record_without_a_path_is_told(command: Command) -> None:
    assert command("record").reason.startswith("Missing argument '")


@pytest.mark.parametrize("text", ["", "0", "0.1", "-1", "k", "1T", "1 M", "1e9", "nan"])
def test_bytes_from_refuses_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="500k, 100M or 2G"):
        bytes_from(text)


def test_progress_lines_come_after_a_pause_only(capsys: pytest.CaptureFixture[str]) -> None:
    stats = RecordingStats(frames=3, bytes=10, written_bytes=5, dropped_frames=1)
    rare, eager = progress_lines(60.0), progress_lines(0.0)
    rare(stats)
    assert capsys.readouterr().err == ""
    eager(stats)
    assert re.fullmatch(
        r"rxpolygon: 3 frames, [\d,]+ a second, 10 bytes \(5 bytes on disk\), 1 dropped\n",
        capsys.readouterr().err,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_record_rewrites_one_line_of_a_terminal(market: Simulator, tmp_path: Path) -> None:
    options = ["--symbols", "AAPL", *connection(market.url)]

    def attempt(seconds: str) -> Outcome:
        path = str(tmp_path / f"{seconds}.jsonl")
        began = time.monotonic()
        status, screen = in_terminal("record", path, *options, "--seconds", seconds)
        # Four a second, and one after each line above it.
        assert screen.count(" a second, ") <= 4 * (time.monotonic() - began) + 6
        return Outcome(status, screen, "")

    status, screen, _ = patiently(
        attempt, lambda outcome: not outcome.status and outcome.out.count(" a second, ") >= 3
    )
    assert status == 0
    assert screen.count(" a second, ") >= 3
    assert f"logged in to {market.url}/stocks" in screen
    assert "rxpolygon: recorded " in plain(screen)
    assert re.search(r"━+ +[\d,]+ frames, ", plain(screen))  # how much of the time is over
