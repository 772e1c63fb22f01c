"""What ``join_quotes`` makes: a trade with the quote in force, and who was the aggressor."""

from __future__ import annotations

from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

from rxpolygon.operators._protocols import QuoteLike, TradeLike

__all__ = ["Side", "TradeWithQuote"]

TTrade = TypeVar("TTrade", bound=TradeLike)
TQuote = TypeVar("TQuote", bound=QuoteLike)


class Side(Enum):
    """Who was the aggressor of a trade."""

    BUY = "buy"
    SELL = "sell"
    UNKNOWN = "unknown"


class TradeWithQuote(Struct, Generic[TTrade, TQuote], frozen=True, gc=False):
    """A trade, and the quote of its symbol in force at its time.

    It has the ``symbol``, ``timestamp``, ``price`` and ``size`` of its trade, so other operators take it.

    Attributes:
        trade: The trade.
        quote: The quote in force; None when there was none.
        mid: Half of bid plus offer; None without a two-sided quote.
        spread: Offer less bid, negative when crossed; None without a two-sided quote.
        side: The aggressor by Lee and Ready (1991); see :func:`join_quotes`.
        is_stale: Whether the quote was older than the join's ``tolerance``.
    """

    trade: TTrade
    quote: TQuote | None
    mid: float | None
    spread: float | None
    side: Side
    is_stale: bool

    @property
    def symbol(self) -> str:
        """The trade's symbol."""
        return self.trade.symbol

    @property
    def timestamp(self) -> int:
        """The trade's instant, Unix milliseconds UTC."""
        return self.trade.timestamp

    @property
    def price(self) -> float:
        """The trade's price."""
        return self.trade.price

    @property
    def size(self) -> float:
        """The trade's size."""
        return self.trade.size
