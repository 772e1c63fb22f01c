"""How fast Alpaca's stream is, against the vendor's own client and the bare decoder.

    python -m tests.benchmarks.bench_alpaca [--rounds 5] [--seconds 2]

Half trades, half quotes of 500 symbols. Ours has an observer for each symbol on each of the two channels, the
vendor's a handler for each channel; both get typed events from the same msgpack bytes, and the same events
come in JSON to ours once more. All figures of a table are medians of rounds taken in turn, so that the ratios
hold on a noisy machine; the time of the processor that an event takes, over all threads, holds even where
others take the cores. The server is a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import platform
import statistics
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from rxpolygon.alpaca import StockDataStream
from rxpolygon.status import Subscribed
from rxpolygon.transport import TransportName
from rxpolygon.venues.alpaca.codec import AlpacaCodec, Encoding
from tests.benchmarks.alpaca_blaster import blasting, payloads
from tests.benchmarks.blaster import SYMBOLS, symbol

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the vendor's stands on the old half of websockets
    from alpaca.data.live.stock import StockDataStream as VendorStream

# Soon full, so that no more is read than delivered, as it is over any longer time.
_BUFFER = 16 * 1024 * 1024
_WARM_UP = 0.5  # seconds before a rate is taken
# The vendor's own, and no patience with a server that does not answer the closing handshake.
_VENDOR_PARAMS = {"ping_interval": 10, "ping_timeout": 180, "max_queue": 1024, "close_timeout": 0.05}
_NAMES = [symbol(number) for number in range(SYMBOLS)]


def _ignore(event: object) -> None:
    """The cheapest observer."""


class _Speed(NamedTuple):
    """Events a second, and nanoseconds of the processor for each."""

    rate: float
    cost: float


def _measure(count: Callable[[], int], seconds: float) -> _Speed:
    """The speed over a while that begins after a warm-up."""
    time.sleep(_WARM_UP)
    first, start, used = count(), time.perf_counter(), time.process_time()
    time.sleep(seconds)
    return _speed(count() - first, time.perf_counter() - start, time.process_time() - used)


def _speed(events: int, seconds: float, used: float) -> _Speed:
    return _Speed(events / seconds, used / max(events, 1) * 1e9)


@contextlib.contextmanager
def _streaming(url: str, transport: TransportName, encoding: Encoding) -> Iterator[StockDataStream]:
    stream = StockDataStream(
        "key", "secret", url_override=url, transport=transport, encoding=encoding, max_buffer=_BUFFER
    )
    for name in _NAMES:
        stream.subscribe_trades(name).subscribe(_ignore)
        stream.subscribe_quotes(name).subscribe(_ignore)
    ready = threading.Event()
    stream.status.subscribe(lambda status: ready.set() if isinstance(status, Subscribed) else None)
    stream.start_stream_thread()
    try:
        if not ready.wait(20):
            raise TimeoutError(f"no subscription: {stream.state}")
        yield stream
    finally:
        stream.close_stream(20)


def _ours(transport: TransportName, encoding: Encoding, url: str, per_frame: int, seconds: float) -> _Speed:
    with _streaming(url, transport, encoding) as stream:
        return _measure(lambda: stream.stats.events, seconds)


def _vendor(url: str, per_frame: int, seconds: float) -> _Speed:
    """The vendor's client, making its models, in an event loop of its own thread."""
    seen = 0

    async def count(event: object) -> None:
        nonlocal seen
        seen += 1

    stream = VendorStream("key", "secret", url_override=url, websocket_params=_VENDOR_PARAMS)
    stream.subscribe_trades(count, *_NAMES)
    stream.subscribe_quotes(count, *_NAMES)
    thread = threading.Thread(target=asyncio.run, args=(stream._run_forever(),))
    thread.start()
    while not seen and thread.is_alive():
        time.sleep(0.01)
    speed = _measure(lambda: seen, seconds)
    stream.stop()
    thread.join()
    return speed


def _bare(encoding: Encoding, url: str, per_frame: int, seconds: float) -> _Speed:
    """The typed decoder alone, without socket or routing."""
    decode = AlpacaCodec("ws://x", "stocks", "k", "s", encoding).decode
    frames, events = payloads(20_000, per_frame, encoding), 20_000
    done, start, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        for frame in frames:
            decode(frame)
        done += events
    return _speed(done, time.perf_counter() - start, time.process_time() - used)


_WAYS: dict[str, Callable[[str, int, float], _Speed]] = {
    "alpaca-py, msgpack": _vendor,
    "bare decoder, msgpack": partial(_bare, "msgpack"),
    "bare decoder, JSON": partial(_bare, "json"),
    "default, msgpack": partial(_ours, "default", "msgpack"),
    "fast, msgpack": partial(_ours, "fast", "msgpack"),
    "default, JSON": partial(_ours, "default", "json"),
    "fast, JSON": partial(_ours, "fast", "json"),
}


def throughput(rounds: int, seconds: float) -> None:
    """Rates of this library, the vendor's client and the bare decoders."""
    for per_frame in (50, 1):
        with blasting(per_frame) as url:
            speeds: dict[str, list[_Speed]] = {name: [] for name in _WAYS}
            for _ in range(rounds):
                for name, way in _WAYS.items():
                    speeds[name].append(way(url, per_frame, seconds))
        rates = {name: statistics.median(speed.rate for speed in found) for name, found in speeds.items()}
        costs = {name: statistics.median(speed.cost for speed in found) for name, found in speeds.items()}
        vendor = "alpaca-py, msgpack"
        print(f"\n{per_frame} events a frame: thousand events a second, and ns of CPU an event:")
        for name, rate in rates.items():
            to_rate, to_cost = rate / rates[vendor], costs[vendor] / costs[name]
            print(
                f"  {name:22s} {rate / 1e3:8.0f} {to_rate:6.1f} x alpaca-py"
                f" {costs[name]:10.0f} {to_cost:6.1f} times less"
            )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    chosen = parser.parse_args()
    print(f"CPython {platform.python_version()}, {platform.machine()}, {chosen.rounds} rounds")
    throughput(chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
