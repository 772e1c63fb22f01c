"""``reorder``: events by time, as long as they are not too late."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from heapq import heappop, heappush
from typing import Final, Generic, Literal, TypeVar, get_args, overload

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.operators._checks import function, unfit
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._losses import Losses
from rxpolygon.operators._protocols import Timed
from rxpolygon.operators._silence import SilenceTimer
from rxpolygon.operators._turns import Turns

__all__ = ["reorder"]

TTimed = TypeVar("TTimed", bound=Timed)
LatePolicy = Literal["drop", "emit"]

# Before every timestamp.
_BEGINNING: Final = -(2**63)


class _Sorter(Generic[TTimed]):
    """Holds events until their turn; its methods are called one at a time."""

    __slots__ = ("_count", "_emit", "_in_order", "_last_out", "_newest", "_strays", "_within")

    def __init__(self, within: int, emit: Callable[[TTimed], None]) -> None:
        self._within = within
        self._emit = emit
        self._newest = self._last_out = _BEGINNING
        # Most events come in order and need no sorting; only the others pay for the heap.
        self._in_order: deque[tuple[int, TTimed]] = deque()
        self._strays: list[tuple[int, int, TTimed]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._in_order) + len(self._strays)

    def add(self, event: TTimed, time: int | None) -> bool:
        """Takes the event and releases what is due. False: it is too late, its place was passed."""
        if time is None or time >= self._newest:
            if time is not None:
                self._newest = time
            self._in_order.append((self._newest, event))
        elif time < self._last_out:
            return False
        else:
            self._count += 1
            heappush(self._strays, (time, self._count, event))
        # Strictly before: an event that is late by exactly `within` is still in time.
        self._release(self._newest - self._within)
        return True

    def flush(self) -> None:
        self._release(self._newest + 1)

    def _release(self, bound: int) -> None:
        in_order, strays = self._in_order, self._strays
        while strays and strays[0][0] < bound:
            time, _, stray = heappop(strays)
            # Of equal times those in order came first.
            self._release_in_order(time + 1)
            self._last_out = time
            self._emit(stray)
        if in_order:
            self._release_in_order(bound)

    def _release_in_order(self, bound: int) -> None:
        in_order = self._in_order
        while in_order and in_order[0][0] < bound:
            self._last_out, event = in_order.popleft()
            self._emit(event)


# Where an argument that may be left out has the type of the events, mypy asks for it before ``pipe`` can
# tell: so there is a form without that argument.
@overload
def reorder(
    within: str | timedelta, *, late: LatePolicy = ...
) -> Callable[[Observable[TTimed]], Observable[TTimed]]: ...


@overload
def reorder(
    within: str | timedelta,
    *,
    late: LatePolicy = ...,
    on_late: Callable[[TTimed], None] | None,
) -> Callable[[Observable[TTimed]], Observable[TTimed]]: ...


def reorder(
    within: str | timedelta,
    *,
    late: LatePolicy = "drop",
    on_late: Callable[[TTimed], None] | None = None,
) -> Callable[[Observable[TTimed]], Observable[TTimed]]:
    """The events of all symbols by ascending ``timestamp``, if out of order by ``within`` at most.

    .. code-block:: text

        source   --1--3--2--5-----9--4-----|        (the numbers are timestamps)
                 [      reorder(3)         ]
        output   -----------1-----2,3,5----9|       4 is late: 5 was already emitted

    An event is kept until one of any symbol is *more* than ``within`` newer; then all up to there are
    emitted by timestamp, and those of equal timestamps in the order in which they came. So an event that
    is late by up to ``within``, inclusive, finds its place. One whose place has been passed (an event
    with a greater timestamp was emitted) is *late*: ``on_late`` is told, and it is dropped, or with
    ``late="emit"`` emitted at once, out of order. An event without ``timestamp`` counts as at the newest
    one seen.

    - *Completion, error*: what is kept is emitted in order, then the end.
    - *Silence*: with no event for one to two times ``within`` on the scheduler, what is kept is emitted.
    - *Dispose*: releases the source, the timer and what is kept. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread or the scheduler's, one call at a time.

    Args:
        within: The greatest disorder that is mended, in event time; it is also the delay.
        late: What happens to a late event.
        on_late: Told each late event. If it raises, that goes to ``on_error``. Without it the first one
            and the number at the end are logged as warnings.

    Returns:
        An operator that sorts.

    Raises:
        InvalidArgumentError: ``within`` cannot be read, or ``late`` is no policy.
        InvalidTypeError: ``on_late`` is no function. To ``on_error`` for an event without timestamp.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import reorder
        >>> trades = [Trade(symbol="A", timestamp=at) for at in (1_000, 1_200, 1_100)]
        >>> in_order = rx.from_iterable(trades).pipe(reorder("250ms"))
        >>> _ = in_order.subscribe(lambda trade: print(trade.timestamp))
        1000
        1100
        1200
    """
    within_ms = to_milliseconds("within", within)
    if late not in get_args(LatePolicy):
        raise InvalidArgumentError("late", late, "use 'drop' or 'emit'")
    function("on_late", on_late)

    def operator(source: Observable[TTimed]) -> Observable[TTimed]:
        def subscribe(
            observer: abc.ObserverBase[TTimed], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            turns = Turns(observer)
            sorter = _Sorter(within_ms, turns.emit)
            losses = Losses("came too late for reorder", on_late)

            def take(event: TTimed) -> None:
                try:
                    time = event.timestamp
                except AttributeError as error:
                    end(unfit(event, "an event with a timestamp", error))
                    return
                if sorter.add(event, time):
                    return
                try:
                    losses.add(event)
                except Exception as error:
                    end(error)
                    return
                if late == "emit":
                    turns.emit(event)

            def end(error: Exception | None) -> None:
                losses.close()
                sorter.flush()
                turns.end(error)

            def on_silence() -> bool:
                return turns.run_if_idle(lambda _: sorter.flush(), None)

            def on_error(error: Exception) -> None:
                turns.run(end, error)

            def on_completed() -> None:
                turns.run(end, None)

            timer = SilenceTimer(within_ms / 1_000, scheduler, sorter.__len__, on_silence)
            on_next = turns.entry(timer.watched(take))
            subscription = source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
            return CompositeDisposable(timer, subscription, Disposable(losses.close))

        return Observable(subscribe)

    return operator
