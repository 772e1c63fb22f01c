"""The markets beside stocks: options, futures, crypto, currencies and indices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.activity import Activity
from rxpolygon.simulator.market.hours import SECOND_MS
from rxpolygon.simulator.market.records import Depth, FairValue, PanelValue, Print, Top, Value
from rxpolygon.simulator.market.sales import OPTION_SALES
from rxpolygon.simulator.market.trading import QUOTES_PER_TRADE, TradingActivity

if TYPE_CHECKING:
    from rxpolygon.simulator.market.instruments import Instrument
    from rxpolygon.simulator.market.records import Record

__all__ = ["CryptoActivity", "ForexActivity", "FuturesActivity", "IndexActivity", "OptionActivity"]

_TAKER_SOLD: Final = (1,)
_TAKER_BOUGHT: Final = (2,)
_BOOK_EVERY: Final = SECOND_MS // 2
_BOOK_LEVELS: Final = 20
# Sizes in crypto are multiples of this, so that sums are exact.
_SIZE_UNIT: Final = 1 / 256
_FOREX_SOURCE: Final = 44


class _ContractActivity(TradingActivity):
    """Trades and quotes in whole contracts."""

    def _contracts(self) -> int:
        return 1 + int(2 * self.instrument.lot * self._random.random() ** 3)

    def _quote(self, at: int) -> Top:
        bits = self._random.getrandbits(48)
        depth = int(20 * self.instrument.lot)
        return Top(
            self.symbol,
            at,
            self.prices[self._bid],
            1 + (bits & 255) % depth,
            self._exchange(bits >> 16 & 255),
            self.prices[self._ask],
            1 + (bits >> 8 & 255) % depth,
            self._exchange(bits >> 24 & 255),
            self._quotes.take(bits >> 32),
            0,
            at - (bits >> 33 & 127),
            at - (bits >> 40 & 127),
        )


class OptionActivity(_ContractActivity):
    """Trades and quotes of one option contract."""

    exchanges = (300, 301, 302, 303, 304, 307, 308, 309, 312, 313, 316, 318, 319, 320, 322, 323)

    def _trade(self, at: int) -> Print:
        random = self._random.random
        bits = self._random.getrandbits(32)
        sale = OPTION_SALES[int(random() * len(OPTION_SALES))]
        sequence = self._trades.take(bits)
        return Print(
            self.symbol,
            at,
            self._trade_price(random()),
            self._contracts(),
            sale.conditions,
            self._exchange(bits >> 8),
            str(sequence),
            sequence,
        )


class FuturesActivity(_ContractActivity):
    """Trades and quotes of one futures contract."""

    exchanges = (4,)

    def _trade(self, at: int) -> Print:
        sequence = self._trades.take(self._random.getrandbits(8))
        price = self._trade_price(self._random.random())
        return Print(
            self.symbol, at, price, self._contracts(), (), self.exchanges[0], str(sequence), sequence
        )


class CryptoActivity(TradingActivity):
    """Trades, quotes and the order book of one pair."""

    exchanges = (1, 1, 1, 2, 6, 23)

    def __init__(self, instrument: Instrument, seed: str, start: int, rate: float) -> None:
        """Begin; ``rate`` is trades in a second."""
        super().__init__(instrument, seed, start, rate)
        self._every(_BOOK_EVERY, self._book)

    def _trade(self, at: int) -> Print:
        bits = self._random.getrandbits(32)
        sequence = self._trades.take(bits)
        return Print(
            self.symbol,
            at,
            self._trade_price(self._random.random()),
            self._amount(),
            _TAKER_BOUGHT if self._is_buyer else _TAKER_SOLD,
            self._exchange(bits >> 8),
            str(sequence),
            sequence,
        )

    def _quote(self, at: int) -> Top:
        bits = self._random.getrandbits(32)
        exchange = self._exchange(bits >> 8)
        return Top(
            self.symbol,
            at,
            self.prices[self._bid],
            self._amount(),
            exchange,
            self.prices[self._ask],
            self._amount(),
            exchange,
            self._quotes.take(bits),
        )

    def _amount(self) -> float:
        units = 1 + int(2 * self.instrument.lot / _SIZE_UNIT * self._random.random() ** 3)
        size = units * _SIZE_UNIT
        return int(size) if size == int(size) else size

    def _book(self, at: int, happened: list[Record]) -> None:
        if self._bid == 0:
            self._requote()
        bids = self._levels(self._bid, -1)
        asks = self._levels(self._ask, 1)
        happened.append(Depth(self.symbol, at, bids, asks, self.exchanges[0]))

    def _levels(self, best: int, direction: int) -> list[tuple[float, float]]:
        levels: list[tuple[float, float]] = []
        ticks = best
        for _ in range(_BOOK_LEVELS):
            if ticks <= 0:
                break
            levels.append((self.prices[ticks], self._amount()))
            ticks += direction * (1 + int(4 * self._random.random()))
        return levels


class ForexActivity(Activity):
    """Quotes of one currency pair."""

    def __init__(self, instrument: Instrument, seed: str, start: int, rate: float) -> None:
        """Begin; ``rate`` stands for the trades of other markets: five quotes come for each."""
        super().__init__(instrument, seed, start, rate * QUOTES_PER_TRADE)
        self._every(SECOND_MS, self._fair_value)
        self._every(2 * SECOND_MS, self._panel_value)

    def _arrive(self, at: int, happened: list[Record]) -> None:
        spread = max(1, int(self.instrument.spread * (0.5 + self._random.random())))
        bid = max(int(self._middle - spread / 2), 1)
        happened.append(
            Top(
                self.symbol,
                at,
                self.prices[bid],
                0,
                _FOREX_SOURCE,
                self.prices[bid + spread],
                0,
                _FOREX_SOURCE,
                0,
            )
        )

    def _fair_value(self, at: int, happened: list[Record]) -> None:
        happened.append(FairValue(self.symbol, at, self._value()))

    def _panel_value(self, at: int, happened: list[Record]) -> None:
        happened.append(PanelValue(self.symbol, at, self._value()))

    def _value(self) -> float:
        return self.prices[int(self._middle)]


class IndexActivity(ForexActivity):
    """Values of one index."""

    def _arrive(self, at: int, happened: list[Record]) -> None:
        happened.append(Value(self.symbol, at, self._value()))
