"""``rxpolygon stream``: typed events as JSON lines."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from reactivex import Observable

from rxpolygon.cli.console import say
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
from rxpolygon.errors import UsageError
from rxpolygon.venues.polygon.channels import CHANNELS, Channel

__all__ = ["stream"]

_ALL = "all"


def stream(
    cluster: Cluster = "stocks",
    channel: Annotated[
        str, typer.Option(metavar="A,B", help="Channels, such as stock_trades, or all of the cluster.")
    ] = _ALL,
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
    chosen = _channels(client.cluster.market, channel)
    wanted = symbols_from(symbols)
    if channel == _ALL and wanted is None:
        chosen = [row for row in chosen if row.wildcard or _left_out(row)]
    streams: dict[str, Observable[Any]] = {  # Any: the events of whichever channel it is
        row.name: getattr(client, f"subscribe_{row.name}")(wanted) for row in chosen
    }
    follow(client, streams, json_line, limit=limit, seconds=seconds)


def _channels(market: str, text: str) -> list[Channel]:
    """The channels of an option's text."""
    offered = {row.name: row for row in CHANNELS if market in row.markets}
    if text == _ALL:
        # Two names of one channel on the wire would write its events twice.
        return list({row.prefix: row for row in reversed(offered.values())}.values())[::-1]
    names = text.replace(",", " ").replace("-", "_").lower().split()
    unknown = [name for name in names if name not in offered]
    if unknown or not names:
        named = f"no channel {unknown[0]!r}" if unknown else "no channel of an empty name"
        raise UsageError(f"the cluster {market!r} has {named}: use {', '.join(offered)} or {_ALL}")
    return [offered[name] for name in dict.fromkeys(names)]


def _left_out(row: Channel) -> bool:
    say(f"{row.name} is left out: it needs --symbols")
    return False
