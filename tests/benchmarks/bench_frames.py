"""Rows a second between events and frames, against the plain way: a dict for each event.

Run by hand:  python tests/benchmarks/bench_frames.py

100,000 trades, decoded from the wire's JSON as in the client. Each figure is the median over several passes,
whose order alternates in one run, in microseconds of the processor a row. Hold the ratios; the absolute
figures are this machine's.
"""

from __future__ import annotations

import gc
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from platform import machine, python_version
from typing import Any

import msgspec
import polars as pl
from msgspec.structs import asdict
from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxpolygon import frames
from rxpolygon.events import Trade

ROWS = 100_000
BATCH = 10_000
PASSES = 5


class Feed(Observable[Any]):
    """A hot Observable with one observer and no ceremony."""

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self.push, self.end = observer.on_next, observer.on_completed
        return Disposable()


def trades() -> list[Trade]:
    chance = random.Random(1)
    rows = [
        Trade(
            symbol=f"S{chance.randrange(200):03}",
            price=100 + chance.randrange(1_000) / 100,
            size=float(chance.randrange(1, 500)),
            timestamp=1_700_000_000_000 + number // 10,
            exchange=chance.randrange(1, 20),
            id=str(number),
            tape=3,
            conditions=chance.choice([None, (14, 41), (37,), (12, 37)]),
            sequence_number=number,
        )
        for number in range(ROWS)
    ]
    wire = msgspec.json.Encoder().encode(rows)
    return msgspec.json.decode(wire, type=list[Trade])


def by_dicts(rows: list[Trade]) -> None:
    for start in range(0, ROWS, BATCH):
        pl.DataFrame([asdict(row) for row in rows[start : start + BATCH]])


def by_operator(operator: Callable[[Observable[Any]], Observable[Any]]) -> Callable[[list[Trade]], None]:
    def run(rows: list[Trade]) -> None:
        feed = Feed()
        feed.pipe(operator).subscribe()
        push = feed.push
        for row in rows:
            push(row)
        feed.end()

    return run


def to_files(rows: list[Trade]) -> None:
    folder = tempfile.mkdtemp()
    by_operator(frames.to_parquet(folder, every=None))(rows)
    shutil.rmtree(folder)


def back_by_dicts(frame: pl.DataFrame) -> None:
    times = [pl.col(name).dt.epoch("ms") for name in frame.columns if "time" in name]
    plain = frame.with_columns(pl.col("symbol").cast(pl.String), *times)
    for row in plain.sort("timestamp").iter_rows(named=True):
        row["conditions"] = None if row["conditions"] is None else tuple(row["conditions"])
        Trade(**row)


def back(frame: pl.DataFrame) -> None:
    frames.from_frame(frame, Trade).subscribe(lambda _: None)


def main() -> None:
    rows = trades()
    frame = frames.frame(rows)
    ways: dict[str, Callable[[], object]] = {
        "pl.DataFrame([asdict(e) ...])": lambda: by_dicts(rows),
        "frames.to_frame": lambda: by_operator(frames.to_frame(BATCH))(rows),
        "frames.to_frame, pandas": lambda: by_operator(frames.to_frame(BATCH, engine="pandas"))(rows),
        "frames.to_arrow": lambda: by_operator(frames.to_arrow(BATCH))(rows),
        "frames.to_parquet, 200 files": lambda: to_files(rows),
        "Trade(**row), row by row": lambda: back_by_dicts(frame),
        "frames.from_frame": lambda: back(frame),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(PASSES):
        for name, way in ways.items():
            gc.collect()
            begin = time.process_time()
            way()
            found[name].append((time.process_time() - begin) / ROWS * 1e6)
    versions = ", ".join(f"{name} {version(name)}" for name in ("polars", "pyarrow", "pandas", "msgspec"))
    print(f"Python {python_version()}, {machine()}, {versions}; {ROWS:,} trades in frames of {BATCH:,}")
    medians = {name: statistics.median(costs) for name, costs in found.items()}
    there, again = medians["pl.DataFrame([asdict(e) ...])"], medians["Trade(**row), row by row"]
    for name, cost in medians.items():
        plain = again if name in ("frames.from_frame", "Trade(**row), row by row") else there
        print(
            f"{name:32} {cost:7.2f} us a row   {1e6 / cost:10,.0f} rows a second   ratio {plain / cost:5.1f}"
        )


if __name__ == "__main__":
    main()
