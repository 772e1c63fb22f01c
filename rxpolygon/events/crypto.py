"""Events of the crypto cluster."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from rxpolygon.events._aggregate import MINUTE_MS, SECOND_MS, ServerBar
from rxpolygon.events._base import ABSENT, Event

__all__ = [
    "CryptoAggregate",
    "CryptoMinuteAggregate",
    "CryptoQuote",
    "CryptoSecondAggregate",
    "CryptoTrade",
    "Level2Book",
]


class CryptoTrade(Event, frozen=True, tag="XT"):
    """A trade in a crypto pair (channel ``XT``).

    Attributes:
        symbol: ``pair``. The pair, for example ``BTC-USD``.
        price: ``p``. In the second currency.
        size: ``s``. In units of the first currency.
        timestamp: ``t``. The exchange's instant, Unix ms UTC.
        conditions: ``c``. 1 the taker sold, 2 the taker bought.
        id: ``i``. The exchange's id of the trade; always a str.
        exchange: ``x``. The vendor's id of the exchange.
        received_timestamp: ``r``. When the vendor received it, Unix ms UTC; it may be before
            ``timestamp`` where the exchange's clock is ahead.
    """

    symbol: str = field(name="pair")
    price: float = field(default=ABSENT, name="p")
    size: float = field(default=ABSENT, name="s")
    timestamp: int = field(default=ABSENT, name="t")
    conditions: tuple[int, ...] | None = field(default=None, name="c")
    id: str | None = field(default=None, name="i")
    exchange: int | None = field(default=None, name="x")
    received_timestamp: int | None = field(default=None, name="r")


class CryptoQuote(Event, frozen=True, tag="XQ"):
    """The best bid and offer of a crypto pair on one exchange (channel ``XQ``).

    Attributes:
        symbol: ``pair``. The pair, for example ``BTC-USD``.
        bid_price: ``bp``. The best bid, in the second currency.
        bid_size: ``bs``. Its size, in units of the first currency.
        ask_price: ``ap``. The best offer.
        ask_size: ``as``. Its size.
        timestamp: ``t``. The exchange's instant, Unix ms UTC.
        exchange: ``x``. The vendor's id of the exchange.
        received_timestamp: ``r``. When the vendor received it, Unix ms UTC.
    """

    symbol: str = field(name="pair")
    bid_price: float = field(default=ABSENT, name="bp")
    bid_size: float = field(default=ABSENT, name="bs")
    ask_price: float = field(default=ABSENT, name="ap")
    ask_size: float = field(default=ABSENT, name="as")
    timestamp: int = field(default=ABSENT, name="t")
    exchange: int | None = field(default=None, name="x")
    received_timestamp: int | None = field(default=None, name="r")


class CryptoAggregate(ServerBar, frozen=True):
    """A second or a minute of a crypto pair, summed up by the server (channels ``XAS``, ``XA``).

    Attributes:
        symbol: ``pair``. The pair, for example ``BTC-USD``.
        open: ``o``. The first price in the window.
        high: ``h``. The highest price.
        low: ``l``. The lowest price.
        close: ``c``. The last price.
        volume: ``v``. Units of the first currency traded.
        start: ``s``. The window's first instant, Unix ms UTC, inclusive.
        end: ``e``. Its end, Unix ms UTC, exclusive; start plus length when the server leaves it out.
        vwap: ``vw``. Volume-weighted average price of the window.
        average_size: ``z``. Average size of a trade.
    """

    symbol: str = field(name="pair")
    open: float = field(default=ABSENT, name="o")
    high: float = field(default=ABSENT, name="h")
    low: float = field(default=ABSENT, name="l")
    close: float = field(default=ABSENT, name="c")
    volume: float = field(default=ABSENT, name="v")
    start: int = field(default=ABSENT, name="s")
    end: int = field(default=ABSENT, name="e")
    vwap: float | None = field(default=None, name="vw")
    average_size: float | None = field(default=None, name="z")


class CryptoSecondAggregate(CryptoAggregate, frozen=True, tag="XAS"):
    """A :class:`CryptoAggregate` of one second."""

    length: ClassVar[int] = SECOND_MS


class CryptoMinuteAggregate(CryptoAggregate, frozen=True, tag="XA"):
    """A :class:`CryptoAggregate` of one minute."""

    length: ClassVar[int] = MINUTE_MS


class Level2Book(Event, frozen=True, tag="XL2"):
    """The order book of a crypto pair on one exchange, best prices first (channel ``XL2``).

    Attributes:
        symbol: ``pair``. The pair, for example ``BTC-USD``.
        bids: ``b``. Up to 100 pairs of price and size, the highest price first.
        asks: ``a``. Up to 100 pairs of price and size, the lowest price first.
        timestamp: ``t``. The exchange's instant, Unix ms UTC.
        exchange: ``x``. The vendor's id of the exchange.
        received_timestamp: ``r``. When the vendor received it, Unix ms UTC.

    Example:
        >>> book = Level2Book(symbol="BTC-USD", bids=((9.0, 1.0), (8.0, 2.0)), asks=((10.0, 4.0),))
        >>> book.bids[0]
        (9.0, 1.0)
    """

    symbol: str = field(name="pair")
    bids: tuple[tuple[float, float], ...] = field(default=ABSENT, name="b")
    asks: tuple[tuple[float, float], ...] = field(default=ABSENT, name="a")
    timestamp: int = field(default=ABSENT, name="t")
    exchange: int | None = field(default=None, name="x")
    received_timestamp: int | None = field(default=None, name="r")
