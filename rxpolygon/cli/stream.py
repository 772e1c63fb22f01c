"""``rxpolygon stream``: typed events as lines."""

from __future__ import annotations

from rxpolygon.cli.channels import ALL, ChannelNames, events_of, live_streams
from rxpolygon.cli.follow import follow
from rxpolygon.cli.formats import AsCsv, AsJson, event_format
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

__all__ = ["stream"]


def stream(
    cluster: Cluster = "stocks",
    channel: ChannelNames = ALL,
    symbols: Symbols = None,
    json: AsJson = False,
    csv: AsCsv = False,
    host: Host = DEFAULT_HOST,
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
    """
    client = StreamClient(api_key_or_environment(api_key), cluster, host)
    market = client.cluster.market
    shown = event_format(events_of(market, channel), json=json, csv=csv)
    streams = live_streams(client, market, channel, symbols_from(symbols))
    follow(client, streams, shown, limit=limit, seconds=seconds)
