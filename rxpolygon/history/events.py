"""Events of files, which keep their nanoseconds.

Each is the live class plus the exact instant, so whatever takes the live class takes it too; the live classes
themselves carry nothing for it.
"""

from __future__ import annotations

from msgspec import field

from rxpolygon import events
from rxpolygon.events._base import ABSENT

__all__ = [
    "HistoricalCryptoTrade",
    "HistoricalForexQuote",
    "HistoricalFuturesQuote",
    "HistoricalFuturesTrade",
    "HistoricalQuote",
    "HistoricalTrade",
]


class HistoricalTrade(events.Trade, frozen=True, tag="T"):
    """A :class:`~rxpolygon.events.Trade` of a file.

    Attributes:
        timestamp_ns: When the tape published it, Unix ns UTC, exact; ``timestamp`` is it in ms, floored.
    """

    timestamp_ns: int = field(default=ABSENT, name="tn")


class HistoricalQuote(events.Quote, frozen=True, tag="Q"):
    """A :class:`~rxpolygon.events.Quote` of a file.

    Attributes:
        timestamp_ns: When the tape published it, Unix ns UTC, exact; ``timestamp`` is it in ms, floored.
    """

    timestamp_ns: int = field(default=ABSENT, name="tn")


class HistoricalFuturesTrade(events.FuturesTrade, frozen=True, tag="T"):
    """A :class:`~rxpolygon.events.FuturesTrade` of a file.

    Attributes:
        timestamp_ns: Unix ns UTC, exact; ``timestamp`` is it in ms, floored.
    """

    timestamp_ns: int = field(default=ABSENT, name="tn")


class HistoricalFuturesQuote(events.FuturesQuote, frozen=True, tag="Q"):
    """A :class:`~rxpolygon.events.FuturesQuote` of a file.

    Attributes:
        timestamp_ns: Unix ns UTC, exact; ``timestamp`` is it in ms, floored.
    """

    timestamp_ns: int = field(default=ABSENT, name="tn")


class HistoricalForexQuote(events.ForexQuote, frozen=True, tag="C"):
    """A :class:`~rxpolygon.events.ForexQuote` of a file.

    Attributes:
        timestamp_ns: Unix ns UTC, exact; ``timestamp`` is it in ms, floored.
    """

    timestamp_ns: int = field(default=ABSENT, name="tn")


class HistoricalCryptoTrade(events.CryptoTrade, frozen=True, tag="XT"):
    """A :class:`~rxpolygon.events.CryptoTrade` of a file.

    Attributes:
        timestamp_ns: The exchange's instant, Unix ns UTC, exact; ``timestamp`` is it in ms, floored.
    """

    timestamp_ns: int = field(default=ABSENT, name="tn")
