"""``reconcile``: own bars held against the server's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import RLock
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._reconcile_engine import ReconcileEngine, Reconciliation
from rxpolygon.operators._serial import SerialEmitter
from rxpolygon.operators._server_bars import AggregateLike

__all__ = ["reconcile"]

T = TypeVar("T")


def reconcile(
    aggregates: Observable[AggregateLike],
    *,
    within: str | timedelta = "1m",
    revisable: str | timedelta = "15m",
    tolerance: float = 1e-9,
    vwap_tolerance: float = 1e-4,
) -> Callable[[Observable[Bar]], Observable[Reconciliation]]:
    """Own bars held against the server's, field by field.

    .. marble::
        :alt: reconcile

        --own 9:30--------------own 9:31--|
        -----------server 9:30------------|
        [      reconcile(aggregates)      ]
        -----------agrees or differs------no server's 9:31|

    A result comes when both bars of a symbol's window are there, and again when a revision of either
    changes it. Compared are open, high, low, close, volume, vwap and count, as far as the server tells
    them; forming and filled own bars are left out. A bar that stays alone is told (with the other None) as
    soon as event time, the newest end of either side, is ``within`` past its end; if the other one comes
    after all, the result comes again. Nothing hangs on the clock.

    When both sources have completed, bars that are alone are told, then ``on_completed``. An error of
    either passes at once. Results are delivered one at a time, on the thread of the bar; no lock is held.
    Disposal frees all state and leaves both sources.

    Args:
        aggregates: The server's aggregates (or any bars), in windows as the own.
        within: How long after its end a bar may be alone, by event time.
        revisable: How much longer revisions are compared; pairs are kept that long.
        tolerance: How far prices and volumes may be apart, as a part of their size.
        vwap_tolerance: How far vwaps may be apart, in the unit of the prices: servers round them to four
            places.

    Raises:
        InvalidArgumentError: A length that is not allowed.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import MinuteAggregate
        >>> from rxpolygon.operators import Bar, reconcile
        >>> own = Bar(symbol="IBM", start=0, end=60_000, open=10, high=12, low=9, close=11,
        ...           volume=300, vwap=10.5, count=3)
        >>> server = MinuteAggregate(symbol="IBM", open=10, high=12, low=9, close=11, volume=200, start=0)
        >>> _ = reactivex.of(own).pipe(reconcile(reactivex.of(server))).subscribe(
        ...     lambda result: print(result.agrees, *result.differences)
        ... )
        False Difference(field='volume', own=300, server=200.0)
    """
    within_ms = to_milliseconds("within", within, allow_zero=True)
    revisable_ms = to_milliseconds("revisable", revisable, allow_zero=True)

    def operator(source: Observable[Bar]) -> Observable[Reconciliation]:
        def subscribe(
            observer: abc.ObserverBase[Reconciliation], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            emitter = SerialEmitter(observer)
            engine = ReconcileEngine(within_ms, revisable_ms, tolerance, vwap_tolerance, emitter.put)
            lock = RLock()  # the sources may be on different threads
            running = 2  # sources that have not completed; under lock

            def adding(add: Callable[[T], None]) -> Callable[[T], None]:
                def on_next(bar: T) -> None:
                    with lock:
                        try:
                            add(bar)
                        except Exception as error:
                            emitter.put_end(error)
                    emitter.drain()

                return on_next

            def on_error(error: Exception) -> None:
                emitter.put_end(error)
                emitter.drain()

            def on_completed() -> None:
                nonlocal running
                with lock:
                    running -= 1
                    if not running:
                        engine.flush()
                        emitter.put_end()
                emitter.drain()

            def clear() -> None:
                with lock:
                    engine.clear()

            return CompositeDisposable(
                source.subscribe(adding(engine.add_own), on_error, on_completed, scheduler=scheduler),
                aggregates.subscribe(adding(engine.add_server), on_error, on_completed, scheduler=scheduler),
                Disposable(clear),
            )

        return Observable(subscribe)

    return operator
