"""The table of channels, from which methods, decoders, router keys and the simulator derive."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from rxpolygon import events
from rxpolygon.errors import WrongClusterError
from rxpolygon.events import Event

__all__ = ["CHANNELS", "MARKETS", "Channel", "channel_by_name", "event_types"]

MARKETS: Final = ("stocks", "options", "forex", "crypto", "indices", "futures")


class Channel(Struct, frozen=True):
    """One kind of data on one or more clusters.

    Attributes:
        name: What follows ``subscribe_`` and ``unsubscribe_`` in the methods.
        prefix: The channel's name on the wire and the ``ev`` of its events.
        markets: The clusters that carry it.
        event: The class of its events.
        wildcard: Whether every symbol at once (``*``) may be asked for.
    """

    name: str
    prefix: str
    markets: tuple[str, ...]
    event: type[Event]
    wildcard: bool = True


# Where two rows share a market and a prefix, the first one's class decodes the events of both.
CHANNELS: Final = (
    Channel("stock_trades", "T", ("stocks",), events.Trade),
    Channel("stock_quotes", "Q", ("stocks",), events.Quote),
    Channel("stock_minute_aggregates", "AM", ("stocks",), events.MinuteAggregate),
    Channel("stock_second_aggregates", "A", ("stocks",), events.SecondAggregate),
    Channel("stock_limit_up_limit_down", "LULD", ("stocks",), events.LimitUpLimitDown),
    Channel("stock_imbalances", "NOI", ("stocks",), events.Imbalance),
    Channel("option_trades", "T", ("options",), events.Trade),
    Channel("option_quotes", "Q", ("options",), events.Quote, wildcard=False),
    Channel("option_minute_aggregates", "AM", ("options",), events.MinuteAggregate),
    Channel("option_second_aggregates", "A", ("options",), events.SecondAggregate),
    Channel("forex_quotes", "C", ("forex",), events.ForexQuote),
    Channel("forex_minute_aggregates", "CA", ("forex",), events.ForexMinuteAggregate),
    Channel("forex_second_aggregates", "CAS", ("forex",), events.ForexSecondAggregate),
    Channel("crypto_trades", "XT", ("crypto",), events.CryptoTrade),
    Channel("crypto_quotes", "XQ", ("crypto",), events.CryptoQuote),
    Channel("crypto_minute_aggregates", "XA", ("crypto",), events.CryptoMinuteAggregate),
    Channel("crypto_second_aggregates", "XAS", ("crypto",), events.CryptoSecondAggregate),
    Channel("crypto_level2_book", "XL2", ("crypto",), events.Level2Book),
    Channel("index_value", "V", ("indices",), events.IndexValue),
    Channel("indices_minute_aggregates", "AM", ("indices",), events.IndexMinuteAggregate),
    Channel("indices_second_aggregates", "A", ("indices",), events.IndexSecondAggregate),
    Channel("futures_trades", "T", ("futures",), events.FuturesTrade),
    Channel("futures_quotes", "Q", ("futures",), events.FuturesQuote),
    Channel("futures_minute_aggregates", "AM", ("futures",), events.FuturesMinuteAggregate),
    Channel("futures_second_aggregates", "A", ("futures",), events.FuturesSecondAggregate),
    Channel("fair_market_value", "FMV", MARKETS, events.FairMarketValue),
    Channel("launchpad_value", "LV", MARKETS, events.LaunchpadValue),
    Channel("launchpad_minute_aggregates", "AM", MARKETS, events.MinuteAggregate),
)

_BY_NAME: Final = {channel.name: channel for channel in CHANNELS}


def event_types(market: str) -> dict[str, type[Event]]:
    """The class of event behind each prefix of a market.

    Example:
        >>> event_types("crypto")["XT"].__name__
        'CryptoTrade'
    """
    types: dict[str, type[Event]] = {}
    for channel in CHANNELS:
        if market in channel.markets:
            types.setdefault(channel.prefix, channel.event)
    return types


def channel_by_name(name: str, market: str) -> Channel:
    """The channel of a method, if the market carries it.

    Raises:
        WrongClusterError: Another cluster carries the channel.
    """
    channel = _BY_NAME[name]
    if market not in channel.markets:
        raise WrongClusterError(name, market, channel.markets)
    return channel
