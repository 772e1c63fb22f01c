"""``time_bars``: bars of equal lengths of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Literal, TypeVar, overload

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.checks import flag
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.operators._bar import Bar
from rxpolygon.operators._checks import function
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._event_clock import EventClock
from rxpolygon.operators._grid import make_grid
from rxpolygon.operators._losses import Losses
from rxpolygon.operators._protocols import QuoteLike, TradeLike
from rxpolygon.operators._sales import SaleRules, check_rules
from rxpolygon.operators._sessions import Session
from rxpolygon.operators._steps import Steps
from rxpolygon.operators._time_bar_engine import TimeBarEngine, TimeBarSettings
from rxpolygon.operators._time_bar_entry import time_bar_entry
from rxpolygon.operators._turns import Turns

__all__ = ["time_bars"]

TEvent = TypeVar("TEvent", bound=TradeLike | QuoteLike)

# A stream is silent after this long without an event, or after a window's length if that is shorter.
_QUIET_MS = 1_000


@overload
def time_bars(
    every: str | timedelta,
    *,
    offset: str | timedelta = ...,
    lateness: str | timedelta = ...,
    late: Literal["revise", "drop"] = ...,
    revisable: str | timedelta = ...,
    session: Session | None = ...,
    fill: bool = ...,
    provisional: str | timedelta | None = ...,
    corrections: bool = ...,
    max_ahead: str | timedelta | None = ...,
    on_late: Callable[[Any], object] | None = ...,  # Any: of whatever class the source's events are
) -> Callable[[Observable[TradeLike | QuoteLike]], Observable[Bar]]: ...


@overload
def time_bars(
    every: str | timedelta,
    *,
    sales: SaleRules[TEvent],
    offset: str | timedelta = ...,
    lateness: str | timedelta = ...,
    late: Literal["revise", "drop"] = ...,
    revisable: str | timedelta = ...,
    session: Session | None = ...,
    fill: bool = ...,
    provisional: str | timedelta | None = ...,
    corrections: bool = ...,
    max_ahead: str | timedelta | None = ...,
    on_late: Callable[[TEvent], object] | None = ...,
) -> Callable[[Observable[TEvent]], Observable[Bar]]: ...


def time_bars(
    every: str | timedelta,
    *,
    sales: SaleRules[Any] = SaleRules.SIP,
    offset: str | timedelta = "0s",
    lateness: str | timedelta = "0s",
    late: Literal["revise", "drop"] = "revise",
    revisable: str | timedelta = "15m",
    session: Session | None = None,
    fill: bool = False,
    provisional: str | timedelta | None = None,
    corrections: bool = False,
    max_ahead: str | timedelta | None = None,
    on_late: Callable[[Any], object] | None = None,
) -> Callable[[Observable[Any]], Observable[Bar]]:
    """Bars of equal lengths of time, for each symbol, by the timestamps of the events.

    Takes trades (of any cluster or venue) or quotes, which count with their mid price and a size of 1. An
    event without a price or a size, and a quote without one of its sides, is skipped; one without a
    timestamp counts at the newest timestamp so far.

    .. marble::
        :alt: time_bars

        --A1--A2--B1--|--A3---------|-B2-->    | is where a minute begins by the timestamps
        [     time_bars("1m")             ]
        -----------------AB----------A------    both symbols' bars, as soon as any event passes the edge

    **Windows.** A window holds the events from its start up to, not including, its end. A bar is labelled by
    its start. Without a session windows are counted from the epoch plus ``offset`` ("1d" is a UTC day), with
    a session from its opening; the last one ends with the session, "1d" is the whole session, and events
    outside of it count nowhere.

    **Prices.** The open is the price of the earliest event by timestamp, the close that of the latest; equal
    timestamps go by ``sequence_number`` where there is one, else by arrival. What a trade may change,
    ``sales`` says. A window in which nothing set a price has no bar, and its volume is not told, unless
    ``fill`` is on.

    **Closing.** Event time is the newest timestamp of all symbols. A window closes for all symbols as soon as
    event time reaches its end plus ``lateness``; bars come in order of time, then of symbol, ahead of what
    the event itself brings. When nothing has arrived for a second (or a window's length, if that is
    shorter) on the subscription's scheduler, the stream is silent and event time goes on at the scheduler's
    pace; so the last bars close by a timer. The first window is given even if the stream began in its
    middle.

    **Late events.** For an event whose window has closed the bar is given again with a ``revision`` one
    higher (``late="revise"``), until event time is ``revisable`` past the closing; a window that had no bar
    yet gets one, with revision 0. Later ones, and all of them with ``late="drop"``, are dropped and told to
    ``on_late``.

    **Events from the future.** A single timestamp that is far ahead, such as nanoseconds taken for
    milliseconds, closes all windows and makes everything after it late. With ``max_ahead`` an event that
    would begin a later window or close one, and is more than so much ahead of the subscription's scheduler,
    is dropped and told to ``on_late`` instead. With ``fill`` all windows up to such a timestamp get their
    bars, however many those are: give ``max_ahead`` as well, or a ``session``, outside of which nothing is
    filled.

    **End.** When the source completes, open windows are given as final bars, then ``on_completed``. An error
    passes at once, and open windows are not given: they would look complete. Disposal frees all state and
    ends the timer. Bars are delivered one at a time, on the thread of the event or of the scheduler; no
    lock is held.

    Args:
        every: A window's length: "1s", "5m", "1h", "1d" or a timedelta.
        sales: Which trades may change which figures; not asked about quotes unless it is one of your own. The
            default is the rules of the US tapes, see :class:`SaleRules`.
        offset: Shifts all windows; not with a session.
        lateness: How much older than the newest timestamp an event may be and still be in time. Bars come
            later by as much.
        late: Whether an event that comes later than that revises its bar or is dropped.
        revisable: How long after its closing a bar can be revised. Figures of closed bars are kept that long,
            some 300 bytes a bar.
        session: The hours that count, see :class:`Session`.
        fill: Whether a window without a price gets a bar too, once the symbol had one: at the close before
            (``is_filled``), with the volume there was. Filled bars that were given are not changed when a
            late trade revises the close before them.
        provisional: If given, the forming bar is emitted too (``is_final`` False), with an event that
            changes it, at most so often by event time.
        corrections: Whether the stream also has events that correct or cancel trades. Trades are then kept as
            long as their bar can be revised. A cancel has ``symbol`` and ``cancels``, the pair of the trade's
            ``exchange`` and ``id``; a correction has ``symbol``, ``corrects`` (such a pair) and a method
            ``corrected(trade)`` that returns the trade as it should have been. The bar of a window whose
            trades were all cancelled is given again with no volume, ``is_filled`` at the close before. An
            amendment whose trade is not known goes to ``on_late``.
        max_ahead: How far a timestamp may be ahead of the scheduler's clock; None: as far as it likes. Give
            it the difference of clocks and some seconds. The scheduler must tell the time of the events:
            the real clock for live ones, the replay's for a recording; a ``TestScheduler`` begins in 1970.
        on_late: Called with each event that is dropped. Without it the first one and the number at the end
            are logged as warnings.

    Returns:
        An operator from trades or quotes to bars.

    Raises:
        InvalidTypeError: An argument of the wrong type.
        InvalidArgumentError: A length, or a combination of arguments, that is not allowed. If the stream has
            corrections and ``corrections`` is off, the error goes to ``on_error``, as does one that
            ``sales`` or ``on_late`` raises.

    Example:
        >>> import reactivex
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import time_bars
        >>> minute = 1_700_000_040_000
        >>> trades = reactivex.of(
        ...     Trade(symbol="IBM", price=10.0, size=100, timestamp=minute),
        ...     Trade(symbol="IBM", price=12.0, size=100, timestamp=minute + 59_999),
        ...     Trade(symbol="IBM", price=11.0, size=300, timestamp=minute + 60_000),
        ... )
        >>> _ = trades.pipe(time_bars("1m")).subscribe(
        ...     lambda bar: print(bar.start - minute, bar.open, bar.close, bar.volume, bar.vwap)
        ... )
        0 10.0 12.0 200.0 11.0
        60000 11.0 11.0 300.0 11.0
    """
    if late not in ("revise", "drop"):
        raise InvalidArgumentError("late", late, "use 'revise' or 'drop'")
    check_rules(sales)
    function("on_late", on_late)
    flag("fill", fill)
    flag("corrections", corrections)
    make_grid(every, offset, session)  # wrong arguments raise here, not at the subscription
    settings = TimeBarSettings(
        make_grid=partial(make_grid, every, offset, session),
        lateness=to_milliseconds("lateness", lateness, allow_zero=True),
        revisable=to_milliseconds("revisable", revisable, allow_zero=True) if late == "revise" else 0,
        sales=sales,
        fill=fill,
        provisional=None if provisional is None else to_milliseconds("provisional", provisional),
        corrections=corrections,
        max_ahead=None if max_ahead is None else to_milliseconds("max_ahead", max_ahead, allow_zero=True),
    )
    quiet = min(_QUIET_MS, to_milliseconds("every", every))

    def operator(source: Observable[Any]) -> Observable[Bar]:
        def subscribe(
            observer: abc.ObserverBase[Bar], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            # Events and timers come on different threads.
            turns = Turns(observer)
            steps = Steps(turns)
            is_disposed = False
            losses: Losses[Any] = Losses("came too late, or too far ahead, for a bar", on_late)

            def tell_late(_: None) -> None:
                late_events, engine.late = engine.late, []
                for event in late_events:
                    losses.add(event)

            def on_silence(now: int) -> bool:
                return turns.run_if_idle(go_on, now)

            clock = EventClock(scheduler, quiet, lambda: engine.windows.newest, on_silence)
            engine = TimeBarEngine(settings, steps.put, clock.now)
            add, flush = steps.of(engine.add), steps.of(lambda _: engine.flush())
            tell = steps.of(tell_late)

            def take(event: Any) -> None:
                add(event)
                while engine.is_behind and not (is_disposed or turns.is_over):
                    add(event)
                if engine.late:
                    tell(None)

            def advance(now: int) -> None:
                clock.look_again(engine.advance(now))

            go_on = steps.of(advance)

            def complete(_: None) -> None:
                flush(None)
                end(None)

            def end(error: Exception | None) -> None:
                losses.close()
                turns.end(error)

            def on_error(error: Exception) -> None:
                turns.run(end, error)

            def on_completed() -> None:
                turns.run(complete, None)

            def clear() -> None:
                nonlocal is_disposed
                is_disposed = True
                losses.close()
                turns.run(lambda _: engine.clear(), None)

            on_next = time_bar_entry(engine, take, steps, turns, clock)
            subscription = source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
            return CompositeDisposable(subscription, clock, Disposable(clear))

        return Observable(subscribe)

    return operator
