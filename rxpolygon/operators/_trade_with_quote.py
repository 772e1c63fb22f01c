"""What ``join_quotes`` makes: a trade with the quote in force, and who was the aggressor."""

from __future__ import annotations

from enum import Enum
from typing import Any, Generic, TypeVar

from rxpolygon.events import CryptoTrade
from rxpolygon.operators._dated import Dated
from rxpolygon.operators._protocols import QuoteLike, TradeLike

__all__ = ["Side", "TradeWithQuote"]

TTrade = TypeVar("TTrade", bound=TradeLike)
TQuote = TypeVar("TQuote", bound=QuoteLike)


class Side(Enum):
    """Who was the aggressor of a trade."""

    BUY = "buy"
    SELL = "sell"
    UNKNOWN = "unknown"


class TradeWithQuote(Dated, Generic[TTrade, TQuote], frozen=True, gc=False):
    """A trade, and the quote of its symbol in force at its time.

    It has what operators read of its trade, sale conditions and sequence number too, so they take it as they
    take the trade.

    Attributes:
        trade: The trade.
        quote: The quote in force; None when there was none.
        mid: Half of bid plus offer, as binary fractions have it (49.01 and 49.03: 49.019999999999996); None
            without a two-sided quote.
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

    @property
    def conditions(self) -> Any:  # Any: of the trade's own type
        """The trade's sale conditions; None where it has none (codes of crypto mean something else)."""
        trade = self.trade
        if isinstance(trade, CryptoTrade) or not getattr(trade, "has_sale_conditions", True):
            return None
        return getattr(trade, "conditions", None)

    @property
    def sequence_number(self) -> int | None:
        """The trade's sequence number; None where it has none."""
        number: int | None = getattr(self.trade, "sequence_number", None)
        return number

    @property
    def exchange(self) -> int | str | None:
        """The exchange's id of the trade; None where it has none."""
        exchange: int | str | None = getattr(self.trade, "exchange", None)
        return exchange

    @property
    def id(self) -> int | str | None:
        """The trade's id; None where it has none."""
        id: int | str | None = getattr(self.trade, "id", None)
        return id
