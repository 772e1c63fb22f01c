"""The columns of the vendor's files, and what becomes of them: one table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from rxpolygon import events
from rxpolygon.events import Event
from rxpolygon.history import events as history

__all__ = ["LAYOUTS", "Column", "Kind", "Layout", "layout_of"]

#: What a column holds: text; a number; a whole number; an instant that becomes ms; codes such as ``12,37``
#: that become a tuple; or the first of them.
Kind = Literal["text", "float", "int", "instant", "codes", "code"]


class Column(Struct, frozen=True):
    """A column of a file and the field that it fills.

    Attributes:
        name: The column's name in the file.
        field: The field of the event, which is also a name that the column may have in a table.
        kind: What it holds.
        is_needed: Whether a file without it is no such file.
    """

    name: str
    field: str
    kind: Kind = "float"
    is_needed: bool = False


class Layout(Struct, frozen=True):
    """One kind of file.

    Attributes:
        name: Its name for a person, and in the vendor's folders.
        markets: Whose data it may be.
        kind: The class under which its events are observed.
        event: Their own class.
        stamp: The column of the instant.
        columns: The others.
        window_ns: For bars: how long after its stamp, the start, a bar is known.
    """

    name: str
    markets: tuple[str, ...]
    kind: type[Event]
    event: type[Event]
    stamp: str
    columns: tuple[Column, ...]
    window_ns: int = 0

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that there must be."""
        return ("ticker", *(column.name for column in self.columns if column.is_needed), self.stamp)


_PRICE: Final = Column("price", "price", is_needed=True)
_SIZE: Final = Column("size", "size", is_needed=True)
_SEQUENCE: Final = Column("sequence_number", "sequence_number", "int")
_CONDITIONS: Final = Column("conditions", "conditions", "codes")
_EXCHANGE: Final = Column("exchange", "exchange", "int")
_ASK: Final = Column("ask_price", "ask_price", is_needed=True)
_BID: Final = Column("bid_price", "bid_price", is_needed=True)
_SIZES: Final = (Column("ask_size", "ask_size"), Column("bid_size", "bid_size"))
_SIDES: Final = (
    Column("ask_exchange", "ask_exchange", "int"),
    Column("bid_exchange", "bid_exchange", "int"),
)
_PRICES: Final = tuple(Column(name, name, is_needed=True) for name in ("open", "high", "low", "close"))
_VOLUME: Final = Column("volume", "volume")
_MINUTE_NS: Final = 60_000_000_000

LAYOUTS: Final = (
    Layout(
        "trades_v1",
        ("stocks", "options"),
        events.Trade,
        history.HistoricalTrade,
        "sip_timestamp",
        (
            _PRICE,
            _SIZE,
            _EXCHANGE,
            Column("id", "id", "text"),
            Column("tape", "tape", "int"),
            _CONDITIONS,
            _SEQUENCE,
            Column("participant_timestamp", "participant_timestamp", "instant"),
            Column("trf_id", "trf_id", "int"),
            Column("trf_timestamp", "trf_timestamp", "instant"),
        ),
    ),
    Layout(
        "quotes_v1",
        ("stocks", "options"),
        events.Quote,
        history.HistoricalQuote,
        "sip_timestamp",
        (
            _BID,
            _ASK,
            *_SIZES,
            *_SIDES,
            Column("conditions", "condition", "code"),
            Column("indicators", "indicators", "codes"),
            _SEQUENCE,
            Column("tape", "tape", "int"),
        ),
    ),
    Layout(
        "trades_v1",
        ("futures",),
        events.FuturesTrade,
        history.HistoricalFuturesTrade,
        "timestamp",
        (_PRICE, _SIZE, _SEQUENCE),
    ),
    Layout(
        "quotes_v1",
        ("futures",),
        events.FuturesQuote,
        history.HistoricalFuturesQuote,
        "timestamp",
        (
            _BID,
            _ASK,
            *_SIZES,
            Column("ask_timestamp", "ask_timestamp", "instant"),
            Column("bid_timestamp", "bid_timestamp", "instant"),
        ),
    ),
    Layout(
        "quotes_v1",
        ("forex",),
        events.ForexQuote,
        history.HistoricalForexQuote,
        "participant_timestamp",
        (_BID, _ASK, Column("bid_exchange", "exchange", "int")),
    ),
    Layout(
        "trades_v1",
        ("crypto",),
        events.CryptoTrade,
        history.HistoricalCryptoTrade,
        "participant_timestamp",
        (_PRICE, _SIZE, _CONDITIONS, Column("id", "id", "text"), _EXCHANGE),
    ),
    *(
        Layout("minute_aggs_v1", markets, event, event, "window_start", (*_PRICES, *more), _MINUTE_NS)
        for markets, event, more in (
            (("stocks", "options"), events.MinuteAggregate, (_VOLUME,)),
            (("forex",), events.ForexMinuteAggregate, (_VOLUME,)),
            (("crypto",), events.CryptoMinuteAggregate, (_VOLUME,)),
            (("indices",), events.IndexMinuteAggregate, ()),
            (
                ("futures",),
                events.FuturesMinuteAggregate,
                (_VOLUME, Column("transactions", "transactions", "int")),
            ),
        )
    ),
)


def layout_of(columns: Iterable[str], market: str) -> Layout | None:
    """The kind of file that has these columns, told by the prices; None if it is none of that market.

    Example:
        >>> layout_of(["ticker", "price", "size", "sip_timestamp"], "stocks").event.__name__
        'HistoricalTrade'
    """
    there = set(columns)
    for layout in LAYOUTS:
        prices = {column.name for column in layout.columns if column.is_needed and column.name != "size"}
        if market in layout.markets and prices <= there:
            return layout
    return None
