"""What the vendor's documentation shows of its wire, and the same in msgpack by another package."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # it has no annotations
import orjson

from tests.alpaca_simulator.samples import CRYPTO, OPTIONS, STOCKS, Sample

__all__ = ["INSTANT", "INSTANT_NS", "SAMPLES", "Item", "in_json", "in_msgpack"]

Item = dict[str, Any]  # Any: what the wire may hold

INSTANT: Final = "2023-11-14T22:13:20.123456789Z"
INSTANT_NS: Final = 1_700_000_000_123_456_789


def _bars(symbol: str) -> list[Item]:
    """A bar of each of the three kinds."""
    bar = {**_without_instant(STOCKS["bar"]), "S": symbol}
    return [{**bar, "T": kind} for kind in "bdu"]


def _without_instant(sample: Sample) -> Item:
    return {letter: value for letter, value in sample[1].items() if letter != "t"}


#: One event of each kind, by stream, without its instant.
SAMPLES: Final[dict[str, list[Item]]] = {
    "stocks": [
        *(_without_instant(sample) for name, sample in STOCKS.items() if name != "bar"),
        *_bars("SPY"),
    ],
    "crypto": [*map(_without_instant, CRYPTO.values()), *_bars("BTC/USD")],
    "options": [*map(_without_instant, OPTIONS.values())],
}


def in_json(items: list[Item]) -> bytes:
    """A frame of JSON; events that say no instant get the usual one."""
    return orjson.dumps([_stamped(item, INSTANT) for item in items])


def in_msgpack(items: list[Item]) -> bytes:
    """The same frame as the package msgpack writes it."""
    return bytes(msgpack.packb([_packed(item) for item in items]))


def _stamped(item: Item, instant: str) -> Item:
    return (
        item if "t" in item or item["T"] in ("success", "error", "subscription") else {**item, "t": instant}
    )


def _packed(item: Item) -> Item:
    stamped = _stamped(item, INSTANT)
    if not isinstance(stamped.get("t"), str):
        return stamped
    whole, _, fraction = stamped["t"].rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return {**stamped, "t": msgpack.Timestamp(seconds, int(fraction.ljust(9, "0")[:9] or 0))}
