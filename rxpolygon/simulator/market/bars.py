"""Second and minute bars, made from what was published, and made again when late trades change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.hours import DAY_MS, MINUTE_MS, SECOND_MS, NewYorkClock
from rxpolygon.simulator.market.records import (
    Bar,
    DayBar,
    LateBar,
    MinuteBar,
    Print,
    RevisedMinuteBar,
    SecondBar,
    Top,
    Value,
)
from rxpolygon.simulator.market.rules import SaleBook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rxpolygon.simulator.market.records import Record

__all__ = ["BarMaker"]

# Length, and the kinds of its bars: made in time, and made again.
_KINDS: Final[tuple[tuple[int, type[Bar], type[Bar]], ...]] = (
    (SECOND_MS, SecondBar, SecondBar),
    (MINUTE_MS, MinuteBar, RevisedMinuteBar),
)
_HALF_MINUTE_MS: Final = MINUTE_MS // 2
_REVISED_FOR_MS: Final = 15 * MINUTE_MS
_EXTRA_DECIMALS: Final = 2
# High and low, open and close, volume.
_EVERYTHING: Final = (True, True, True)


class BarMaker:
    """The bars of one symbol.

    A window without a trade that may set its open has no bar. Open and close are the prices of the first and
    the last such trade by time, and by sequence number within a millisecond, whenever they were published.

    Attributes:
        source: The kind of record that the bars are made of.
        due: Before this instant there is nothing to close.
    """

    def __init__(
        self,
        symbol: str,
        ticks: int,
        source: type[Record],
        *,
        revise: bool,
        equity_rules: bool,
        utc_days: bool = False,
    ) -> None:
        """Begin.

        Args:
            symbol: The symbol.
            ticks: Price steps in one unit, for the rounding of averages.
            source: What the bars are made of: trades, quotes (their bids, counted) or values.
            revise: Keep bars for 15 minutes of market time and send them again when a late trade changes
                them.
            equity_rules: Heed sale conditions.
            utc_days: Days begin at midnight UTC, not in New York.
        """
        self._symbol = symbol
        self._decimals = len(str(ticks)) - 1 + _EXTRA_DECIMALS
        self._revise = revise
        self.source = source
        self._book = SaleBook() if equity_rules else None
        self._clock = NewYorkClock()
        self._utc_days = utc_days
        self._day = _Day(0)
        self._open: tuple[dict[int, _Window], ...] = ({}, {})
        self.due = -1

    @property
    def is_open(self) -> bool:
        """Whether there are windows that may have to be published."""
        return bool(self._open[0] or self._open[1])

    def add(self, record: Record) -> None:
        """Count a record of the kind that the bars are made of."""
        match record:
            case Print():
                self._add_print(record)
            case Top():
                self._add(record.at, record.sequence, record.bid, 1, _EVERYTHING)
            case Value():
                self._add(record.at, 0, record.value, 0, _EVERYTHING)

    def close(self, until: int) -> Iterator[tuple[int, Bar]]:
        """The bars whose windows have ended by an instant, and those that late trades have changed.

        Each comes with the instant at which it is published: the end of its window, or for a revision the
        full second, or the half minute.
        """
        if until < self.due:
            return
        closed, now = self.due - SECOND_MS, until // SECOND_MS * SECOND_MS
        self.due = now + SECOND_MS
        for (length, kind, revised), windows in zip(_KINDS, self._open, strict=True):
            ended = [start for start in windows if start + length <= until]
            for start in ended:
                window = windows[start]
                if window.is_changed and window.is_priced:
                    window.is_changed = False
                    end = start + length
                    if end > closed:
                        yield end, self._bar(kind, end, start, end, window)
                        if kind is MinuteBar and self.source is Print:
                            yield end, self._day_bar(end)
                    else:
                        yield now, self._bar(revised, now, start, end, window)
                if not self._revise or start + length + _REVISED_FOR_MS <= until:
                    del windows[start]

        mark = (closed + _HALF_MINUTE_MS) // MINUTE_MS * MINUTE_MS + _HALF_MINUTE_MS
        if self._revise and mark <= now:
            yield from self._late_bars(mark)

    def _late_bars(self, at: int) -> Iterator[tuple[int, Bar]]:
        """The minutes that late trades changed since the last half minute."""
        for start, window in self._open[1].items():
            if window.is_late and window.is_priced:
                window.is_late = False
                yield at, self._bar(LateBar, at, start, start + MINUTE_MS, window)

    def _day_bar(self, at: int) -> Bar:
        day = self._day
        return self._bar(DayBar, at, day.start, at, day.window)

    def _day_start(self, at: int) -> int:
        return at - (at % DAY_MS if self._utc_days else self._clock.time_of_day(at))

    def _add_print(self, trade: Print) -> None:
        day = self._day_start(trade.at)
        if day > self._day.start:
            self._day = _Day(day)
        if self._book is None:
            self._add(trade.at, trade.sequence, trade.price, trade.size, _EVERYTHING)
            return
        is_regular = self._clock.is_regular(trade.at)
        may = self._book.permission(trade.conditions, trade.size, is_regular=is_regular)
        sets_price = may.open_close and not (may.first_only and self._day.is_priced)
        self._add(trade.at, trade.sequence, trade.price, trade.size, (may.high_low, sets_price, may.volume))

    def _add(self, at: int, sequence: int, price: float, size: float, may: tuple[bool, bool, bool]) -> None:
        high_low, open_close, volume = may
        self._day.add(price, size if volume else 0, open_close)
        touched = [self._day.window]
        closed = self.due - SECOND_MS
        for (length, *_), windows in zip(_KINDS, self._open, strict=True):
            start = at // length * length
            window = windows.get(start)
            if window is None:
                window = windows[start] = _Window()
            window.is_changed = True
            window.is_late = window.is_late or start + length <= closed
            touched.append(window)
        for window in touched:
            if high_low:
                window.move(price)
            if open_close:
                window.set(price, (at, sequence))
            if volume:
                window.count_in(price, size)

    def _bar(self, kind: type[Bar], at: int, start: int, end: int, window: _Window) -> Bar:
        day = self._day
        return kind(
            self._symbol,
            at,
            start,
            end,
            window.open,
            window.high,
            window.low,
            window.close,
            _plain(window.volume),
            self._average(window.notional, window.volume, window.close),
            window.count,
            window.notional,
            _plain(day.volume),
            day.open,
            self._average(day.notional, day.volume, window.close),
        )

    def _average(self, notional: float, volume: float, otherwise: float) -> float:
        return round(notional / volume, self._decimals) if volume else otherwise


def _plain(number: float) -> float:
    """A whole number as an int, so that it is written without a decimal point."""
    return int(number) if number == int(number) else number


class _Day:
    """What bars tell of the day so far."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.window = _Window()
        self.is_priced = False
        self.open: float = 0
        self.volume: float = 0
        self.notional = 0.0

    def add(self, price: float, size: float, sets_price: bool) -> None:
        if sets_price and not self.is_priced:
            self.is_priced = True
            self.open = price
        self.volume += size
        self.notional += price * size


class _Window:
    """A bar in the making."""

    __slots__ = (
        "_first",
        "_last",
        "close",
        "count",
        "high",
        "is_changed",
        "is_late",
        "is_priced",
        "low",
        "notional",
        "open",
        "volume",
    )

    def __init__(self) -> None:
        self.is_changed = True
        self.is_late = False
        self.is_priced = False
        self.open: float = 0
        self.high: float = 0
        self.low: float = 0
        self.close: float = 0
        self.volume: float = 0
        self.notional = 0.0
        self.count = 0
        self._first = (0, 0)
        self._last = (0, 0)

    def move(self, price: float) -> None:
        """A trade that may move the high and the low."""
        if price > self.high or not self.high:
            self.high = price
        if price < self.low or not self.low:
            self.low = price

    def set(self, price: float, place: tuple[int, int]) -> None:
        """A trade that may set open and close; its place in time says which."""
        if not self.is_priced:
            self.is_priced = True
            self.open = self.close = price
            self._first = self._last = place
            return
        if place < self._first:
            self.open, self._first = price, place
        if place >= self._last:
            self.close, self._last = price, place

    def count_in(self, price: float, size: float) -> None:
        """A trade whose size counts."""
        self.volume += size
        self.notional += price * size
        self.count += 1
