"""Alpaca's letters for exchanges, tapes, sale conditions and statuses, from the market's numbers.

The letters are those of the consolidated tapes (CTA and UTP participant specifications) and of OPRA.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = [
    "EXCHANGES",
    "TAPES",
    "option_condition",
    "option_exchange",
    "sale_conditions",
    "status_words",
]

#: Letters of exchanges; the tape of Nasdaq's own listings calls Nasdaq Q, and so does the vendor.
EXCHANGES: Final = {
    1: "A",
    2: "B",
    3: "C",
    4: "D",
    6: "I",
    7: "J",
    8: "K",
    9: "M",
    10: "N",
    11: "P",
    12: "Q",
    14: "L",
    15: "V",
    16: "W",
    17: "X",
    18: "Y",
    19: "Z",
    20: "H",
    21: "U",
}
#: Letters of the tapes; a symbol of none is written without.
TAPES: Final = {0: "", 1: "A", 2: "B", 3: "C"}
_UTP: Final = 3

# The first place says how the trade settles: regularly, or by one of these.
_REGULAR_CTA: Final = " "
_REGULAR_UTP: Final = "@"
_SETTLEMENTS: Final = {7: "C", 20: "N", 29: "R"}
_BOTH_TAPES: Final = {
    8: "6",
    9: "X",
    10: "4",
    12: "T",
    13: "U",
    14: "F",
    15: "M",
    16: "Q",
    17: "O",
    18: "5",
    21: "H",
    22: "P",
    25: "O",
    28: "5",
    30: "L",
    32: "Z",
    37: "I",
    38: "9",
    52: "V",
    53: "7",
}
_CTA_ONLY: Final = {2: "B", 3: "E", 23: "K", 24: "K"}
_UTP_ONLY: Final = {1: "A", 2: "W", 4: "B", 11: "D", 23: "K", 24: "K", 27: "1", 34: "S", 36: "Y"}


@lru_cache(maxsize=1_024)
def sale_conditions(codes: tuple[int, ...], tape: int) -> list[str]:
    """The letters of a trade's conditions. The list is shared: it must not be changed.

    Example:
        >>> sale_conditions((14, 37), 3), sale_conditions((53,), 1)
        (['@', 'F', 'I'], [' ', '7'])
    """
    own = _UTP_ONLY if tape == _UTP else _CTA_ONLY
    letters = [_BOTH_TAPES.get(code) or own.get(code) for code in codes if code not in _SETTLEMENTS]
    settlement = next((_SETTLEMENTS[code] for code in codes if code in _SETTLEMENTS), None)
    first = settlement or (_REGULAR_UTP if tape == _UTP else _REGULAR_CTA)
    return [first, *(letter for letter in letters if letter is not None)]


def status_words(tape: int) -> tuple[str, str]:
    """Code and message of a symbol that trades."""
    return ("T", "Trading Resumption") if tape == _UTP else ("3", "Resume")


_OPTION_EXCHANGES: Final = "ABCDEHIJMNPQTUWXZ"
_FIRST_OPTION_EXCHANGE: Final = 300
# Automatic execution, and electronic trades of single and of several legs.
_OPTION_CONDITIONS: Final = {209: "I", 227: "a", 232: "f", 233: "g"}


def option_exchange(number: int) -> str:
    """The letter of an options exchange."""
    return _OPTION_EXCHANGES[(number - _FIRST_OPTION_EXCHANGE) % len(_OPTION_EXCHANGES)]


def option_condition(codes: tuple[int, ...]) -> str:
    """The letter of an option trade's condition."""
    return next((_OPTION_CONDITIONS[code] for code in codes if code in _OPTION_CONDITIONS), " ")
