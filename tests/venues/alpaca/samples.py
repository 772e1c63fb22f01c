"""What the vendor's documentation shows of its wire, and the same in msgpack by another package."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # it has no annotations
import orjson

__all__ = ["INSTANT", "INSTANT_NS", "SAMPLES", "Item", "in_json", "in_msgpack"]

Item = dict[str, Any]  # Any: what the wire may hold

INSTANT: Final = "2023-11-14T22:13:20.123456789Z"
INSTANT_NS: Final = 1_700_000_000_123_456_789

_TRADE: Final = {"T": "t", "S": "AAPL", "i": 96921, "x": "D", "p": 126.55, "s": 1, "c": ["@", "I"], "z": "C"}
_QUOTE: Final = {
    "T": "q",
    "S": "AMD",
    "bx": "U",
    "bp": 87.66,
    "bs": 1,
    "ax": "Q",
    "ap": 87.68,
    "as": 4,
    "c": ["R"],
    "z": "C",
}
_BAR: Final = {
    "S": "SPY",
    "o": 388.98,
    "h": 389.13,
    "l": 388.97,
    "c": 389.12,
    "v": 49378,
    "n": 461,
    "vw": 389.06,
}
_STATUS: Final = {
    "T": "s",
    "S": "AAPL",
    "sc": "H",
    "sm": "Trading Halt",
    "rc": "T12",
    "rm": "Additional Information Requested",
    "z": "C",
}
_LULD: Final = {"T": "l", "S": "IONM", "u": 3.24, "d": 2.65, "i": "B", "z": "C"}
_CANCEL: Final = {"T": "x", "S": "GOOGL", "i": 465, "x": "D", "p": 122.65, "s": 225, "a": "C", "z": "C"}
_CORRECTION: Final = {
    "T": "c",
    "S": "EEM",
    "x": "M",
    "oi": 52983525033527,
    "op": 39.1582,
    "os": 440000,
    "oc": [" ", "7"],
    "ci": 52983525034326,
    "cp": 39.1809,
    "cs": 440000,
    "cc": [" ", "7"],
    "z": "B",
}
_IMBALANCE: Final = {"T": "i", "S": "INAQU", "p": 9.12, "z": "C"}

#: One event of each kind, by stream, without its instant.
SAMPLES: Final[dict[str, list[Item]]] = {
    "stocks": [
        _TRADE,
        _QUOTE,
        {"T": "b", **_BAR},
        {"T": "d", **_BAR},
        {"T": "u", **_BAR},
        _STATUS,
        _LULD,
        _CANCEL,
        _CORRECTION,
        _IMBALANCE,
    ],
    "crypto": [
        {"T": "t", "S": "AVAX/USD", "p": 47.299, "s": 29.205707815, "i": 3447222699101865076, "tks": "S"},
        {"T": "q", "S": "BAT/USD", "bp": 0.35718, "bs": 13445.46, "ap": 0.3581, "as": 13561.9},
        {
            "T": "o",
            "S": "BTC/USD",
            "b": [{"p": 24632.1, "s": 0.05}],
            "a": [{"p": 24695.2, "s": 0.5}],
            "r": True,
        },
        {"T": "b", **_BAR, "S": "BTC/USD"},
        {"T": "d", **_BAR, "S": "BTC/USD"},
        {"T": "u", **_BAR, "S": "BTC/USD"},
    ],
    "options": [
        {"T": "t", "S": "AAPL240315C00172500", "p": 2.84, "s": 1, "x": "N", "c": "S"},
        {
            "T": "q",
            "S": "SPXW240327P04925000",
            "bx": "C",
            "bp": 9.46,
            "bs": 53,
            "ax": "C",
            "ap": 9.66,
            "as": 38,
            "c": "A",
        },
    ],
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
