"""Where live data comes from: a venue's client, and the streams that it offers."""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from rxpolygon.alpaca import CryptoDataStream, OptionDataStream, StockDataStream
from rxpolygon.alpaca.arguments import KEY_VARIABLE, SECRET_VARIABLE
from rxpolygon.alpaca.stream import DataStream
from rxpolygon.cli.menus import AlpacaMenu, Menu, PolygonMenu, alpaca_market
from rxpolygon.cli.options import api_key_or_environment
from rxpolygon.client import StreamClient
from rxpolygon.errors import InvalidArgumentError, UsageError
from rxpolygon.live import LiveStreams
from rxpolygon.venues.polygon.names import StreamHost

__all__ = ["Encoding", "Feed", "Request", "feed_from", "no_such_venue"]

Encoding = Literal["msgpack", "json"]


class Request(Struct, frozen=True):
    """What the options say of a connection.

    Attributes:
        venue: Whose data it is.
        cluster: The cluster, or the market.
        feed: Alpaca's feed.
        host: Where to connect; None for the vendor's own host.
        api_key: The key, or keys.
    """

    venue: str
    cluster: str
    feed: str | None
    host: str | None
    api_key: str | None


class Feed(NamedTuple):
    """A client that is not started yet, and its streams."""

    client: LiveStreams
    menu: Menu


def feed_from(request: Request, *, encoding: Encoding = "msgpack") -> Feed:
    """The feed that the options ask for.

    Args:
        request: What they say.
        encoding: How Alpaca's frames come.

    Raises:
        UsageError: An option is wrong, or there is no key.
    """
    match request.venue:
        case "polygon":
            return _polygon(request)
        case "alpaca":
            return _alpaca(request, encoding)
        case _:
            raise no_such_venue(request.venue)


def no_such_venue(venue: str) -> InvalidArgumentError:
    """The error for an unknown venue."""
    return InvalidArgumentError("venue", venue, "use polygon or alpaca")


def _polygon(request: Request) -> Feed:
    if request.feed is not None:
        raise UsageError("--feed goes with --venue alpaca; choose a --host for other data of polygon")
    key = api_key_or_environment(request.api_key)
    client = StreamClient(key, request.cluster, request.host or StreamHost.REAL_TIME)
    return Feed(client, PolygonMenu(client, client.cluster.market))


def _alpaca(request: Request, encoding: Encoding) -> Feed:
    market = alpaca_market(request.cluster)
    key, secret = _alpaca_keys(request.api_key)
    options: dict[str, Any] = {"url_override": request.host}  # Any: arguments of whichever class
    if request.feed is not None:
        options["feed"] = request.feed
    client: DataStream
    match market:
        case "stocks":
            client = StockDataStream(key, secret, encoding=encoding, **options)
        case "crypto":
            client = CryptoDataStream(key, secret, encoding=encoding, **options)
        case _:  # whose data comes in one encoding only
            client = OptionDataStream(key, secret, **options)
    return Feed(client, AlpacaMenu(client, market))


def _alpaca_keys(text: str | None) -> tuple[str | None, str | None]:
    """The id of the key and its secret; None for those of the environment."""
    if text is None:
        if not (os.environ.get(KEY_VARIABLE) and os.environ.get(SECRET_VARIABLE)):
            raise UsageError(
                f"no API keys: give --api-key KEY:SECRET, or set {KEY_VARIABLE} and {SECRET_VARIABLE}"
            )
        return None, None
    key, colon, secret = text.partition(":")
    if not colon:
        raise UsageError("alpaca has two keys: give --api-key KEY:SECRET")
    return key, secret
