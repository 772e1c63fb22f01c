"""What kinds of trades a tape carries, in proportions like those of US equities in 2025.

About half of the trades are odd lots (condition 37), a quarter are intermarket sweeps (14), and the codes
that bars must treat apart are rare but present.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

__all__ = ["EQUITY_SALES", "OPTION_SALES", "Lot", "Sale"]


class Lot(Enum):
    """How large a trade is."""

    ODD = "1 to 99 shares"
    ROUND = "hundreds of shares"
    BLOCK = "thousands of shares"
    FRACTION = "less than one share"
    MIXED = "odd lots with a fraction of a share"
    CONTRACTS = "a few contracts"


class Sale(NamedTuple):
    """A kind of trade.

    Attributes:
        conditions: Its codes in regular hours, ascending.
        off_hours: Its codes outside regular hours, where nearly every trade is form T (12).
        lot: How large it is.
        off_exchange: Whether a trade reporting facility reports it.
    """

    conditions: tuple[int, ...]
    off_hours: tuple[int, ...]
    lot: Lot
    off_exchange: bool


_FORM_T: Final = 12
_SLOTS: Final = 4_000

# Share in 1/4000, codes, size, off exchange.
_EQUITY: Final[tuple[tuple[int, tuple[int, ...], Lot, bool], ...]] = (
    (960, (37,), Lot.ODD, False),
    (460, (37,), Lot.ODD, True),
    (420, (14, 37), Lot.ODD, False),
    (60, (14, 37, 41), Lot.ODD, False),
    (60, (37,), Lot.FRACTION, True),
    (60, (37,), Lot.MIXED, True),
    (840, (), Lot.ROUND, False),
    (300, (), Lot.ROUND, True),
    (460, (14,), Lot.ROUND, False),
    (120, (14, 41), Lot.ROUND, False),
    (40, (), Lot.BLOCK, True),
    (60, (3,), Lot.ROUND, False),
    (32, (9,), Lot.BLOCK, False),
    (30, (41,), Lot.ROUND, True),
    (20, (12,), Lot.ROUND, True),
    (12, (12, 37), Lot.ODD, True),
    (12, (10,), Lot.ROUND, True),
    (8, (2,), Lot.BLOCK, True),
    (6, (22,), Lot.ROUND, True),
    (6, (32,), Lot.ROUND, True),
    (4, (53,), Lot.BLOCK, True),
    (4, (4,), Lot.BLOCK, True),
    (4, (7,), Lot.ROUND, True),
    (4, (21,), Lot.ROUND, True),
    (4, (13,), Lot.ROUND, True),
    (4, (30,), Lot.ROUND, True),
    (4, (52,), Lot.BLOCK, True),
    (2, (15,), Lot.ROUND, False),
    (2, (16,), Lot.ROUND, False),
    (2, (38,), Lot.ROUND, False),
)
_OPTION: Final[tuple[tuple[int, tuple[int, ...], Lot, bool], ...]] = (
    (2400, (209,), Lot.CONTRACTS, False),
    (1000, (227,), Lot.CONTRACTS, False),
    (320, (232,), Lot.CONTRACTS, False),
    (280, (233,), Lot.CONTRACTS, False),
)


def _off_hours(conditions: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*conditions, _FORM_T}))


def _spread_out(rows: tuple[tuple[int, tuple[int, ...], Lot, bool], ...], equity: bool) -> tuple[Sale, ...]:
    """One slot for each 1/4000, so that a random number picks a kind by one index."""
    slots: list[Sale] = []
    for share, conditions, lot, off_exchange in rows:
        sale = Sale(conditions, _off_hours(conditions) if equity else conditions, lot, off_exchange)
        slots.extend([sale] * share)
    assert len(slots) == _SLOTS, len(slots)
    return tuple(slots)


#: Kinds of trades in stocks; pick one at random.
EQUITY_SALES: Final = _spread_out(_EQUITY, equity=True)
#: Kinds of trades in option contracts; pick one at random.
OPTION_SALES: Final = _spread_out(_OPTION, equity=False)
