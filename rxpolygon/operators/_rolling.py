"""``rolling``: mean, standard deviation and realised volatility over a moving window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from math import sqrt
from typing import Any, TypeVar, overload

from reactivex import Observable

from rxpolygon.checks import flag
from rxpolygon.operators._checks import fit, function
from rxpolygon.operators._dated import Dated
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._kept_trades import KeptTrades
from rxpolygon.operators._measured import measured
from rxpolygon.operators._protocols import Priced, Timed
from rxpolygon.operators._readers import is_amendment
from rxpolygon.operators._rolling_window import RollingWindow

__all__ = ["RollingStatistics", "rolling"]

TPriced = TypeVar("TPriced", bound=Priced)
TTimed = TypeVar("TTimed", bound=Timed)

_Value = tuple[int, float]


class RollingStatistics(Dated, frozen=True, gc=False):
    """What a symbol's values in the window looked like after an event, or after a correction of one.

    Attributes:
        symbol: The symbol.
        timestamp: The instant of the event (or of the correction), Unix ms UTC.
        count: Number of values in the window.
        mean: Their mean.
        standard_deviation: Of a sample (divided by count less one); None for a single value.
        realised_volatility: The square root of the sum of squared log returns from each value in the
            window to the next (Andersen, Bollerslev, Diebold and Labys, "Modeling and Forecasting Realized
            Volatility", Econometrica 71, 2003); not annualised. None for a single value, and while a
            value of zero or below is in the window.
    """

    symbol: str
    timestamp: int
    count: int
    mean: float
    standard_deviation: float | None
    realised_volatility: float | None


class _Windows:
    """The windows of all symbols of one subscription."""

    def __init__(
        self,
        length: int,
        read: Callable[[Any], float | None] | None,  # Any: of the source's events
        kept: KeptTrades[_Value],
    ) -> None:
        self._length = length
        self._read = read
        self._kept = kept
        self._is_amended = kept.is_expecting
        self._windows: dict[str, RollingWindow] = {}
        # What the windows hold, by arrival, where it may be amended.
        self._values: dict[str, deque[_Value]] = {}
        self._kind: type | None = None

    def take(self, event: Any) -> RollingStatistics | None:  # Any: read by attributes
        """The statistics after an event or an amendment, if there are any."""
        if event.__class__ is not self._kind:
            if is_amendment(event) and (self._read is None or self._is_amended):
                return self._amend(event)
            self._meet(event)
        number = event.price if self._read is None else self._read(event)
        if number is None:
            return None
        symbol, time = event.symbol, event.timestamp
        try:
            window = self._windows[symbol]
        except KeyError:
            window = self._windows[symbol] = RollingWindow()
        at = window.time if time is None or time < window.time else time
        window.push(at, number)
        window.evict(at - self._length)
        if self._is_amended:
            self._keep(event, (at, number))
        return _describe(symbol, time, window)

    def _meet(self, event: object) -> None:
        if self._read is None:
            fit(event, "a trade, or give value=", "symbol", "price", "timestamp")
        else:
            fit(event, "an event with symbol and timestamp", "symbol", "timestamp")
        self._kind = event.__class__

    def _keep(self, trade: Any, value: _Value) -> None:
        self._kept.keep(trade, value)
        values = self._values.get(trade.symbol)
        if values is None:
            values = self._values[trade.symbol] = deque()
        values.append(value)
        until = value[0] - self._length
        while values[0][0] <= until:
            values.popleft()

    def _amend(self, amendment: Any) -> RollingStatistics | None:
        found = self._kept.take_out(amendment)
        if found is None:
            return None
        value, corrected = found
        number = None
        if corrected is not None:
            number = corrected.price if self._read is None else self._read(corrected)
        right = None if number is None else (value[0], number)
        if right is not None:
            self._kept.keep(corrected, right)
        symbol = amendment.symbol
        values = self._values[symbol]
        # By identity: another trade of the same instant may have had the same price, elsewhere in the order.
        place = next((place for place, one in enumerate(values) if one is value), None)
        if place is None:  # it has left the window
            return None
        if right is None:
            del values[place]
        else:
            values[place] = right
        window = self._rebuild(symbol)
        return _describe(symbol, amendment.timestamp, window) if values else None

    def _rebuild(self, symbol: str) -> RollingWindow:
        # Nothing can be taken out of the middle of a window; but amendments are rare.
        newest = self._windows[symbol].time
        window = self._windows[symbol] = RollingWindow()
        for at, number in self._values[symbol]:
            window.push(at, number)
        window.time = newest
        return window


@overload
def rolling(
    window: str | timedelta,
    *,
    corrections: bool = ...,
    revisable: str | timedelta = ...,
    on_late: Callable[[Any], object] | None = ...,  # Any: of whatever class the corrections are
) -> Callable[[Observable[TPriced]], Observable[RollingStatistics]]: ...


@overload
def rolling(
    window: str | timedelta,
    *,
    value: Callable[[TTimed], float | None],
    corrections: bool = ...,
    revisable: str | timedelta = ...,
    on_late: Callable[[Any], object] | None = ...,
) -> Callable[[Observable[TTimed]], Observable[RollingStatistics]]: ...


def rolling(
    window: str | timedelta,
    *,
    value: Callable[[TTimed], float | None] | None = None,
    corrections: bool = False,
    revisable: str | timedelta = "15m",
    on_late: Callable[[Any], object] | None = None,
) -> Callable[[Observable[TTimed]], Observable[RollingStatistics]]:
    """Mean, standard deviation and realised volatility of each symbol's prices in a moving window.

    .. code-block:: text

        source   --10------12------17-----|
                 [      rolling("1m")     ]
        output   --10------11------13-----|      (the means)

    The window is ``(timestamp - window, timestamp]`` in event time: a value exactly ``window`` old has
    left. After each event with a value one :class:`RollingStatistics` is emitted. An event without a
    value (None) is passed over. An event older than the symbol's newest, or without ``timestamp``, counts
    as if at the newest one; put ``reorder`` before if that matters.

    Nothing is ever subtracted from the sums, so they stay exact however long the stream and whatever has
    passed through the window; see :class:`~rxpolygon.operators._rolling_window.RollingWindow`.

    **Corrections.** With ``corrections`` the stream may also have events that correct or cancel trades,
    merged into it; see :func:`vwap`, which takes them in the same way. Without, one ends the stream with an
    error, lest its price be counted, unless a ``value`` of one's own reads it.

    - *Cost*: constant for each event, amortised. A symbol takes about 0.3 KB, and 0.2 KB for each value in
      the window. With ``corrections`` each trade is kept, with some 0.5 KB besides, and the window of the
      symbol is gone through for each correction.
    - *When*: at once with the event. *Completion, error*: forwarded; nothing is held.
    - *Silence*: emits nothing; a window does not empty by itself.
    - *Dispose*: releases the source and the state. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread.

    Args:
        window: Its length, as "5m" or a timedelta.
        value: What to look at, instead of the event's ``price``. If it raises, that goes to ``on_error``.
        corrections: Whether the stream also has events that correct or cancel trades.
        revisable: How long by event time a trade can be corrected or cancelled; it is kept that long.
        on_late: Called with each correction or cancel whose trade is not known, or not any more, as
            :func:`vwap` says.

    Returns:
        An operator from events to :class:`RollingStatistics`.

    Raises:
        InvalidArgumentError: A duration cannot be read. To ``on_error`` if there is a correction without
            ``corrections``.
        InvalidTypeError: ``value`` or ``on_late`` is no function. To ``on_error`` for an event without a
            price.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Quote
        >>> from rxpolygon.operators import rolling
        >>> quotes = rx.from_iterable(
        ...     Quote(symbol="A", bid_price=bid, ask_price=bid + 2, timestamp=at)
        ...     for bid, at in [(9.0, 1_000), (13.0, 2_000), (10.0, 61_000)]
        ... )
        >>> mids = quotes.pipe(rolling("1m", value=lambda quote: (quote.bid_price + quote.ask_price) / 2))
        >>> _ = mids.subscribe(lambda it: print(it.count, it.mean))
        1 10.0
        2 12.0
        2 12.5
    """
    window_ms = to_milliseconds("window", window)
    kept_ms = to_milliseconds("revisable", revisable)
    revisable_ms = kept_ms if corrections else None
    function("value", value)
    function("on_late", on_late)
    flag("corrections", corrections)

    def operator(source: Observable[TTimed]) -> Observable[RollingStatistics]:
        return measured(source, lambda kept: _Windows(window_ms, value, kept).take, revisable_ms, on_late)

    return operator


def _describe(symbol: str, time: int, values: RollingWindow) -> RollingStatistics:
    count, mean, squares, variation = values.statistics()
    if count < 2:
        return RollingStatistics(symbol, time, count, mean, None, None)
    # nan, the only number that is not itself: unknown.
    volatility = sqrt(variation) if variation == variation else None
    # Below zero only where values near the largest float made it overflow.
    return RollingStatistics(symbol, time, count, mean, sqrt(abs(squares) / (count - 1)), volatility)
