"""Recording, replay and flat files against the least that the same work can cost.

Run by hand:  python -m tests.benchmarks.bench_replay [--recording FILE] [--rows N] [--rounds N] [--only PART]

- replay: a recording at "max", trades into one-minute bars, against decoding the same file and nothing else;
- record: frames through a client's delivery with and without a recorder;
- flat: a flat file of trades into bars, in whole columns (``bars``) and as events of a replay into
  ``time_bars``, against Python's csv module (DictReader), the same events, sorting and ``time_bars``; and
  against the quickest that the module can do by hand (reader, no events, bars in a dict, equal sale rules);
- memory: the peak of both ways on the file and on one ten times larger, each in a process of its own.

Times are CPU times, so that a machine shared with others can tell something: of the whole process, and for
the recorder of the stream's thread. The ways of a part take turns, and a figure is the median of the rounds;
hold the ratios against the targets.
"""

from __future__ import annotations

import argparse
import csv
import gc
import gzip
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from reactivex import Observable, Subject

import rxpolygon.operators as rxo
from rxpolygon import ReplayClient, record
from rxpolygon.events import Trade
from rxpolygon.history import flat_file
from rxpolygon.operators import Bar, SaleRules
from rxpolygon.operators._sales import HIGH_LOW, OPEN_CLOSE, VOLUME
from rxpolygon.recording import read_frames
from rxpolygon.replay.delivery import ReplayDelivery
from rxpolygon.venues.polygon.channels import event_types
from rxpolygon.venues.polygon.codec import StatusMessage

RECORDING = Path(__file__).resolve().parents[3] / "shared" / "data" / "us-equities-2013-10-07.jsonl.gz"
CLOCK = time.process_time
OPENING_NS = 1_679_923_800_000_000_000
HEADER = (
    "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,"
    "sip_timestamp,size,tape,trf_id,trf_timestamp\n"
)


def medians(rounds: int, *ways: Callable[[], object]) -> list[float]:
    """Seconds of each way; they take turns."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for place, way in enumerate(ways):
            gc.collect()
            began = CLOCK()
            way()
            seconds[place].append(CLOCK() - began)
    return [statistics.median(times) for times in seconds]


# --- replay


def decode_file(path: Path) -> int:
    """The least: every line decoded to typed events, which are dropped."""
    types: object = StatusMessage
    for event in event_types("stocks").values():
        types = types | event
    decode = msgspec.json.Decoder(tuple[int, list[types]], strict=False).decode  # type: ignore[valid-type]
    count = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            count += len(decode(line)[1])
    return count


def replay_bars(path: Path) -> tuple[int, int]:
    """The events of a replay, and its bars."""
    client = ReplayClient(path, "stocks", "max")
    bars: list[Bar] = []
    client.subscribe_stock_trades().pipe(rxo.time_bars("1m")).subscribe(bars.append)
    client.run()
    return client.stats.events, len(bars)


def replay(path: Path, rounds: int) -> None:
    """Compare a replay with the bare decoder."""
    if not path.exists():
        print(f"replay: {path} is not there")
        return
    events, bars = replay_bars(path)
    assert decode_file(path) == events
    bare, full = medians(rounds, lambda: decode_file(path), lambda: replay_bars(path))
    print(
        f"replay: {events} events, {bars} bars; bare decoder {events / bare / 1e6:.2f} M/s, replay into bars "
        f"{events / full / 1e6:.2f} M/s: {bare / full:.0%} (target 60 %)"
    )


# --- record


class Stream:
    """A client's delivery, fed by hand as the dispatch thread feeds it."""

    def __init__(self, path: Path) -> None:
        self.client = ReplayClient(path, "stocks", "max")
        self.messages: Observable[bytes] = self.client.messages
        self.frame_lists = self.client._messages.lists.observable  # as a live client has them
        self.bars: list[Bar] = []
        trades = self.client.subscribe_stock_trades()
        trades.pipe(rxo.time_bars("1m")).subscribe(self.bars.append)
        self.client.subscribe_stock_quotes().subscribe(lambda quote: None)

    def feed(self, lists: Sequence[list[bytes]]) -> None:
        frames = super(ReplayDelivery, self.client._delivery).frames
        for each in lists:
            frames(each)


def recording(path: Path, rounds: int) -> None:
    """Compare a stream with one that is recorded."""
    if not path.exists():
        print(f"record: {path} is not there")
        return
    small = [recorded.frame for recorded in read_frames(path)]
    # Ten of them in one: some 50 events a frame, as a busy server sends.
    large = [
        b"[" + b",".join(frame[1:-1] for frame in small[at : at + 10]) + b"]"
        for at in range(0, len(small), 10)
    ]
    for frames in (large, small):
        _record(path, frames, rounds)


def _record(path: Path, frames: list[bytes], rounds: int) -> None:
    lists = [frames[start : start + 20] for start in range(0, len(frames), 20)]

    def plain() -> None:
        stream = Stream(path)
        began = time.thread_time()
        stream.feed(lists)
        seconds.append(time.thread_time() - began)

    def recorded(name: str) -> Callable[[], None]:
        def run() -> None:
            stream = Stream(path)
            with tempfile.TemporaryDirectory() as folder:
                recorder = record(stream, Path(folder) / name, max_queue=2**31)
                began = time.thread_time()
                stream.feed(lists)
                seconds.append(time.thread_time() - began)
                recorder.close()
                assert recorder.stats.frames == len(frames)
                assert not recorder.stats.dropped_frames

        return run

    seconds: list[float] = []
    ways = {"plain": plain, "day.jsonl": recorded("day.jsonl"), "day.jsonl.gz": recorded("day.jsonl.gz")}
    results: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            way()
            results[name].append(seconds[-1])
    bare = statistics.median(results.pop("plain"))
    for name, times in results.items():
        cost = statistics.median(times) / bare - 1
        print(f"record: {len(frames)} frames into {name}: {cost:+.1%} of the stream's time (target 10 %)")


# --- flat files


def write_flat_file(path: Path, rows: int, copies: int = 1) -> Path:
    """Trades of 40 tickers over a session, by ticker and then by time, as the vendor has them.

    Copies have the same trades under other tickers.
    """
    chance = random.Random(1)
    each = rows // 40
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write(HEADER)
        for number in range(40):
            at, price = OPENING_NS + chance.randrange(10**9), 100.0
            tails = []
            for sequence in range(each):
                at += chance.randrange(2 * 23_400 * 10**9 // each)
                price += chance.choice((-0.01, 0.0, 0.01))
                codes = chance.choice(("", "", "37", '"14,37"', '"14,37,41"'))
                tails.append(
                    f",{codes},0,{chance.randrange(1, 20)},{sequence},{at - 350_000},{price:.2f},"
                    f"{sequence * 7},{at},{chance.randrange(1, 300)},3,0,0\n"
                )
            for copy in range(copies):
                ticker = f"T{number}.{copy}"
                file.writelines(ticker + tail for tail in tails)
    return path


def bars_of_columns(path: Path) -> int:
    return sum(1 for _ in flat_file(path, "stocks").bars("1m"))


def bars_of_flat_file(path: Path) -> int:
    client = ReplayClient(flat_file(path, "stocks"), "stocks", "max")
    bars: list[Bar] = []
    client.subscribe_stock_trades().pipe(rxo.time_bars("1m")).subscribe(bars.append)
    client.run()
    return len(bars)


def bars_by_csv(path: Path) -> int:
    """The same with the standard library: read, convert, sort, bars."""
    trades = []
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            codes = row["conditions"]
            ns = int(row["sip_timestamp"])
            trade = Trade(
                symbol=row["ticker"],
                price=float(row["price"]),
                size=float(row["size"]),
                timestamp=ns // 1_000_000,
                exchange=int(row["exchange"]),
                id=row["id"],
                tape=int(row["tape"]),
                conditions=tuple(map(int, codes.split(","))) if codes else None,
                sequence_number=int(row["sequence_number"]),
                participant_timestamp=int(row["participant_timestamp"]) // 1_000_000,
                trf_id=int(row["trf_id"]),
                trf_timestamp=int(row["trf_timestamp"]) // 1_000_000,
            )
            trades.append((ns, trade))
    trades.sort(key=lambda pair: pair[0])
    source: Subject[Trade] = Subject()
    bars: list[Bar] = []
    source.pipe(rxo.time_bars("1m")).subscribe(bars.append)
    for _, trade in trades:
        source.on_next(trade)
    source.on_completed()
    return len(bars)


def bars_by_hand(path: Path) -> int:
    """The least with the standard library: no events, and only what a bar needs; sale rules as they are."""
    bars: dict[tuple[str, int], list[float]] = {}
    rules: dict[str, int] = {}
    with gzip.open(path, "rt") as file:
        rows = csv.reader(file)
        header = next(rows)
        ticker, codes, price_at, ns_at, size_at = (
            header.index(name) for name in ("ticker", "conditions", "price", "sip_timestamp", "size")
        )
        for row in rows:
            text, price, size = row[codes], float(row[price_at]), float(row[size_at])
            bits = rules.get(text)
            if bits is None:
                conditions = tuple(map(int, text.split(","))) if text else None
                bits = rules[text] = SaleRules.SIP.judge(Trade(symbol="", size=100, conditions=conditions))
            if size < 1:
                bits &= VOLUME
            key = (row[ticker], int(row[ns_at]) // 60_000_000_000)
            bar = bars.get(key)
            if bar is None:
                bar = bars[key] = [0.0, -math.inf, math.inf, 0.0, 0.0, 0.0, 0]
            if bits & OPEN_CLOSE:
                bar[0] = bar[0] or price
                bar[3] = price
            if bits & HIGH_LOW:
                bar[1], bar[2] = max(bar[1], price), min(bar[2], price)
            if bits & VOLUME:
                bar[4] += size
                bar[5] += price * size
            bar[6] += 1
    found = [
        Bar(
            symbol=key[0],
            start=key[1] * 60_000,
            end=key[1] * 60_000 + 60_000,
            open=bar[0],
            high=bar[1],
            low=bar[2],
            close=bar[3],
            volume=bar[4],
            vwap=bar[5] / bar[4],
            count=int(bar[6]),
        )
        for key, bar in sorted(bars.items(), key=lambda item: (item[0][1], item[0][0]))
        if bar[0]
    ]
    return len(found)


def flat(folder: Path, rows: int, rounds: int) -> None:
    """Compare a flat file's ways with the csv module's."""
    path = write_flat_file(folder / "trades.csv.gz", rows)
    ways = (bars_of_columns, bars_of_flat_file, bars_by_csv, bars_by_hand)
    counts = {way(path) for way in ways}
    assert len(counts) == 1, counts
    columns, replayed, by_csv, by_hand = medians(rounds, *(partial(way, path) for way in ways))
    print(
        f"flat: {rows} trades to {counts.pop()} bars: csv, events, time_bars {by_csv:.2f} s, csv and bars by "
        f"hand {by_hand:.2f} s"
    )
    print(
        f"flat: in columns {columns:.2f} s: {by_csv / columns:.1f} times as fast as csv (target 5), "
        f"{by_hand / columns:.1f} times as by hand"
    )
    print(f"flat: as a replay {replayed:.2f} s: {by_csv / replayed:.1f} times as fast as csv")


def memory(folder: Path, rows: int) -> None:
    """The peak of resident memory on a file, and on one ten times larger."""
    for factor in (1, 10):
        path = write_flat_file(folder / f"trades{factor}.csv.gz", rows, factor)
        peaks = []
        for way in (bars_of_columns, bars_of_flat_file):
            program = (
                "import resource, sys; from pathlib import Path\n"
                "from tests.benchmarks import bench_replay\n"
                f"bench_replay.{way.__name__}(Path(sys.argv[1]))\n"
                "sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))\n"
            )
            command = [sys.executable, "-c", program, str(path)]
            done = subprocess.run(command, capture_output=True, check=True, text=True)
            peaks.append(int(done.stdout) / 1024)
        size = path.stat().st_size / 1e6
        print(
            f"memory: {rows * factor} trades ({size:.0f} MB packed): peak {peaks[0]:.0f} MB in columns, "
            f"{peaks[1]:.0f} MB as a replay"
        )


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--recording", type=Path, default=RECORDING)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["replay", "record", "flat", "memory"])
    chosen = parser.parse_args()
    print(f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        if chosen.only in (None, "replay"):
            replay(chosen.recording, chosen.rounds)
        if chosen.only in (None, "record"):
            recording(chosen.recording, chosen.rounds)
        if chosen.only in (None, "flat"):
            flat(Path(name), chosen.rows, chosen.rounds)
        if chosen.only in (None, "memory"):
            memory(Path(name), chosen.rows)


if __name__ == "__main__":
    main()
