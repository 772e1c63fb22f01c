"""A book that is kept by what changes in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from rxpolygon.operators._protocols import BookChange, PriceAndSize

__all__ = ["ChangingBook"]

Level = tuple[float, float]


class _Side:
    """The levels of one side, sorted from the best price on."""

    __slots__ = ("_keys", "_levels", "_sign")

    def __init__(self, sign: int) -> None:
        self._sign = sign  # times the price it is least for the best one
        self._keys: list[float] = []
        self._levels: list[Level] = []

    def clear(self) -> None:
        self._keys.clear()
        self._levels.clear()

    def change(self, changes: Iterable[PriceAndSize]) -> None:
        """Each size is the whole one at its price; of size 0 nothing is left."""
        keys, levels = self._keys, self._levels
        for change in changes:
            price, size = change.price, change.size
            key = price * self._sign
            place = bisect_left(keys, key)
            is_known = place < len(keys) and keys[place] == key
            if not size:
                if is_known:
                    del keys[place], levels[place]
            elif is_known:
                levels[place] = (price, size)
            else:
                keys.insert(place, key)
                levels.insert(place, (price, size))

    def best(self, count: int | None) -> tuple[Level, ...]:
        return tuple(self._levels[:count])


class ChangingBook:
    """The book of one symbol. It begins with a whole one.

    Attributes:
        is_whole: Whether a whole book came; before, a change tells nothing.
    """

    __slots__ = ("_asks", "_bids", "is_whole")

    def __init__(self) -> None:
        self.is_whole = False
        self._bids, self._asks = _Side(-1), _Side(1)

    def take(self, change: BookChange) -> None:
        """Begin anew with a whole book, or change what there is."""
        if change.reset:
            self.is_whole = True
            self._bids.clear()
            self._asks.clear()
        self._bids.change(change.bids)
        self._asks.change(change.asks)

    def sides(self, levels: int | None) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Bids and offers, the best price of each first."""
        return self._bids.best(levels), self._asks.best(levels)
