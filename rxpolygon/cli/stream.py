"""``rxpolygon stream``: typed events as lines."""

from __future__ import annotations

from rxpolygon.cli.options import (
    ALL,
    ApiKey,
    AsCsv,
    AsJson,
    ChannelNames,
    Cluster,
    FeedName,
    Host,
    Limit,
    Seconds,
    Symbols,
    Venue,
    symbols_from,
)

__all__ = ["stream"]


def stream(
    cluster: Cluster = "stocks",
    channel: ChannelNames = ALL,
    symbols: Symbols = None,
    json: AsJson = False,
    csv: AsCsv = False,
    venue: Venue = "polygon",
    feed: FeedName = None,
    host: Host = None,
    api_key: ApiKey = None,
    limit: Limit = None,
    seconds: Seconds = None,
) -> None:
    """Write live events as JSON lines or CSV.

    Each line has the event's class as "type", and its fields by the names that the library gives them. The
    connection's life is told on stderr, as are channels that the server refuses; the others go on.

    \b
    Examples:
      rxpolygon stream --symbols AAPL,MSFT --channel stock_trades
      rxpolygon stream --cluster crypto --csv --seconds 60 > crypto.csv
      rxpolygon stream --venue alpaca --feed sip --symbols AAPL --channel trades
    """
    # Here, so that no other command and no --help waits for them.
    from rxpolygon.cli.feeds import Request, feed_from
    from rxpolygon.cli.follow import follow
    from rxpolygon.cli.formats import event_format

    client, menu = feed_from(Request(venue, cluster, feed, host, api_key))
    shown = event_format(menu.kinds(channel), json=json, csv=csv)
    streams = menu.streams(channel, symbols_from(symbols))
    follow(client, streams, shown, limit=limit, seconds=seconds)
