"""Markets without a server, for tests of what happens on them."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from rxpolygon.simulator.market.market import ClusterMarket, Lateness
from rxpolygon.simulator.market.records import Record

__all__ = ["OFF_HOURS", "REGULAR_HOURS", "of_kind", "run"]

#: 2025-11-06 11:00:20 in New York, a Thursday.
REGULAR_HOURS: Final = 1_762_444_820_000
#: 2025-11-06 18:00:20 in New York.
OFF_HOURS: Final = 1_762_470_020_000

R = TypeVar("R", bound=Record)


def run(
    market: str,
    *symbols: str,
    seconds: float = 90,
    step: int = 250,
    seed: int = 1,
    start: int = REGULAR_HOURS,
    rate: float | None = None,
    lateness: Lateness | None = None,
) -> list[tuple[int, Record]]:
    """Everything that is published on some symbols in a time, in order."""
    cluster = ClusterMarket(market, seed=seed, start=start, rate=rate, lateness=lateness)
    for symbol in symbols:
        cluster.open(symbol)
    published: list[tuple[int, Record]] = []
    end = start + int(seconds * 1_000)
    while cluster.now < end:
        published.extend(cluster.advance(min(cluster.now + step, end)))
    return published


def of_kind(published: list[tuple[int, Any]], kind: type[R]) -> list[R]:
    """The records of one kind, in order."""
    return [record for _, record in published if isinstance(record, kind)]
