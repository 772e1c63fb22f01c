"""``range_bars``: bars of equal heights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, overload

from reactivex import Observable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._checks import positive
from rxpolygon.operators._event_bars import TEvent, event_bars
from rxpolygon.operators._gathering import Gathering
from rxpolygon.operators._protocols import QuoteLike, TradeLike
from rxpolygon.operators._sales import SaleRules, check_rules

__all__ = ["range_bars"]

# 10.1 - 9.8 is a little less than 0.3 in floating point: so much of the height may be missing.
_TOLERANCE: Final = 1e-6


class _RangeCutter:
    def __init__(self, symbol: str, height: float) -> None:
        self._height = height * (1 - _TOLERANCE)
        self._bar = Gathering(symbol)

    def add(self, at: int, price: float, size: float, bits: int) -> Iterable[Bar]:
        bar = self._bar
        bar.take(at, price, size, bits)
        return (bar.to_bar(),) if bar.high - bar.low >= self._height else ()

    def rest(self) -> Bar | None:
        return self._bar.to_bar(is_final=False) if self._bar.count else None


@overload
def range_bars(height: float) -> Callable[[Observable[TradeLike | QuoteLike]], Observable[Bar]]: ...


@overload
def range_bars(
    height: float, *, sales: SaleRules[TEvent]
) -> Callable[[Observable[TEvent]], Observable[Bar]]: ...


def range_bars(
    height: float, *, sales: SaleRules[Any] = SaleRules.SIP
) -> Callable[[Observable[Any]], Observable[Bar]]:
    """Bars whose high and low are ``height`` apart, for each symbol.

    .. marble::
        :alt: range_bars

        --10.0--10.1--10.3--10.2--9.9--|
        [        range_bars(0.3)       ]
        --------------A-----------A----|

    A bar ends with the trade that makes high less low reach ``height`` (to a millionth of it), and the next
    opens with the next trade. Where the price jumps, a bar is higher than that: no price is made up.

    Trades count in order of arrival; nothing hangs on the clock, so nothing is late. A trade that by
    ``sales`` adds no volume is left out, one that may set no price adds its volume only; a bar in which
    none may has the price before. Quotes count with their mid price and a size of 1; an event without a
    price or a size is skipped. A bar's ``start`` and ``end`` are the instants of its first and last trade.

    When the source completes, unfinished bars are given with ``is_final`` False, in order of symbol. An error
    passes at once, without them. Bars come on the thread of the trade.

    Args:
        height: In the unit of the prices.
        sales: Which trades may change which figures, see :class:`SaleRules`.

    Raises:
        InvalidArgumentError: ``height`` is not a number above zero.
        InvalidTypeError: An argument of the wrong type.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import range_bars
        >>> prices = [10.0, 10.1, 10.3, 10.2, 9.9]
        >>> trades = [Trade(symbol="IBM", price=price, size=100, timestamp=0) for price in prices]
        >>> _ = reactivex.of(*trades).pipe(range_bars(0.3)).subscribe(
        ...     lambda bar: print(bar.open, bar.high, bar.low, bar.close)
        ... )
        10.0 10.3 10.0 10.3
        10.2 10.2 9.9 9.9
    """
    positive("height", height)
    check_rules(sales)

    def operator(source: Observable[Any]) -> Observable[Bar]:
        return event_bars(source, sales, lambda symbol: _RangeCutter(symbol, height))

    return operator
