"""What a shell offers when a line is completed.

Each function imports what it needs: a shell waits for the answer, and every command has these options.
"""

from __future__ import annotations

from typing import Final

import typer

from rxpolygon.venues.polygon.names import StreamCluster, StreamHost

__all__ = ["channels", "clusters", "feeds", "hosts", "lengths", "speeds", "symbols", "venues"]

_USUAL_MARKET: Final = "stocks"
_LENGTHS: Final = ("1s", "5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "4h", "1d")
_VENUES: Final = ("polygon", "alpaca")
_SPEEDS: Final = ("1", "10", "60", "600", "max")


def clusters(incomplete: str) -> list[str]:
    """Names of clusters."""
    return _fitting([cluster.value for cluster in StreamCluster], incomplete)


def channels(ctx: typer.Context, incomplete: str) -> list[str]:
    """Channels of the line's cluster, after those that are there already."""
    market = _market(ctx)
    if ctx.params.get("venue") == "alpaca":
        from rxpolygon.venues.alpaca.channels import channels_of

        offered = list(channels_of(market))
    else:
        from rxpolygon.venues.polygon.channels import CHANNELS

        offered = [row.name for row in CHANNELS if market in row.markets]
    return _one_more(offered, incomplete, alone="all")


def symbols(ctx: typer.Context, incomplete: str) -> list[str]:
    """Well-known symbols of the line's cluster, after those that are there already.

    They come without the prefixes of options and indices, which a shell would take for the end of a word.
    """
    from rxpolygon.simulator.market.instruments import DEFAULT_SYMBOLS

    known = DEFAULT_SYMBOLS.get(_market(ctx), ())
    return _one_more([symbol.rpartition(":")[2] for symbol in known], incomplete, alone="*")


def hosts(incomplete: str) -> list[str]:
    """The vendor's hosts."""
    return _fitting([host.value for host in StreamHost], incomplete)


def lengths(incomplete: str) -> list[str]:
    """Usual lengths of bars."""
    return _fitting(_LENGTHS, incomplete)


def venues(incomplete: str) -> list[str]:
    """The vendors."""
    return _fitting(_VENUES, incomplete)


def feeds(incomplete: str) -> list[str]:
    """Alpaca's feeds."""
    from rxpolygon.venues.alpaca.names import DataFeed, OptionsFeed

    return _fitting([feed.value for kind in (DataFeed, OptionsFeed) for feed in kind], incomplete)


def speeds(incomplete: str) -> list[str]:
    """Usual speeds."""
    return _fitting(_SPEEDS, incomplete)


def _market(ctx: typer.Context) -> str:
    return str(ctx.params.get("cluster") or _USUAL_MARKET).partition("/")[0]


def _fitting(values: list[str] | tuple[str, ...], incomplete: str) -> list[str]:
    return [value for value in values if value.startswith(incomplete)]


def _one_more(values: list[str], incomplete: str, alone: str) -> list[str]:
    """Values for the last place of a list with commas; one that means all of them stands alone."""
    before, comma, begun = incomplete.rpartition(",")
    taken = before.split(",") if comma else []
    offered = [value for value in values if value not in taken]
    if not comma:
        offered.append(alone)
    return [f"{before}{comma}{value}" for value in _fitting(offered, begun)]
