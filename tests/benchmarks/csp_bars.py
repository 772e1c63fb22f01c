"""The csp side of ``bench_bars``; imported only where csp is installed."""

# No "from __future__ import annotations": csp reads the annotations of a node when it is defined.

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

# By name: type checks must not hang on whether csp is installed.
csp: Any = import_module("csp")
ts: Any = csp.ts

START = datetime(2024, 1, 1)


@csp.node  # type: ignore[untyped-decorator]  # csp rewrites the function's source
def bars(trades: ts[object], step: object, rows: object) -> None:
    if csp.ticked(trades):
        done = step(trades)  # type: ignore[operator]
        if done:
            rows.extend(done)  # type: ignore[attr-defined]


@csp.graph  # type: ignore[untyped-decorator]
def graph(curve: object, step: object, rows: object) -> None:
    bars(csp.curve(object, curve), step, rows)


def run_csp(trades: Sequence[Any], step: Callable[[Any], list[Any]], rows: list[Any]) -> None:
    """Runs a node of Python over the trades in simulated time."""
    tick = timedelta(microseconds=1)
    curve = [(START + tick * number, trade) for number, trade in enumerate(trades, 1)]
    csp.run(graph, curve, step, rows, starttime=START, endtime=timedelta(days=1))
