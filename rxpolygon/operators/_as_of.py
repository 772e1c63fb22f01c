"""The engine of the as-of joins: what was in force on the right when something happened on the left."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from rxpolygon.operators._protocols import Timed
from rxpolygon.operators._serial import SerialEmitter

__all__ = ["Lane", "as_of"]

TLeft = TypeVar("TLeft", bound=Timed)
TRight = TypeVar("TRight", bound=Timed)
TOut = TypeVar("TOut")


class Lane(Generic[TRight]):
    """What is remembered of one symbol: the right values that a left one may still need, oldest first."""

    __slots__ = ("times", "values")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.values: list[TRight] = []

    def add(self, time: int, right: TRight) -> None:
        """Keeps a value in its place; among equal times the last to arrive is in force."""
        times = self.times
        if not times or times[-1] <= time:
            times.append(time)
            self.values.append(right)
        else:
            place = bisect_right(times, time)
            times.insert(place, time)
            self.values.insert(place, right)


Match = Callable[[TLeft, TRight | None, Lane[TRight]], TOut]


def as_of(
    left_source: Observable[TLeft],
    right_source: Observable[TRight],
    make_match: Callable[[], Match[TLeft, TRight, TOut]],
    allow_exact_matches: bool,
) -> Observable[TOut]:
    """Each left value with the right one in force, as ``make_match()`` puts them together."""
    find = bisect_right if allow_exact_matches else bisect_left

    def subscribe(
        observer: abc.ObserverBase[TOut], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        emitter = SerialEmitter(observer)
        match = make_match()
        lanes: dict[str, Lane[TRight]] = {}
        lock = Lock()

        def on_right(right: TRight) -> None:
            with lock:
                lane = lanes.get(right.symbol)
                if lane is None:
                    lane = lanes[right.symbol] = Lane()
                lane.add(right.timestamp, right)

        def on_left(left: TLeft) -> None:
            with lock:
                lane = lanes.get(left.symbol)
                if lane is None:
                    lane = lanes[left.symbol] = Lane()
                place = find(lane.times, left.timestamp)
                emitter.put(match(left, lane.values[place - 1] if place else None, lane))
            emitter.drain()

        def on_error(error: Exception) -> None:
            emitter.put_end(error)
            emitter.drain()

        def on_completed() -> None:
            emitter.put_end()
            emitter.drain()

        return CompositeDisposable(
            right_source.subscribe(on_right, on_error, scheduler=scheduler),
            left_source.subscribe(on_left, on_error, on_completed, scheduler=scheduler),
        )

    return Observable(subscribe)
