"""Markets with trades and quotes: stocks, options, futures and crypto."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.activity import Activity, Numbering
from rxpolygon.simulator.market.hours import DAY_MS, MINUTE_MS, SECOND_MS, NewYorkClock
from rxpolygon.simulator.market.path import exact_price
from rxpolygon.simulator.market.records import FairValue, PanelValue, Print, Top

if TYPE_CHECKING:
    from rxpolygon.simulator.market.instruments import Instrument
    from rxpolygon.simulator.market.records import Record

__all__ = ["QUOTES_PER_TRADE", "TradingActivity"]

#: How many quotes come with one trade.
QUOTES_PER_TRADE: Final = 5
_TRADE_SHARE: Final = 1 / (1 + QUOTES_PER_TRADE)
_SAME_SIDE: Final = 0.62
_IMPACT_TICKS: Final = 0.25


class TradingActivity(Activity):
    """Quotes around a moving price, and trades at the bid or the offer of the last quote."""

    #: Ids of the exchanges that trade and quote.
    exchanges: tuple[int, ...] = (11,)

    def __init__(self, instrument: Instrument, seed: str, start: int, rate: float) -> None:
        """Begin; ``rate`` is trades in a second."""
        super().__init__(instrument, seed, start, rate * (1 + QUOTES_PER_TRADE))
        self.clock = NewYorkClock()
        self._quotes = Numbering(rate * QUOTES_PER_TRADE)
        self._trades = Numbering(rate)
        self._bid = 0
        self._ask = 0
        self._is_buyer = True
        self._every(SECOND_MS, self._fair_value)
        self._every(2 * SECOND_MS, self._panel_value)

    @abstractmethod
    def _trade(self, at: int) -> Print:
        """A trade at the current bid and offer."""

    @abstractmethod
    def _quote(self, at: int) -> Top:
        """The current bid and offer, with sizes."""

    def _enter_minute(self, minute: int) -> None:
        minute_of_day = self.clock.time_of_day(minute * MINUTE_MS) // MINUTE_MS
        self._quotes.enter(minute_of_day)
        self._trades.enter(minute_of_day)
        self._bid = self._ask = 0

    def _arrive(self, at: int, happened: list[Record]) -> None:
        if self._bid == 0 or self._random.random() >= _TRADE_SHARE:
            self._requote()
            happened.append(self._quote(at))
            return
        if self._random.random() >= _SAME_SIDE:
            self._is_buyer = not self._is_buyer
        self._wobble += _IMPACT_TICKS if self._is_buyer else -_IMPACT_TICKS
        happened.append(self._trade(at))

    def _requote(self) -> None:
        spread = int(self.instrument.spread * (0.6 + 0.8 * self._random.random()) + 0.5) or 1
        bid = int(self._middle - spread / 2 + 0.5)
        self._bid = bid if bid > 0 else 1
        self._ask = self._bid + spread

    def _trade_price(self, uniform: float) -> float:
        """The side's price; one in ten trades inside a wide spread."""
        ticks = self._ask if self._is_buyer else self._bid
        if uniform < 0.1 and self._ask - self._bid > 1:
            ticks += -1 if self._is_buyer else 1
        return self.prices[ticks]

    def _exchange(self, bits: int) -> int:
        return self.exchanges[bits % len(self.exchanges)]

    def _sequence_of_instant(self, at: int, every: int) -> int:
        """A number for what a routine sends: how many came before it on this day."""
        return self.clock.local(at) % DAY_MS // every + 1

    def _fair_value(self, at: int, happened: list[Record]) -> None:
        happened.append(FairValue(self.symbol, at, self._middle_price()))

    def _panel_value(self, at: int, happened: list[Record]) -> None:
        happened.append(PanelValue(self.symbol, at, self._middle_price()))

    def _middle_price(self) -> float:
        return exact_price(int(self._middle * 10), self.instrument.ticks * 10)
