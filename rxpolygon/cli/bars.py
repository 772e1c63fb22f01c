"""``rxpolygon bars``: bars made here from trades, as lines."""

from __future__ import annotations

from typing import Annotated

import typer

from rxpolygon.cli import complete
from rxpolygon.cli.options import (
    ApiKey,
    AsCsv,
    Cluster,
    FeedName,
    Host,
    Limit,
    Seconds,
    Symbols,
    Venue,
    option,
    symbols_from,
)

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
    venue: Venue = "polygon",
    feed: FeedName = None,
    host: Host = None,
    api_key: ApiKey = None,
    limit: Limit = None,
    seconds: Seconds = None,
) -> None:
    """Make bars from live trades and write them as they close.

    Forex bars are made from the mid prices of quotes, bars of indices from their values. The first bar of a
    symbol lacks what came before the connection. A bar that a late trade changes is written again, with its
    revision; so is one whose trade Alpaca corrects or cancels. The connection's life is told on stderr.

    \b
    Examples:
      rxpolygon bars --symbols AAPL,MSFT --every 1m
      rxpolygon bars --cluster forex --symbols EUR/USD --every 10s --csv
      rxpolygon bars --venue alpaca --symbols AAPL
    """
    # Here, so that no other command and no --help waits for them.
    from rxpolygon import operators as rxo
    from rxpolygon.cli.feeds import Request, feed_from
    from rxpolygon.cli.follow import follow
    from rxpolygon.cli.formats import bar_format

    rxo.time_bars(every)  # what is wrong with it is told first
    client, menu = feed_from(Request(venue, cluster, feed, host, api_key))
    shown = bar_format(menu.market, json=json, csv=csv)
    made = menu.bars(every, symbols_from(symbols))
    follow(client, {"bars": made}, shown, limit=limit, seconds=seconds)
