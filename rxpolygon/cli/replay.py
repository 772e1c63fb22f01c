"""``rxpolygon replay``: recordings as lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from rxpolygon.cli import complete
from rxpolygon.cli.options import ALL, AsCsv, AsJson, ChannelNames, Cluster, Limit, Symbols, Venue, option

__all__ = ["replay"]

_INSTANT: Final = "2025-06-02T13:30:00Z, or Unix ms"


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Recordings; several merge by time.", show_default=False),
    ],
    cluster: Cluster = "stocks",
    channel: ChannelNames = ALL,
    symbols: Symbols = None,
    venue: Venue = "polygon",
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
      rxpolygon replay day.jsonl.gz --venue alpaca --channel trades
      rxpolygon replay monday.jsonl.gz tuesday.jsonl.gz --bars 5m --csv
    """
    # Here, so that no other command and no --help waits for it.
    from rxpolygon.cli.play import Played, replay_lines

    asked = Played(venue, cluster, tuple(paths), speed, start, end, channel, symbols, bars)
    replay_lines(asked, json=json, csv=csv, limit=limit)
