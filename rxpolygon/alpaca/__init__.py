"""Alpaca's market-data streams as hot, typed Observables::

    from rxpolygon.alpaca import StockDataStream

    stream = StockDataStream()                     # keys from $APCA_API_KEY_ID and $APCA_API_SECRET_KEY
    stream.subscribe_trades("AAPL").pipe(rxo.time_bars("1m")).subscribe(print)
    stream.run()

The classes have the names and the methods of the vendor's own package, so its programs run with another
import; and every ``subscribe_*`` returns an Observable as well. What :func:`rxpolygon.record` wrote of a
stream, a ``StockReplayStream`` plays with the same methods.
"""

from rxpolygon.alpaca.crypto import CryptoDataStream
from rxpolygon.alpaca.crypto_channels import CryptoChannels
from rxpolygon.alpaca.option_channels import OptionChannels
from rxpolygon.alpaca.options import OptionDataStream
from rxpolygon.alpaca.replays import CryptoReplayStream, OptionReplayStream, StockReplayStream
from rxpolygon.alpaca.stock_channels import StockChannels
from rxpolygon.alpaca.stocks import StockDataStream
from rxpolygon.events.alpaca import (
    Bar,
    CryptoQuote,
    CryptoTrade,
    DailyBar,
    Imbalance,
    LimitUpLimitDown,
    MinuteBar,
    OptionQuote,
    OptionTrade,
    Orderbook,
    OrderbookQuote,
    Quote,
    Trade,
    TradeCancel,
    TradeCorrection,
    TradingStatus,
    UpdatedBar,
)
from rxpolygon.venues.alpaca.names import CryptoFeed, DataFeed, OptionsFeed

__all__ = [
    "Bar",
    "CryptoChannels",
    "CryptoDataStream",
    "CryptoFeed",
    "CryptoQuote",
    "CryptoReplayStream",
    "CryptoTrade",
    "DailyBar",
    "DataFeed",
    "Imbalance",
    "LimitUpLimitDown",
    "MinuteBar",
    "OptionChannels",
    "OptionDataStream",
    "OptionQuote",
    "OptionReplayStream",
    "OptionTrade",
    "OptionsFeed",
    "Orderbook",
    "OrderbookQuote",
    "Quote",
    "StockChannels",
    "StockDataStream",
    "StockReplayStream",
    "Trade",
    "TradeCancel",
    "TradeCorrection",
    "TradingStatus",
    "UpdatedBar",
]
