"""``rxpolygon bars``: bars made here from trades, as lines."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from msgspec import Struct
from reactivex import Observable
from reactivex import operators as ops

from rxpolygon import operators as rxo
from rxpolygon.cli.columns import BarLines
from rxpolygon.cli.follow import follow
from rxpolygon.cli.json_lines import json_line
from rxpolygon.cli.options import (
    DEFAULT_HOST,
    ApiKey,
    Cluster,
    Host,
    Limit,
    Seconds,
    Symbols,
    api_key_or_environment,
    symbols_from,
)
from rxpolygon.client import StreamClient
from rxpolygon.events import IndexValue

__all__ = ["bars"]


def bars(
    cluster: Cluster = "stocks",
    symbols: Symbols = None,
    every: Annotated[str, typer.Option(metavar="TIME", help="A bar's length: 10s, 1m, 5m, 1h, 1d.")] = "1m",
    json: Annotated[bool, typer.Option("--json", help="Write JSON lines instead of columns.")] = False,
    host: Host = DEFAULT_HOST,
    api_key: ApiKey = None,
    limit: Limit = None,
    seconds: Seconds = None,
) -> None:
    """Make bars from live trades and write them as they close.

    Forex bars are made from the mid prices of quotes, bars of indices from their values. The first bar of a
    symbol lacks what came before the connection. A bar that a late trade changes is written again, with its
    revision. The connection's life is told on stderr.
    """
    make_bars = rxo.time_bars(every)
    client = StreamClient(api_key_or_environment(api_key), cluster, host)
    market = client.cluster.market
    prices = _prices(client, market, symbols_from(symbols))
    line_of = json_line if json else BarLines(market)
    follow(client, {"bars": prices.pipe(make_bars)}, line_of, limit=limit, seconds=seconds)


class _IndexPrice(Struct, frozen=True, gc=False):
    """An index's value in the form that bars are made of: a trade without a size."""

    symbol: str
    timestamp: int
    price: float
    size: float = 0.0


def _index_price(value: IndexValue) -> _IndexPrice:
    return _IndexPrice(value.symbol, value.timestamp, value.value)


def _prices(
    client: StreamClient, market: str, symbols: list[str] | None
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
