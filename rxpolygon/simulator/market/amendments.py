"""Trades that are cancelled or corrected after they were published."""

from __future__ import annotations

import heapq
import math
import random
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from rxpolygon.simulator.market.records import Amendment, Print

if TYPE_CHECKING:
    from rxpolygon.simulator.market.records import Record

__all__ = ["Amender", "Amendments"]

_CORRECTED_SHARE: Final = 0.5
_ERROR_SHARE: Final = 0.3
_PRICE_FACTOR: Final = 0.999
_DECIMALS: Final = 2
# A corrected trade has a number of its own, far from those of the others.
_NEW_NUMBERS: Final = 1_000_000_000


class Amendments(Struct, frozen=True):
    """That some trades are amended.

    Attributes:
        share: Which share of them, 0 to 1.
        within_ms: How long after their publication at most, in milliseconds of market time.
    """

    share: float
    within_ms: float


class Amender:
    """Amends trades of one symbol; half of them are corrected, the others cancelled.

    Attributes:
        next_at: Before this instant there is nothing to tell.
    """

    def __init__(self, amendments: Amendments, seed: str) -> None:
        self.next_at = math.inf
        self._amendments = amendments
        self._random = random.Random(f"{seed}/amendments")
        self._held: list[tuple[int, int, Amendment]] = []
        self._count = 0

    def amend(self, published: list[tuple[int, Record]], until: int) -> list[tuple[int, Record]]:
        """What is published before an instant, with the amendments that are due."""
        for at, record in published:
            if isinstance(record, Print) and self._random.random() < self._amendments.share:
                self._count += 1
                told = at + 1 + int(self._random.random() * self._amendments.within_ms)
                heapq.heappush(self._held, (told, self._count, self._amendment(told, record)))
        due: list[tuple[int, Record]] = []
        while self._held and self._held[0][0] < until:
            told, _, amendment = heapq.heappop(self._held)
            due.append((told, amendment))
        self.next_at = self._held[0][0] if self._held else math.inf
        return [*published, *due]

    def _amendment(self, at: int, trade: Print) -> Amendment:
        if self._random.random() >= _CORRECTED_SHARE:
            return Amendment(trade.symbol, at, trade, None, self._random.random() < _ERROR_SHARE)
        number = trade.sequence + _NEW_NUMBERS
        price = round(trade.price * _PRICE_FACTOR, _DECIMALS)
        return Amendment(
            trade.symbol, at, trade, replace(trade, price=price, id=str(number), sequence=number), False
        )
