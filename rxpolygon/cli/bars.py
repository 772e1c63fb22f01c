"""``rxpolygon bars``: bars made here from trades, as lines."""

from __future__ import annotations

from typing import Annotated

import typer

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
from rxpolygon.cli.prices import prices_from
from rxpolygon.client import StreamClient

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
    prices = prices_from(client, market, symbols_from(symbols))
    line_of = json_line if json else BarLines(market)
    follow(client, {"bars": prices.pipe(make_bars)}, line_of, limit=limit, seconds=seconds)
