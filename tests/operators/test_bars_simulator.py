"""The simulator's own seconds and minutes against bars of its trades, over a real websocket."""

from __future__ import annotations

from functools import partial

import pytest

from rxpolygon import StreamClient
from rxpolygon import operators as rxo
from rxpolygon.events import Aggregate
from rxpolygon.operators import Bar
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Reorder
from tests.support import wait_for

OPEN = 1_704_724_200_000  # 2024-01-08 9:30 in New York
Key = tuple[str, int]
LENGTHS = {"1s": 1_000, "1m": 60_000}


def figures(bar: Bar | Aggregate) -> tuple[object, ...]:
    vwap = None if bar.vwap is None else round(bar.vwap, 4)
    return bar.symbol, bar.start, bar.end, bar.open, bar.high, bar.low, bar.close, bar.volume, vwap


@pytest.mark.parametrize("reordered", [False, True])
def test_bars_of_trades_equal_the_servers_aggregates_in_every_field(reordered: bool) -> None:
    faults = [Reorder(share=0.2, within=0.5)] if reordered else []
    made: dict[str, dict[Key, tuple[object, ...]]] = {every: {} for every in LENGTHS}
    sent: dict[str, dict[Key, tuple[object, ...]]] = {every: {} for every in LENGTHS}
    windows: dict[str, set[int]] = {every: set() for every in LENGTHS}
    ended: list[str] = []
    with Simulator(seed=11, speed=120, start=OPEN, rate=4, faults=faults) as server:
        client = StreamClient("demo", host=server.url)
        trades = client.subscribe_stock_trades()
        served = {
            "1s": client.subscribe_stock_second_aggregates(),
            "1m": client.subscribe_stock_minute_aggregates(),
        }
        for every in LENGTHS:

            def keep(bar: Bar, every: str = every) -> None:
                made[every][bar.symbol, bar.start] = figures(bar)

            def keep_served(bar: Aggregate, every: str = every) -> None:
                sent[every][bar.symbol, bar.start] = figures(bar)
                windows[every].add(bar.start)

            bars = trades.pipe(rxo.time_bars(every, lateness="1s"))
            bars.subscribe(keep, on_completed=partial(ended.append, "made"))
            served[every].subscribe(keep_served, on_completed=partial(ended.append, "served"))
        with client:
            wait_for(lambda: len(windows["1m"]) >= 6, timeout=60)
        wait_for(lambda: len(ended) == 2 * len(LENGTHS))  # a timer at work gives the last bars, in its thread
    for every, length in LENGTHS.items():
        starts = [[start for _, start in side[every]] for side in (made, sent)]
        # The market may begin between the commands of the client, on a busy machine: then one side lacks the
        # oldest windows, or their first trades. The newest may not have reached the other side yet.
        first = max(map(min, starts)) + length + 1_000
        last = min(map(max, starts)) - 3_000 - length
        ours = {key: bar for key, bar in made[every].items() if first <= key[1] <= last}
        theirs = {key: bar for key, bar in sent[every].items() if first <= key[1] <= last}
        assert len(theirs) > 20
        assert ours == theirs
