"""Events of Alpaca's market-data streams, with the attribute names of the vendor's own models.

Every event has ``symbol``, ``timestamp`` (Unix ms UTC), ``timestamp_ns`` (exact) and ``time`` (aware
datetime), as all events here do; so the operators take them like any others. Prices and sizes are float, ids
are int as the vendor has them, and a field that the server left out is None.

:class:`Trade`, :class:`Quote` and :class:`TradeCorrection` are those of stocks; crypto and options have
classes of their own where their fields differ.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, Final, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from rxpolygon.events._aggregate import MINUTE_MS, ServerBar
from rxpolygon.events._base import ABSENT
from rxpolygon.events.instants import InstantEvent

__all__ = [
    "Bar",
    "CryptoQuote",
    "CryptoTrade",
    "DailyBar",
    "Imbalance",
    "LimitUpLimitDown",
    "MinuteBar",
    "OptionQuote",
    "OptionTrade",
    "Orderbook",
    "OrderbookQuote",
    "Quote",
    "Trade",
    "TradeCancel",
    "TradeCorrection",
    "TradingStatus",
    "UpdatedBar",
]

TTrade = TypeVar("TTrade", bound="Trade")

_DAY_MS: Final = 86_400_000


class Trade(InstantEvent, frozen=True, tag="t"):
    """A trade in a stock (channel ``trades``).

    Attributes:
        symbol: ``S``. The ticker, for example ``AAPL`` or ``BRK.B``.
        price: ``p``. Price of one share, US dollars.
        size: ``s``. Shares; fractional sizes occur.
        exchange: ``x``. The letter of the exchange, ``V`` for IEX.
        id: ``i``. Unique with symbol and exchange on one day.
        conditions: ``c``. Sale conditions, the letters of the tape; see
            :data:`rxpolygon.events.conditions.TAPE_CONDITIONS`.
        tape: ``z``. ``A`` NYSE, ``B`` NYSE Arca and American, ``C`` Nasdaq.
        wire_timestamp: ``t``. The instant as sent, or Unix milliseconds, micro- or nanoseconds in an event
            made by hand.

    Example:
        >>> trade = Trade(symbol="AAPL", price=189.5, wire_timestamp="2023-11-14T22:13:20.123456789Z")
        >>> trade.timestamp, trade.timestamp_ns
        (1700000000123, 1700000000123456789)
    """

    price: float = field(default=ABSENT, name="p")
    size: float = field(default=ABSENT, name="s")
    exchange: str | None = field(default=None, name="x")
    id: int | None = field(default=None, name="i")
    conditions: tuple[str, ...] | None = field(default=None, name="c")
    tape: str | None = field(default=None, name="z")


class Quote(InstantEvent, frozen=True, tag="q"):
    """The best bid and offer of a stock, by the feed that is subscribed (channel ``quotes``).

    Attributes:
        symbol: ``S``. The ticker.
        bid_price: ``bp``. The best bid; 0 with size 0 when there is none.
        bid_size: ``bs``. Its size: round lots before 2025-11-03, shares from that day on.
        bid_exchange: ``bx``. The letter of the bidding exchange.
        ask_price: ``ap``. The best offer; 0 with size 0 when there is none.
        ask_size: ``as``. Its size, in the same unit.
        ask_exchange: ``ax``. The letter of the offering exchange.
        conditions: ``c``. Quote conditions.
        tape: ``z``. ``A``, ``B`` or ``C``.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    bid_price: float = field(default=ABSENT, name="bp")
    bid_size: float = field(default=ABSENT, name="bs")
    ask_price: float = field(default=ABSENT, name="ap")
    ask_size: float = field(default=ABSENT, name="as")
    bid_exchange: str | None = field(default=None, name="bx")
    ask_exchange: str | None = field(default=None, name="ax")
    conditions: tuple[str, ...] | None = field(default=None, name="c")
    tape: str | None = field(default=None, name="z")

    @property
    def exchange(self) -> str | None:
        """None: a quote is the best of the whole feed, not that of one exchange."""
        return None


class Bar(InstantEvent, ServerBar, frozen=True):
    """A window of time that the server summed up; ``timestamp`` is its start.

    Events arrive as :class:`MinuteBar`, :class:`UpdatedBar` or :class:`DailyBar`, which only say the window.

    Attributes:
        symbol: ``S``. The ticker.
        open: ``o``. Price of the first eligible trade in the window.
        high: ``h``. The highest price.
        low: ``l``. The lowest price.
        close: ``c``. Price of the last eligible trade.
        volume: ``v``. Shares, contracts or units traded.
        trade_count: ``n``. How many trades.
        vwap: ``vw``. Volume-weighted average price.
        wire_timestamp: ``t``. The window's start; as in :class:`Trade`.
    """

    open: float = field(default=ABSENT, name="o")
    high: float = field(default=ABSENT, name="h")
    low: float = field(default=ABSENT, name="l")
    close: float = field(default=ABSENT, name="c")
    volume: float = field(default=ABSENT, name="v")
    trade_count: float | None = field(default=None, name="n")
    vwap: float | None = field(default=None, name="vw")

    def __post_init__(self) -> None:
        """Nothing: start and end follow from the timestamp."""

    @property
    def start(self) -> int:
        """The window's first instant, Unix milliseconds UTC, inclusive."""
        return self.timestamp

    @property
    def end(self) -> int:
        """The window's end, Unix milliseconds UTC, exclusive."""
        start = self.timestamp
        return ABSENT if start is None else start + self.length


class MinuteBar(Bar, frozen=True, tag="b"):
    """A :class:`Bar` of one minute, sent when it is over (channel ``bars``)."""

    length: ClassVar[int] = MINUTE_MS


class UpdatedBar(Bar, frozen=True, tag="u"):
    """A :class:`Bar` of one minute again, half a minute later, changed by late trades (``updatedBars``)."""

    length: ClassVar[int] = MINUTE_MS


class DailyBar(Bar, frozen=True, tag="d"):
    """A :class:`Bar` of the day so far, sent after each minute with trades (channel ``dailyBars``).

    It starts at midnight in New York and ends at the next one, 23 to 25 hours later.
    """

    length: ClassVar[int] = _DAY_MS

    @property
    def end(self) -> int:
        """The day's end, Unix milliseconds UTC, exclusive: the next midnight of New York."""
        start = self.timestamp
        return ABSENT if start is None else _end_of_day(start)


class TradingStatus(InstantEvent, frozen=True, tag="s"):
    """A halt or a resumption of trading in a stock (channel ``statuses``).

    Attributes:
        symbol: ``S``. The ticker.
        status_code: ``sc``. The tape's code of the status.
        status_message: ``sm``. The same in words.
        reason_code: ``rc``. The tape's code of the reason.
        reason_message: ``rm``. The same in words.
        tape: ``z``. ``A``, ``B`` or ``C``; codes differ from tape to tape.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    status_code: str = field(default=ABSENT, name="sc")
    status_message: str = field(default=ABSENT, name="sm")
    reason_code: str = field(default=ABSENT, name="rc")
    reason_message: str = field(default=ABSENT, name="rm")
    tape: str | None = field(default=None, name="z")


class LimitUpLimitDown(InstantEvent, frozen=True, tag="l"):
    """The price band that a stock may trade in (channel ``lulds``).

    Attributes:
        symbol: ``S``. The ticker.
        limit_up_price: ``u``. The upper end of the band.
        limit_down_price: ``d``. The lower end.
        indicator: ``i``. The tape's indicator of the limit state.
        tape: ``z``. ``A``, ``B`` or ``C``.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    limit_up_price: float = field(default=ABSENT, name="u")
    limit_down_price: float = field(default=ABSENT, name="d")
    indicator: str | None = field(default=None, name="i")
    tape: str | None = field(default=None, name="z")


class Imbalance(InstantEvent, frozen=True, tag="i"):
    """Orders out of balance before an auction or while a stock is halted (channel ``imbalances``).

    Attributes:
        symbol: ``S``. The ticker.
        price: ``p``. The reference price.
        tape: ``z``. ``A``, ``B`` or ``C``.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    price: float = field(default=ABSENT, name="p")
    tape: str | None = field(default=None, name="z")


class TradeCancel(InstantEvent, frozen=True, tag="x"):
    """A trade that is taken back. It comes with the trades of the same symbol.

    Attributes:
        symbol: ``S``. The ticker.
        price: ``p``. Price of the trade that is cancelled.
        size: ``s``. Its size.
        exchange: ``x``. Its exchange.
        id: ``i``. Its id.
        action: ``a``. ``C`` for a cancel, ``E`` for an error.
        tape: ``z``. ``A``, ``B`` or ``C``.
        wire_timestamp: ``t``. When it was cancelled; as in :class:`Trade`.
    """

    price: float = field(default=ABSENT, name="p")
    size: float = field(default=ABSENT, name="s")
    exchange: str | None = field(default=None, name="x")
    id: int | None = field(default=None, name="i")
    action: str | None = field(default=None, name="a")
    tape: str | None = field(default=None, name="z")

    @property
    def cancels(self) -> tuple[str | None, int | None]:
        """Exchange and id of the trade that is taken back: what bars with ``corrections=True`` ask for."""
        return self.exchange, self.id


class TradeCorrection(InstantEvent, frozen=True, tag="c"):
    """A trade that was reported wrong, and as it should have been. It comes with the trades of the symbol.

    Attributes:
        symbol: ``S``. The ticker.
        exchange: ``x``. The exchange of the trade.
        original_id: ``oi``. Its id.
        original_price: ``op``. Its price as first reported.
        original_size: ``os``. Its size as first reported.
        original_conditions: ``oc``. Its conditions as first reported.
        corrected_id: ``ci``. The id from now on.
        corrected_price: ``cp``. The right price.
        corrected_size: ``cs``. The right size.
        corrected_conditions: ``cc``. The right conditions.
        tape: ``z``. ``A``, ``B`` or ``C``.
        wire_timestamp: ``t``. When it was corrected; as in :class:`Trade`.

    Example:
        >>> wrong = Trade(symbol="AAPL", price=18.95, exchange="V", id=7, wire_timestamp=1_700_000_000_000)
        >>> correction = TradeCorrection(symbol="AAPL", exchange="V", original_id=7, corrected_price=189.5)
        >>> correction.corrected(wrong).price
        189.5
    """

    exchange: str | None = field(default=None, name="x")
    original_id: int | None = field(default=None, name="oi")
    original_price: float = field(default=ABSENT, name="op")
    original_size: float = field(default=ABSENT, name="os")
    original_conditions: tuple[str, ...] | None = field(default=None, name="oc")
    corrected_id: int | None = field(default=None, name="ci")
    corrected_price: float = field(default=ABSENT, name="cp")
    corrected_size: float = field(default=ABSENT, name="cs")
    corrected_conditions: tuple[str, ...] | None = field(default=None, name="cc")
    tape: str | None = field(default=None, name="z")

    @property
    def corrects(self) -> tuple[str | None, int | None]:
        """Exchange and id of the trade as first reported: what bars with ``corrections=True`` ask for."""
        return self.exchange, self.original_id

    def corrected(self, trade: TTrade, /) -> TTrade:
        """The trade as it should have been, at its own instant. What the correction leaves out stays."""
        known = {
            "price": self.corrected_price,
            "size": self.corrected_size,
            "id": self.corrected_id,
            "conditions": self.corrected_conditions,
        }
        return replace(trade, **{name: value for name, value in known.items() if value is not None})


class CryptoTrade(InstantEvent, frozen=True, tag="t"):
    """A trade in a crypto pair (channel ``trades`` of the crypto stream).

    Attributes:
        symbol: ``S``. The pair, for example ``BTC/USD``.
        price: ``p``. In the second currency.
        size: ``s``. In units of the first currency.
        id: ``i``. The exchange's id of the trade.
        taker_side: ``tks``. ``B`` when the taker bought, ``S`` when the taker sold.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    price: float = field(default=ABSENT, name="p")
    size: float = field(default=ABSENT, name="s")
    id: int | None = field(default=None, name="i")
    taker_side: str | None = field(default=None, name="tks")

    @property
    def exchange(self) -> str | None:
        """None: the stream is that of one exchange."""
        return None


class CryptoQuote(InstantEvent, frozen=True, tag="q"):
    """The best bid and offer of a crypto pair (channel ``quotes`` of the crypto stream).

    Attributes:
        symbol: ``S``. The pair, for example ``BTC/USD``.
        bid_price: ``bp``. The best bid, in the second currency.
        bid_size: ``bs``. Its size, in units of the first currency.
        ask_price: ``ap``. The best offer.
        ask_size: ``as``. Its size.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    bid_price: float = field(default=ABSENT, name="bp")
    bid_size: float = field(default=ABSENT, name="bs")
    ask_price: float = field(default=ABSENT, name="ap")
    ask_size: float = field(default=ABSENT, name="as")

    @property
    def exchange(self) -> str | None:
        """None: a quote is the best of the whole feed, not that of one exchange."""
        return None


class OrderbookQuote(Struct, frozen=True, gc=False):
    """One price of an :class:`Orderbook`.

    Attributes:
        price: ``p``. The price, in the second currency.
        size: ``s``. Units of the first currency; 0 takes the price out of the book.
    """

    price: float = field(name="p")
    size: float = field(name="s")


class Orderbook(InstantEvent, frozen=True, tag="o"):
    """The order book of a crypto pair, or what changed in it (channel ``orderbooks``).

    Attributes:
        symbol: ``S``. The pair, for example ``BTC/USD``.
        bids: ``b``. Bids, each with the whole size at its price.
        asks: ``a``. Offers, likewise.
        reset: ``r``. Whether this is the whole book; otherwise it is what changed.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    bids: tuple[OrderbookQuote, ...] = field(default=(), name="b")
    asks: tuple[OrderbookQuote, ...] = field(default=(), name="a")
    reset: bool = field(default=False, name="r")


class OptionTrade(InstantEvent, frozen=True, tag="t"):
    """A trade in an option contract (channel ``trades`` of the option stream).

    Attributes:
        symbol: ``S``. The contract, for example ``AAPL240315C00172500``.
        price: ``p``. The premium for one share, US dollars.
        size: ``s``. Contracts.
        exchange: ``x``. The letter of the exchange.
        conditions: ``c``. OPRA's condition code.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    #: OPRA's letters are no sale conditions of the stock tapes, so the rules for bars leave them alone.
    has_sale_conditions: ClassVar[bool] = False

    price: float = field(default=ABSENT, name="p")
    size: float = field(default=ABSENT, name="s")
    exchange: str | None = field(default=None, name="x")
    conditions: str | None = field(default=None, name="c")


class OptionQuote(InstantEvent, frozen=True, tag="q"):
    """The best bid and offer of an option contract (channel ``quotes`` of the option stream).

    Attributes:
        symbol: ``S``. The contract.
        bid_price: ``bp``. The best bid, US dollars for one share.
        bid_size: ``bs``. Its size in contracts.
        bid_exchange: ``bx``. The letter of the bidding exchange.
        ask_price: ``ap``. The best offer.
        ask_size: ``as``. Its size in contracts.
        ask_exchange: ``ax``. The letter of the offering exchange.
        conditions: ``c``. OPRA's condition code.
        wire_timestamp: ``t``. As in :class:`Trade`.
    """

    bid_price: float = field(default=ABSENT, name="bp")
    bid_size: float = field(default=ABSENT, name="bs")
    ask_price: float = field(default=ABSENT, name="ap")
    ask_size: float = field(default=ABSENT, name="as")
    bid_exchange: str | None = field(default=None, name="bx")
    ask_exchange: str | None = field(default=None, name="ax")
    conditions: str | None = field(default=None, name="c")

    @property
    def exchange(self) -> str | None:
        """None: a quote is the best of the whole feed, not that of one exchange."""
        return None


def _end_of_day(start: int) -> int:
    """The midnight of New York after one; 24 hours later where the start is no midnight there."""
    try:
        local = datetime.fromtimestamp(start / 1_000, UTC).astimezone(_new_york())
        if local.timetz().replace(tzinfo=None) != time(0):
            return start + _DAY_MS
        following: date = local.date() + timedelta(days=1)
        return int(datetime.combine(following, time(0), _new_york()).timestamp() * 1_000)
    except (OverflowError, ValueError, OSError):  # a server's number that is no time of this calendar
        return start + _DAY_MS


def _new_york() -> ZoneInfo:
    return ZoneInfo("America/New_York")
