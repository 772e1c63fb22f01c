"""Operators for market data, to be mixed freely with those of ``reactivex.operators``."""

from rxpolygon.operators._as_of_join import AsOf, as_of_join
from rxpolygon.operators._bar import Bar
from rxpolygon.operators._join_quotes import join_quotes
from rxpolygon.operators._new_york import is_regular_hours
from rxpolygon.operators._readers import CancelsTrade, CorrectsTrade
from rxpolygon.operators._sales import SaleRules
from rxpolygon.operators._sessions import Session
from rxpolygon.operators._time_bars import time_bars
from rxpolygon.operators._trade_with_quote import Side, TradeWithQuote

__all__ = [
    "is_regular_hours",
    "CorrectsTrade",
    "CancelsTrade",
    "time_bars",
    "Session",
    "SaleRules",
    "Bar",
    "AsOf",
    "as_of_join",
    "Side",
    "TradeWithQuote",
    "join_quotes",
]
