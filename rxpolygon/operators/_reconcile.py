"""``reconcile``: own bars held against the server's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._checks import not_negative, observable
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._event_clock import EventClock
from rxpolygon.operators._reconcile_engine import ReconcileEngine, Reconciliation
from rxpolygon.operators._server_bars import AggregateLike
from rxpolygon.operators._steps import Steps
from rxpolygon.operators._turns import Turns

__all__ = ["reconcile"]

# The sources are silent after this long without a bar.
_QUIET_MS = 1_000


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
    after all, the result comes again. When nothing has come for a second on the subscription's scheduler,
    event time goes on at the scheduler's pace.

    Whoever begins to observe in the middle of a minute has a part of its trades: the first bar of each symbol
    differs. ``rxo.by_symbol(ops.skip(1))`` before this operator leaves it out.

    When both sources have completed, bars that are alone are told, then ``on_completed``. An error of
    either passes at once. Results are delivered one at a time, on the thread of the bar or of the
    scheduler; no lock is held. Disposal frees all state, ends the timer and leaves both sources.

    Args:
        aggregates: The server's aggregates (or any bars), in windows as the own.
        within: How long after its end a bar may be alone, by event time.
        revisable: How much longer revisions are compared; pairs are kept that long.
        tolerance: How far prices and volumes may be apart, as a part of their size.
        vwap_tolerance: How far vwaps may be apart, in the unit of the prices: servers round them to four
            places.

    Raises:
        InvalidArgumentError: A length or a tolerance that is not allowed.
        InvalidTypeError: ``aggregates`` is no Observable, or a tolerance no number. To ``on_error`` for an
            own event that is no :class:`Bar`, or one of theirs that is no aggregate.

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
    observable("aggregates", aggregates)
    not_negative("tolerance", tolerance)
    not_negative("vwap_tolerance", vwap_tolerance)
    within_ms = to_milliseconds("within", within, allow_zero=True)
    revisable_ms = to_milliseconds("revisable", revisable, allow_zero=True)

    def operator(source: Observable[Bar]) -> Observable[Reconciliation]:
        def subscribe(
            observer: abc.ObserverBase[Reconciliation], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            turns = Turns(observer)  # the sources may be on different threads
            steps = Steps(turns)
            engine = ReconcileEngine(within_ms, revisable_ms, tolerance, vwap_tolerance, steps.put)
            flush = steps.of(lambda _: engine.flush())
            running = 2  # sources that have not completed; in turns

            def complete(_: None) -> None:
                nonlocal running
                running -= 1
                if not running:
                    flush(None)
                    turns.end()

            def on_error(error: Exception) -> None:
                turns.run(turns.end, error)

            def on_completed() -> None:
                turns.run(complete, None)

            def clear() -> None:
                turns.run(lambda _: engine.clear(), None)

            def advance(now: int) -> None:
                clock.look_again(engine.advance(now))

            go_on = steps.of(advance)

            def on_silence(now: int) -> bool:
                return turns.run_if_idle(go_on, now)

            take_own = turns.entry(steps.of(engine.add_own))
            take_server = turns.entry(steps.of(engine.add_server))

            def on_own(bar: Bar) -> None:
                take_own(bar)
                if not clock.heard:
                    clock.hear()

            def on_server(aggregate: AggregateLike) -> None:
                take_server(aggregate)
                if not clock.heard:
                    clock.hear()

            clock = EventClock(scheduler, _QUIET_MS, lambda: engine.newest, on_silence)
            return CompositeDisposable(
                clock,
                source.subscribe(on_own, on_error, on_completed, scheduler=scheduler),
                aggregates.subscribe(on_server, on_error, on_completed, scheduler=scheduler),
                Disposable(clear),
            )

        return Observable(subscribe)

    return operator
