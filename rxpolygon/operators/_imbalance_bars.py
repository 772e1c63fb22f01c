"""``imbalance_bars``: a bar whenever buying and selling are further apart than expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

from reactivex import Observable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._event_bars import TEvent, event_bars
from rxpolygon.operators._expectations import ExpectedTicks, Mean, TickRule, Unit, check_expectations, weight
from rxpolygon.operators._gathering import Gathering
from rxpolygon.operators._protocols import QuoteLike, TradeLike
from rxpolygon.operators._sales import OPEN_CLOSE, SaleRules, check_rules

__all__ = ["imbalance_bars"]


class _ImbalanceCutter:
    def __init__(
        self, symbol: str, unit: Unit, expected_ticks: int, span: int, bounds: tuple[int, int]
    ) -> None:
        self._unit = unit
        self._rule = TickRule()
        self._ticks = ExpectedTicks(expected_ticks, span, bounds)
        self._signed = Mean(span * expected_ticks)
        # Mean signed weight of a trade as the bar began; None while no trade has had a sign.
        self._expected: float | None = None
        self._imbalance = 0.0
        self._bar = Gathering(symbol)

    def add(self, at: int, price: float, size: float, bits: int) -> Iterable[Bar]:
        if bits & OPEN_CLOSE:
            self._rule.add(price)
        signed = self._rule.sign * weight(self._unit, price, size)
        self._imbalance += signed
        self._signed.add(signed)
        self._bar.take(at, price, size, bits)
        return (self._cut(),) if self._is_over() else ()

    def _is_over(self) -> bool:
        if self._expected is None:
            return self._bar.count >= self._ticks.value
        return abs(self._imbalance) >= self._ticks.value * abs(self._expected)

    def _cut(self) -> Bar:
        self._ticks.add(self._bar.count)
        self._expected = self._signed.value if self._rule.sign else None
        self._imbalance = 0.0
        return self._bar.to_bar()

    def rest(self) -> Bar | None:
        return self._bar.to_bar(is_final=False) if self._bar.count else None


@overload
def imbalance_bars(
    expected_ticks: int,
    unit: Unit = ...,
    *,
    span: int = ...,
    ticks_between: tuple[int, int] | None = ...,
) -> Callable[[Observable[TradeLike | QuoteLike]], Observable[Bar]]: ...


@overload
def imbalance_bars(
    expected_ticks: int,
    unit: Unit = ...,
    *,
    sales: SaleRules[TEvent],
    span: int = ...,
    ticks_between: tuple[int, int] | None = ...,
) -> Callable[[Observable[TEvent]], Observable[Bar]]: ...


def imbalance_bars(
    expected_ticks: int,
    unit: Unit = "ticks",
    *,
    span: int = 20,
    ticks_between: tuple[int, int] | None = None,
    sales: SaleRules[Any] = SaleRules.SIP,
) -> Callable[[Observable[Any]], Observable[Bar]]:
    """A bar whenever buying and selling are further apart than expected, for each symbol.

    .. marble::
        :alt: imbalance_bars

        --A+--A---A+--A+--A+--A+--|     + after a rise of the price, - after a fall
        [    imbalance_bars(3)    ]
        ----------A-------A---A---|

    These are the tick, volume and dollar imbalance bars of Lopez de Prado, Advances in Financial Machine
    Learning, 2.3.2.1. A trade has the sign b of the last change of price (tick rule) and the weight v: 1, its
    size, or its value, by ``unit``. A bar ends with the trade at which ``|sum of b v|`` reaches
    ``E[T] |E[b v]|``, where E[T] is the exponentially weighted mean of the numbers of trades in the bars
    before and E[b v] that over the trades before the bar. What the book leaves open:

    - the first bar has ``expected_ticks`` trades, since nothing is known yet, and so have the next while no
      price has changed;
    - the mean over bars has the span ``span``, that over trades ``span * expected_ticks``;
    - trades before the first change of price have no sign and add nothing;
    - E[T] is held within ``ticks_between``: without bounds its own feedback drives it to one trade or to ever
      longer bars.

    Trades count in order of arrival; nothing hangs on the clock, so nothing is late. A trade that by
    ``sales`` adds no volume is left out; one that may set no price has the sign before. Quotes count with
    their mid price and a size of 1; an event without a price or a size is skipped. A bar's ``start`` and
    ``end`` are the instants of its first and last trade.

    When the source completes, unfinished bars are given with ``is_final`` False, in order of symbol. An error
    passes at once, without them. Bars come on the thread of the trade.

    Args:
        expected_ticks: Trades expected in a bar, to begin with.
        unit: What is summed: "ticks" (trades), "volume" or "dollars".
        span: Over how many bars expectations are averaged.
        ticks_between: The least and the most trades that are expected of a bar; a tenth to ten times
            ``expected_ticks`` if not given.
        sales: Which trades may change which figures, see :class:`SaleRules`.

    Raises:
        InvalidArgumentError: An argument that is not allowed.
        InvalidTypeError: An argument of the wrong type.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import imbalance_bars
        >>> prices = [10.0, 10.1, 10.2, 10.3, 10.4, 10.5]
        >>> trades = [Trade(symbol="IBM", price=price, size=100, timestamp=0) for price in prices]
        >>> _ = reactivex.of(*trades).pipe(imbalance_bars(3)).subscribe(
        ...     lambda bar: print(bar.open, bar.close, bar.count, bar.is_final)
        ... )
        10.0 10.2 3 True
        10.3 10.3 1 True
        10.4 10.4 1 True
        10.5 10.5 1 True
    """
    check_rules(sales)
    bounds = check_expectations(expected_ticks, unit, span, ticks_between)

    def operator(source: Observable[Any]) -> Observable[Bar]:
        return event_bars(
            source, sales, lambda symbol: _ImbalanceCutter(symbol, unit, expected_ticks, span, bounds)
        )

    return operator
