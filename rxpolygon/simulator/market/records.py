"""What happens on a simulated market, free of any vendor's letters.

Instants are Unix milliseconds UTC of market time. Prices and sizes are ready for the wire: a whole number is
an int, so that it is written without a decimal point, as the real servers do.
"""

from __future__ import annotations

from msgspec import Struct

__all__ = [
    "Amendment",
    "Auction",
    "Band",
    "Bar",
    "DayBar",
    "Depth",
    "FairValue",
    "LateBar",
    "MinuteBar",
    "PanelValue",
    "Print",
    "Record",
    "RevisedMinuteBar",
    "SecondBar",
    "Top",
    "TradingState",
    "Value",
]


class Record(Struct, frozen=True, gc=False):
    """Anything that happens to a symbol.

    Attributes:
        symbol: In the normal form of its cluster.
        at: When it happened.
    """

    symbol: str
    at: int


class Print(Record, frozen=True, gc=False):
    """A trade.

    Attributes:
        price: Its price.
        size: Its size; a fraction is a multiple of a power of two, so that sums are exact.
        conditions: The vendor's condition codes, ascending.
        exchange: The vendor's id of the exchange.
        id: Unique with symbol and exchange on one day.
        sequence: Rises per symbol, with holes.
        tape: 1, 2 or 3; 0 where there is none.
        facility: The trade reporting facility of a trade off the exchanges, else 0.
    """

    price: float
    size: float
    conditions: tuple[int, ...]
    exchange: int
    id: str
    sequence: int
    tape: int = 0
    facility: int = 0


class Amendment(Record, frozen=True, gc=False):
    """That a trade which was published did not happen, or happened otherwise; ``at`` is when that was told.

    Attributes:
        original: The trade as it was published.
        corrected: What it should have been; None if it is cancelled.
        is_error: Whether a cancelled trade was an error from the first.
    """

    original: Print
    corrected: Print | None
    is_error: bool


class Top(Record, frozen=True, gc=False):
    """The best bid and offer; names as in the events, sizes in the unit of the day."""

    bid: float
    bid_size: float
    bid_exchange: int
    ask: float
    ask_size: float
    ask_exchange: int
    sequence: int
    tape: int = 0
    bid_at: int = 0
    ask_at: int = 0


class Depth(Record, frozen=True, gc=False):
    """An order book: price and size, best first."""

    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]
    exchange: int


class Value(Record, frozen=True, gc=False):
    """The value of an index."""

    value: float


class FairValue(Record, frozen=True, gc=False):
    """The vendor's estimate of a fair value."""

    value: float


class PanelValue(Record, frozen=True, gc=False):
    """The value that the vendor's Launchpad shows."""

    value: float


class Band(Record, frozen=True, gc=False):
    """The limits that trading must stay in; ``micros`` are the instant's microseconds below ``at``."""

    high: float
    low: float
    sequence: int
    tape: int
    micros: int


class Auction(Record, frozen=True, gc=False):
    """The imbalance before an auction; ``nanos`` are the instant's nanoseconds below ``at``."""

    auction_time: int
    auction_type: str
    sequence: int
    exchange: int
    imbalance: int
    paired: int
    clearing_price: float
    nanos: int
    tape: int = 0


class TradingState(Record, frozen=True, gc=False):
    """That a symbol is being traded, as it is told from time to time."""

    sequence: int
    tape: int


class Bar(Record, frozen=True, gc=False):
    """A window of trades, quotes or values; ``at`` is when the bar was made, not its start.

    Attributes:
        start: The window's first instant, inclusive.
        end: Its end, exclusive.
        volume: What the counted trades add up to; for quotes their number.
        vwap: The volume-weighted average price of the window.
        count: How many trades the volume is made of.
        notional: Sum of price times size.
        day_volume: Volume of the New York day so far.
        day_open: The day's first price.
        day_vwap: The volume-weighted average price of the day so far.
    """

    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    count: int
    notional: float
    day_volume: float
    day_open: float
    day_vwap: float


class SecondBar(Bar, frozen=True, gc=False):
    """A :class:`Bar` of one second."""


class MinuteBar(Bar, frozen=True, gc=False):
    """A :class:`Bar` of one minute."""


class RevisedMinuteBar(MinuteBar, frozen=True, gc=False):
    """A minute's bar again, in the second after a late trade changed it."""


class LateBar(Bar, frozen=True, gc=False):
    """A minute's bar again, at the half minute after late trades changed it."""


class DayBar(Bar, frozen=True, gc=False):
    """A :class:`Bar` of the day so far, made after each minute's."""
