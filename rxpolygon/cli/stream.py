"""``rxpolygon stream``: typed events as JSON lines."""

from __future__ import annotations

from rxpolygon.cli.channels import ALL, ChannelNames, live_streams
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

__all__ = ["stream"]


def stream(
    cluster: Cluster = "stocks",
    channel: ChannelNames = ALL,
    symbols: Symbols = None,
    host: Host = DEFAULT_HOST,
    api_key: ApiKey = None,
    limit: Limit = None,
    seconds: Seconds = None,
) -> None:
    """Write live events as JSON lines.

    Each line has the event's class as "type", and its fields by the names that the library gives them. The
    connection's life is told on stderr, as are channels that the server refuses; the others go on.
    """
    client = StreamClient(api_key_or_environment(api_key), cluster, host)
    streams = live_streams(client, client.cluster.market, channel, symbols_from(symbols))
    follow(client, streams, json_line, limit=limit, seconds=seconds)
