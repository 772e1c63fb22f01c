"""What Alpaca streams: its feeds, and the channels of each."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

__all__ = ["CHANNEL_OF_TYPE", "FEEDS", "Feed"]

_MINUTE_MS: Final = 60_000

#: The channel that an event's ``T`` belongs to. Corrections and cancels come with the trades.
CHANNEL_OF_TYPE: Final = {
    "t": "trades",
    "c": "trades",
    "x": "trades",
    "q": "quotes",
    "b": "bars",
    "u": "updatedBars",
    "d": "dailyBars",
    "s": "statuses",
    "l": "lulds",
    "i": "imbalances",
    "o": "orderbooks",
}


class Feed(Struct, frozen=True):
    """One stream, with a path of its own.

    Attributes:
        market: The market behind it.
        channels: What can be subscribed to, in the order of the acknowledgement.
        with_trades: Channels that come by themselves with the trades, named in the acknowledgement too.
        unlisted: Channels that the acknowledgement names only where something is subscribed.
        symbols: What ``*`` stands for; None for the market's own.
        exchange: The only exchange of the feed; None for those of the market.
        delay_ms: How far it is behind the clock.
        msgpack_only: Whether JSON is refused, with 412.
        no_wildcard: Channels without ``*``, refused with 413.
    """

    market: str
    channels: tuple[str, ...]
    with_trades: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    symbols: tuple[str, ...] | None = None
    exchange: str | None = None
    delay_ms: int = 0
    msgpack_only: bool = False
    no_wildcard: tuple[str, ...] = ()


def _stocks(exchange: str | None = None, delay_ms: int = 0) -> Feed:
    return Feed(
        "stocks",
        ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds"),
        ("corrections", "cancelErrors"),
        ("imbalances",),
        exchange=exchange,
        delay_ms=delay_ms,
    )


_OPTIONS: Final = Feed("options", ("trades", "quotes"), msgpack_only=True, no_wildcard=("quotes",))

#: The feeds by their paths.
FEEDS: Final[dict[str, Feed]] = {
    "v2/iex": _stocks(exchange="V"),
    "v2/sip": _stocks(),
    "v2/delayed_sip": _stocks(delay_ms=15 * _MINUTE_MS),
    "v2/otc": _stocks(),
    "v1beta1/boats": _stocks(),
    "v1beta1/overnight": _stocks(),
    "v2/test": Feed("stocks", ("trades", "quotes", "bars"), symbols=("FAKEPACA",)),
    "v1beta3/crypto/us": Feed(
        "crypto", ("trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars")
    ),
    "v1beta1/opra": _OPTIONS,
    "v1beta1/indicative": _OPTIONS,
}
