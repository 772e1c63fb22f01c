"""What a user's ``symbols`` argument asks of the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.symbols import normal_symbol, requested_symbols
from rxpolygon.topics import EVERY_SYMBOL, Topic
from rxpolygon.venues.polygon.channels import Channel, event_types

__all__ = ["requested_topics"]

_MOST_NAMED_SYMBOLS: Final = 1_000  # on channels without a wildcard (option quotes), per connection


def requested_topics(
    channel: Channel, market: str, symbols: str | Iterable[str] | None, *, upper: bool, naming: bool = True
) -> list[Topic]:
    """The topics that a user asks for, in order and each once.

    A plain string may hold topics as the wire has them (``"T.AAPL,T.MSFT"``); these are sent exactly so.
    In a list, a symbol may carry the channel's own prefix, in letters of either case.

    Args:
        channel: The channel of the method that was called.
        market: The connection's market.
        symbols: What the user wrote.
        upper: Whether to make symbols upper case.
        naming: Whether to insist on names where the channel takes no wildcard.

    Raises:
        InvalidTypeError: ``symbols`` is neither a str nor several.
        InvalidArgumentError: A symbol is empty, or the channel does not take what was asked.

    Example:
        >>> from rxpolygon.venues.polygon.channels import channel_by_name
        >>> trades = channel_by_name("stock_trades", "stocks")
        >>> [str(topic) for topic in requested_topics(trades, "stocks", ["aapl", "BRK.B"], upper=True)]
        ['T.AAPL', 'T.BRK.B']
    """
    written = isinstance(symbols, str)
    prefixes = event_types(market) if written else {channel.prefix: channel.event}
    topics: dict[Topic, None] = {}
    for text in requested_symbols(symbols, upper=upper and not written):
        prefix, dot, rest = text.partition(".")
        if not written:
            prefix = prefix.upper()  # symbols that were forced to upper case are found again as written
        if dot and rest and prefix in prefixes:
            topic = Topic(prefix, rest if written else normal_symbol(market, rest))
        else:
            topic = Topic(channel.prefix, normal_symbol(market, text.upper() if upper else text))
        topics[topic] = None
    if naming and not channel.wildcard:
        _check_named(channel, list(topics), symbols)
    return list(topics)


def _check_named(channel: Channel, topics: list[Topic], symbols: object) -> None:
    own = [topic for topic in topics if topic.prefix == channel.prefix]
    if any(topic.symbol == EVERY_SYMBOL for topic in own):
        raise InvalidArgumentError(
            "symbols", symbols, f"{channel.name} takes at most 1,000 contracts, each by name"
        )
    if len(own) > _MOST_NAMED_SYMBOLS:
        raise InvalidArgumentError(
            "symbols", f"<{len(own)} symbols>", f"{channel.name} takes at most 1,000 contracts a connection"
        )
