"""Operators for market data, to be mixed freely with those of ``reactivex.operators``."""

from rxpolygon.operators._as_of_join import AsOf, as_of_join
from rxpolygon.operators._bar import Bar
from rxpolygon.operators._buffered import buffered
from rxpolygon.operators._by_symbol import by_symbol
from rxpolygon.operators._conflate import conflate
from rxpolygon.operators._deduplicate import deduplicate
from rxpolygon.operators._dollar_bars import dollar_bars
from rxpolygon.operators._imbalance_bars import imbalance_bars
from rxpolygon.operators._join_quotes import join_quotes
from rxpolygon.operators._nbbo import Nbbo, nbbo
from rxpolygon.operators._new_york import is_regular_hours
from rxpolygon.operators._order_book import BookDepth, OrderBook, order_book
from rxpolygon.operators._protocols import BookChange, PriceAndSize, QuoteLike, Timed, TradeLike
from rxpolygon.operators._range_bars import range_bars
from rxpolygon.operators._readers import CancelsTrade, CorrectsTrade
from rxpolygon.operators._reconcile import reconcile
from rxpolygon.operators._reconcile_engine import Difference, Reconciliation
from rxpolygon.operators._reorder import reorder
from rxpolygon.operators._resample import resample
from rxpolygon.operators._revisions import revisions
from rxpolygon.operators._rolling import RollingStatistics, rolling
from rxpolygon.operators._runs_bars import runs_bars
from rxpolygon.operators._sales import SaleRules
from rxpolygon.operators._sequence_gaps import SequenceGap, sequence_gaps
from rxpolygon.operators._sessions import Session
from rxpolygon.operators._symbol_stream import SymbolStream
from rxpolygon.operators._tick_bars import tick_bars
from rxpolygon.operators._time_bars import time_bars
from rxpolygon.operators._trade_with_quote import Side, TradeWithQuote
from rxpolygon.operators._volume_bars import volume_bars
from rxpolygon.operators._vwap import Vwap, vwap
from rxpolygon.operators._worker import Overflow

__all__ = [
    "Bar",
    "SaleRules",
    "Session",
    "is_regular_hours",
    "QuoteLike",
    "Timed",
    "TradeLike",
    "time_bars",
    "CancelsTrade",
    "CorrectsTrade",
    "tick_bars",
    "volume_bars",
    "dollar_bars",
    "range_bars",
    "imbalance_bars",
    "runs_bars",
    "revisions",
    "resample",
    "reconcile",
    "Difference",
    "Reconciliation",
    "AsOf",
    "as_of_join",
    "Side",
    "TradeWithQuote",
    "join_quotes",
    "buffered",
    "Overflow",
    "SymbolStream",
    "by_symbol",
    "conflate",
    "deduplicate",
    "Nbbo",
    "nbbo",
    "BookChange",
    "BookDepth",
    "OrderBook",
    "PriceAndSize",
    "order_book",
    "reorder",
    "RollingStatistics",
    "rolling",
    "SequenceGap",
    "sequence_gaps",
    "Vwap",
    "vwap",
]
