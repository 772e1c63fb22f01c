"""The stock market: sale conditions, odd lots, price bands and auctions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.hours import HOUR_MS, MINUTE_MS, SECOND_MS
from rxpolygon.simulator.market.records import Auction, Band, Print, Top, TradingState
from rxpolygon.simulator.market.sales import EQUITY_SALES, Lot
from rxpolygon.simulator.market.trading import TradingActivity

if TYPE_CHECKING:
    from rxpolygon.simulator.market.instruments import Instrument
    from rxpolygon.simulator.market.records import Record

__all__ = ["StockActivity"]

_FINRA: Final = 4
_FACILITIES: Final = (201, 202, 203)
# From 2025-11-03 quotes count shares, before they count round lots of 100 (SEC market data rule).
_SHARES_SINCE: Final = 1_762_146_000_000
_BAND_EVERY: Final = 5 * SECOND_MS
_AUCTION_EVERY: Final = 5 * SECOND_MS
# A multiple of the others: an instant of its own would take random numbers from the trades.
_STATE_EVERY: Final = 5 * MINUTE_MS
_LOTS: Final = (1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20)
_TIER_ONE_SHARE: Final = 0.05
_NINE_THIRTY: Final = 9 * HOUR_MS + 30 * MINUTE_MS
_FOUR: Final = 16 * HOUR_MS
_PRIMARY: Final = {1: 10, 2: 11, 3: 12}
# Multiples of 1/64 have six decimals like real fractions of shares, and their sums are exact.
_FRACTIONS: Final = 64


class StockActivity(TradingActivity):
    """Trades, quotes, price bands and auctions of one stock."""

    exchanges = (8, 10, 11, 12, 12, 15, 19, 19, 20, 21, 7, 2)

    def __init__(self, instrument: Instrument, seed: str, start: int, rate: float) -> None:
        """Begin; ``rate`` is trades in a second."""
        super().__init__(instrument, seed, start, rate)
        self._every(_BAND_EVERY, self._band)
        self._every(_AUCTION_EVERY, self._auction)
        self._every(_STATE_EVERY, self._state)

    def _trade(self, at: int) -> Print:
        random = self._random.random
        bits = self._random.getrandbits(32)
        sale = EQUITY_SALES[int(random() * len(EQUITY_SALES))]
        sequence = self._trades.take(bits)
        return Print(
            self.symbol,
            at,
            self._trade_price(random()),
            self._size(sale.lot),
            sale.conditions if self.clock.is_regular(at) else sale.off_hours,
            _FINRA if sale.off_exchange else self._exchange(bits >> 8),
            str(sequence),
            sequence,
            self.instrument.tape,
            _FACILITIES[(bits >> 16) % len(_FACILITIES)] if sale.off_exchange else 0,
        )

    def _quote(self, at: int) -> Top:
        bits = self._random.getrandbits(36)
        unit = 100 if at >= _SHARES_SINCE else 1
        return Top(
            self.symbol,
            at,
            self.prices[self._bid],
            unit * _LOTS[bits & 15],
            self._exchange(bits >> 8 & 255),
            self.prices[self._ask],
            unit * _LOTS[bits >> 4 & 15],
            self._exchange(bits >> 16 & 255),
            self._quotes.take(bits >> 24),
            self.instrument.tape,
        )

    def _size(self, lot: Lot) -> float:
        uniform = self._random.random()
        match lot:
            case Lot.ODD:
                return 1 + int(99 * uniform * uniform)
            case Lot.ROUND:
                return 100 * (1 + int(6 * uniform**4))
            case Lot.FRACTION:
                return (1 + int((_FRACTIONS - 1) * uniform)) / _FRACTIONS
            case Lot.MIXED:
                return 1 + int(40 * uniform) + (1 + int((_FRACTIONS - 1) * uniform)) / _FRACTIONS
            case _:
                return 100 * (10 + int(190 * uniform**3))

    def _band(self, at: int, happened: list[Record]) -> None:
        """Limit-up limit-down: 5 % around the reference price for the largest stocks."""
        width = max(int(self._middle * _TIER_ONE_SHARE), 1)
        middle = int(self._middle)
        happened.append(
            Band(
                self.symbol,
                at,
                self.prices[middle + width],
                self.prices[max(middle - width, 1)],
                self._sequence_of_instant(at, _BAND_EVERY),
                self.instrument.tape,
                int(1_000 * self._random.random()),
            )
        )

    def _state(self, at: int, happened: list[Record]) -> None:
        sequence = self._sequence_of_instant(at, _STATE_EVERY)
        happened.append(TradingState(self.symbol, at, sequence, self.instrument.tape))

    def _auction(self, at: int, happened: list[Record]) -> None:
        """The imbalance before the next auction of the symbol's primary exchange."""
        random = self._random.random
        time = self.clock.time_of_day(at)
        is_closing = _NINE_THIRTY <= time < _FOUR
        opening = "M" if self.instrument.tape == 1 else "O"
        happened.append(
            Auction(
                self.symbol,
                at,
                1600 if is_closing else 930,
                "C" if is_closing else opening,
                self._sequence_of_instant(at, _AUCTION_EVERY),
                _PRIMARY[self.instrument.tape],
                int(20_000 * (random() - 0.5)),
                int(80_000 * random()),
                self.prices[int(self._middle + 0.5)],
                int(1_000_000 * random()),
                self.instrument.tape,
            )
        )
