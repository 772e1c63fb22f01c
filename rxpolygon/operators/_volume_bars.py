"""``volume_bars``: bars of equal volumes."""

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

__all__ = ["volume_bars"]


class _VolumeCutter:
    def __init__(self, symbol: str, volume: float) -> None:
        self._volume = volume
        # What a bar may lack or have too much of.
        self._slack = volume * ROUNDING
        self._bar = Gathering(symbol)

    def add(self, at: int, price: float, size: float, bits: int) -> Iterator[Bar]:
        bar = self._bar
        while size >= (needed := self._volume - bar.total) - self._slack:
            if size <= needed + self._slack:
                bar.take(at, price, size, bits)
                yield bar.to_bar(self._volume)
                return
            bar.take(at, price, needed, bits)
            yield bar.to_bar(self._volume)
            left = size - needed
            # What the subtraction rounded off; nothing for whole numbers.
            bar.owe((size - left) - needed)
            size = left
        bar.take(at, price, size, bits)

    def rest(self) -> Bar | None:
        return self._bar.to_bar(is_final=False) if self._bar.count else None


@overload
def volume_bars(volume: float) -> Callable[[Observable[TradeLike | QuoteLike]], Observable[Bar]]: ...


@overload
def volume_bars(
    volume: float, *, sales: SaleRules[TEvent]
) -> Callable[[Observable[TEvent]], Observable[Bar]]: ...


def volume_bars(
    volume: float, *, sales: SaleRules[Any] = SaleRules.SIP
) -> Callable[[Observable[Any]], Observable[Bar]]:
    """Bars of exactly ``volume`` each, for each symbol (Lopez de Prado, Advances in Financial ML, 2.3.1.3).

    .. marble::
        :alt: volume_bars

        --A100--A50--------A250---|
        [     volume_bars(200)    ]
        -------------------AA-----|     200 = 100 + 50 + 50, then 200 of the third trade

    A trade that crosses the edge is split: it fills the bar, the rest opens the next one, and a large trade
    may make several bars. It counts in each bar that it has a part in. No volume is lost or made: over all
    bars of a symbol it is the sum of the sizes. What floating point makes of decimal sizes (three times 0.1
    is not 0.3), up to a part in 10**12 of a bar, splits no trade: it is carried over to the next bar.

    A bar comes with the trade that fills it. Trades count in order of arrival; nothing hangs on the clock, so
    nothing is late. A trade that by ``sales`` adds no volume is left out, one that may set no price adds its
    volume only; a bar in which none may has the price before. Quotes count with their mid price and a size of
    1; an event without a price or a size is skipped. A bar's ``start`` and ``end`` are the instants of its
    first and last trade.

    When the source completes, unfinished bars are given with ``is_final`` False, in order of symbol. An error
    passes at once, without them. Bars come on the thread of the trade.

    Args:
        volume: Shares, contracts or units in a bar.
        sales: Which trades may change which figures, see :class:`SaleRules`.

    Raises:
        InvalidArgumentError: ``volume`` is not a number above zero.
        InvalidTypeError: An argument of the wrong type.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import volume_bars
        >>> sizes = [100, 50, 300]
        >>> trades = [Trade(symbol="IBM", price=10.0, size=size, timestamp=0) for size in sizes]
        >>> _ = reactivex.of(*trades).pipe(volume_bars(200)).subscribe(
        ...     lambda bar: print(bar.volume, bar.count, bar.is_final)
        ... )
        200.0 3 True
        200.0 1 True
        50.0 1 False
    """
    positive("volume", volume)
    check_rules(sales)

    def operator(source: Observable[Any]) -> Observable[Bar]:
        return event_bars(source, sales, lambda symbol: _VolumeCutter(symbol, volume))

    return operator
