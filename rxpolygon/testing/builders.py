"""Short builders of market events, and the rule by which a marble gives an event its time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import Event, MinuteAggregate, Quote, ServerBar, Trade
from rxpolygon.events.instants import InstantEvent
from rxpolygon.operators import Bar
from rxpolygon.operators._durations import to_milliseconds

__all__ = ["EPOCH", "Instant", "aggregate", "bar", "instant_ms", "placed", "quote", "trade"]

#: Where the time of marbles begins, Unix ms UTC: Thursday 2023-11-16 15:00:00 UTC, 10:00 in New York; a
#: whole minute and hour, in the regular hours of a trading day.
EPOCH: Final = 1_700_146_800_000

#: Seconds after :data:`EPOCH`, or an aware datetime.
Instant = float | datetime

T = TypeVar("T")

# The fields that may hold an event's time, as they are tried.
_STAMPS: Final = ("timestamp", "wire_timestamp")
_MINUTE_MS: Final = 60_000


def instant_ms(argument: str, at: Instant) -> int:
    """An instant as Unix milliseconds UTC.

    Raises:
        InvalidArgumentError: A datetime without a zone, nan or infinity.
        InvalidTypeError: Neither a number nor a datetime.
    """
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise InvalidArgumentError(argument, at, "the datetime needs a zone, such as tzinfo=UTC")
        return round(at.timestamp() * 1_000)
    if isinstance(at, bool) or not isinstance(at, (int, float)):
        raise InvalidTypeError(argument, at, "seconds after EPOCH, or an aware datetime")
    if not math.isfinite(at):
        raise InvalidArgumentError(argument, at, "seconds after EPOCH that are a number")
    return EPOCH + round(at * 1_000)


def trade(
    symbol: str = "AAPL",
    price: float = 10.0,
    size: float = 100,
    *,
    at: Instant | None = None,
    **fields: Any,  # Any: whatever other fields a Trade has
) -> Trade:
    """A trade; without ``at`` it takes the time of its marble.

    Args:
        symbol: The ticker.
        price: The price.
        size: Shares.
        at: Its timestamp: seconds after :data:`EPOCH`, or an aware datetime.
        **fields: Other fields of :class:`~rxpolygon.events.Trade`, such as ``conditions`` or ``timestamp``.

    Example:
        >>> trade("IBM", 181.5, at=2.5).timestamp - EPOCH
        2500
    """
    sale: dict[str, Any] = {"symbol": symbol, "price": price, "size": size}
    return Trade(**sale | _stamp("timestamp", at) | fields)


def quote(
    symbol: str = "AAPL",
    bid: float = 9.99,
    ask: float = 10.01,
    *,
    bid_size: float = 100,
    ask_size: float = 100,
    at: Instant | None = None,
    **fields: Any,  # Any: whatever other fields a Quote has
) -> Quote:
    """A quote; without ``at`` it takes the time of its marble.

    Args:
        symbol: The ticker.
        bid: The bid's price.
        ask: The offer's price.
        bid_size: The bid's size.
        ask_size: The offer's size.
        at: Its timestamp: seconds after :data:`EPOCH`, or an aware datetime.
        **fields: Other fields of :class:`~rxpolygon.events.Quote`.

    Example:
        >>> quote("IBM", 181.4, 181.6, at=1).bid_price
        181.4
    """
    sides = {"bid_price": bid, "ask_price": ask, "bid_size": bid_size, "ask_size": ask_size}
    return Quote(**{"symbol": symbol} | sides | _stamp("timestamp", at) | fields)


def bar(
    symbol: str = "AAPL",
    close: float = 10.0,
    *,
    open: float | None = None,
    high: float | None = None,
    low: float | None = None,
    volume: float = 100,
    count: int = 1,
    every: str | timedelta = "1m",
    at: Instant | None = None,
    **fields: Any,  # Any: whatever other fields a Bar has
) -> Bar:
    """A bar as the bar operators emit it; without ``at`` it ends at the time of its marble.

    Args:
        symbol: The ticker.
        close: The last price.
        open: The first price; by default the close.
        high: The highest price; by default the higher of open and close.
        low: The lowest price; by default the lower of open and close.
        volume: Shares.
        count: Number of trades.
        every: The bar's length.
        at: Its ``start``, as seconds after :data:`EPOCH` or an aware datetime.
        **fields: Other fields of :class:`~rxpolygon.operators.Bar`; ``vwap`` is the close unless given.

    Example:
        >>> bar("IBM", 12.0, open=11.0, at=60).end - EPOCH
        120000
    """
    length = to_milliseconds("every", every)
    # Without a time it lies just before 1970: `placed` moves it from there.
    start = -length if at is None else instant_ms("at", at)
    prices = _prices(close, open, high, low)
    rest = {"start": start, "end": start + length, "volume": volume, "count": count, "vwap": close}
    return Bar(**{"symbol": symbol} | prices | rest | fields)


def aggregate(
    symbol: str = "AAPL",
    close: float = 10.0,
    *,
    open: float | None = None,
    high: float | None = None,
    low: float | None = None,
    volume: float = 100,
    at: Instant | None = None,
    **fields: Any,  # Any: whatever other fields an Aggregate has
) -> MinuteAggregate:
    """A minute as the server sums it up; without ``at`` it ends at the time of its marble.

    Args:
        symbol: The ticker.
        close: The last price.
        open: The first price; by default the close.
        high: The highest price; by default the higher of open and close.
        low: The lowest price; by default the lower of open and close.
        volume: Shares.
        at: Its ``start``, as seconds after :data:`EPOCH` or an aware datetime.
        **fields: Other fields of :class:`~rxpolygon.events.Aggregate`.

    Example:
        >>> aggregate("IBM", 12.0, at=0).timestamp == EPOCH
        True
    """
    window: dict[str, Any] = {"symbol": symbol, "volume": volume, **_prices(close, open, high, low)}
    return MinuteAggregate(**window | _stamp("start", at) | fields)


def _stamp(name: str, at: Instant | None) -> dict[str, Any]:
    return {} if at is None else {name: instant_ms("at", at)}


def _prices(close: float, open: float | None, high: float | None, low: float | None) -> dict[str, Any]:
    first = close if open is None else open
    return {
        "open": first,
        "high": max(first, close) if high is None else high,
        "low": min(first, close) if low is None else low,
        "close": close,
    }


def placed(value: T, at: int) -> T:
    """The value with its time: an event that has none takes that of its marble, all else stays as it is.

    A bar or an aggregate then ends at that time, as a live one does.

    Args:
        value: Anything.
        at: The marble's time, Unix ms UTC.
    """
    if isinstance(value, Bar):
        return replace(value, start=value.start + at, end=value.end + at) if value.start < 0 else value
    if isinstance(value, ServerBar):
        return _placed_window(value, at) if value.start is None else value
    if isinstance(value, (Event, Struct)):
        for name in _STAMPS:
            if name in value.__struct_fields__ and getattr(value, name) is None:
                return replace(value, **{name: at})
    return value


def _placed_window(value: T, at: int) -> T:
    # Classes that serve windows of several lengths say 0; theirs are minutes here.
    length = getattr(value, "length", 0) or _MINUTE_MS
    if isinstance(value, InstantEvent):  # its start is its instant, and its end follows
        return cast("T", replace(value, wire_timestamp=at - length))
    return replace(value, start=at - length, end=at)  # type: ignore[type-var]  # a ServerBar is a Struct
