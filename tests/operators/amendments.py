"""Corrections and cancels as a venue's codec makes them, and streams of trades that have some."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from rxpolygon.events import Trade
from tests.operators.streams import trade


class Cancel(Struct, frozen=True):
    """Takes a trade back. It has a price and a size, as Alpaca's has."""

    symbol: str
    timestamp: int
    id: str
    exchange: int = 4
    price: float = 1e6
    size: float = 1e6

    @property
    def cancels(self) -> tuple[int, str]:
        return self.exchange, self.id


class Correction(Struct, frozen=True):
    """Puts a trade right, which has another id from then on, if one is given."""

    symbol: str
    timestamp: int
    id: str
    right_price: float
    right_size: float
    right_id: str | None = None

    @property
    def corrects(self) -> tuple[int, str]:
        return 4, self.id

    def corrected(self, original: Trade) -> Trade:
        right_id = original.id if self.right_id is None else self.right_id
        return replace(original, price=self.right_price, size=self.right_size, id=right_id)


@dataclass
class Amended:
    """A stream with amendments, and after each event the trades that are left, each at its first place."""

    events: list[Trade | Cancel | Correction]
    left: list[list[Trade]]


@st.composite
def amended_streams(draw: st.DrawFn, last: int = 500) -> Amended:
    """Trades of two symbols by ascending time, one in three followed by an amendment of one before it."""
    stamps = sorted(draw(st.lists(st.integers(0, last), min_size=1, max_size=40)))
    prices, sizes = st.floats(0.01, 1e5), st.sampled_from([0.0, 1.0, 0.1, 7.3, 1e6])
    it = Amended([], [])
    left: list[Trade] = []
    for number, at in enumerate(stamps):
        symbol = draw(st.sampled_from("AB"))
        new = trade(symbol, draw(prices), at, size=draw(sizes), id=str(number))
        left = [*left, new]
        it.events.append(new)
        it.left.append(left)
        if draw(st.integers(0, 2)):
            continue
        place = draw(st.integers(0, len(left) - 1))
        old = left[place]
        if draw(st.booleans()):
            it.events.append(Cancel(old.symbol, at, str(old.id)))
            left = [*left[:place], *left[place + 1 :]]
        else:
            amendment = Correction(old.symbol, at, str(old.id), draw(prices), draw(sizes), f"{old.id}'")
            it.events.append(amendment)
            left = [*left[:place], amendment.corrected(old), *left[place + 1 :]]
        it.left.append(left)
        if not left:
            break
    return it
