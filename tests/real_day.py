"""A real day over a real websocket: bars from its trades against published ones.

    python -m tests.real_day RECORDING BARS.csv

Serves the recording as fast as the client reads, makes one-minute bars of its regular hours (open, high, low
and close from trades without sale conditions, volume from all) and compares all five figures exactly.
"""

from __future__ import annotations

import argparse
import csv
import threading
import time
from collections import Counter
from pathlib import Path

from rxpolygon import StreamClient
from rxpolygon import operators as rxo
from rxpolygon.events import Trade
from rxpolygon.simulator import Simulator

__all__ = ["BASIC_RULES", "bars_of_recording", "published_bars"]

Figures = tuple[float, float, float, float, float]


def _is_plain(trade: Trade) -> bool:
    return not trade.conditions


BASIC_RULES = rxo.SaleRules[Trade](_is_plain, _is_plain, lambda trade: True)


def published_bars(path: Path) -> dict[tuple[str, int], Figures]:
    """The reference bars by symbol and start."""
    names = ("open", "high", "low", "close", "volume")
    with path.open() as lines:
        return {
            (row["symbol"], int(row["start_ms_utc"])): tuple(float(row[name]) for name in names)  # type: ignore[misc]
            for row in csv.DictReader(lines)
        }


def bars_of_recording(path: Path, *, limit: float = 600) -> tuple[list[rxo.Bar], int]:
    """Minute bars of all trades of a recording, and how many events came over the wire."""
    bars: list[rxo.Bar] = []
    with Simulator(recording=path, speed="max") as server:
        client = StreamClient("demo", host=server.url)
        client.subscribe_stock_quotes().subscribe()
        trades = client.subscribe_stock_trades()
        done = threading.Event()
        trades.pipe(rxo.time_bars("1m", sales=BASIC_RULES)).subscribe(bars.append, on_completed=done.set)
        client.start_stream_thread()
        server.wait_finished(limit)
        _drain(client, limit)
        events = client.stats.events
        client.close_stream(30)
        done.wait(30)
    return bars, events


def _drain(client: StreamClient, limit: float) -> None:
    """Wait until what was sent has been delivered: no bytes wait and none come any more."""
    end, seen = time.monotonic() + limit, -1
    while time.monotonic() < end:
        stats = client.stats
        if not stats.buffered_bytes and stats.frames == seen:
            return
        seen = stats.frames
        threading.Event().wait(0.25)


def main() -> None:
    """Compare and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("bars", type=Path)
    chosen = parser.parse_args()
    started = time.perf_counter()
    bars, events = bars_of_recording(chosen.recording)
    seconds = time.perf_counter() - started
    made = {(bar.symbol, bar.start): (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}
    equal, regular = Counter[str](), Counter[str]()
    for (symbol, start), figures in published_bars(chosen.bars).items():
        if rxo.is_regular_hours(start):
            regular[symbol] += 1
            equal[symbol] += made.get((symbol, start)) == figures
    for symbol in sorted(regular):
        print(f"{symbol:6s} {equal[symbol]} of {regular[symbol]} regular-hours minute bars equal")
    print(f"{events} events in {seconds:.1f} s, {events / seconds:,.0f} events a second")


if __name__ == "__main__":
    main()
