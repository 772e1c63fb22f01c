"""Typed market events: one immutable struct for each kind of message.

Every event has ``symbol``, ``timestamp`` (Unix ms UTC), ``timestamp_ns`` and ``time`` (aware datetime).
Prices and sizes are float, ids are str, and a field that the server left out is None.
"""

from rxpolygon.events._aggregate import ServerBar
from rxpolygon.events._base import Event, to_milliseconds, to_nanoseconds
from rxpolygon.events.crypto import (
    CryptoAggregate,
    CryptoMinuteAggregate,
    CryptoQuote,
    CryptoSecondAggregate,
    CryptoTrade,
    Level2Book,
)
from rxpolygon.events.forex import ForexAggregate, ForexMinuteAggregate, ForexQuote, ForexSecondAggregate
from rxpolygon.events.futures import (
    FuturesAggregate,
    FuturesMinuteAggregate,
    FuturesQuote,
    FuturesSecondAggregate,
    FuturesTrade,
)
from rxpolygon.events.indices import IndexAggregate, IndexMinuteAggregate, IndexSecondAggregate, IndexValue
from rxpolygon.events.shared import FairMarketValue, LaunchpadValue, UnknownEvent
from rxpolygon.events.stocks import (
    Aggregate,
    Imbalance,
    LimitUpLimitDown,
    MinuteAggregate,
    Quote,
    SecondAggregate,
    Trade,
)

__all__ = [
    "Event",
    "ServerBar",
    "Trade",
    "Quote",
    "Aggregate",
    "SecondAggregate",
    "MinuteAggregate",
    "LimitUpLimitDown",
    "Imbalance",
    "FairMarketValue",
    "LaunchpadValue",
    "ForexQuote",
    "ForexAggregate",
    "ForexSecondAggregate",
    "ForexMinuteAggregate",
    "CryptoTrade",
    "CryptoQuote",
    "CryptoAggregate",
    "CryptoSecondAggregate",
    "CryptoMinuteAggregate",
    "Level2Book",
    "IndexValue",
    "IndexAggregate",
    "IndexSecondAggregate",
    "IndexMinuteAggregate",
    "FuturesTrade",
    "FuturesQuote",
    "FuturesAggregate",
    "FuturesSecondAggregate",
    "FuturesMinuteAggregate",
    "UnknownEvent",
    "to_milliseconds",
    "to_nanoseconds",
]
