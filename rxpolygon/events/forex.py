"""Events of the forex cluster."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from rxpolygon.events._aggregate import MINUTE_MS, SECOND_MS, ServerBar
from rxpolygon.events._base import ABSENT, Event

__all__ = ["ForexAggregate", "ForexMinuteAggregate", "ForexQuote", "ForexSecondAggregate"]


class ForexQuote(Event, frozen=True, tag="C"):
    """A quote of a currency pair (channel ``C``).

    Attributes:
        symbol: ``p``. The pair, for example ``USD/CNH``.
        bid_price: ``b``. The bid, in the second currency.
        ask_price: ``a``. The offer, in the second currency.
        timestamp: ``t``. Unix ms UTC.
        exchange: ``x``. The vendor's id of the source.
    """

    symbol: str = field(name="p")
    bid_price: float = field(default=ABSENT, name="b")
    ask_price: float = field(default=ABSENT, name="a")
    timestamp: int = field(default=ABSENT, name="t")
    exchange: int | None = field(default=None, name="x")


class ForexAggregate(ServerBar, frozen=True):
    """A second or a minute of a currency pair, summed up by the server (channels ``CAS``, ``CA``).

    Attributes:
        symbol: ``pair``. The pair, for example ``USD/EUR``.
        open: ``o``. The first price in the window.
        high: ``h``. The highest price.
        low: ``l``. The lowest price.
        close: ``c``. The last price.
        volume: ``v``. Number of quotes in the window.
        start: ``s``. The window's first instant, Unix ms UTC, inclusive.
        end: ``e``. Its end, Unix ms UTC, exclusive; start plus length when the server leaves it out.
    """

    symbol: str = field(name="pair")
    open: float = field(default=ABSENT, name="o")
    high: float = field(default=ABSENT, name="h")
    low: float = field(default=ABSENT, name="l")
    close: float = field(default=ABSENT, name="c")
    volume: float | None = field(default=None, name="v")
    start: int = field(default=ABSENT, name="s")
    end: int = field(default=ABSENT, name="e")


class ForexSecondAggregate(ForexAggregate, frozen=True, tag="CAS"):
    """A :class:`ForexAggregate` of one second."""

    length: ClassVar[int] = SECOND_MS


class ForexMinuteAggregate(ForexAggregate, frozen=True, tag="CA"):
    """A :class:`ForexAggregate` of one minute."""

    length: ClassVar[int] = MINUTE_MS
