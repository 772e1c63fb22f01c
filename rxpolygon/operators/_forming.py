"""A bar while trades are added to it."""

from __future__ import annotations

from math import inf
from typing import Final

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._new_york import is_regular_hours
from rxpolygon.operators._sales import (
    HIGH_LOW,
    HIGH_LOW_FIRST,
    HIGH_LOW_OFF_HOURS,
    OPEN_CLOSE,
    OPEN_CLOSE_FIRST,
    OPEN_CLOSE_OFF_HOURS,
    PLAIN,
    VOLUME,
)

__all__ = ["Forming", "filled_bar"]

_BEFORE_ALL: Final = -(2**63)
_AFTER_ALL: Final = 2**63


class _Conditional:
    """The earliest trade that counts only as the first of the day: whether it is, the closing shows."""

    __slots__ = ("at", "bits", "follows_open", "price", "rank")

    def __init__(self, at: int, rank: int, price: float, bits: int, *, follows_open: bool) -> None:
        self.at = at
        self.rank = rank
        self.price = price
        self.bits = bits
        #: Whether the open has its instant and rank, and came before it.
        self.follows_open = follows_open


class _Hot:
    """What a plain trade touches, in a class of its own so that it lies together.

    The slots of a class are laid out by name, those of its base first. With thousands of symbols the cost of
    a trade is the number of cache lines that it meets.
    """

    __slots__ = ("close", "close_at", "close_rank", "count", "high", "low", "value", "volume")


class Forming(_Hot):
    """The figures of one symbol in one window; one owner, never handed out.

    The open is the price of the earliest trade and the close that of the latest, by timestamp, then by
    sequence number where the events have one, then by arrival: within the allowed lateness the order of
    arrival does not matter.
    """

    __slots__ = (
        "first",
        "is_first_of_day",
        "open",
        "open_at",
        "open_rank",
        "outer_high",
        "outer_low",
        "revision",
        "shown_at",
        "trades",
    )

    def __init__(self) -> None:
        self.open = self.close = 0.0
        self.open_at, self.open_rank = _AFTER_ALL, 0
        self.close_at, self.close_rank = _BEFORE_ALL, 0
        # Of trades that may set open and close too, and of those that may not: a trade without a new high
        # need not be asked whether it is the earliest.
        self.high, self.low = -inf, inf
        self.outer_high, self.outer_low = -inf, inf
        self.volume: float = 0
        self.value = 0.0
        self.count = 0
        #: How often the bar was given as final.
        self.revision = 0
        #: Event time of the last provisional bar.
        self.shown_at = _BEFORE_ALL
        self.first: _Conditional | None = None
        #: Whether no earlier window of its day had a price; asked when ``first`` is there.
        self.is_first_of_day: bool | None = None
        #: The trades themselves with their instants, where corrections are expected.
        self.trades: list[tuple[int, object]] | None = None

    def keep(self, at: int, trade: object) -> None:
        """Keeps a trade, for corrections of it."""
        if self.trades is None:
            self.trades = []
        self.trades.append((at, trade))

    def take_open(self, at: int, rank: int, price: float) -> None:
        """Sets the open, if the trade is the earliest."""
        if at < self.open_at or (at == self.open_at and rank < self.open_rank):
            self.open = price
            self.open_at = at
            self.open_rank = rank

    def take(self, bits: int, at: int, rank: int, price: float, size: float) -> bool:
        """Adds a trade that may change what ``bits`` say; tells whether anything changed."""
        if bits & (HIGH_LOW_OFF_HOURS | OPEN_CLOSE_OFF_HOURS):
            bits = _without_regular_hours(bits, at)
        if not bits & PLAIN:
            return False
        if bits & (HIGH_LOW_FIRST | OPEN_CLOSE_FIRST):
            self._remember_first(bits, at, rank, price)
        # Comparisons instead of min and max, whose calls cost more than all the rest.
        sets_open_close = bits & OPEN_CLOSE and not bits & OPEN_CLOSE_FIRST
        if bits & HIGH_LOW and not bits & HIGH_LOW_FIRST:
            if sets_open_close:
                if price > self.high:
                    self.high = price
                if price < self.low:
                    self.low = price
            else:
                if price > self.outer_high:
                    self.outer_high = price
                if price < self.outer_low:
                    self.outer_low = price
        if sets_open_close:
            close_at = self.close_at
            if at > close_at or (at == close_at and rank >= self.close_rank):
                self.close, self.close_at, self.close_rank = price, at, rank
            if at < self.open_at or (at == self.open_at and rank < self.open_rank):
                self.open, self.open_at, self.open_rank = price, at, rank
        if bits & VOLUME:
            self.volume += size
            self.value += price * size
        self.count += 1
        return True

    def _remember_first(self, bits: int, at: int, rank: int, price: float) -> None:
        if self.first is None or (at, rank) < (self.first.at, self.first.rank):
            follows_open = (at, rank) == (self.open_at, self.open_rank)
            self.first = _Conditional(at, rank, price, bits, follows_open=follows_open)

    def _counting_first(self) -> _Conditional | None:
        first = self.first
        if first is None or not self.is_first_of_day:
            return None
        place, place_of_open = (first.at, first.rank), (self.open_at, self.open_rank)
        is_before = place < place_of_open or (place == place_of_open and not first.follows_open)
        return first if is_before else None

    def to_bar(self, symbol: str, start: int, end: int, *, is_final: bool) -> Bar | None:
        """The bar as it stands; None while no trade set a price."""
        first = self._counting_first()
        opening, close = self.open, self.close
        high = self.high if self.high >= self.outer_high else self.outer_high
        low = self.low if self.low <= self.outer_low else self.outer_low
        if first is not None and first.bits & OPEN_CLOSE:
            opening = first.price
            close = close if self.open_at != _AFTER_ALL else first.price
        elif self.open_at == _AFTER_ALL:
            return None
        if first is not None and first.bits & HIGH_LOW:
            high, low = max(high, first.price), min(low, first.price)
        if high == -inf:
            high, low = max(opening, close), min(opening, close)
        return Bar(
            symbol=symbol,
            start=start,
            end=end,
            open=opening,
            high=high,
            low=low,
            close=close,
            volume=float(self.volume),
            vwap=self.value / self.volume if self.volume else None,
            count=self.count,
            revision=self.revision,
            is_final=is_final,
        )


def filled_bar(symbol: str, start: int, end: int, price: float, forming: Forming | None = None) -> Bar:
    """The bar of a window where no trade set a price: at the price before, with the volume there was."""
    volume, value = (forming.volume, forming.value) if forming else (0.0, 0.0)
    return Bar(
        symbol=symbol,
        start=start,
        end=end,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=float(volume),
        vwap=value / volume if volume else None,
        count=forming.count if forming else 0,
        revision=forming.revision if forming else 0,
        is_filled=True,
    )


def _without_regular_hours(bits: int, at: int) -> int:
    if not is_regular_hours(at):
        return bits
    if bits & HIGH_LOW_OFF_HOURS:
        bits &= ~(HIGH_LOW | HIGH_LOW_FIRST)
    if bits & OPEN_CLOSE_OFF_HOURS:
        bits &= ~(OPEN_CLOSE | OPEN_CLOSE_FIRST)
    return bits
