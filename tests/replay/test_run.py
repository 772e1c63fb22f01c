"""Running replays: interruptions, waits that cannot end, several faces, and sources that do not belong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reactivex import abc

from rxpolygon import ReplayClient, errors, events
from rxpolygon.errors import RecordingError
from rxpolygon.status import Connected
from tests.replay.support import NOW, line, trade, write_recording
from tests.support import PATIENCE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "a.jsonl", [line(n, trade(number=n, at=n)) for n in range(5)])


class Endless:
    """A source whose frames are all before the start, without end; it tells that it is being read."""

    name, size = "endless", 0
    kind: type[events.Event] | None = None
    line: int | None = None
    position = 0

    def __init__(self) -> None:
        self.is_read = threading.Event()

    def open(self) -> Endless:
        return self

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        while True:
            self.is_read.set()
            yield 1, b"[]"


class Crypto:
    """A source of events that a stock client has no channel for, which does not say so before."""

    name, size = "crypto", 0
    kind: type[events.Event] | None = events.CryptoTrade
    line: int | None = None
    position = 0

    def open(self) -> Crypto:
        return self

    def __iter__(self) -> Iterator[tuple[int, events.Event]]:
        yield NOW * 1_000_000, events.CryptoTrade(symbol="BTC-USD", price=1.0)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["trades", "events", "messages", "status", "on_message", "timer"])
def test_interrupt_ends_the_run_wherever_it_strikes(path: Path, where: str) -> None:
    client = ReplayClient(path, "stocks", "max", on_message=interrupt if where == "on_message" else None)
    problems: list[Exception] = []
    done: list[bool] = []
    if where == "timer":
        client.scheduler.schedule_relative(1.5, interrupt)
    elif where == "status":
        client.status.subscribe(
            lambda it: interrupt() if it == Connected(client.url) else None, problems.append
        )
    elif where != "on_message":
        source: Any = client.subscribe_stock_trades() if where == "trades" else getattr(client, where)
        source.subscribe(interrupt, problems.append)
    client.subscribe_stock_trades().subscribe(on_completed=lambda: done.append(True))
    with pytest.raises(KeyboardInterrupt):
        client.run()
    assert (problems, done, client.is_streaming) == ([], [True], False)


def test_interrupt_of_a_log_handler_ends_the_run(path: Path) -> None:
    def fail(_: object) -> None:
        raise ValueError

    class Interrupted(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            interrupt()

    client = ReplayClient(path, "stocks", "max")
    client.subscribe_stock_trades().subscribe(fail, lambda _: None)  # which is logged
    log, handler = logging.getLogger("rxpolygon.observers"), Interrupted()
    log.addHandler(handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            client.run()
    finally:
        log.removeHandler(handler)
    assert not client.is_streaming


def test_waiting_on_the_replays_own_thread_is_refused(path: Path) -> None:
    client = ReplayClient(path, "stocks", "max")
    problems: list[Exception] = []

    def wait(_: object) -> None:
        client.wait_finished()

    client.subscribe_stock_trades().subscribe(wait, problems.append)
    client.start_stream_thread()
    assert client.wait_finished(PATIENCE)
    assert [type(problem) for problem in problems] == [errors.UsageError]
    assert "wait for itself" in str(problems[0])
    with pytest.raises(errors.InvalidTypeError, match="timeout"):
        client.wait_finished("long")  # type: ignore[arg-type]  # wrong on purpose


def test_close_ends_the_search_for_the_start() -> None:
    source = Endless()
    client = ReplayClient(source, "stocks", "max", start=NOW)
    client.start_stream_thread()
    assert source.is_read.wait(PATIENCE)
    client.close_stream(PATIENCE)
    assert not client.is_streaming


def test_close_before_the_start_does_not_cut_the_replay(path: Path) -> None:
    client = ReplayClient(path, "stocks", "max")
    client.close_stream()
    seen: list[object] = []
    client.subscribe_stock_trades().subscribe(seen.append)
    assert client.scheduler.time_ns == NOW * 1_000_000
    client.run()
    assert len(seen) == 5


def test_replays_of_one_clock_start_once_from_many_threads(path: Path) -> None:
    first = ReplayClient(path, "stocks", "max")
    second = ReplayClient(path, "stocks", beside=first)
    seen: list[object] = []
    second.subscribe_stock_trades().subscribe(seen.append)
    starters = [threading.Thread(target=client.start_stream_thread) for client in (first, second) * 4]
    held = threading.Event()

    def hold(_scheduler: abc.SchedulerBase, _state: object = None) -> None:
        assert held.wait(PATIENCE)

    first.scheduler.schedule(hold)  # no run is over before all have tried
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    held.set()
    assert first.wait_finished(PATIENCE)
    assert len(seen) == 5


def test_source_without_a_channel_is_an_error() -> None:
    client = ReplayClient(Crypto(), "stocks", "max")
    problems: list[Exception] = []
    client.subscribe_stock_trades().subscribe(on_error=problems.append)
    with pytest.raises(
        RecordingError, match=r"crypto: it gives .*CryptoTrade, for which .* no channel"
    ) as caught:
        client.run()
    assert problems == [caught.value]


@pytest.mark.parametrize("name", ["day.csv", "day.csv.gz", "day.parquet"])
def test_path_of_a_table_says_what_to_use(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("ticker,price\n")
    with pytest.raises(RecordingError, match="flat_file"):
        ReplayClient(tmp_path / name)


def test_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="this is a folder"):
        ReplayClient(tmp_path)


@pytest.mark.parametrize("instant", [10**18, -1, 10**400])
def test_instant_that_is_not_in_milliseconds_is_refused(path: Path, instant: int) -> None:
    with pytest.raises(errors.InvalidArgumentError, match=r"start=.*Unix milliseconds"):
        ReplayClient(path, "stocks", start=instant)


def test_path_in_bytes_is_refused(path: Path) -> None:
    with pytest.raises(errors.InvalidTypeError, match="paths must be a path"):
        ReplayClient(str(path).encode())  # type: ignore[arg-type]  # wrong on purpose
