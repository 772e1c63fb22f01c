"""``rxpolygon bars``: bars made here from trades, as lines."""

from __future__ import annotations

from typing import Annotated

import typer

from rxpolygon import operators as rxo
from rxpolygon.cli import complete
from rxpolygon.cli.follow import follow
from rxpolygon.cli.formats import AsCsv, bar_format
from rxpolygon.cli.options import (
    DEFAULT_HOST,
    ApiKey,
    Cluster,
    Host,
    Limit,
    Seconds,
    Symbols,
    api_key_or_environment,
    option,
    symbols_from,
)
from rxpolygon.cli.prices import prices_from
from rxpolygon.client import StreamClient

__all__ = ["bars"]


def bars(
    cluster: Cluster = "stocks",
    symbols: Symbols = None,
    every: Annotated[
        str,
        option("TIME", "A bar's length: 10s, 1m, 5m, 1h, 1d.", default=True, offers=complete.lengths),
    ] = "1m",
    json: Annotated[bool, typer.Option("--json", help="Write JSON lines instead of columns.")] = False,
    csv: AsCsv = False,
    host: Host = DEFAULT_HOST,
    api_key: ApiKey = None,
    limit: Limit = None,
    seconds: Seconds = None,
) -> None:
    """Make bars from live trades and write them as they close.

    Forex bars are made from the mid prices of quotes, bars of indices from their values. The first bar of a
    symbol lacks what came before the connection. A bar that a late trade changes is written again, with its
    revision. The connection's life is told on stderr.

    \b
    Examples:
      rxpolygon bars --symbols AAPL,MSFT --every 1m
      rxpolygon bars --cluster forex --symbols EUR/USD --every 10s --csv
    """
    make_bars = rxo.time_bars(every)
    client = StreamClient(api_key_or_environment(api_key), cluster, host)
    market = client.cluster.market
    shown = bar_format(market, json=json, csv=csv)
    prices = prices_from(client, market, symbols_from(symbols))
    follow(client, {"bars": prices.pipe(make_bars)}, shown, limit=limit, seconds=seconds)
