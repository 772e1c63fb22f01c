"""``conflate``: the latest event of each symbol, at most every so often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from rxpolygon.operators._checks import unfit
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._protocols import Timed
from rxpolygon.operators._silence import SilenceTimer
from rxpolygon.operators._turns import Turns

__all__ = ["conflate"]

TTimed = TypeVar("TTimed", bound=Timed)

# Before every timestamp.
_BEGINNING: Final = -(2**63)


def conflate(every: str | timedelta) -> Callable[[Observable[TTimed]], Observable[TTimed]]:
    """The latest event of each symbol that had one, once for each stretch of ``every``.

    .. code-block:: text

        source   --a1--b1--a2--|--a3-----|--b2--      (| marks each second of event time)
                 [        conflate("1s")        ]
        output   ---------------b1,a2-----a3----

    Event time is cut into windows ``[n * every, (n + 1) * every)`` since the Unix epoch. When the first
    event of a later window comes, of any symbol, the latest event of each symbol since the last emission is
    emitted, in the order in which those events came; an event exactly on an edge belongs to the window that
    starts there. Latest is by timestamp, and among equal ones the last to come: an event older than one
    already seen of its symbol is left out, so a symbol never goes back in time. An event without
    ``timestamp`` counts as at the newest one seen.

    - *Memory*: the latest event of each symbol, and 0.1 KB.
    - *Completion*: what is kept is emitted, then ``on_completed``.
    - *Error*: forwarded at once; what is kept, which a newer event was to replace anyway, is not emitted.
    - *Silence*: with no event for one to two times ``every`` on the scheduler, what is kept is emitted.
    - *Dispose*: releases the source, the timer and what is kept. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread or the scheduler's, one call at a time.

    Args:
        every: The length of a window, as "250ms", "1s" or a timedelta.

    Returns:
        An operator that thins out.

    Raises:
        InvalidArgumentError: ``every`` cannot be read.
        InvalidTypeError: To ``on_error`` for an event without symbol and timestamp.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import conflate
        >>> trades = [Trade(symbol="A", price=p, timestamp=at) for p, at in [(1, 0), (2, 900), (3, 1_000)]]
        >>> _ = rx.from_iterable(trades).pipe(conflate("1s")).subscribe(lambda trade: print(trade.price))
        2
        3
    """
    every_ms = to_milliseconds("every", every)

    def operator(source: Observable[TTimed]) -> Observable[TTimed]:
        def subscribe(
            observer: abc.ObserverBase[TTimed], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            turns = Turns(observer)
            latest: dict[str, TTimed] = {}
            # The newest timestamp of each symbol's events so far; of those in ``latest`` only where they
            # came out of order. It is asked for by late events alone.
            times: dict[str, int] = {}
            newest = window_end = _BEGINNING

            def flush(_: object = None) -> None:
                kept = tuple(latest.values())
                latest.clear()
                for event in kept:
                    stamp = event.timestamp
                    if stamp is not None:
                        times[event.symbol] = stamp
                    turns.emit(event)

            def is_late(symbol: str, time: int) -> bool:
                stamp = latest[symbol].timestamp if symbol in latest else None
                return time < times.get(symbol, _BEGINNING) or (stamp is not None and time < stamp)

            def take(event: TTimed) -> None:
                nonlocal newest, window_end
                try:
                    symbol, time = event.symbol, event.timestamp
                except AttributeError as error:
                    turns.end(unfit(event, "an event with symbol and timestamp", error))
                    return
                if time is None:
                    time = times[symbol] = newest
                if time >= window_end:
                    flush()
                    window_end = (time // every_ms + 1) * every_ms
                if time >= newest:
                    newest = time
                elif is_late(symbol, time):
                    return
                # Out and in again, so that the order is that of the events.
                latest.pop(symbol, None)
                latest[symbol] = event

            def complete(_: object) -> None:
                flush()
                turns.end()

            def on_silence() -> bool:
                return turns.run_if_idle(flush, None)

            def on_error(error: Exception) -> None:
                turns.run(turns.end, error)

            def on_completed() -> None:
                turns.run(complete, None)

            timer = SilenceTimer(every_ms / 1_000, scheduler, latest.__len__, on_silence)
            on_next = turns.entry(timer.watched(take))
            return CompositeDisposable(
                timer, source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
            )

        return Observable(subscribe)

    return operator
