"""What an event costs on its way from a thread into ``async for``: ``aio.stream`` against one call for each.

Run by hand:  python tests/benchmarks/bench_aio.py

A thread emits as fast as it can; a task of an event loop takes every event, with ``overflow="block"``. The
plain way schedules ``queue.put_nowait`` with ``call_soon_threadsafe`` for every event, and its queue grows
without bound. A figure is the median over several passes, whose order alternates in one run, in
microseconds of the processor an event, both threads together, so that other programs matter little. Hold the
ratio; the absolute figures are this machine's.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from platform import machine, python_version

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxpolygon import aio

EVENTS = 200_000
PASSES = 5


class Feed(Observable[int]):
    """A hot Observable with one observer and no ceremony, fed by a thread as soon as it is observed."""

    def _subscribe_core(
        self, observer: abc.ObserverBase[int], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        def run() -> None:
            for number in range(EVENTS):
                observer.on_next(number)
            observer.on_completed()

        threading.Thread(target=run, name="feed").start()
        return Disposable()


async def with_stream() -> int:
    count = 0
    async for _ in aio.stream(Feed()):
        count += 1
    return count


async def with_a_call_for_each() -> int:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    call = loop.call_soon_threadsafe

    def put(number: int | None) -> None:
        call(queue.put_nowait, number)

    Feed().subscribe(put, on_completed=lambda: put(None))
    count = 0
    while await queue.get() is not None:
        count += 1
    return count


def cost(way: Callable[[], Awaitable[int]], make_loop: Callable[[], asyncio.AbstractEventLoop]) -> float:
    """Microseconds of the processor an event."""

    async def main() -> int:
        return await way()

    with asyncio.Runner(loop_factory=make_loop) as runner:
        begin = time.process_time()
        assert runner.run(main()) == EVENTS
        return (time.process_time() - begin) / EVENTS * 1e6


def compare(name: str, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    ours, plain = [], []
    for _ in range(PASSES):
        ours.append(cost(with_stream, make_loop))
        plain.append(cost(with_a_call_for_each, make_loop))
    mine, theirs = statistics.median(ours), statistics.median(plain)
    print(
        f"{name:8} aio.stream {mine:6.2f} us   a call for each {theirs:6.2f} us   ratio {theirs / mine:5.1f}"
    )


def main() -> None:
    print(f"Python {python_version()}, {machine()}; {EVENTS:,} events, median of {PASSES}")
    compare("asyncio", asyncio.new_event_loop)
    if find_spec("uvloop") is not None:
        import uvloop  # type: ignore[import-not-found,unused-ignore]  # optional

        compare("uvloop", uvloop.new_event_loop)


if __name__ == "__main__":
    main()
