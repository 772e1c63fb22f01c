"""Which streams of a client the option ``--channel`` stands for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from reactivex import Observable

from rxpolygon.channel_methods import ChannelMethods
from rxpolygon.cli.console import say
from rxpolygon.cli.options import ALL
from rxpolygon.errors import UsageError
from rxpolygon.events import Event
from rxpolygon.venues.polygon.channels import CHANNELS, Channel

__all__ = ["Streams", "events_of", "left_out", "names_from", "streams_from"]

Streams = dict[str, Observable[Any]]  # Any: the events of whichever channel it is


def events_of(market: str, text: str) -> list[type[Event]]:
    """The classes of the events of an option's channels.

    Raises:
        UsageError: The market has no such channel.
    """
    return list(dict.fromkeys(row.event for row in _channels(market, text)))


def streams_from(client: ChannelMethods, market: str, text: str, symbols: list[str] | None) -> Streams:
    """The streams of an option's text, by the names of their channels.

    Among all channels those are left out that need symbols and have none.

    Raises:
        UsageError: The market has no such channel.
    """
    chosen = _channels(market, text)
    if text == ALL and symbols is None:
        chosen = [row for row in chosen if row.wildcard or left_out(row.name)]
    return _streams(client, chosen, symbols)


def _streams(client: ChannelMethods, chosen: list[Channel], symbols: list[str] | None) -> Streams:
    return {row.name: getattr(client, f"subscribe_{row.name}")(symbols) for row in chosen}


def _channels(market: str, text: str) -> list[Channel]:
    offered = {row.name: row for row in CHANNELS if market in row.markets}
    if text == ALL:
        # Two names of one channel on the wire would give its events twice.
        return list({row.prefix: row for row in reversed(offered.values())}.values())[::-1]
    return [offered[name] for name in names_from(text, offered, f"the cluster {market!r} has")]


def names_from(text: str, offered: Collection[str], who: str) -> list[str]:
    """The channels that an option's text names, each once.

    Args:
        text: The option's text, not ``all``.
        offered: The channels that there are.
        who: Whose they are, with a verb, for the error.

    Raises:
        UsageError: One of them is not offered, or there is none.
    """
    names = text.replace(",", " ").replace("-", "_").lower().split()
    unknown = [name for name in names if name not in offered]
    if unknown or not names:
        named = f"no channel {unknown[0]!r}" if unknown else "no channel of an empty name"
        raise UsageError(f"{who} {named}: use {', '.join(offered)} or {ALL}")
    return list(dict.fromkeys(names))


def left_out(name: str) -> bool:
    """Tell that a channel is not among all of them; False."""
    say(f"{name} is left out: it needs --symbols")
    return False
