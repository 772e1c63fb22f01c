"""``resample``: coarser bars from finer ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._event_clock import EventClock
from rxpolygon.operators._grid import make_grid
from rxpolygon.operators._resample_engine import ResampleEngine
from rxpolygon.operators._server_bars import AggregateLike
from rxpolygon.operators._sessions import Session
from rxpolygon.operators._steps import Steps
from rxpolygon.operators._turns import Turns

__all__ = ["resample"]

# A stream is silent after this long without a bar, or after a window's length if that is shorter.
_QUIET_MS = 1_000


def resample(
    every: str | timedelta,
    *,
    offset: str | timedelta = "0s",
    session: Session | None = None,
    lateness: str | timedelta = "0s",
    revisable: str | timedelta = "15m",
) -> Callable[[Observable[AggregateLike]], Observable[Bar]]:
    """Coarser bars from finer ones, or from the server's aggregates, for each symbol.

    .. marble::
        :alt: resample

        --A9:33--A9:34--B9:33-----A9:35--|
        [         resample("5m")         ]
        ---------A9:30---------B9:30-----A9:35|   A's window ended with its bar, B's by silence

    The result is that of :func:`time_bars` with the same length, as long as every trade is in one of the
    finer bars: one that counts for a finer window without a bar (see ``fill`` there) is missing. Of
    aggregates, vwap and count are as exact as the server tells them: it rounds the vwap to four places, and
    Polygon tells the mean size of a trade, as a whole number, instead of the count. Where the finer windows
    do not fit into the coarser ones, the stream ends with an error.

    **Windows** are as in :func:`time_bars`: from the start up to, not including, the end; labelled by the
    start; counted from the epoch plus ``offset``, or from the opening of each ``session``. Bars outside of
    it count nowhere. Forming bars (``is_final`` False) are left out. A filled bar brings its volume, and
    its price only where the coarser window has no other; then that is filled too.

    **Closing.** A symbol's window is given as soon as its last finer bar is there, and otherwise when a bar
    of any symbol starts ``lateness`` after the window's end, or when nothing has come on the subscription's
    scheduler for a second (or the window's length, if that is shorter) and event time, which then goes on
    at the scheduler's pace from the newest end, is two seconds (or lengths) past it: so much later than
    the one before may the last finer bar come, if silence closed it. With a ``lateness`` no window is given
    before that is over.

    **Late bars, revisions.** A finer bar with a start that was there before replaces it. If the window was
    given, it is given again when that changes it, with a ``revision`` one higher, until event time is
    ``revisable`` past it. What comes later is left out.

    **End.** When the source completes, open windows are given, then ``on_completed``. An error passes at
    once, without them. Disposal frees all state and ends the timer. Bars are delivered one at a time, on
    the thread of the bar or of the scheduler; no lock is held.

    Args:
        every: A window's length: "5m", "1h", "1d" or a timedelta; a multiple of the bars' own.
        offset: Shifts all windows; not with a session.
        session: The hours that count, see :class:`Session`.
        lateness: How much later than the newest start a finer bar may start and still be in time.
        revisable: How long after its closing a window can be revised; its finer bars are kept that long.

    Raises:
        InvalidArgumentError: A length, or a combination of arguments, that is not allowed.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import MinuteAggregate
        >>> from rxpolygon.operators import resample
        >>> minutes = [
        ...     MinuteAggregate(
        ...         symbol="IBM", open=10, high=12 + i, low=9, close=11 + i, volume=300, start=i * 60_000
        ...     )
        ...     for i in range(5)
        ... ]
        >>> _ = reactivex.of(*minutes).pipe(resample("5m")).subscribe(
        ...     lambda bar: print(bar.start, bar.end, bar.open, bar.high, bar.low, bar.close, bar.volume)
        ... )
        0 300000 10 16 9 15 1500.0
    """
    make_grid(every, offset, session)  # wrong arguments raise here, not at the subscription
    late_ms = to_milliseconds("lateness", lateness, allow_zero=True)
    kept_ms = to_milliseconds("revisable", revisable, allow_zero=True)
    quiet = min(_QUIET_MS, to_milliseconds("every", every))
    # Whoever makes the finer bars notices a silence in one to two of its own quiet stretches.
    grace = 2 * quiet

    def operator(source: Observable[AggregateLike]) -> Observable[Bar]:
        def subscribe(
            observer: abc.ObserverBase[Bar], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            # Bars and timers come on different threads.
            turns = Turns(observer)
            steps = Steps(turns)
            engine = ResampleEngine(make_grid(every, offset, session), late_ms, kept_ms, steps.put)
            take = turns.entry(steps.of(engine.add))
            flush = steps.of(lambda _: engine.flush())

            def advance(now: int) -> None:
                clock.look_again(engine.advance(now - grace))

            def on_next(aggregate: AggregateLike) -> None:
                take(aggregate)
                if not clock.heard:
                    clock.hear()

            go_on = steps.of(advance)

            def on_silence(now: int) -> bool:
                return turns.run_if_idle(go_on, now)

            def complete(_: None) -> None:
                flush(None)
                turns.end()

            def on_error(error: Exception) -> None:
                turns.run(turns.end, error)

            def on_completed() -> None:
                turns.run(complete, None)

            def clear() -> None:
                turns.run(lambda _: engine.clear(), None)

            clock = EventClock(scheduler, quiet, lambda: engine.newest, on_silence)
            subscription = source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
            return CompositeDisposable(subscription, clock, Disposable(clear))

        return Observable(subscribe)

    return operator
