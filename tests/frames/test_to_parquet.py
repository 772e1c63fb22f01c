"""``to_parquet``: which files come when, what is in them, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import reactivex as rx
from hypothesis import given, settings
from hypothesis import strategies as st

from rxpolygon import StreamClient, frames
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import Quote, Trade
from rxpolygon.frames import PartFile
from rxpolygon.operators import AsOf
from rxpolygon.simulator import Simulator
from tests.operators.streams import END, ERROR, Hot, Lab, quote, trade
from tests.still_time import StillTime
from tests.support import PATIENCE, wait_for

#: 2013-10-07, 9:30 in New York.
OPENING = 1_381_152_600_000
HOUR = 3_600_000


def ms(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1_000)  # type: ignore[misc,arg-type]


def written(folder: Path, rows: list[Trade], **options: Any) -> list[PartFile]:
    parts: list[PartFile] = []
    errors: list[Exception] = []
    files = rx.from_iterable(rows).pipe(frames.to_parquet(folder, **options))
    files.subscribe(parts.append, errors.append, scheduler=StillTime())  # however slow the disk is
    assert errors == []
    return parts


def read(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)


def back(folder: Path) -> list[Trade]:
    taken: list[Trade] = []
    frames.from_frame(read(folder), Trade).subscribe(taken.append)
    return taken


def names(folder: Path) -> list[str]:
    """The folders, with symbol and date."""
    return sorted({str(path.parent.relative_to(folder)) for path in folder.rglob("*.parquet")})


def test_files_stand_by_symbol_and_day_and_are_told(tmp_path: Path) -> None:
    rows = [trade("AAPL", at=OPENING), trade("MSFT", at=OPENING + 1), trade("AAPL", at=OPENING + 2)]
    first, second = written(tmp_path, rows)
    assert names(tmp_path) == ["symbol=AAPL/date=2013-10-07", "symbol=MSFT/date=2013-10-07"]
    assert (first.symbol, first.date, first.rows) == ("AAPL", "2013-10-07", 2)
    assert (first.start, first.end, first.timestamp) == (OPENING, OPENING + 2, OPENING + 2)
    assert Path(first.path).name.startswith("part-20131007T133000.000Z-")
    assert first.bytes == Path(first.path).stat().st_size
    assert (second.symbol, second.rows) == ("MSFT", 1)


def test_polars_and_both_ways_of_arrow_read_the_folder(tmp_path: Path) -> None:
    rows = [trade(symbol, at=OPENING) for symbol in ("AAPL", "C:EUR/USD", "O:SPY241220P00720000")]
    written(tmp_path, rows)
    expected = {row.symbol for row in rows}
    frame = read(tmp_path)
    assert set(frame["symbol"]) == expected
    assert frame["date"].to_list() == [date(2013, 10, 7)] * 3
    assert frame.schema["timestamp"] == pl.Datetime("ms", "UTC")
    assert set(pq.read_table(tmp_path)["symbol"].to_pylist()) == expected
    assert set(ds.dataset(tmp_path, partitioning="hive").to_table()["symbol"].to_pylist()) == expected


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("America/New_York", ms(2013, 10, 8, 0, 30), "2013-10-07"),  # 20:30 there
        ("America/New_York", ms(2013, 10, 8, 4, 0), "2013-10-08"),  # its midnight
        ("America/New_York", ms(2013, 11, 4, 4, 30), "2013-11-03"),  # the day of 25 hours
        ("America/New_York", ms(2013, 11, 4, 5, 0), "2013-11-04"),
        ("UTC", ms(2013, 10, 8, 0, 30), "2013-10-08"),
        ("Asia/Kolkata", ms(2013, 10, 7, 18, 30), "2013-10-08"),
    ],
)
def test_the_day_is_that_of_the_zone(zone: str, at: int, day: str, tmp_path: Path) -> None:
    assert [part.date for part in written(tmp_path, [trade(at=at)], zone=zone)] == [day]


def test_an_event_without_a_time_is_of_the_day_before_it_or_of_none(tmp_path: Path) -> None:
    rows = [trade("A", at=None), trade("B", at=OPENING), trade("B", at=None)]
    assert sorted((part.symbol, part.date, part.rows) for part in written(tmp_path, rows)) == [
        ("A", "", 1),
        ("B", "2013-10-07", 2),
    ]
    assert "symbol=A/date=__HIVE_DEFAULT_PARTITION__" in names(tmp_path)
    assert read(tmp_path)["date"].null_count() == 1


@pytest.mark.parametrize("odd", [10**15, 10**18])
def test_a_number_that_is_no_time_is_of_the_day_before_it(odd: int, tmp_path: Path) -> None:
    rows = [trade(at=at) for at in (odd, OPENING, odd, OPENING + 1, OPENING + HOUR)]
    [none, first, second] = sorted(written(tmp_path, rows), key=lambda part: part.start or 0)
    assert (none.date, none.rows) == ("", 1)
    assert [(part.date, part.rows) for part in (first, second)] == [("2013-10-07", 3), ("2013-10-07", 1)]
    assert first.start == OPENING


def test_a_symbol_without_quotes_has_the_columns_of_those_that_have(tmp_path: Path) -> None:
    bare: list[AsOf[Trade, Quote]] = [AsOf(trade("A", at=at), None, False) for at in range(3)]
    met = [*bare, AsOf(trade("B"), quote("B"), False)]
    rx.from_iterable(met).pipe(frames.to_parquet(tmp_path)).subscribe(scheduler=StillTime())
    assert isinstance(read(tmp_path).schema["right"], pl.Struct)


def test_a_later_window_writes_what_waits(tmp_path: Path) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(frames.to_parquet(tmp_path, every="1h")))
    hour = ms(2013, 10, 7, 14)
    source.send(trade("A", at=hour), trade("B", at=hour + 1), trade("A", at=hour + HOUR - 1))
    assert watch.values == []
    source.send(trade("A", at=hour + HOUR))
    assert [(part.symbol, part.rows) for part in watch.values] == [("A", 2), ("B", 1)]
    source.send(trade("B", at=hour + 2))  # late
    source.complete()
    assert sorted((part.symbol, part.rows) for part in watch.values[2:]) == [("A", 1), ("B", 1)]
    assert watch.end == END


def test_silence_writes_what_waits(tmp_path: Path) -> None:
    lab = Lab()
    watch = lab.watch(lab.hot("-a----------", a=trade(at=1)).pipe(frames.to_parquet(tmp_path, every="2s")))
    lab.run()
    [(at, part)] = watch.seen
    assert 3 <= at <= 5
    assert isinstance(part, PartFile)


def test_an_observer_busy_with_the_first_of_two_files_is_no_silence(tmp_path: Path) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    parts: list[PartFile] = []

    def take(part: PartFile) -> None:
        parts.append(part)
        if len(parts) == 1:
            lab.run(lab.now + 5)

    source.pipe(frames.to_parquet(tmp_path, every="1s")).subscribe(take, scheduler=lab.scheduler)
    lab.run(0.5)
    source.send(trade("A", at=0), trade("B", at=0), trade("B", at=1_000), trade("B", at=1_500))
    lab.run(20)
    assert [(part.symbol, part.rows) for part in parts] == [("A", 1), ("B", 1), ("B", 2)]


def test_the_largest_are_written_when_too_many_rows_wait(tmp_path: Path) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(frames.to_parquet(tmp_path, every=None, max_rows=10)))
    source.send(*[trade("A", at=OPENING)] * 6, *[trade("B", at=OPENING)] * 3)
    assert watch.values == []
    source.send(trade("C", at=OPENING))
    assert [(part.symbol, part.rows) for part in watch.values] == [("A", 6)]
    source.send(*[trade("C", at=OPENING)] * 6)
    assert [(part.symbol, part.rows) for part in watch.values[1:]] == [("C", 7)]


@given(
    st.lists(
        st.builds(trade, st.sampled_from("AB"), at=st.none() | st.integers(OPENING, OPENING + 100 * HOUR)),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([None, "1h", "1d"]),
    st.integers(1, 50),
)
@settings(deadline=None, max_examples=15)
def test_what_is_written_is_what_came(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Trade], every: str | None, max_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("data")
    parts = written(folder, rows, every=every, max_rows=max_rows)
    assert sum(part.rows for part in parts) == len(rows)
    assert sorted(map(repr, back(folder))) == sorted(map(repr, rows))
    assert sorted(part.path for part in parts) == sorted(map(str, folder.rglob("*.parquet")))
    for part in parts:
        assert pq.read_metadata(part.path).num_rows == part.rows
        assert unquote(Path(part.path).parts[-3]) == f"symbol={part.symbol}"


def test_a_restart_adds_files_and_touches_none(tmp_path: Path) -> None:
    written(tmp_path, [trade(at=OPENING)])
    [before] = [(path, path.read_bytes()) for path in tmp_path.rglob("*.parquet")]
    written(tmp_path, [trade(at=OPENING)])
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    assert before[0].read_bytes() == before[1]


def test_an_error_of_the_source_comes_after_the_files(tmp_path: Path) -> None:
    lab = Lab()
    watch = lab.watch(lab.hot("-a-#", a=trade(at=OPENING)).pipe(frames.to_parquet(tmp_path)))
    lab.run()
    assert [part.rows for part in watch.values] == [1]
    assert watch.end is ERROR


def test_dispose_writes_what_waits(tmp_path: Path) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(frames.to_parquet(tmp_path)))
    source.send(trade(at=OPENING))
    watch.subscription.dispose()
    assert not source.observers
    assert back(tmp_path) == [trade(at=OPENING)]
    assert watch.seen == []


def test_a_disk_that_refuses_is_an_error_and_releases_the_source(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(frames.to_parquet(tmp_path, every=None)))
    source.send(trade("A", at=OPENING), trade("A", at=OPENING), trade("B", at=OPENING))
    (tmp_path / "symbol=A").write_text("in the way")
    source.complete()
    assert isinstance(watch.end, OSError)
    assert not source.observers
    assert "3 rows could not be written" in caplog.text
    assert not list(tmp_path.rglob("*.unfinished"))


def test_the_event_at_which_the_disk_refuses_is_in_no_file_that_nobody_is_told(tmp_path: Path) -> None:
    (tmp_path / "symbol=A").write_text("in the way")
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(frames.to_parquet(tmp_path, every="1h")))
    source.send(trade("A", at=OPENING), trade("B", at=OPENING + HOUR))
    assert isinstance(watch.end, OSError)
    assert not list(tmp_path.rglob("*.parquet"))


def test_another_kind_of_event_is_an_error(tmp_path: Path) -> None:
    lab = Lab()
    source: Hot[Any] = lab.source()
    watch = lab.watch(source.pipe(frames.to_parquet(tmp_path)))
    source.send(trade("A", at=OPENING), quote("B", at=OPENING))
    source.complete()
    assert isinstance(watch.end, InvalidTypeError)


def test_no_file_is_open_between_two_events(tmp_path: Path) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("this system does not list open files")
    source: Hot[Trade] = Hot()
    source.pipe(frames.to_parquet(tmp_path, every=None, max_rows=50)).subscribe()
    before = len(os.listdir("/proc/self/fd"))
    source.send(*[trade(f"S{number}", at=OPENING) for number in range(200)])
    assert len(list(tmp_path.rglob("*.parquet"))) > 100
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # arrow's pool may have made its own meanwhile
    source.complete()


KILLED = """
import os, signal, sys
import reactivex as rx
from rxpolygon import frames
from rxpolygon.events import Quote, Trade

real, calls = os.fsync, []

def fsync(descriptor):
    real(descriptor)
    calls.append(1)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

os.fsync = fsync
rows = (Trade(symbol="A", price=n, timestamp=1_381_152_600_000 + n) for n in range(1_000))
rx.from_iterable(rows).pipe(frames.to_parquet(sys.argv[1], every=None, max_rows=10)).subscribe()
"""


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
# Two folders are made and the first file, with its folder; then the second file, which has no name yet at its
# own fsync, and has it at that of the folder.
@pytest.mark.parametrize(("call", "files", "unfinished"), [(5, 1, 1), (6, 2, 0)])
def test_a_kill_leaves_no_half_file_under_its_name(
    call: int, files: int, unfinished: int, tmp_path: Path
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(call)], check=False)
    assert done.returncode == -signal.SIGKILL
    paths = list(tmp_path.rglob("*.parquet"))
    assert len(paths) == files
    assert len(list(tmp_path.rglob("*.unfinished"))) == unfinished
    assert read(tmp_path).height == 10 * len(paths)  # whole, and the unfinished one is in nobody's way
    written(tmp_path, [trade(at=OPENING)])
    assert read(tmp_path).height == 10 * len(paths) + 1


def test_a_live_stream_is_written_to_the_last_trade(tmp_path: Path) -> None:
    seen: list[Trade] = []
    parts: list[PartFile] = []
    with Simulator(seed=5, speed=600) as server:
        client = StreamClient("demo", host=server.url)
        trades = client.subscribe_stock_trades(["AAPL", "MSFT"])
        trades.subscribe(seen.append)
        done = threading.Event()
        files = trades.pipe(frames.to_parquet(tmp_path, every="15m"))
        files.subscribe(parts.append, on_completed=done.set)
        with client:
            wait_for(lambda: len(seen) > 500)
        assert done.wait(PATIENCE)  # beyond the patience of the close, if the disk is slow
    assert sum(part.rows for part in parts) == len(seen)
    assert sorted(map(repr, back(tmp_path))) == sorted(map(repr, seen))


def test_wrong_arguments_are_refused_at_the_call(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InvalidArgumentError, match="there is a file of that name"):
        frames.to_parquet(file)
    with pytest.raises(InvalidTypeError, match="path must be the path of a folder"):
        frames.to_parquet(5)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="max_rows=0"):
        frames.to_parquet(tmp_path, max_rows=0)
    with pytest.raises(InvalidArgumentError, match="zone='Mars/Olympus' is not allowed: name a time zone"):
        frames.to_parquet(tmp_path, zone="Mars/Olympus")
    with pytest.raises(InvalidArgumentError, match="compression='rar' is not allowed: use one of zstd"):
        frames.to_parquet(tmp_path, compression="rar")  # type: ignore[arg-type]
