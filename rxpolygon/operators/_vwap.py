"""``vwap``: the volume-weighted average price of each symbol."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from reactivex import Observable

from rxpolygon.checks import flag
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators._checks import fit, function
from rxpolygon.operators._dated import Dated
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._kept_trades import KeptTrades
from rxpolygon.operators._measured import measured
from rxpolygon.operators._protocols import TradeLike
from rxpolygon.operators._readers import is_amendment
from rxpolygon.operators._vwap_total import Part, Total

__all__ = ["Vwap", "vwap"]

TTrade = TypeVar("TTrade", bound=TradeLike)


class Vwap(Dated, frozen=True, gc=False):
    """The volume-weighted average price of a symbol after a trade, or after a correction of one.

    Attributes:
        symbol: The symbol.
        timestamp: The instant of the trade (or of the correction), Unix ms UTC.
        vwap: Sum of price times size over sum of size.
        volume: Sum of size.
        count: Number of trades.
    """

    symbol: str
    timestamp: int
    vwap: float
    volume: float
    count: int


class _Averages:
    """The totals of all symbols of one subscription."""

    def __init__(
        self,
        window: int | None,
        restart: int | None,
        offset: int,
        kept: KeptTrades[Part],
    ) -> None:
        self._window = window
        self._restart = restart
        self._offset = offset
        self._kept = kept
        self._is_amended = kept.is_expecting
        self._totals: dict[str, Total] = {}
        self._kind: type | None = None

    def take(self, trade: Any) -> Vwap | None:  # Any: read by attributes
        """The average after a trade or an amendment, if there is one."""
        if trade.__class__ is not self._kind:
            if is_amendment(trade):
                return self._amend(trade)
            fit(trade, "a trade", "symbol", "price", "size", "timestamp")
            self._kind = trade.__class__
        price, size, time = trade.price, trade.size, trade.timestamp
        if price is None or size is None:
            return None
        symbol = trade.symbol
        try:
            total = self._totals[symbol]
        except KeyError:
            total = self._totals[symbol] = Total()
        if time is not None and time > total.time:
            total.time = time
            if self._restart is not None and time >= total.period_end:
                total.clear()
                total.period_end = time - (time - self._offset) % self._restart + self._restart
        notional = price * size
        if self._window is None:
            total.add(notional, size)
        else:
            total.add_to_window(notional, size, self._window)
        if self._is_amended:
            self._kept.keep(trade, total.part(notional, size))
        return _average(symbol, time, total)

    def _amend(self, amendment: Any) -> Vwap | None:
        found = self._kept.take_out(amendment)
        if found is None:
            return None
        part, corrected = found
        symbol = amendment.symbol
        total = self._totals[symbol]
        is_changed = total.withdraw(part)
        if corrected is not None and corrected.price is not None and corrected.size is not None:
            (time, _, _), period_end = part
            right = (time, corrected.price * corrected.size, corrected.size)
            if is_changed:
                total.put_back(right)
            self._kept.keep(corrected, (right, period_end))
        return _average(symbol, amendment.timestamp, total) if is_changed else None


def _average(symbol: str, time: int, total: Total) -> Vwap | None:
    if not total.sized:
        return None
    volume = total.volume + total.volume_rest
    if not volume:
        return None  # of sizes so different that even the rests lost one
    return Vwap(symbol, time, (total.notional + total.notional_rest) / volume, volume, total.count)


def vwap(
    window: str | timedelta | None = None,
    *,
    restart: str | timedelta | None = None,
    offset: str | timedelta = timedelta(0),
    corrections: bool = False,
    revisable: str | timedelta = "15m",
    on_late: Callable[[Any], object] | None = None,  # Any: of whatever class the corrections are
) -> Callable[[Observable[TTrade]], Observable[Vwap]]:
    """The volume-weighted average price of each symbol, after each of its trades.

    .. code-block:: text

        source   --10x1----20x3----10x4--|      (price x size)
                 [        vwap()         ]
        output   --10------17.5----13.75-|

    Over all trades since the subscription; with ``window`` over those of the last stretch of event time,
    ``(timestamp - window, timestamp]``; with ``restart`` over those since the last multiple of it since the
    Unix epoch, plus ``offset``, in UTC: a trade exactly at the boundary is the first of the new period.

    Every trade counts alike. Where sale conditions matter, filter before: with
    ``ops.filter(SaleRules.SIP.updates_volume)`` those count that add volume by the rules of the US tapes,
    with ``ops.filter(lambda trade: is_regular_hours(trade.timestamp))`` those of regular hours. A trade
    without price or size, and trades of no size as long as there is no volume, emit nothing. A trade older
    than the symbol's newest, or without ``timestamp``, counts as if at the newest one; put ``reorder`` before
    if that matters. Sums are compensated (Neumaier 1974), so a long stream or a large trade that has left the
    window costs no digits.

    **Corrections.** With ``corrections`` the stream may also have events that correct or cancel trades,
    merged into it, such as Alpaca's; see the argument of that name of :func:`time_bars` for what they look
    like. The average after each is emitted, with the ``timestamp`` of that event: a cancelled trade is taken
    out, a corrected one counts in its place with the right price and size. Nothing is emitted for a trade
    that has left the window or the period by then, or when no volume is left. Without ``corrections`` such an
    event ends the stream with an error, lest it be counted as a trade.

    - *Cost*: constant for each trade, amortised. A symbol takes about 0.3 KB; with ``window`` 1 KB, and
      0.2 KB for each trade in it. With ``corrections`` each trade is kept, with some 0.5 KB besides.
    - *When*: at once with the trade. *Completion, error*: forwarded; nothing is held.
    - *Silence*: emits nothing; a window does not empty by itself.
    - *Dispose*: releases the source and the state. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread.

    Args:
        window: The length of a moving window, as "5m" or a timedelta.
        restart: Start anew so often, as "1d". Not together with ``window``.
        offset: Moves the boundaries of ``restart``: "6h" for days that begin at 6:00 UTC; a timedelta may be
            negative.
        corrections: Whether the stream also has events that correct or cancel trades.
        revisable: How long by event time a trade can be corrected or cancelled; it is kept that long.
        on_late: Called with each correction or cancel whose trade is not known, or not any more. If it
            raises, that goes to ``on_error``. Without it the first one and the number at the end are
            logged as warnings.

    Returns:
        An operator from trades to :class:`Vwap`.

    Raises:
        InvalidArgumentError: A duration cannot be read, both ``window`` and ``restart`` are given, or an
            ``offset`` without ``restart``. To ``on_error`` if there is a correction without ``corrections``.
        InvalidTypeError: An argument of the wrong type. To ``on_error`` for an event that is no trade.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import vwap
        >>> trades = [Trade(symbol="A", price=p, size=s, timestamp=1_000) for p, s in [(10, 1), (20, 3)]]
        >>> _ = rx.from_iterable(trades).pipe(vwap()).subscribe(lambda it: print(it.vwap, it.volume))
        10.0 1.0
        17.5 4.0

        A trade that the tape takes back counts no more:

        >>> from rxpolygon.alpaca import Trade, TradeCancel
        >>> events = [
        ...     Trade(symbol="A", price=10, size=1, exchange="V", id=1, wire_timestamp=1_000),
        ...     Trade(symbol="A", price=20, size=3, exchange="V", id=2, wire_timestamp=2_000),
        ...     TradeCancel(symbol="A", exchange="V", id=2, wire_timestamp=3_000),
        ... ]
        >>> averages = rx.from_iterable(events).pipe(vwap(corrections=True))
        >>> _ = averages.subscribe(lambda it: print(it.vwap, it.volume))
        10.0 1.0
        17.5 4.0
        10.0 1.0
    """
    if window is not None and restart is not None:
        raise InvalidArgumentError("restart", restart, "give window or restart, not both")
    window_ms = None if window is None else to_milliseconds("window", window)
    restart_ms = None if restart is None else to_milliseconds("restart", restart)
    if isinstance(offset, str):
        offset_ms = to_milliseconds("offset", offset, allow_zero=True)
    elif isinstance(offset, timedelta):
        offset_ms = offset // timedelta(milliseconds=1)
    else:
        raise InvalidTypeError("offset", offset, "a str such as '6h', or a timedelta")
    if offset_ms and restart is None:
        raise InvalidArgumentError("offset", offset, "it moves the boundaries of restart: give both")
    kept_ms = to_milliseconds("revisable", revisable)
    revisable_ms = kept_ms if corrections else None
    function("on_late", on_late)
    flag("corrections", corrections)

    def operator(source: Observable[TTrade]) -> Observable[Vwap]:
        return measured(
            source, lambda kept: _Averages(window_ms, restart_ms, offset_ms, kept).take, revisable_ms, on_late
        )

    return operator
