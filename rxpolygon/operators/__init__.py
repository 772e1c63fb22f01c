"""Operators for market data, to be mixed freely with those of ``reactivex.operators``."""

from rxpolygon.operators._join_quotes import Side, TradeWithQuote, join_quotes

__all__ = [
    "Side",
    "TradeWithQuote",
    "join_quotes",
]
