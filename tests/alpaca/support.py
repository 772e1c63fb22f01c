"""The words in which the tests of Alpaca's streams speak."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

from rxpolygon.alpaca import StockDataStream
from rxpolygon.simulator import Simulator
from rxpolygon.status import Status
from tests.client.support import topics, wait_for_topics
from tests.support import wait_for

__all__ = ["FEED", "Connect", "ids", "push", "push_until", "statuses", "topics", "trade", "wait_for_topics"]

Connect = Callable[..., StockDataStream]

FEED: Final = "v2/iex"

_numbers: Final = itertools.count(1_000_000)


def trade(
    number: int = 1, symbol: str = "AAPL", at: str = "2023-11-14T22:13:20Z", **fields: object
) -> dict[str, object]:
    """A trade as JSON has it; ``number`` is its id."""
    return {
        "T": "t",
        "S": symbol,
        "i": number,
        "x": "V",
        "p": 10.5,
        "s": 100,
        "c": ["@"],
        "t": at,
        "z": "C",
        **fields,
    }


def push(server: Simulator, *numbers: int, symbol: str = "AAPL") -> None:
    """Send trades with these ids, each in a frame of its own."""
    for number in numbers:
        server.push(FEED, trade(number, symbol))


def push_until(server: Simulator, condition: Callable[[], bool], symbol: str = "AAPL") -> None:
    """Send trades until a condition holds."""

    def push_and_look() -> bool:
        push(server, next(_numbers), symbol=symbol)
        return condition()

    wait_for(push_and_look)


def ids(events: list[Any]) -> list[int]:
    """The ids of trades, or of their dicts."""
    return [event["i"] if isinstance(event, dict) else event.id for event in events]


def statuses(stream: StockDataStream) -> list[Status]:
    """A list that grows by each status from now on."""
    told: list[Status] = []
    stream.status.subscribe(told.append)
    return told
