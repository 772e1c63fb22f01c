"""Gather events until there are enough of them, or a stretch of event time is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SingleAssignmentDisposable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.frames._event_windows import EventWindows
from rxpolygon.operators._checks import positive_whole
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._silence import SilenceTimer
from rxpolygon.operators._turns import Turns

__all__ = ["check_bounds", "gathered"]

F = TypeVar("F")


def check_bounds(count: int | None, every: str | timedelta | None) -> int | None:
    """The length of a stretch in ms, if there is one.

    Raises:
        InvalidArgumentError: Neither is given, or one is not above zero.
        InvalidTypeError: One has the wrong type.
    """
    if count is None and every is None:
        raise InvalidArgumentError("count", count, 'give count=, every= (as "1m"), or both')
    if isinstance(count, (str, timedelta)):
        raise InvalidTypeError("count", count, 'a number of rows; a length of time goes into every="1m"')
    if count is not None:
        positive_whole("count", count)
    return None if every is None else to_milliseconds("every", every)


def gathered(
    count: int | None,
    every_ms: int | None,
    make_builder: Callable[[], Callable[[list[Any]], F]],  # Any: events of the stream
) -> Callable[[Observable[Any]], Observable[F]]:
    """An operator that makes one value of all events since the last one.

    Args:
        count: The most events for a value.
        every_ms: The length of the windows of event time, none of which shares a value with another.
        make_builder: Called for each subscription; gives what makes a value of events.
    """

    def operator(source: Observable[Any]) -> Observable[F]:
        def subscribe(
            observer: abc.ObserverBase[F], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            turns = Turns(observer)
            build = make_builder()
            subscription = SingleAssignmentDisposable()
            held: list[Any] = []
            windows = None if every_ms is None else EventWindows(every_ms)

            def flush(_: object = None) -> None:
                events = held.copy()
                held.clear()
                if not events or turns.is_over:
                    return
                try:
                    value = build(events)
                except Exception as error:
                    # Not by the way of an observer that raises: nobody is at fault there.
                    subscription.dispose()
                    turns.end(error)
                    return
                turns.emit(value)

            def take(event: Any) -> None:
                if windows is not None and windows.ends_before(event):
                    flush()
                held.append(event)
                if len(held) == count:
                    flush()

            def end(error: Exception | None) -> None:
                flush()
                if not turns.is_over:
                    turns.end(error)

            def on_error(error: Exception) -> None:
                turns.run(end, error)

            def on_completed() -> None:
                turns.run(end, None)

            parts: list[abc.DisposableBase] = [subscription]
            handle: Callable[[Any], None] = take
            if every_ms is not None:
                timer = SilenceTimer(
                    every_ms / 1_000, scheduler, held.__len__, lambda: turns.run_if_idle(flush, None)
                )
                handle = timer.watched(take)
                parts.append(timer)
            subscription.disposable = source.subscribe(
                turns.entry(handle), on_error, on_completed, scheduler=scheduler
            )
            return CompositeDisposable(parts)

        return Observable(subscribe)

    return operator
