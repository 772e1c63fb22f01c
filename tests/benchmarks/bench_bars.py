"""``time_bars`` against the same bars made in other ways.

Run by hand:  python -m tests.benchmarks.bench_bars

All ways get the same trades of 500 symbols in the same run and must give the same bars. A figure is the
median of some passes, garbage collection off, in microseconds an event. The source is the lightest hot
Observable there is, so that what is measured is the operators. Hold the ratios against the targets; the
absolute figures are this machine's. streamz and csp are left out where they are not installed.
"""

from __future__ import annotations

import gc
import platform
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import rxpolygon.operators as rxo
from rxpolygon.events import Trade
from rxpolygon.operators import Bar
from tests.benchmarks.bar_ways import (
    BASE,
    CODES,
    EVENTS,
    MINUTE,
    Feed,
    market,
    with_csp,
    with_group_by,
    with_scan,
    with_scan_of_values,
    with_streamz,
    with_time_bars,
)

PASSES = 5
# 50 trades a bar of 10,000 symbols.
MANY = 500_000
FRAME = 500


def seconds(way: Callable[[], object]) -> float:
    gc.disable()
    start = time.perf_counter()
    way()
    passed = time.perf_counter() - start
    gc.enable()
    return passed


def compare(trades: Sequence[Trade]) -> None:
    ways: dict[str, Callable[[Sequence[Trade]], list[Bar]]] = {
        "time_bars": with_time_bars,
        "RxPY scan, map, filter, dict of values": with_scan_of_values,
        "RxPY scan, map, filter, dict of tuples": with_scan,
        "RxPY group_by, window, reduce": with_group_by,
    }
    others = {"streamz": with_streamz, "csp": with_csp}
    for package, other in others.items():
        if installed(package) is None:
            print(f"{package}: left out, it is not installed")
        else:
            ways[f"{package} {installed(package)}"] = other
    expected = with_time_bars(trades)
    passes: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(PASSES):
        for name, way in ways.items():
            gc.collect()
            passes[name].append(seconds(partial(way, trades)))
    for name, way in ways.items():
        assert sorted(way(trades), key=place) == expected, name
        cost = statistics.median(passes[name])
        ratio = cost / statistics.median(passes["time_bars"])
        print(f"{name:38} {cost / len(trades) * 1e6:8.2f} µs an event   {ratio:6.1f} times time_bars")


def growth() -> None:
    """The same number of trades in one window, whatever the number of symbols.

    The trades are made just before they are played and freed after it, as in a live stream: a list of all
    of them would measure the machine's memory.
    """
    for title, weigh in (("equally busy", lambda rank: 1.0), ("busy as 1/rank", lambda rank: 1 / rank)):
        costs: dict[int, list[float]] = {10: [], 500: [], 10_000: []}
        for _ in range(PASSES):
            for symbols, passes in costs.items():
                weights = [weigh(rank) for rank in range(1, symbols + 1)]
                passes.append(live_seconds(symbols, weights))
        least = statistics.median(costs[10])
        for symbols, passes in costs.items():
            cost = statistics.median(passes)
            print(
                f"{symbols:6} symbols, {title:15} {cost / MANY * 1e6:6.2f} µs an event"
                f"   {cost / least:6.2f} times 10 symbols"
            )


def live_seconds(symbols: int, weights: list[float]) -> float:
    chance = random.Random(1)
    names = [f"S{number:05}" for number in range(symbols)]
    chosen = chance.choices(names, weights, k=MANY)
    feed = Feed()
    feed.pipe(rxo.time_bars("1m")).subscribe()
    passed = 0.0
    for first in range(0, MANY, FRAME):
        frame = [
            Trade(
                symbol=chosen[number],
                price=100 + chance.randrange(400) / 4,
                size=100.0,
                timestamp=BASE + number * MINUTE // MANY,
                conditions=CODES[number * 7 % len(CODES)],
                sequence_number=number,
            )
            for number in range(first, min(first + FRAME, MANY))
        ]
        passed += seconds(partial(feed.send, frame))
    return passed + seconds(feed.complete)


def memory(symbols: int = 10_000) -> None:
    """Bytes of an open bar, and of one that may still be revised."""

    def trades(minute: int) -> Iterator[Trade]:
        for number in range(symbols):
            at = BASE + minute * MINUTE + number
            yield Trade(symbol=names[number], price=100.25 + number, size=100, timestamp=at, conditions=())

    names = [f"S{number:05}" for number in range(symbols)]
    feed = Feed()
    subscription = feed.pipe(rxo.time_bars("1m")).subscribe()
    sizes: list[int] = []
    tracemalloc.start()
    for minute in range(3):
        feed.send(trades(minute))
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    subscription.dispose()
    print(
        f"memory: {sizes[0] / symbols:.0f} bytes for the first open bar of a symbol, "
        f"{(sizes[2] - sizes[1]) / symbols:.0f} more for each closed one while it can be revised"
    )


def place(bar: Bar) -> tuple[int, str]:
    return bar.start, bar.symbol


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def main() -> None:
    print(f"Python {platform.python_version()}, reactivex {version('reactivex')}, {platform.machine()}")
    print(f"{EVENTS:,} trades of 500 symbols, one-minute bars, medians of {PASSES} passes")
    compare(market(500))
    growth()
    memory()


if __name__ == "__main__":
    main()
