"""Sale conditions of US equities, and what each lets a trade change in a bar.

The rules are those of the consolidated tapes (CTA and UTP participant specifications, sale condition
tables), under Polygon's numeric codes in :data:`SALE_CONDITIONS` and under the tapes' own letters, which
Alpaca sends, in :data:`TAPE_CONDITIONS`. A trade changes a figure unless one of its codes forbids it: the
most restrictive code wins. A code that is not in the table forbids nothing.

The tables are data: they may be copied, changed and used for rules of one's own.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["SALE_CONDITIONS", "TAPE_CONDITIONS", "Effect", "SaleCondition"]


class Effect(Enum):
    """When a trade with a condition may change a figure of a bar."""

    ALWAYS = "always"
    #: Only outside regular hours, 9:30 to 16:00 in New York.
    OFF_HOURS = "off hours"
    #: Only if it is the symbol's first trade of the day (New York) that could set a price.
    FIRST_OF_DAY = "first of day"
    NEVER = "never"


class SaleCondition(Struct, frozen=True):
    """One sale condition.

    Attributes:
        code: The code as in ``Trade.conditions``: Polygon's number, or the tape's letter.
        name: What the tapes call it.
        high_low: When the trade may move the high and the low.
        open_close: When the trade may set the open and the close.
        volume: Whether the trade's size counts.
    """

    code: int | str
    name: str
    high_low: Effect = Effect.ALWAYS
    open_close: Effect = Effect.ALWAYS
    volume: bool = True


def _table() -> dict[int, SaleCondition]:
    plain = {
        0: "regular sale",
        1: "acquisition",
        3: "automatic execution",
        4: "bunched trade",
        8: "closing print",
        9: "cross trade",
        11: "distribution",
        14: "intermarket sweep",
        17: "market center opening trade",
        18: "market center reopening trade",
        19: "market center closing trade",
        23: "rule 155 trade",
        24: "rule 127 trade",
        25: "opening print",
        27: "stopped stock",
        28: "reopening print",
        34: "split trade",
        36: "yellow flag regular trade",
        41: "trade-through exempt",
    }
    volume_only = {
        2: "average price",
        7: "cash sale",
        20: "next day",
        21: "price variation",
        29: "seller",
        35: "stock option",
        37: "odd lot",
        52: "contingent",
        53: "qualified contingent",
    }
    off_hours = {12: "form T", 13: "extended hours, sold out of sequence"}
    late_price = {
        10: "derivatively priced",
        22: "prior reference price",
        30: "sold last",
        32: "sold out of sequence",
        33: "sold out of sequence, stopped stock",
    }
    no_part = {15: "official close", 16: "official open", 38: "corrected consolidated close"}

    never, sometimes, first = Effect.NEVER, Effect.OFF_HOURS, Effect.FIRST_OF_DAY
    conditions = [
        *(SaleCondition(code, name) for code, name in plain.items()),
        *(SaleCondition(code, name, never, never) for code, name in volume_only.items()),
        *(SaleCondition(code, name, sometimes, sometimes) for code, name in off_hours.items()),
        *(SaleCondition(code, name, open_close=first) for code, name in late_price.items()),
        *(SaleCondition(code, name, never, never, volume=False) for code, name in no_part.items()),
    ]
    by_code = {int(condition.code): condition for condition in conditions}
    return dict(sorted(by_code.items()))


#: Every known condition by Polygon's code.
SALE_CONDITIONS: Final = _table()

# The tapes' letters, and Polygon's code for the same condition. Tape C begins with @, tapes A and B with a
# space, and one letter differs: B is the average price of A and B, and the bunched trade of C.
_LETTERS: Final = {
    "@": 0,
    " ": 0,
    "A": 1,
    "B": 2,
    "@B": 4,
    "W": 2,
    "E": 3,
    "8": 0,
    "C": 7,
    "6": 8,
    "X": 9,
    "4": 10,
    "D": 11,
    "T": 12,
    "U": 13,
    "F": 14,
    "M": 15,
    "Q": 16,
    "N": 20,
    "H": 21,
    "P": 22,
    "K": 23,
    "O": 25,
    "1": 27,
    "5": 28,
    "R": 29,
    "G": 30,
    "L": 30,
    "2": 30,
    "Z": 32,
    "3": 33,
    "S": 34,
    "Y": 36,
    "I": 37,
    "9": 38,
    "V": 52,
    "7": 53,
}

#: The same conditions by the letters of the consolidated tapes (CTS and UTP). Two letters are what the second
#: one means when the first one begins the conditions.
TAPE_CONDITIONS: Final = {
    letter: replace(SALE_CONDITIONS[code], code=letter) for letter, code in _LETTERS.items()
}
