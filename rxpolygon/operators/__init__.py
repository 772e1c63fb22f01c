"""Operators for market data, to be mixed freely with those of ``reactivex.operators``."""

from rxpolygon.operators._as_of_join import AsOf, as_of_join
from rxpolygon.operators._join_quotes import join_quotes
from rxpolygon.operators._trade_with_quote import Side, TradeWithQuote

__all__ = [
    "AsOf",
    "as_of_join",
    "Side",
    "TradeWithQuote",
    "join_quotes",
]
