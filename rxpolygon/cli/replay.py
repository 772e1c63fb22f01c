"""``rxpolygon replay``: recordings as JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rxpolygon import operators as rxo
from rxpolygon.cli.channels import ALL, ChannelNames, streams_from
from rxpolygon.cli.options import Cluster, Limit, Symbols, instant_from, speed_from, symbols_from
from rxpolygon.cli.play import play
from rxpolygon.cli.prices import prices_from
from rxpolygon.errors import UsageError
from rxpolygon.replay import ReplayClient

__all__ = ["replay"]

_INSTANT = "2025-06-02T13:30:00Z, or Unix ms"


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Recordings; several merge by time.", show_default=False),
    ],
    cluster: Cluster = "stocks",
    channel: ChannelNames = ALL,
    symbols: Symbols = None,
    speed: Annotated[
        str, typer.Option(metavar="N|max", help="How many times as fast as it was, or without waiting.")
    ] = "max",
    bars: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Write bars of this length instead of events: 10s, 1m, 5m, 1h, 1d.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"Pass over what came before: {_INSTANT}.", show_default=False),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="End before what came then.", show_default=False)
    ] = None,
    limit: Limit = None,
) -> None:
    """Write the events of recordings as JSON lines.

    The lines are those of rxpolygon stream; with --bars they are those of rxpolygon bars --json, and the bar
    that is open at the end is written too. Where a file is broken, what comes before that place is written.
    """
    client = ReplayClient(paths, cluster, speed_from(speed), start=instant_from(start), end=instant_from(end))
    market, wanted = client.cluster.market, symbols_from(symbols)
    if bars is None:
        streams = streams_from(client, market, channel, wanted)
    elif channel != ALL:
        raise UsageError("--bars takes its prices from the cluster's own channel: leave out --channel")
    else:
        streams = {"bars": prices_from(client, market, wanted).pipe(rxo.time_bars(bars))}
    play(client, streams, limit)
