"""``rxpolygon replay``: recordings as lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from rxpolygon.alpaca import CryptoReplayStream, OptionReplayStream, StockReplayStream
from rxpolygon.cli import complete
from rxpolygon.cli.channels import ALL, ChannelNames
from rxpolygon.cli.feeds import Venue, no_such_venue
from rxpolygon.cli.formats import AsCsv, AsJson, event_format
from rxpolygon.cli.menus import AlpacaMenu, Menu, PolygonMenu, alpaca_market
from rxpolygon.cli.options import Cluster, Limit, Symbols, instant_from, option, speed_from, symbols_from
from rxpolygon.cli.play import play
from rxpolygon.errors import UsageError
from rxpolygon.operators import Bar
from rxpolygon.replay import ReplayClient
from rxpolygon.replay.player import Speed
from rxpolygon.replay.streams import Instant, ReplayStreams

__all__ = ["replay"]

_ALPACA: Final[dict[str, Callable[..., ReplayStreams]]] = {
    "stocks": StockReplayStream,
    "crypto": CryptoReplayStream,
    "options": OptionReplayStream,
}
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
    span = instant_from(start), instant_from(end)
    client, menu = _recorded(venue, cluster, paths, speed_from(speed), span)
    wanted = symbols_from(symbols)
    kinds = menu.kinds(channel) if bars is None else [Bar]
    shown = event_format(kinds, json=json, csv=csv)
    if bars is None:
        streams = menu.streams(channel, wanted)
    elif channel != ALL:
        raise UsageError("--bars takes its prices from the cluster's own channel: leave out --channel")
    else:
        streams = {"bars": menu.bars(bars, wanted)}
    play(client, streams, shown, limit)


def _recorded(
    venue: str, cluster: str, paths: list[Path], speed: Speed, span: tuple[Instant, Instant]
) -> tuple[ReplayStreams, Menu]:
    """A replay, and the streams that it offers."""
    start, end = span
    match venue:
        case "polygon":
            client = ReplayClient(paths, cluster, speed, start=start, end=end)
            return client, PolygonMenu(client, client.cluster.market)
        case "alpaca":
            market = alpaca_market(cluster)
            stream = _ALPACA[market](paths, speed, start=start, end=end)
            return stream, AlpacaMenu(stream, market)
        case _:
            raise no_such_venue(venue)
