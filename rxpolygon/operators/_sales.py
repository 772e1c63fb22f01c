"""``SaleRules``: which trades may change which figures of a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Final, Generic, TypeVar

from rxpolygon.errors import InvalidTypeError
from rxpolygon.events import CryptoTrade
from rxpolygon.events.conditions import SALE_CONDITIONS, TAPE_CONDITIONS, Effect, SaleCondition
from rxpolygon.operators._checks import not_negative

__all__ = [
    "HIGH_LOW",
    "HIGH_LOW_FIRST",
    "HIGH_LOW_OFF_HOURS",
    "NOTHING",
    "OPEN_CLOSE",
    "OPEN_CLOSE_FIRST",
    "OPEN_CLOSE_OFF_HOURS",
    "PLAIN",
    "VOLUME",
    "SaleRules",
    "check_rules",
]

TSale = TypeVar("TSale", contravariant=True)

# What a trade may change, as bits of an int: one comparison tells the plain trade from all others.
# A figure's plain bit says "may", and the two bits after it add a condition that must hold too.
NOTHING: Final = 0
VOLUME: Final = 1
HIGH_LOW: Final = 2
OPEN_CLOSE: Final = 4
HIGH_LOW_OFF_HOURS: Final = 8
OPEN_CLOSE_OFF_HOURS: Final = 16
HIGH_LOW_FIRST: Final = 32
OPEN_CLOSE_FIRST: Final = 64
PLAIN: Final = VOLUME | HIGH_LOW | OPEN_CLOSE

_HIGH_LOW_BITS: Final = {
    Effect.ALWAYS: HIGH_LOW,
    Effect.OFF_HOURS: HIGH_LOW | HIGH_LOW_OFF_HOURS,
    Effect.FIRST_OF_DAY: HIGH_LOW | HIGH_LOW_FIRST,
    Effect.NEVER: NOTHING,
}
_OPEN_CLOSE_BITS: Final = {
    Effect.ALWAYS: OPEN_CLOSE,
    Effect.OFF_HOURS: OPEN_CLOSE | OPEN_CLOSE_OFF_HOURS,
    Effect.FIRST_OF_DAY: OPEN_CLOSE | OPEN_CLOSE_FIRST,
    Effect.NEVER: NOTHING,
}

Table = Mapping[int, SaleCondition] | Mapping[str, SaleCondition] | Mapping[int | str, SaleCondition]
Codes = Iterable[int] | Iterable[str] | None


class SaleRules(Generic[TSale]):
    """Three predicates on a trade: may it move a bar's high and low, set its open and close, add volume?

    A predicate answers yes or no, or with an :class:`~rxpolygon.events.conditions.Effect` where that hangs on
    more than the trade itself: ``Effect.OFF_HOURS`` (yes outside 9:30-16:00 New York) and
    ``Effect.FIRST_OF_DAY`` (yes if no earlier trade of the symbol set a price on that day in New York). The
    operator then looks the rest up. A predicate that raises ends the stream with ``on_error``.

    Args:
        updates_high_low: May the trade move the high and the low?
        updates_open_close: May it set the open (when it is the first) and the close (when it is the last)?
        updates_volume: Does its size count?

    Raises:
        InvalidTypeError: A predicate is no function.

    Attributes:
        SIP: The rules of the US consolidated tapes, by Polygon's codes and by the tapes' letters
            (:data:`~rxpolygon.events.conditions.SALE_CONDITIONS`, ``TAPE_CONDITIONS``); a trade of less than
            one share never moves a price. Trades without sale conditions (futures), and crypto trades, whose
            conditions mean something else, all count.
        EVERY_TRADE: Every trade counts for everything.

    Example:
        Only trades without any condition set prices, all add volume:

        >>> from rxpolygon.events import Trade
        >>> plain = SaleRules[Trade](
        ...     updates_high_low=lambda trade: not trade.conditions,
        ...     updates_open_close=lambda trade: not trade.conditions,
        ...     updates_volume=lambda trade: True,
        ... )
        >>> plain.updates_high_low(Trade(symbol="IBM", conditions=(37,)))
        False
        >>> SaleRules.SIP.updates_open_close(Trade(symbol="IBM", price=1, size=100, conditions=(12, 41)))
        <Effect.OFF_HOURS: 'off hours'>
    """

    SIP: ClassVar[SaleRules[object]]
    EVERY_TRADE: ClassVar[SaleRules[object]]

    def __init__(
        self,
        updates_high_low: Callable[[TSale], bool | Effect],
        updates_open_close: Callable[[TSale], bool | Effect],
        updates_volume: Callable[[TSale], bool],
    ) -> None:
        for name, predicate in (
            ("updates_high_low", updates_high_low),
            ("updates_open_close", updates_open_close),
            ("updates_volume", updates_volume),
        ):
            if not callable(predicate):
                raise InvalidTypeError(name, predicate, "a function of a trade")
        self.updates_high_low = updates_high_low
        self.updates_open_close = updates_open_close
        self.updates_volume = updates_volume

    @classmethod
    def from_table(cls, table: Table, *, least_size: float = 0) -> SaleRules[object]:
        """Rules by the codes in a trade's ``conditions``; decided once for each combination of codes.

        Args:
            table: What each code allows. The most restrictive code of a trade wins; a code that is not in the
                table forbids nothing.
            least_size: A smaller trade never moves a price, whatever its codes.

        Example:
            The rules of the tapes, but odd lots (code 37) move prices:

            >>> from msgspec.structs import replace
            >>> from rxpolygon.events.conditions import SALE_CONDITIONS, Effect
            >>> odd_lot = replace(SALE_CONDITIONS[37], high_low=Effect.ALWAYS, open_close=Effect.ALWAYS)
            >>> rules = SaleRules.from_table({**SALE_CONDITIONS, 37: odd_lot}, least_size=1)

        Raises:
            InvalidTypeError: ``table`` maps no codes to SaleConditions, or ``least_size`` is no number.
            InvalidArgumentError: ``least_size`` is below zero.
        """
        if not isinstance(table, Mapping):
            raise InvalidTypeError("table", table, "a mapping of codes to SaleConditions")
        for code, condition in table.items():
            if not isinstance(condition, SaleCondition):
                raise InvalidTypeError(f"table[{code!r}]", condition, "a SaleCondition")
        not_negative("least_size", least_size)
        return TableRules(table, least_size)

    def judge(self, trade: TSale) -> int:
        """What a trade may change, as bits."""
        return (
            _bits(self.updates_high_low(trade), _HIGH_LOW_BITS)
            | _bits(self.updates_open_close(trade), _OPEN_CLOSE_BITS)
            | (VOLUME if self.updates_volume(trade) else NOTHING)
        )


def _bits(answer: bool | Effect, bits: Mapping[Effect, int]) -> int:
    if isinstance(answer, Effect):
        return bits[answer]
    return bits[Effect.ALWAYS] if answer else NOTHING


def check_rules(sales: object) -> None:
    """Refuses what are no rules."""
    if not isinstance(sales, SaleRules):
        raise InvalidTypeError("sales", sales, "rules, such as SaleRules.SIP or SaleRules.EVERY_TRADE")


class EveryTrade(SaleRules[object]):
    """Rules that need not be asked."""

    def __init__(self) -> None:
        super().__init__(_yes, _yes, _yes)

    def __repr__(self) -> str:
        return "SaleRules.EVERY_TRADE"


def _yes(_trade: object) -> bool:
    return True


class TableRules(SaleRules[object]):
    """Rules that hang on a trade's conditions (and size) alone, so that answers are kept by conditions."""

    def __init__(self, table: Table, least_size: float) -> None:
        super().__init__(self._high_low, self._open_close, self._volume)
        # A float, as sizes from the wire are: numbers of one type compare faster.
        self.least_size = float(least_size)
        #: What a trade of full size may change, by its conditions.
        self.known: dict[object, int] = {}
        self._table: dict[object, SaleCondition] = dict(table.items())

    def __repr__(self) -> str:
        # It stands in the signatures of the operators, where help() and notebooks show it.
        if self is SaleRules.SIP:
            return "SaleRules.SIP"
        return f"<SaleRules of {len(self._table)} codes, least_size={self.least_size:g}>"

    def applies_to(self, event: object) -> bool:
        """Whether an event, or a class of events, has codes at all, and they are sale conditions."""
        kind = event if isinstance(event, type) else type(event)
        is_told = hasattr(event, "conditions") and not issubclass(kind, CryptoTrade)
        return is_told and getattr(kind, "has_sale_conditions", True)

    def learn(self, conditions: Codes) -> int:
        """Decides a combination of codes that was not seen before."""
        codes = tuple(conditions or ())
        high_low, open_close, volume = HIGH_LOW, OPEN_CLOSE, VOLUME
        for code in codes:
            # The first letter says the tape, on which another one may have a meaning of its own.
            pair = f"{codes[0]}{code}" if isinstance(code, str) else code
            condition = self._table.get(pair) or self._table.get(code)
            if condition is not None:
                high_low = _stricter(high_low, _HIGH_LOW_BITS[condition.high_low], HIGH_LOW)
                open_close = _stricter(open_close, _OPEN_CLOSE_BITS[condition.open_close], OPEN_CLOSE)
                volume = volume if condition.volume else NOTHING
        bits = high_low | open_close | volume
        if conditions is None or isinstance(conditions, tuple):
            self.known[conditions] = bits
        return bits

    def judge(self, trade: object) -> int:
        """What a trade may change, as bits."""
        if not self.applies_to(trade):
            return PLAIN
        bits = self.learn(getattr(trade, "conditions", None))
        size = getattr(trade, "size", None)
        return bits & VOLUME if size is not None and size < self.least_size else bits

    def _high_low(self, trade: object) -> Effect:
        return _effect(self.judge(trade), HIGH_LOW, HIGH_LOW_OFF_HOURS, HIGH_LOW_FIRST)

    def _open_close(self, trade: object) -> Effect:
        return _effect(self.judge(trade), OPEN_CLOSE, OPEN_CLOSE_OFF_HOURS, OPEN_CLOSE_FIRST)

    def _volume(self, trade: object) -> bool:
        return bool(self.judge(trade) & VOLUME)


def _stricter(so_far: int, other: int, may: int) -> int:
    return so_far | other if so_far & other & may else NOTHING


def _effect(bits: int, may: int, off_hours: int, first: int) -> Effect:
    if not bits & may:
        return Effect.NEVER
    if bits & first:
        return Effect.FIRST_OF_DAY
    return Effect.OFF_HOURS if bits & off_hours else Effect.ALWAYS


_CONDITIONS: Final = (*SALE_CONDITIONS.values(), *TAPE_CONDITIONS.values())

SaleRules.SIP = TableRules({condition.code: condition for condition in _CONDITIONS}, least_size=1)
SaleRules.EVERY_TRADE = EveryTrade()
