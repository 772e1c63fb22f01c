"""``rxpolygon replay``: recordings as lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rxpolygon import operators as rxo
from rxpolygon.cli import complete
from rxpolygon.cli.channels import ALL, ChannelNames, events_of, streams_from
from rxpolygon.cli.formats import AsCsv, AsJson, event_format
from rxpolygon.cli.options import Cluster, Limit, Symbols, instant_from, option, speed_from, symbols_from
from rxpolygon.cli.play import play
from rxpolygon.cli.prices import prices_from
from rxpolygon.errors import UsageError
from rxpolygon.operators import Bar
from rxpolygon.replay import ReplayClient

__all__ = ["replay"]

_INSTANT = "2025-06-02T13:30:00Z, or Unix ms"


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Recordings; several merge by time.", show_default=False),
    ],
    cluster: Cluster = "stocks",
    channel: ChannelNames = ALL,
    symbols: Symbols = None,
    speed: Annotated[
        str,
        option(
            "N|max",
            "How many times as fast as it was, or without waiting.",
            default=True,
            offers=complete.speeds,
        ),
    ] = "max",
    bars: Annotated[
        str | None,
        option(
            "TIME",
            "Write bars of this length instead of events: 10s, 1m, 5m, 1h, 1d.",
            offers=complete.lengths,
        ),
    ] = None,
    json: AsJson = False,
    csv: AsCsv = False,
    start: Annotated[str | None, option("TIME", f"Pass over what came before: {_INSTANT}.")] = None,
    end: Annotated[str | None, option("TIME", "End before what came then.")] = None,
    limit: Limit = None,
) -> None:
    """Write the events of recordings as JSON lines or CSV.

    The lines are those of rxpolygon stream; with --bars they are those of rxpolygon bars --json, and the bar
    that is open at the end is written too. Where a file is broken, what comes before that place is written.

    \b
    Examples:
      rxpolygon replay day.jsonl.gz --symbols AAPL --channel stock_quotes
      rxpolygon replay monday.jsonl.gz tuesday.jsonl.gz --bars 5m --csv
    """
    client = ReplayClient(paths, cluster, speed_from(speed), start=instant_from(start), end=instant_from(end))
    market, wanted = client.cluster.market, symbols_from(symbols)
    kinds = events_of(market, channel) if bars is None else [Bar]
    shown = event_format(kinds, json=json, csv=csv)
    if bars is None:
        streams = streams_from(client, market, channel, wanted)
    elif channel != ALL:
        raise UsageError("--bars takes its prices from the cluster's own channel: leave out --channel")
    else:
        streams = {"bars": prices_from(client, market, wanted).pipe(rxo.time_bars(bars))}
    play(client, streams, shown, limit)
