"""Where live data comes from: a venue's client, and which of its streams the options ask for."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, cast

from msgspec import Struct
from reactivex import Observable
from reactivex import operators as ops

from rxpolygon import operators as rxo
from rxpolygon.alpaca import CryptoDataStream, OptionDataStream, StockDataStream
from rxpolygon.alpaca.arguments import KEY_VARIABLE, SECRET_VARIABLE
from rxpolygon.alpaca.stream import DataStream
from rxpolygon.cli import complete
from rxpolygon.cli.channels import ALL, Streams, events_of, left_out, names_from, streams_from
from rxpolygon.cli.options import api_key_or_environment, option
from rxpolygon.cli.prices import prices_from
from rxpolygon.client import StreamClient
from rxpolygon.errors import InvalidArgumentError, UsageError
from rxpolygon.events import Event
from rxpolygon.live import LiveStreams
from rxpolygon.operators import Bar
from rxpolygon.venues.alpaca.channels import Channel, channels_of
from rxpolygon.venues.polygon.names import StreamHost

__all__ = ["Feed", "FeedName", "Request", "Venue", "feed_from"]

Venue = Annotated[str, option("polygon|alpaca", "Whose data it is.", default=True, offers=complete.venues)]
FeedName = Annotated[
    str | None,
    option(
        "NAME",
        "Alpaca's feed: iex (unless given), sip, delayed_sip and others; opra for options.",
        offers=complete.feeds,
    ),
]

Encoding = Literal["msgpack", "json"]

_EVERY: Final = ("*",)
_ALPACA_MARKETS: Final[dict[str, Callable[..., DataStream]]] = {
    "stocks": StockDataStream,
    "crypto": CryptoDataStream,
    "options": OptionDataStream,
}
_REGISTERED: Final = ("trade_corrections", "trade_cancels")  # they come with the trades


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


class Feed(ABC):
    """A client that is not started yet, and its streams.

    Attributes:
        client: The client.
        market: Which market's data it is.
    """

    client: LiveStreams
    market: str

    @abstractmethod
    def kinds(self, channels: str) -> list[type[Event]]:
        """The classes of events that channels have."""

    @abstractmethod
    def streams(self, channels: str, symbols: list[str] | None) -> Streams:
        """The streams of channels, by their names.

        Raises:
            UsageError: There is no such channel.
        """

    @abstractmethod
    def bars(self, every: str, symbols: list[str] | None) -> Observable[Bar]:
        """Bars made of trades, or of what stands for them."""


class PolygonFeed(Feed):
    """A cluster of Polygon.io."""

    def __init__(self, request: Request) -> None:
        if request.feed is not None:
            raise UsageError("--feed goes with --venue alpaca; choose a --host for other data of polygon")
        key = api_key_or_environment(request.api_key)
        self._client = StreamClient(key, request.cluster, request.host or StreamHost.REAL_TIME)
        self.client = self._client
        self.market = self._client.cluster.market

    def kinds(self, channels: str) -> list[type[Event]]:
        """The classes of events that channels have."""
        return events_of(self.market, channels)

    def streams(self, channels: str, symbols: list[str] | None) -> Streams:
        """The streams of channels, by their names."""
        return streams_from(self._client, self.market, channels, symbols)

    def bars(self, every: str, symbols: list[str] | None) -> Observable[Bar]:
        """Bars made of trades, or of what stands for them."""
        return prices_from(self._client, self.market, symbols).pipe(rxo.time_bars(every))


class AlpacaFeed(Feed):
    """One of Alpaca's streams."""

    def __init__(self, request: Request, encoding: Encoding) -> None:
        make = _ALPACA_MARKETS.get(request.cluster)
        if make is None:
            allowed = f"alpaca has {', '.join(_ALPACA_MARKETS)}"
            raise InvalidArgumentError("cluster", request.cluster, allowed)
        key, secret = _alpaca_keys(request.api_key)
        options: dict[str, Any] = {"url_override": request.host}  # Any: arguments of whichever class
        if make is not OptionDataStream:  # options come in one encoding only
            options["encoding"] = encoding
        if request.feed is not None:
            options["feed"] = request.feed
        self._client: DataStream = make(key, secret, **options)
        self._channels = channels_of(request.cluster)
        self.client = self._client
        self.market = request.cluster

    def kinds(self, channels: str) -> list[type[Event]]:
        """The classes of events that channels have."""
        return list(dict.fromkeys(row.event for row in self._chosen(channels)))

    def streams(self, channels: str, symbols: list[str] | None) -> Streams:
        """The streams of channels, by their names."""
        chosen = self._chosen(channels)
        if channels == ALL and symbols is None:
            chosen = [row for row in chosen if row.wildcard or left_out(row.name)]
        return {row.name: self._stream(row.name, symbols) for row in chosen}

    def bars(self, every: str, symbols: list[str] | None) -> Observable[Bar]:
        """Bars of trades; those of stocks are revised by corrections and cancels."""
        trades = self._stream("trades", symbols)
        if self.market != "stocks":
            return trades.pipe(rxo.time_bars(every))
        amendments = [self._stream(name, None) for name in _REGISTERED]
        return trades.pipe(ops.merge(*amendments), rxo.time_bars(every, corrections=True))

    def _stream(self, name: str, symbols: list[str] | None) -> Observable[Any]:
        if name in _REGISTERED:
            stream = getattr(self._client, f"register_{name}")()
        else:
            stream = getattr(self._client, f"subscribe_{name}")(*(symbols or _EVERY))
        return cast("Observable[Any]", stream)  # Any: the events of whichever channel it is

    def _chosen(self, text: str) -> list[Channel]:
        offered = self._channels
        if text == ALL:
            return list(offered.values())
        return [offered[name] for name in names_from(text, offered, f"alpaca's {self.market} have")]


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
            return PolygonFeed(request)
        case "alpaca":
            return AlpacaFeed(request, encoding)
        case _:
            raise InvalidArgumentError("venue", request.venue, "use polygon or alpaca")


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
