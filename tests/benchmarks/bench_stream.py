"""How fast the stream is, against the vendor's own client and the bare decoder.

    python -m tests.benchmarks.bench_stream [--rounds 5] [--seconds 2] [--only NAME]

All figures of a row come from one run on the same bytes, each the median of several rounds taken in turn, so
that the ratios hold on a noisy machine. The server is a process of its own.

    throughput   500 symbols with an observer on each of two channels, frames of 50 and of 1 event
    drain        thousand events a second taken off the socket while an observer sleeps and the main thread
                 computes in Python
    observers    the cost of an event with 10 and with 10,000 observers of a single symbol each
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from massive import WebSocketClient
from massive.websocket.models import Market, WebSocketMessage

from rxpolygon import StreamClient
from rxpolygon.events import Event
from rxpolygon.status import Subscribed
from rxpolygon.transport import TransportName
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster
from tests.bare_stream import BareStream
from tests.benchmarks.blaster import SYMBOLS, blasting, payloads, symbol

_WARM_UP = 0.5  # seconds before a rate is taken


def _ignore(event: object) -> None:
    """The cheapest observer."""


def _rate(count: Callable[[], int], seconds: float, busy: bool = False) -> float:
    """Events a second, counted over a while that begins after a warm-up."""
    _pass(_WARM_UP, busy)
    first, start = count(), time.perf_counter()
    _pass(seconds, busy)
    return (count() - first) / (time.perf_counter() - start)


def _pass(seconds: float, busy: bool) -> None:
    end = time.perf_counter() + seconds
    if not busy:
        threading.Event().wait(seconds)
    total = 0
    while time.perf_counter() < end:
        for number in range(1_000):
            total += number


@contextlib.contextmanager
def _streaming(
    url: str, transport: TransportName, observe: Callable[[StreamClient], None], ca: str | None = None
) -> Iterator[StreamClient]:
    client = StreamClient("key", host=url, transport=transport, ca_certs=ca, max_buffer=8 << 30)
    observe(client)
    ready = threading.Event()
    watching = client.status.subscribe(lambda status: ready.set() if isinstance(status, Subscribed) else None)
    client.start_stream_thread()
    try:
        if not ready.wait(20):
            raise TimeoutError(f"no subscription: {client.state}")
        watching.dispose()
        yield client
    finally:
        client.close_stream(1)


def _observing(symbols: int) -> Callable[[StreamClient], None]:
    """An observer for each symbol on each of two channels."""

    def observe(client: StreamClient) -> None:
        for number in range(symbols):
            client.subscribe_stock_trades([symbol(number)]).subscribe(_ignore)
            client.subscribe_stock_quotes([symbol(number)]).subscribe(_ignore)

    return observe


def _counter(client: StreamClient) -> Callable[[], int]:
    return lambda: client.stats.events


def _ours(url: str, transport: TransportName, seconds: float) -> float:
    with _streaming(url, transport, _observing(SYMBOLS)) as client:
        return _rate(_counter(client), seconds)


def _massive(url: str, seconds: float) -> float:
    """The vendor's client, filling its models, in an event loop of its own thread."""
    seen = 0

    async def count(messages: list[WebSocketMessage]) -> None:
        nonlocal seen
        seen += len(messages)

    topics = [f"{prefix}.{symbol(number)}" for prefix in "TQ" for number in range(SYMBOLS)]
    loop = asyncio.new_event_loop()
    client = WebSocketClient("key", subscriptions=topics, secure=False, feed=url[5:], market=Market.Stocks)
    task: asyncio.Task[None] | None = None

    def run() -> None:
        nonlocal task
        task = loop.create_task(client.connect(count, close_timeout=0))
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    while not seen and thread.is_alive():
        time.sleep(0.01)
    rate = _rate(lambda: seen, seconds)
    loop.call_soon_threadsafe(lambda: task is not None and task.cancel())
    thread.join(5)
    return rate


def _bare(per_frame: int, seconds: float) -> float:
    """The typed decoder alone, without socket or routing."""
    decode = PolygonCodec("ws://x", StreamCluster.STOCKS, "k").decode
    frames = payloads(20_000, per_frame, SYMBOLS)
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for frame in frames:
            decode(frame)
        done += 20_000
    return done / (time.perf_counter() - start)


def throughput(rounds: int, seconds: float) -> None:
    """Rates of this library, the vendor's client, and the bare decoder."""
    for per_frame in (50, 1):
        with blasting(per_frame) as url:
            rates: dict[str, list[float]] = {}
            for _ in range(rounds):
                rates.setdefault("massive", []).append(_massive(url, seconds))
                rates.setdefault("bare decoder", []).append(_bare(per_frame, seconds))
                for name in ("default", "fast"):
                    rates.setdefault(name, []).append(_ours(url, name, seconds))
        medians = {name: statistics.median(values) for name, values in rates.items()}
        print(f"\nthroughput, {per_frame} events a frame, thousand events a second:")
        for name, median in medians.items():
            to_massive, to_bare = median / medians["massive"], median / medians["bare decoder"]
            print(f"  {name:14s} {median / 1e3:9.0f} {to_massive:8.1f} x massive {to_bare:7.2f} x bare")


def drain(rounds: int, seconds: float) -> None:
    """Rates at which a socket is emptied while nobody lets go of the interpreter."""
    with _certificate() as files:
        for transport, tls in (("default", False), ("fast", False), ("fast", True), ("default", True)):
            for per_frame in (50, 1):
                rates = [
                    _drained(transport, per_frame, files if tls else None, seconds)  # type: ignore[arg-type]
                    for _ in range(rounds)
                ]
                link = "TLS" if tls else "plain"
                print(
                    f"drain, {transport:7s} {link:5s} {per_frame:2d} events a frame: "
                    f"{statistics.median(rates) / 1e3:7.0f} thousand events a second"
                )


def _drained(
    transport: TransportName, per_frame: int, tls: tuple[Path, Path] | None, seconds: float
) -> float:
    awake = threading.Event()

    def sleep(event: Event) -> None:
        awake.wait()

    def observe(client: StreamClient) -> None:
        client.subscribe_stock_trades().subscribe(sleep)
        client.subscribe_stock_quotes().subscribe(sleep)

    ca = str(tls[0]) if tls else None
    with blasting(per_frame, tls=tls) as url, _streaming(url, transport, observe, ca) as client:
        rate = _rate(lambda: client.stats.frames * per_frame, seconds, busy=True)
        awake.set()
    return rate


@contextlib.contextmanager
def _certificate() -> Iterator[tuple[Path, Path]]:
    from tests.certificates import write_certificate

    with tempfile.TemporaryDirectory() as folder:
        yield write_certificate(Path(folder))


def _stream(symbols: int) -> BareStream:
    """An observer for each symbol and channel."""
    stream = BareStream()
    for number in range(symbols):
        for prefix in "TQ":
            stream.observable(prefix, [symbol(number)]).subscribe(_ignore)
    return stream


def observers(rounds: int, seconds: float) -> None:
    """The cost of an event from its frame to its observer, with few and with many observers."""
    few, many, events = 10, 10_000, 100_000
    ways = {count: (_stream(count // 2), payloads(events, 50, count // 2)) for count in (few, many)}
    costs: dict[int, list[float]] = {count: [] for count in ways}
    for _ in range(rounds * 5):
        for count, (stream, frames) in ways.items():
            start = time.perf_counter()
            stream.send(frames)
            costs[count].append((time.perf_counter() - start) / events * 1e9)
    cheap, dear = (statistics.median(found[1:]) for found in costs.values())
    print(f"\nobservers: {few}: {cheap:.0f} ns an event, {many}: {dear:.0f} ns, ratio {dear / cheap:.2f}")


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", choices=["throughput", "drain", "observers"])
    chosen = parser.parse_args()
    print(f"CPython {platform.python_version()}, {platform.machine()}, {chosen.rounds} rounds")
    for benchmark in (throughput, drain, observers):
        if chosen.only in (None, benchmark.__name__):
            benchmark(chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
