"""Which streams of a client the options ask for, by venue; the client may be live or a replay."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final, cast

from reactivex import Observable
from reactivex import operators as ops

from rxpolygon import operators as rxo
from rxpolygon.channel_methods import ChannelMethods
from rxpolygon.cli.channels import Streams, events_of, left_out, names_from, streams_from
from rxpolygon.cli.options import ALL
from rxpolygon.cli.prices import prices_from
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Event
from rxpolygon.operators import Bar
from rxpolygon.venues.alpaca.channels import MARKETS, Channel, channels_of

__all__ = ["AlpacaMenu", "Menu", "PolygonMenu", "alpaca_market"]

_EVERY: Final = ("*",)
_REGISTERED: Final = ("trade_corrections", "trade_cancels")  # they come with the trades


class Menu(ABC):
    """The streams that a client offers.

    Args:
        market: Which market's data it is.
    """

    def __init__(self, market: str) -> None:
        self.market: Final = market

    @abstractmethod
    def kinds(self, channels: str) -> list[type[Event]]:
        """The classes of events that channels have.

        Raises:
            UsageError: There is no such channel.
        """

    @abstractmethod
    def streams(self, channels: str, symbols: list[str] | None) -> Streams:
        """The streams of channels, by their names.

        Raises:
            UsageError: There is no such channel.
        """

    @abstractmethod
    def bars(self, every: str, symbols: list[str] | None) -> Observable[Bar]:
        """Bars made of trades, or of what stands for them."""


class PolygonMenu(Menu):
    """The streams of a cluster of Polygon.io.

    Args:
        client: Whose streams they are.
        market: The cluster's market.
    """

    def __init__(self, client: ChannelMethods, market: str) -> None:
        super().__init__(market)
        self._client = client

    def kinds(self, channels: str) -> list[type[Event]]:
        """The classes of events that channels have."""
        return events_of(self.market, channels)

    def streams(self, channels: str, symbols: list[str] | None) -> Streams:
        """The streams of channels, by their names."""
        return streams_from(self._client, self.market, channels, symbols)

    def bars(self, every: str, symbols: list[str] | None) -> Observable[Bar]:
        """Bars made of trades, or of what stands for them."""
        return prices_from(self._client, self.market, symbols).pipe(rxo.time_bars(every))


class AlpacaMenu(Menu):
    """The streams of one of Alpaca's streams.

    Args:
        client: Whose they are; its methods are found by the names of the channels.
        market: The market.
    """

    def __init__(self, client: object, market: str) -> None:
        super().__init__(market)
        self._client = client
        self._channels = channels_of(market)

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


def alpaca_market(cluster: str) -> str:
    """One of Alpaca's markets.

    Raises:
        InvalidArgumentError: It has no such market.
    """
    if cluster not in MARKETS:
        raise InvalidArgumentError("cluster", cluster, f"alpaca has {', '.join(MARKETS)}")
    return cluster
