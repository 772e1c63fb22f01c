"""The tables of channels, from which decoders, router keys, methods and the simulator derive."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from rxpolygon.events import Event, alpaca

__all__ = ["CHANNELS", "IMPLIED", "MARKETS", "Channel", "channels_of"]

MARKETS: Final = ("stocks", "crypto", "options")


class Channel(Struct, frozen=True):
    """One kind of data on one or more streams.

    Attributes:
        name: What follows ``subscribe_`` and ``unsubscribe_`` in the methods.
        field: The channel's name on the wire, in commands and acknowledgements.
        kind: The ``T`` of its events.
        markets: The streams that carry it.
        event: The class of its events.
        comes_with: The channel that brings it; None where it is subscribed by itself.
        wildcard: Whether every symbol at once (``*``) may be asked for.
    """

    name: str
    field: str
    kind: str
    markets: tuple[str, ...]
    event: type[Event]
    comes_with: str | None = None
    wildcard: bool = True


CHANNELS: Final = (
    Channel("trades", "trades", "t", ("stocks",), alpaca.Trade),
    Channel("quotes", "quotes", "q", ("stocks",), alpaca.Quote),
    Channel("bars", "bars", "b", ("stocks", "crypto"), alpaca.MinuteBar),
    Channel("updated_bars", "updatedBars", "u", ("stocks", "crypto"), alpaca.UpdatedBar),
    Channel("daily_bars", "dailyBars", "d", ("stocks", "crypto"), alpaca.DailyBar),
    Channel("trading_statuses", "statuses", "s", ("stocks",), alpaca.TradingStatus),
    Channel("lulds", "lulds", "l", ("stocks",), alpaca.LimitUpLimitDown),
    Channel("imbalances", "imbalances", "i", ("stocks",), alpaca.Imbalance),
    Channel("trade_corrections", "corrections", "c", ("stocks",), alpaca.TradeCorrection, "trades"),
    Channel("trade_cancels", "cancelErrors", "x", ("stocks",), alpaca.TradeCancel, "trades"),
    Channel("trades", "trades", "t", ("crypto",), alpaca.CryptoTrade),
    Channel("quotes", "quotes", "q", ("crypto",), alpaca.CryptoQuote),
    Channel("orderbooks", "orderbooks", "o", ("crypto",), alpaca.Orderbook),
    Channel("trades", "trades", "t", ("options",), alpaca.OptionTrade),
    Channel("quotes", "quotes", "q", ("options",), alpaca.OptionQuote, wildcard=False),
)

#: The fields of channels that come by themselves with another one; they are never asked for.
IMPLIED: Final = frozenset(channel.field for channel in CHANNELS if channel.comes_with is not None)


def channels_of(market: str) -> dict[str, Channel]:
    """The channels of a stream by the names of their methods.

    Example:
        >>> channels_of("options")["trades"].event.__name__
        'OptionTrade'
    """
    return {channel.name: channel for channel in CHANNELS if market in channel.markets}
