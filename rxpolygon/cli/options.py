"""Options that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

if TYPE_CHECKING:
    from rxpolygon.simulator.settings import Speed

from rxpolygon.cli import complete
from rxpolygon.errors import InvalidArgumentError, UsageError
from rxpolygon.settings import KEY_VARIABLES
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = [
    "ALL",
    "ApiKey",
    "AsCsv",
    "AsJson",
    "ChannelNames",
    "Cluster",
    "FeedName",
    "Host",
    "Limit",
    "Seconds",
    "Seed",
    "Symbols",
    "Venue",
    "api_key_or_environment",
    "bytes_from",
    "instant_from",
    "option",
    "speed_from",
    "symbols_from",
]

_CLUSTERS: Final = ", ".join(cluster.value for cluster in StreamCluster if "/" not in cluster.value)
_EVERY_SYMBOL: Final = frozenset({"*", "all"})  # ALL is a ticker, that of Allstate
_BYTES: Final = re.compile(r"(\d+(?:\.\d+)?)([kMG]?)", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def option(
    metavar: str,
    text: str,
    *,
    default: bool = False,
    least: float | None = None,
    offers: Callable[..., list[str]] | None = None,
) -> Any:
    """An option as a user sees it.

    Args:
        metavar: What stands for its value.
        text: Its help.
        default: Whether to show the default.
        least: The smallest number.
        offers: What a shell offers for it.
    """
    # Any: what typer reads from an annotation has no type of its own.
    return typer.Option(metavar=metavar, help=text, show_default=default, min=least, autocompletion=offers)


Cluster = Annotated[
    str,
    option("NAME", f"{_CLUSTERS}, or futures/cme and the like.", default=True, offers=complete.clusters),
]
Symbols = Annotated[
    str | None,
    option("A,B", "Symbols, with commas between them; every symbol unless given.", offers=complete.symbols),
]
Host = Annotated[
    str | None,
    option(
        "HOST",
        "A host name, or a URL, such as the one that rxpolygon serve tells; the vendor's unless given.",
        offers=complete.hosts,
    ),
]
Venue = Annotated[str, option("polygon|alpaca", "Whose data it is.", default=True, offers=complete.venues)]
FeedName = Annotated[
    str | None,
    option(
        "NAME",
        "Alpaca's feed: iex (unless given), sip, delayed_sip and others; opra for options.",
        offers=complete.feeds,
    ),
]
ALL: Final = "all"

ChannelNames = Annotated[
    str,
    option(
        "A,B",
        "Channels, such as stock_trades, or all of the cluster.",
        default=True,
        offers=complete.channels,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON lines; without it, too.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Write comma-separated values, under one heading.")]
ApiKey = Annotated[
    str | None,
    option(
        "KEY",
        f"The API key, ${' or $'.join(KEY_VARIABLES)} unless given; for alpaca KEY:SECRET, $APCA_API_KEY_ID "
        "and $APCA_API_SECRET_KEY unless given.",
    ),
]


def _above_zero(seconds: float | None) -> float | None:
    if seconds is not None and not seconds > 0:  # nan is not, either
        raise InvalidArgumentError("seconds", seconds, "a number above 0; without it only Ctrl-C ends")
    return seconds


Seconds = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="End after so many seconds, above 0; else with Ctrl-C.",
        show_default=False,
        callback=_above_zero,
    ),
]
Limit = Annotated[int | None, option("N", "End after so many lines.", least=1)]
Seed = Annotated[int, option("N", "The same seed makes the same market.", default=True)]


def symbols_from(text: str | None) -> list[str] | None:
    """The symbols of an option; None for every symbol.

    Raises:
        InvalidArgumentError: There is none in it.
    """
    if text is None:
        return None
    symbols = [symbol for symbol in text.replace(",", " ").split() if symbol]
    if not symbols:
        raise InvalidArgumentError("symbols", text, "give tickers such as AAPL,MSFT")
    return None if _EVERY_SYMBOL & set(symbols) else symbols


def speed_from(text: str) -> Speed:
    """A factor, or ``max``; what else it is, the simulator judges."""
    try:
        return float(text)
    except ValueError:
        return cast("Speed", text)


def bytes_from(text: str) -> int:
    """A number of bytes; ``M`` is a million.

    Raises:
        InvalidArgumentError: It is none, or 0.

    Example:
        >>> bytes_from("512"), bytes_from("1.5k"), bytes_from("2G")
        (512, 1500, 2000000000)
    """
    found = _BYTES.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not size:
        raise InvalidArgumentError("rotate_size", text, "a number of bytes above 0, such as 500k, 100M or 2G")
    return size


def instant_from(text: str | None) -> int | str | None:
    """Unix milliseconds, or the text of a time, which the replay judges."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else text


def api_key_or_environment(api_key: str | None) -> str | None:
    """The option, or None if the client finds a key in the environment.

    Raises:
        UsageError: There is neither.
    """
    if api_key is None and not any(os.environ.get(name) for name in KEY_VARIABLES):
        raise UsageError(f"no API key: give --api-key, or set {' or '.join(KEY_VARIABLES)}")
    return api_key
