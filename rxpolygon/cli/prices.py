"""What bars are made of, by market."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from reactivex import Observable
from reactivex import operators as ops

from rxpolygon.channel_methods import ChannelMethods
from rxpolygon.events import IndexValue

__all__ = ["prices_from"]


class _IndexPrice(Struct, frozen=True, gc=False):
    """An index's value in the form that bars are made of: a trade without a size."""

    symbol: str
    timestamp: int
    price: float
    size: float = 0.0


def _index_price(value: IndexValue) -> _IndexPrice:
    return _IndexPrice(value.symbol, value.timestamp, value.value)


def prices_from(
    client: ChannelMethods, market: str, symbols: list[str] | None
) -> Observable[Any]:  # Any: the events of whichever market it is
    """What a market's bars are made of."""
    match market:
        case "stocks":
            return client.subscribe_stock_trades(symbols)
        case "options":
            return client.subscribe_option_trades(symbols)
        case "forex":
            return client.subscribe_forex_quotes(symbols)
        case "crypto":
            return client.subscribe_crypto_trades(symbols)
        case "indices":
            return client.subscribe_index_value(symbols).pipe(ops.map(_index_price))
        case _:
            return client.subscribe_futures_trades(symbols)
