"""Events of the stocks and options clusters."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from rxpolygon.events._aggregate import MINUTE_MS, SECOND_MS, ServerBar
from rxpolygon.events._base import ABSENT, Event, FineEvent

__all__ = [
    "Aggregate",
    "Imbalance",
    "LimitUpLimitDown",
    "MinuteAggregate",
    "Quote",
    "SecondAggregate",
    "Trade",
]


class Trade(Event, frozen=True, tag="T"):
    """A trade in a stock or an option contract (channel ``T``).

    Attributes:
        symbol: ``sym``. The ticker, for example ``AAPL``, ``BRK.B`` or ``O:SPY241220P00720000``.
        price: ``p``. Price of one share or contract, in the quote currency.
        size: ``s``. Shares or contracts; fractional sizes occur.
        timestamp: ``t``. When the tape published it, Unix ms UTC.
        exchange: ``x``. The vendor's id of the exchange.
        id: ``i``. Unique with symbol and exchange on one day; always a str.
        tape: ``z``. 1 NYSE, 2 NYSE Arca and American, 3 Nasdaq.
        conditions: ``c``. Sale conditions, see :mod:`rxpolygon.events.conditions`.
        sequence_number: ``q``. Rises per symbol and channel, with holes; starts anew each day.
        participant_timestamp: ``pt``. When the exchange made it, Unix ms UTC.
        fractional_size: ``ds``. The exact size as text, where the size is fractional.
        trf_id: ``trfi``. The trade reporting facility of an off-exchange trade.
        trf_timestamp: ``trft``. When that facility received it, Unix ms UTC.

    Fields after ``timestamp`` are None when the server leaves them out.

    Example:
        >>> Trade(symbol="AAPL", price=189.5, size=100, timestamp=1_700_000_000_123).price
        189.5
    """

    symbol: str = field(name="sym")
    price: float = field(default=ABSENT, name="p")
    size: float = field(default=ABSENT, name="s")
    timestamp: int = field(default=ABSENT, name="t")
    exchange: int | None = field(default=None, name="x")
    id: str | None = field(default=None, name="i")
    tape: int | None = field(default=None, name="z")
    conditions: tuple[int, ...] | None = field(default=None, name="c")
    sequence_number: int | None = field(default=None, name="q")
    participant_timestamp: int | None = field(default=None, name="pt")
    fractional_size: str | None = field(default=None, name="ds")
    trf_id: int | None = field(default=None, name="trfi")
    trf_timestamp: int | None = field(default=None, name="trft")


class Quote(Event, frozen=True, tag="Q"):
    """The national best bid and offer of a stock or an option contract (channel ``Q``).

    Attributes:
        symbol: ``sym``. The ticker.
        bid_price: ``bp``. The best bid.
        bid_size: ``bs``. Its size: round lots before 2025-11-03, shares from that day on; contracts for
            options.
        ask_price: ``ap``. The best offer.
        ask_size: ``as``. Its size, in the same unit.
        timestamp: ``t``. Unix ms UTC.
        bid_exchange: ``bx``. The vendor's id of the bidding exchange.
        ask_exchange: ``ax``. The vendor's id of the offering exchange.
        condition: ``c``. The quote's condition code.
        indicators: ``i``. Indicator codes.
        sequence_number: ``q``. Rises per symbol and channel, with holes.
        tape: ``z``. 1 NYSE, 2 NYSE Arca and American, 3 Nasdaq.

    Example:
        >>> quote = Quote(symbol="AAPL", bid_price=189.4, bid_size=3, ask_price=189.6, ask_size=1)
        >>> round(quote.ask_price - quote.bid_price, 2)
        0.2
    """

    symbol: str = field(name="sym")
    bid_price: float = field(default=ABSENT, name="bp")
    bid_size: float = field(default=ABSENT, name="bs")
    ask_price: float = field(default=ABSENT, name="ap")
    ask_size: float = field(default=ABSENT, name="as")
    timestamp: int = field(default=ABSENT, name="t")
    bid_exchange: int | None = field(default=None, name="bx")
    ask_exchange: int | None = field(default=None, name="ax")
    condition: int | None = field(default=None, name="c")
    indicators: tuple[int, ...] | None = field(default=None, name="i")
    sequence_number: int | None = field(default=None, name="q")
    tape: int | None = field(default=None, name="z")


class Aggregate(ServerBar, frozen=True):
    """A second or a minute of a stock or an option, summed up by the server (channels ``A``, ``AM``).

    Events arrive as :class:`SecondAggregate` or :class:`MinuteAggregate`, which only add the length.

    Attributes:
        symbol: ``sym``. The ticker.
        open: ``o``. Price of the first eligible trade in the window.
        high: ``h``. The highest price.
        low: ``l``. The lowest price.
        close: ``c``. Price of the last eligible trade.
        volume: ``v``. Shares or contracts traded in the window.
        start: ``s``. The window's first instant, Unix ms UTC, inclusive.
        end: ``e``. Its end, Unix ms UTC, exclusive; start plus length when the server leaves it out.
        vwap: ``vw``. Volume-weighted average price of the window.
        accumulated_volume: ``av``. Volume of the day so far.
        official_open: ``op``. The day's official opening price.
        day_vwap: ``a``. Volume-weighted average price of the day so far.
        average_size: ``z``. Average size of a trade in the window.
        otc: ``otc``. Whether it is an over-the-counter ticker; left out means False.
        exact_volume: ``dv``. The window's volume as exact text.
        exact_accumulated_volume: ``dav``. The day's volume as exact text.
    """

    symbol: str = field(name="sym")
    open: float = field(default=ABSENT, name="o")
    high: float = field(default=ABSENT, name="h")
    low: float = field(default=ABSENT, name="l")
    close: float = field(default=ABSENT, name="c")
    volume: float = field(default=ABSENT, name="v")
    start: int = field(default=ABSENT, name="s")
    end: int = field(default=ABSENT, name="e")
    vwap: float | None = field(default=None, name="vw")
    accumulated_volume: float | None = field(default=None, name="av")
    official_open: float | None = field(default=None, name="op")
    day_vwap: float | None = field(default=None, name="a")
    average_size: float | None = field(default=None, name="z")
    otc: bool = False
    exact_volume: str | None = field(default=None, name="dv")
    exact_accumulated_volume: str | None = field(default=None, name="dav")


class SecondAggregate(Aggregate, frozen=True, tag="A"):
    """An :class:`Aggregate` of one second; it comes about 2 s late and may be revised for 15 minutes."""

    length: ClassVar[int] = SECOND_MS


class MinuteAggregate(Aggregate, frozen=True, tag="AM"):
    """An :class:`Aggregate` of one minute; the same start again is a revision."""

    length: ClassVar[int] = MINUTE_MS


class LimitUpLimitDown(FineEvent, frozen=True, tag="LULD"):
    """The price band that trading in a stock must stay in (channel ``LULD``).

    Attributes:
        symbol: ``T``. The ticker.
        high: ``h``. The band's upper price.
        low: ``l``. The band's lower price.
        wire_timestamp: ``t``. The instant as sent; microseconds were seen. ``timestamp`` is it in ms and
            ``timestamp_ns`` exact.
        indicators: ``i``. Indicator codes.
        tape: ``z``. 1 NYSE, 2 NYSE Arca and American, 3 Nasdaq.
        sequence_number: ``q``. Rises per symbol and channel.

    Example:
        >>> band = LimitUpLimitDown(symbol="MSFT", high=410, low=390, wire_timestamp=1_700_000_000_123_456)
        >>> band.timestamp, band.timestamp_ns
        (1700000000123, 1700000000123456000)
    """

    symbol: str = field(name="T")
    high: float = field(default=ABSENT, name="h")
    low: float = field(default=ABSENT, name="l")
    wire_timestamp: int = field(default=ABSENT, name="t")
    indicators: tuple[int, ...] | None = field(default=None, name="i")
    tape: int | None = field(default=None, name="z")
    sequence_number: int | None = field(default=None, name="q")


class Imbalance(FineEvent, frozen=True, tag="NOI"):
    """The order imbalance before an auction (channel ``NOI``).

    Attributes:
        symbol: ``T``. The ticker.
        wire_timestamp: ``t``. The instant as sent; nanoseconds were seen. ``timestamp`` is it in ms and
            ``timestamp_ns`` exact.
        auction_time: ``at``. Planned time in New York as a number: 930 is 9:30.
        auction_type: ``a``. O opening, M core opening, H reopening, C closing, P extreme closing,
            R regulatory closing.
        symbol_sequence: ``i``. Sequence number within the symbol.
        exchange: ``x``. The vendor's id of the exchange that holds the auction.
        imbalance_quantity: ``o``. Shares without a counterpart; the sign is the side, as sent.
        paired_quantity: ``p``. Shares that would trade.
        book_clearing_price: ``b``. The price at which the book would clear.
    """

    symbol: str = field(name="T")
    wire_timestamp: int = field(default=ABSENT, name="t")
    auction_time: int | None = field(default=None, name="at")
    auction_type: str | None = field(default=None, name="a")
    symbol_sequence: int | None = field(default=None, name="i")
    exchange: int | None = field(default=None, name="x")
    imbalance_quantity: float | None = field(default=None, name="o")
    paired_quantity: float | None = field(default=None, name="p")
    book_clearing_price: float | None = field(default=None, name="b")
