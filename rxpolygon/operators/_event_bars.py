"""What the bars that are cut by trades, volume, value or prices have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.errors import InvalidTypeError
from rxpolygon.operators._bar import Bar
from rxpolygon.operators._new_york import day_of, is_regular_hours
from rxpolygon.operators._protocols import QuoteLike, TradeLike
from rxpolygon.operators._readers import Reader
from rxpolygon.operators._sales import (
    HIGH_LOW,
    HIGH_LOW_FIRST,
    HIGH_LOW_OFF_HOURS,
    OPEN_CLOSE,
    OPEN_CLOSE_FIRST,
    OPEN_CLOSE_OFF_HOURS,
    PLAIN,
    VOLUME,
    SaleRules,
)
from rxpolygon.operators._steps import Steps
from rxpolygon.operators._turns import Turns

__all__ = ["Cutter", "TEvent", "event_bars"]

_EXPECTED: Final = (
    "a trade or a quote: time_bars, vwap and rolling take corrections and cancels, leave them out here"
)

TEvent = TypeVar("TEvent", bound=TradeLike | QuoteLike)


class Cutter(Protocol):
    """Decides where the bars of one symbol end."""

    def add(self, at: int, price: float, size: float, bits: int) -> Iterable[Bar]:
        """Adds a trade; gives the bars that it completes."""

    def rest(self) -> Bar | None:
        """The bar that is not complete, if any."""


class _Symbol:
    """A symbol's cutter, and the end of the last day in New York on which a trade set its price."""

    __slots__ = ("cutter", "priced_until")

    def __init__(self, cutter: Cutter) -> None:
        self.cutter = cutter
        self.priced_until = 0


class _Engine:
    """All symbols' bars of one subscription. Its owner serialises the calls."""

    def __init__(
        self, sales: SaleRules[Any], make_cutter: Callable[[str], Cutter], put: Callable[[Bar], None]
    ) -> None:
        self._sales = sales
        self._make_cutter = make_cutter
        self._put = put
        self._readers: dict[type, Reader] = {}
        self._symbols: dict[str, _Symbol] = {}
        self._newest: int | None = None

    def add(self, event: Any) -> None:  # Any: read by attributes, see Reader
        """Adds an event."""
        kind = event.__class__
        reader = self._readers.get(kind)
        if reader is None:
            reader = self._readers[kind] = Reader(event, self._sales)
        if reader.is_correction:
            raise InvalidTypeError("an event of the source", event, _EXPECTED)
        price, size = (event.price, event.size) if reader.amounts is None else reader.amounts(event)
        at = self._newest if event.timestamp is None else event.timestamp
        if price is None or size is None or at is None:
            return
        if self._newest is None or at > self._newest:
            self._newest = at
        symbol = self._symbols.get(event.symbol)
        if symbol is None:
            symbol = self._symbols[event.symbol] = _Symbol(self._make_cutter(event.symbol))
        bits = reader.bits(event, size)
        if bits != PLAIN:
            bits = _settle(bits, at, is_first=at >= symbol.priced_until)
        if bits & OPEN_CLOSE and at >= symbol.priced_until:
            symbol.priced_until = day_of(at).end
        if bits & VOLUME:
            for bar in symbol.cutter.add(at, price, size, bits):
                self._put(bar)

    def flush(self) -> None:
        """Gives the bars that are not complete."""
        for name in sorted(self._symbols):
            bar = self._symbols[name].cutter.rest()
            if bar is not None:
                self._put(bar)

    def clear(self) -> None:
        """Frees the state."""
        self._symbols.clear()


def _settle(bits: int, at: int, *, is_first: bool) -> int:
    is_off_hours = not is_regular_hours(at)
    if (bits & HIGH_LOW_OFF_HOURS and not is_off_hours) or (bits & HIGH_LOW_FIRST and not is_first):
        bits &= ~HIGH_LOW
    if (bits & OPEN_CLOSE_OFF_HOURS and not is_off_hours) or (bits & OPEN_CLOSE_FIRST and not is_first):
        bits &= ~OPEN_CLOSE
    return bits


def event_bars(
    source: Observable[Any], sales: SaleRules[Any], make_cutter: Callable[[str], Cutter]
) -> Observable[Bar]:
    """Bars that trades complete, symbol by symbol, in order of arrival."""

    def subscribe(
        observer: abc.ObserverBase[Bar], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        # In turns: when the observer makes the source emit again, that waits.
        turns = Turns(observer)
        steps = Steps(turns)
        engine = _Engine(sales, make_cutter, steps.put)
        flush = steps.of(lambda _: engine.flush())

        def complete(_: None) -> None:
            flush(None)
            turns.end()

        def on_error(error: Exception) -> None:
            turns.run(turns.end, error)

        def on_completed() -> None:
            turns.run(complete, None)

        def clear() -> None:
            turns.run(lambda _: engine.clear(), None)

        on_next = turns.entry(steps.of(engine.add))
        subscription = source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
        return CompositeDisposable(subscription, Disposable(clear))

    return Observable(subscribe)
