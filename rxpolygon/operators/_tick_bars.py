"""``tick_bars``: bars of equal numbers of trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

from reactivex import Observable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._checks import positive_whole
from rxpolygon.operators._event_bars import TEvent, event_bars
from rxpolygon.operators._gathering import Gathering
from rxpolygon.operators._protocols import QuoteLike, TradeLike
from rxpolygon.operators._sales import SaleRules, check_rules

__all__ = ["tick_bars"]


class _TickCutter:
    def __init__(self, symbol: str, count: int) -> None:
        self._count = count
        self._bar = Gathering(symbol)

    def add(self, at: int, price: float, size: float, bits: int) -> Iterable[Bar]:
        self._bar.take(at, price, size, bits)
        return (self._bar.to_bar(),) if self._bar.count == self._count else ()

    def rest(self) -> Bar | None:
        return self._bar.to_bar(is_final=False) if self._bar.count else None


@overload
def tick_bars(count: int) -> Callable[[Observable[TradeLike | QuoteLike]], Observable[Bar]]: ...


@overload
def tick_bars(count: int, *, sales: SaleRules[TEvent]) -> Callable[[Observable[TEvent]], Observable[Bar]]: ...


def tick_bars(
    count: int, *, sales: SaleRules[Any] = SaleRules.SIP
) -> Callable[[Observable[Any]], Observable[Bar]]:
    """Bars of ``count`` trades each, for each symbol (Lopez de Prado, Advances in Financial ML, 2.3.1.2).

    .. marble::
        :alt: tick_bars

        --A1--A2--B1--A3--B2--A4--|
        [      tick_bars(2)       ]
        ------A-----------B---A---|

    A bar comes with its last trade. Trades count in order of arrival; nothing hangs on the clock, so
    nothing is late. A trade that by ``sales`` adds no volume is left out, one that may set no price adds
    its volume only; a bar in which none may has the price before. Quotes count with their mid price and a
    size of 1; an event without a price or a size is skipped. A bar's ``start`` and ``end`` are the instants
    of its first and last trade.

    When the source completes, unfinished bars are given with ``is_final`` False, in order of symbol. An error
    passes at once, without them. Bars come on the thread of the trade.

    Args:
        count: Trades in a bar.
        sales: Which trades may change which figures, see :class:`SaleRules`.

    Raises:
        InvalidArgumentError: ``count`` is not a whole number above zero.
        InvalidTypeError: An argument of the wrong type.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import tick_bars
        >>> prices = [10.0, 12.0, 11.0]
        >>> trades = [Trade(symbol="IBM", price=price, size=100, timestamp=0) for price in prices]
        >>> _ = reactivex.of(*trades).pipe(tick_bars(2)).subscribe(
        ...     lambda bar: print(bar.open, bar.close, bar.volume, bar.is_final)
        ... )
        10.0 12.0 200.0 True
        11.0 11.0 100.0 False
    """
    positive_whole("count", count)
    check_rules(sales)

    def operator(source: Observable[Any]) -> Observable[Bar]:
        return event_bars(source, sales, lambda symbol: _TickCutter(symbol, count))

    return operator
