"""``runs_bars``: a bar whenever buyers, or sellers, do more than expected."""

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

__all__ = ["runs_bars"]


class _Side:
    """The trades of one sign."""

    __slots__ = ("mean", "ticks", "total")

    def __init__(self, span: int) -> None:
        self.mean = Mean(span)
        self.total = 0.0
        self.ticks = 0

    def add(self, amount: float) -> None:
        self.mean.add(amount)
        self.total += amount
        self.ticks += 1


class _RunsCutter:
    def __init__(
        self, symbol: str, unit: Unit, expected_ticks: int, span: int, bounds: tuple[int, int]
    ) -> None:
        self._unit = unit
        self._rule = TickRule()
        self._ticks = ExpectedTicks(expected_ticks, span, bounds)
        self._buys = _Side(span * expected_ticks)
        self._sells = _Side(span * expected_ticks)
        self._share_of_buys = Mean(span)
        # Weight that the busier side brings with each trade; None in the first bar.
        self._expected: float | None = None
        self._bar = Gathering(symbol)

    def add(self, at: int, price: float, size: float, bits: int) -> Iterable[Bar]:
        if bits & OPEN_CLOSE:
            self._rule.add(price)
        if self._rule.sign:
            side = self._buys if self._rule.sign > 0 else self._sells
            side.add(weight(self._unit, price, size))
        self._bar.take(at, price, size, bits)
        return (self._cut(),) if self._is_over() else ()

    def _is_over(self) -> bool:
        if self._expected is None:
            return self._bar.count >= self._ticks.value
        return max(self._buys.total, self._sells.total) >= self._ticks.value * self._expected

    def _cut(self) -> Bar:
        buys, sells = self._buys, self._sells
        self._ticks.add(self._bar.count)
        if buys.ticks + sells.ticks:
            self._share_of_buys.add(buys.ticks / (buys.ticks + sells.ticks))
        if self._share_of_buys.value is not None:
            share = self._share_of_buys.value
            self._expected = max(share * (buys.mean.value or 0), (1 - share) * (sells.mean.value or 0))
        for side in (buys, sells):
            side.total, side.ticks = 0.0, 0
        return self._bar.to_bar()

    def rest(self) -> Bar | None:
        return self._bar.to_bar(is_final=False) if self._bar.count else None


@overload
def runs_bars(
    expected_ticks: int,
    unit: Unit = ...,
    *,
    span: int = ...,
    ticks_between: tuple[int, int] | None = ...,
) -> Callable[[Observable[TradeLike | QuoteLike]], Observable[Bar]]: ...


@overload
def runs_bars(
    expected_ticks: int,
    unit: Unit = ...,
    *,
    sales: SaleRules[TEvent],
    span: int = ...,
    ticks_between: tuple[int, int] | None = ...,
) -> Callable[[Observable[TEvent]], Observable[Bar]]: ...


def runs_bars(
    expected_ticks: int,
    unit: Unit = "ticks",
    *,
    span: int = 20,
    ticks_between: tuple[int, int] | None = None,
    sales: SaleRules[Any] = SaleRules.SIP,
) -> Callable[[Observable[Any]], Observable[Bar]]:
    """A bar whenever buyers, or sellers, do more than expected, for each symbol.

    .. marble::
        :alt: runs_bars

        --A+--A---A+--A+--A+--A+--|     + after a rise of the price, - after a fall
        [       runs_bars(3)      ]
        ----------A-------A-------|

    These are the tick, volume and dollar runs bars of Lopez de Prado, Advances in Financial Machine Learning,
    2.3.2.2. A trade has the sign of the last change of price (tick rule) and the weight v: 1, its size, or
    its value, by ``unit``. A bar ends with the trade at which the sum of v over the buys, or that over the
    sells, reaches E[T] max(P[buy] E[v of buys], (1 - P[buy]) E[v of sells]). Unlike in imbalance bars the
    two sides do not offset each other. E[T] and P[buy] are exponentially weighted means over the bars
    before, E[v] over the trades before the bar. What the book leaves open:

    - the first bar has ``expected_ticks`` trades, since nothing is known yet, and so have the next while no
      price has changed;
    - means over bars have the span ``span``, those over trades ``span * expected_ticks``;
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
        >>> from rxpolygon.operators import runs_bars
        >>> prices = [10.0, 10.1, 10.2, 10.3, 10.4, 10.5]
        >>> trades = [Trade(symbol="IBM", price=price, size=100, timestamp=0) for price in prices]
        >>> _ = reactivex.of(*trades).pipe(runs_bars(3)).subscribe(
        ...     lambda bar: print(bar.open, bar.close, bar.count, bar.is_final)
        ... )
        10.0 10.2 3 True
        10.3 10.5 3 True
    """
    check_rules(sales)
    bounds = check_expectations(expected_ticks, unit, span, ticks_between)

    def operator(source: Observable[Any]) -> Observable[Bar]:
        return event_bars(
            source, sales, lambda symbol: _RunsCutter(symbol, unit, expected_ticks, span, bounds)
        )

    return operator
