"""``rxpolygon record``: what the server sends, in files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rxpolygon.cli.options import (
    ALL,
    ApiKey,
    ChannelNames,
    Cluster,
    FeedName,
    Host,
    Seconds,
    Symbols,
    Venue,
    bytes_from,
    option,
    symbols_from,
)

__all__ = ["record"]


def record(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The file; .gz and .zst are packed.", show_default=False),
    ],
    cluster: Cluster = "stocks",
    channel: ChannelNames = ALL,
    symbols: Symbols = None,
    venue: Venue = "polygon",
    feed: FeedName = None,
    host: Host = None,
    api_key: ApiKey = None,
    seconds: Seconds = None,
    rotate_size: Annotated[
        str | None,
        option("N[k|M|G]", "Begin another file after so many bytes on disk."),
    ] = None,
    rotate_daily: Annotated[
        bool, typer.Option("--rotate-daily", help="A file for each day (UTC), its date in the name.")
    ] = False,
) -> None:
    """Record live frames to a file, until Ctrl-C.

    Frames are kept as they came, with the time of each. rxpolygon replay and rxpolygon serve read them. A
    file that is there is never overwritten: day.jsonl.gz becomes day.1.jsonl.gz. What happens is told on
    stderr.

    \b
    Examples:
      rxpolygon record day.jsonl.gz --symbols AAPL,MSFT
      rxpolygon record crypto.jsonl.zst --cluster crypto --rotate-daily
    """
    # Here, so that no other command and no --help waits for them.
    from rxpolygon.cli.feeds import Request, feed_from
    from rxpolygon.cli.keep import keep

    size = None if rotate_size is None else bytes_from(rotate_size)
    client, menu = feed_from(Request(venue, cluster, feed, host, api_key), encoding="json")
    streams = menu.streams(channel, symbols_from(symbols))
    keep(client, streams, path, seconds=seconds, rotate_size=size, rotate_daily=rotate_daily)
