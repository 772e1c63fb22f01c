"""How a class of events is read by a bar: as trades, or as quotes by their mid price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators._protocols import QuoteLike, Timed, TradeLike
from rxpolygon.operators._sales import PLAIN, VOLUME, EveryTrade, SaleRules, TableRules

__all__ = [
    "CancelsTrade",
    "CorrectsTrade",
    "Reader",
    "TradeKey",
    "is_amendment",
    "trade_key",
    "trade_of",
    "unexpected_amendment",
]

#: What tells a trade from the others of its symbol: the exchange and the id there.
TradeKey = tuple[int | str | None, int | str | None]


class CancelsTrade(Timed, Protocol):
    """An event that takes a trade of its symbol back."""

    @property
    def cancels(self) -> TradeKey:
        """Exchange and id of the trade."""


class CorrectsTrade(Timed, Protocol):
    """An event that changes a trade of its symbol."""

    @property
    def corrects(self) -> TradeKey:
        """Exchange and id of the trade."""

    def corrected(self, trade: Any, /) -> TradeLike:  # Any: the venue's own class of trades
        """The trade as it should have been; the window is that of its ``timestamp``."""


def trade_key(trade: object) -> TradeKey:
    """Exchange and id of a trade; both None where it has none."""
    return getattr(trade, "exchange", None), getattr(trade, "id", None)


def unexpected_amendment() -> InvalidArgumentError:
    """What to tell of an amendment where none was expected."""
    allowed = "the stream has corrections of trades, which need corrections=True"
    return InvalidArgumentError("corrections", False, allowed)


def is_amendment(event: object) -> bool:
    """Whether an event corrects or cancels a trade."""
    return hasattr(event, "cancels") or hasattr(event, "corrects")


def trade_of(amendment: Any) -> TradeKey:  # Any: a cancel or a correction
    """Exchange and id of the trade that is amended."""
    key: TradeKey = amendment.cancels if hasattr(amendment, "cancels") else amendment.corrects
    return key


class Reader:
    """What to do with events of one class; found once for a class, so that events need not be asked.

    Attributes:
        amounts: Price and size of an event that is no trade; None where ``price`` and ``size`` are there.
        bits_of: What the sale rules let an event change, by its ``conditions``; None where ``judge`` answers.
        learn: The answer for conditions that are not in ``bits_of`` yet.
        judge: What the sale rules let an event change; None where it is everything, or ``bits_of`` answers.
        least_size: A smaller trade moves no price.
        has_sequence: Whether events carry a ``sequence_number``.
        is_correction: Whether events correct or cancel trades.
    """

    __slots__ = ("amounts", "bits_of", "has_sequence", "is_correction", "judge", "learn", "least_size")

    def __init__(self, event: object, sales: SaleRules[Any]) -> None:  # Any: the rules' class of trades
        # The event is asked, not its class: that of a plain dataclass has no attributes for its fields.
        self.is_correction = is_amendment(event)
        is_trade = hasattr(event, "price") and hasattr(event, "size")
        is_quote = hasattr(event, "bid_price") and hasattr(event, "ask_price")
        if not (is_trade or is_quote or self.is_correction):
            raise InvalidTypeError("an event of the source", event, "a trade or a quote")
        self.amounts: Callable[[QuoteLike], tuple[float | None, float]] | None = None if is_trade else _mid
        self.has_sequence = hasattr(event, "sequence_number")
        self.least_size: float = 0.0
        self.bits_of: dict[object, int] | None = None
        self.learn: Callable[[Any], int] | None = None
        self.judge: Callable[[Any], int] | None = None
        if isinstance(sales, TableRules):
            if is_trade and sales.applies_to(event):
                self.bits_of, self.learn, self.least_size = sales.known, sales.learn, sales.least_size
        elif not isinstance(sales, EveryTrade):
            self.judge = sales.judge

    def bits(self, event: Any, size: float) -> int:  # Any: an event of this reader's class
        """What the sale rules let an event change."""
        if self.bits_of is not None and self.learn is not None:
            try:
                bits = self.bits_of[event.conditions]
            except (KeyError, TypeError):
                bits = self.learn(event.conditions)
            return bits & VOLUME if size < self.least_size else bits
        return PLAIN if self.judge is None else self.judge(event)


def _mid(quote: QuoteLike) -> tuple[float | None, float]:
    # A side at 0 is how the tapes say that there is no bid or no offer.
    bid, ask = quote.bid_price, quote.ask_price
    return ((bid + ask) / 2, 1.0) if bid and ask else (None, 1.0)
