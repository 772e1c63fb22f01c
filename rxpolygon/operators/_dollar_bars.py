"""``dollar_bars``: bars of equal values traded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, overload

from reactivex import Observable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._checks import positive
from rxpolygon.operators._event_bars import TEvent, event_bars
from rxpolygon.operators._gathering import Gathering
from rxpolygon.operators._protocols import QuoteLike, TradeLike
from rxpolygon.operators._rounding import ROUNDING
from rxpolygon.operators._sales import SaleRules, check_rules

__all__ = ["dollar_bars"]


class _DollarCutter:
    def __init__(self, symbol: str, dollars: float) -> None:
        self._dollars = dollars
        # What a bar may lack or have too much of.
        self._slack = dollars * ROUNDING
        self._missing = dollars
        self._bar = Gathering(symbol)

    def add(self, at: int, price: float, size: float, bits: int) -> Iterator[Bar]:
        bar = self._bar
        # Prices of futures have been below zero; the value that changed hands is not.
        worth = abs(price)
        while (rest := worth * size - self._missing) >= -self._slack:
            self._missing, missing = self._dollars, self._missing
            if rest <= self._slack:
                bar.take(at, price, size, bits)
                yield bar.to_bar()
                return
            part = missing / worth
            bar.take(at, price, part, bits)
            yield bar.to_bar()
            left = size - part
            # What the subtraction rounded off.
            bar.owe((size - left) - part)
            size = left
        bar.take(at, price, size, bits)
        self._missing -= worth * size

    def rest(self) -> Bar | None:
        return self._bar.to_bar(is_final=False) if self._bar.count else None


@overload
def dollar_bars(dollars: float) -> Callable[[Observable[TradeLike | QuoteLike]], Observable[Bar]]: ...


@overload
def dollar_bars(
    dollars: float, *, sales: SaleRules[TEvent]
) -> Callable[[Observable[TEvent]], Observable[Bar]]: ...


def dollar_bars(
    dollars: float, *, sales: SaleRules[Any] = SaleRules.SIP
) -> Callable[[Observable[Any]], Observable[Bar]]:
    """Bars of equal value (price times size), by symbol (Lopez de Prado, Advances in Financial ML, 2.3.1.4).

    .. marble::
        :alt: dollar_bars

        --A $600--A $500-------|
        [  dollar_bars(1_000)  ]
        ----------A------------|     $600 + $400; $100 of the second trade begin the next

    A trade that crosses the edge is split at its price: it fills the bar, the rest opens the next one, and a
    large trade may make several bars. It counts in each bar that it has a part in. No volume is lost or made:
    over all bars of a symbol it is the sum of the sizes; the parts of a split trade are fractions of shares.
    A trade that fills a bar but for a part in 10**12, as floating point makes it of decimal figures, is not
    split.

    A bar comes with the trade that fills it. Trades count in order of arrival; nothing hangs on the clock, so
    nothing is late. A trade that by ``sales`` adds no volume is left out, one that may set no price adds its
    value and volume only; a bar in which none may has the price before. Quotes count with their mid price
    and a size of 1; an event without a price or a size is skipped. A bar's ``start`` and ``end`` are the
    instants of its first and last trade.

    When the source completes, unfinished bars are given with ``is_final`` False, in order of symbol. An error
    passes at once, without them. Bars come on the thread of the trade.

    Args:
        dollars: Value of a bar, in the currency of the prices.
        sales: Which trades may change which figures, see :class:`SaleRules`.

    Raises:
        InvalidArgumentError: ``dollars`` is not a number above zero.
        InvalidTypeError: An argument of the wrong type.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import dollar_bars
        >>> trades = [Trade(symbol="IBM", price=10.0, size=size, timestamp=0) for size in (60, 50)]
        >>> _ = reactivex.of(*trades).pipe(dollar_bars(1_000)).subscribe(
        ...     lambda bar: print(bar.volume, bar.vwap, bar.is_final)
        ... )
        100.0 10.0 True
        10.0 10.0 False
    """
    positive("dollars", dollars)
    check_rules(sales)

    def operator(source: Observable[Any]) -> Observable[Bar]:
        return event_bars(source, sales, lambda symbol: _DollarCutter(symbol, dollars))

    return operator
