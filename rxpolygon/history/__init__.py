"""The past from files: the vendor's flat files, Parquet and frames, as the events of the live stream."""

from rxpolygon.history.events import (
    HistoricalCryptoTrade,
    HistoricalForexQuote,
    HistoricalFuturesQuote,
    HistoricalFuturesTrade,
    HistoricalQuote,
    HistoricalTrade,
)
from rxpolygon.history.source import HistoryBars, HistorySource, flat_file, table

__all__ = [
    "HistoricalCryptoTrade",
    "HistoricalForexQuote",
    "HistoricalFuturesQuote",
    "HistoricalFuturesTrade",
    "HistoricalQuote",
    "HistoricalTrade",
    "HistoryBars",
    "HistorySource",
    "flat_file",
    "table",
]
