"""``time_bars`` against the same bars made in other ways.

Run by hand:  python -m tests.benchmarks.bench_bars

All ways get the same trades of 500 symbols in the same run, in turn, and must give the same bars. Trades
come as in the client: the bytes of a frame of 50 are decoded, then pushed one by one into the lightest hot
Observable there is. A figure is the median of some passes, in microseconds of the thread's own time an event,
so that other programs disturb it little. Garbage collection is off, and the decoding is left out. Hold the
ratios against the targets; the absolute figures are this machine's. streamz and csp are left out where they
are not installed.
"""

from __future__ import annotations

import gc
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version

import rxpolygon.operators as rxo
from rxpolygon.events import Trade
from rxpolygon.operators import Bar
from tests.benchmarks.bar_ways import (
    BASE,
    EVENTS,
    MINUTE,
    Feed,
    Frames,
    market,
    with_csp,
    with_group_by,
    with_scan,
    with_scan_of_values,
    with_streamz,
    with_time_bars,
)
from tests.benchmarks.pushing import without_gc

PASSES = 7

Way = Callable[[Iterable[list[Trade]]], list[Bar]]


def cost(way: Way, frames: Frames) -> float:
    """Microseconds an event."""
    with without_gc():
        decoding = frames.seconds
        start = time.thread_time()
        way(frames)
        whole = time.thread_time() - start
        decoding = frames.seconds - decoding
    return (whole - decoding) / EVENTS * 1e6


def compare() -> None:
    ways: dict[str, Way] = {
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
    frames = Frames(market(500, EVENTS, 5))
    expected = with_time_bars(frames)
    passes: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(PASSES):
        for name, way in ways.items():
            passes[name].append(cost(way, frames))
    for name, way in ways.items():
        assert sorted(way(frames), key=place) == expected, name
        median = statistics.median(passes[name])
        ratio = median / statistics.median(passes["time_bars"])
        print(f"{name:38} {median:8.2f} µs an event   {ratio:6.1f} times time_bars")


def memory(symbols: int = 10_000) -> None:
    """Bytes of an open bar, and of one that may still be revised."""

    def trades(minute: int) -> Iterator[Trade]:
        for number in range(symbols):
            at = BASE + minute * MINUTE + number
            yield Trade(symbol=names[number], price=100.25 + number, size=100, timestamp=at, conditions=())

    names = [f"S{number:05}" for number in range(symbols)]
    feed = Feed[Trade]()
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
    compare()
    memory()


if __name__ == "__main__":
    main()
