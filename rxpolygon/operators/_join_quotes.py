"""``join_quotes``: each trade with the quote in force at its time."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct
from reactivex import Observable

from rxpolygon.operators._as_of import Lane, as_of
from rxpolygon.operators._protocols import QuoteLike, TradeLike

__all__ = ["Side", "TradeWithQuote", "join_quotes"]

TTrade = TypeVar("TTrade", bound=TradeLike)
TQuote = TypeVar("TQuote", bound=QuoteLike)


class Side(Enum):
    """Who was the aggressor of a trade."""

    BUY = "buy"
    SELL = "sell"
    UNKNOWN = "unknown"


class TradeWithQuote(Struct, Generic[TTrade, TQuote], frozen=True, gc=False):
    """A trade, and the quote in force at its time."""

    trade: TTrade
    quote: TQuote | None
    mid: float | None
    spread: float | None
    side: Side
    is_stale: bool = False

    @property
    def symbol(self) -> str:
        """The trade's symbol."""
        return self.trade.symbol

    @property
    def timestamp(self) -> int:
        """The trade's instant, Unix milliseconds UTC."""
        return self.trade.timestamp


def join_quotes(
    quotes: Observable[TQuote],
) -> Callable[[Observable[TTrade]], Observable[TradeWithQuote[TTrade, TQuote]]]:
    """Each trade with the quote of its symbol in force at its time."""

    def operator(source: Observable[TTrade]) -> Observable[TradeWithQuote[TTrade, TQuote]]:
        return as_of(source, quotes, _matcher, allow_exact_matches=True)

    return operator


def _matcher() -> Callable[[TTrade, TQuote | None, Lane[TQuote]], TradeWithQuote[TTrade, TQuote]]:
    last: dict[str, tuple[float, Side]] = {}

    def match(trade: TTrade, quote: TQuote | None, lane: Lane[TQuote]) -> TradeWithQuote[TTrade, TQuote]:
        price = trade.price
        last_price, tick = last.get(trade.symbol, (price, Side.UNKNOWN))
        if price is not None and last_price is not None and price != last_price:
            tick = Side.BUY if price > last_price else Side.SELL
        last[trade.symbol] = (price, tick)
        if quote is None or quote.bid_price is None or quote.ask_price is None:
            return TradeWithQuote(trade, quote, None, None, tick)
        mid = (quote.bid_price + quote.ask_price) / 2
        side = tick if price is None or price == mid else Side.BUY if price > mid else Side.SELL
        return TradeWithQuote(trade, quote, mid, quote.ask_price - quote.bid_price, side)

    return match
