"""Events of the futures clusters."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from rxpolygon.events._aggregate import MINUTE_MS, SECOND_MS, ServerBar
from rxpolygon.events._base import ABSENT, Event

__all__ = [
    "FuturesAggregate",
    "FuturesMinuteAggregate",
    "FuturesQuote",
    "FuturesSecondAggregate",
    "FuturesTrade",
]


class FuturesTrade(Event, frozen=True, tag="T"):
    """A trade in a futures contract (channel ``T``).

    Attributes:
        symbol: ``sym``. The contract, for example ``ESZ5``.
        price: ``p``. In the contract's quotation.
        size: ``s``. Contracts.
        timestamp: ``t``. Unix ms UTC.
        sequence_number: ``q``. Rises per symbol and channel, with holes.
    """

    symbol: str = field(name="sym")
    price: float = field(default=ABSENT, name="p")
    size: float = field(default=ABSENT, name="s")
    timestamp: int = field(default=ABSENT, name="t")
    sequence_number: int | None = field(default=None, name="q")


class FuturesQuote(Event, frozen=True, tag="Q"):
    """The best bid and offer of a futures contract (channel ``Q``).

    Attributes:
        symbol: ``sym``. The contract, for example ``ESZ5``.
        bid_price: ``bp``. The best bid.
        bid_size: ``bs``. Its size in contracts.
        ask_price: ``ap``. The best offer.
        ask_size: ``as``. Its size in contracts.
        timestamp: ``t``. Unix ms UTC.
        bid_timestamp: ``bt``. When the bid was set, Unix ms UTC.
        ask_timestamp: ``at``. When the offer was set, Unix ms UTC.
    """

    symbol: str = field(name="sym")
    bid_price: float = field(default=ABSENT, name="bp")
    bid_size: float = field(default=ABSENT, name="bs")
    ask_price: float = field(default=ABSENT, name="ap")
    ask_size: float = field(default=ABSENT, name="as")
    timestamp: int = field(default=ABSENT, name="t")
    bid_timestamp: int | None = field(default=None, name="bt")
    ask_timestamp: int | None = field(default=None, name="at")


class FuturesAggregate(ServerBar, frozen=True):
    """A second or a minute of a futures contract, summed up by the server (channels ``A``, ``AM``).

    Attributes:
        symbol: ``sym``. The contract, for example ``ESZ5``.
        open: ``o``. The first price in the window.
        high: ``h``. The highest price.
        low: ``l``. The lowest price.
        close: ``c``. The last price.
        volume: ``v``. Contracts traded.
        start: ``s``. The window's first instant, Unix ms UTC, inclusive.
        end: ``e``. Its end, Unix ms UTC, exclusive; start plus length when the server leaves it out.
        total_value: ``dv``. Sum of price times size.
        transactions: ``n``. Number of trades.
    """

    symbol: str = field(name="sym")
    open: float = field(default=ABSENT, name="o")
    high: float = field(default=ABSENT, name="h")
    low: float = field(default=ABSENT, name="l")
    close: float = field(default=ABSENT, name="c")
    volume: float = field(default=ABSENT, name="v")
    start: int = field(default=ABSENT, name="s")
    end: int = field(default=ABSENT, name="e")
    total_value: float | None = field(default=None, name="dv")
    transactions: int | None = field(default=None, name="n")


class FuturesSecondAggregate(FuturesAggregate, frozen=True, tag="A"):
    """A :class:`FuturesAggregate` of one second."""

    length: ClassVar[int] = SECOND_MS


class FuturesMinuteAggregate(FuturesAggregate, frozen=True, tag="AM"):
    """A :class:`FuturesAggregate` of one minute."""

    length: ClassVar[int] = MINUTE_MS
