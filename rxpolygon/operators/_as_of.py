"""The engine of the as-of joins: what was in force on the right when something happened on the left."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from threading import Lock
from typing import Final, Generic, TypeVar

from msgspec import Struct
from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._protocols import Timed
from rxpolygon.operators._serial import SerialEmitter
from rxpolygon.operators._silence import SilenceTimer

__all__ = ["AsOfSettings", "as_of_settings", "Match", "as_of"]

TLeft = TypeVar("TLeft", bound=Timed)
TRight = TypeVar("TRight", bound=Timed)
TOut = TypeVar("TOut")

# Before every timestamp.
_BEGINNING: Final = -(2**63)


_stamp = attrgetter("timestamp")

#: Puts a left value and the right one in force together: (left, right or None, is_stale).
Match = Callable[[TLeft, TRight | None, bool], TOut]


class AsOfSettings(Struct, frozen=True):
    """How to join; all durations in milliseconds."""

    tolerance: int | None
    hold: int
    lateness: int
    max_lead: int | None
    allow_exact_matches: bool


def as_of_settings(
    tolerance: str | timedelta | None,
    hold: str | timedelta | None,
    lateness: str | timedelta,
    max_lead: str | timedelta | None,
    allow_exact_matches: bool,
) -> AsOfSettings:
    """The settings as a user writes them, checked."""
    return AsOfSettings(
        tolerance=None if tolerance is None else to_milliseconds("tolerance", tolerance, allow_zero=True),
        hold=0 if hold is None else to_milliseconds("hold", hold, allow_zero=True),
        lateness=to_milliseconds("lateness", lateness, allow_zero=True),
        max_lead=None if max_lead is None else to_milliseconds("max_lead", max_lead),
        allow_exact_matches=allow_exact_matches,
    )


class Joiner(Generic[TLeft, TRight, TOut]):
    """One subscription that joins each left value when it comes.

    ``_lanes`` has, by symbol, the right values that a left one may still need, by ascending timestamp;
    among equal ones the last to arrive is last. A list of the values alone, because with thousands of
    symbols the cost of an event is the number of objects it touches that are not in the processor's cache.

    All fields are read and written under ``_lock``; ``match`` is called under it.
    """

    def __init__(
        self,
        settings: AsOfSettings,
        match: Match[TLeft, TRight, TOut],
        emitter: SerialEmitter[TOut],
    ) -> None:
        self._settings = settings
        self._tolerance = settings.tolerance
        self._is_exact = settings.allow_exact_matches
        self._find = bisect_right if settings.allow_exact_matches else bisect_left
        self._match = match
        self._emitter = emitter
        self._lock = Lock()
        self._lanes: dict[str, list[TRight]] = {}
        self._newest_left = self._newest_right = _BEGINNING

    def on_right(self, right: TRight) -> None:
        with self._lock:
            self._keep(right)

    def on_left(self, left: TLeft) -> None:
        with self._lock:
            time = left.timestamp
            if time is not None and time > self._newest_left:
                self._newest_left = time
            joined = self._join(time, left)
        self._emitter.emit(joined)

    def on_right_completed(self) -> None:
        """Nothing on the right can come any more; what is known stays in force."""

    def on_left_completed(self) -> None:
        with self._lock:
            self._emitter.put_end()
        self._emitter.drain()

    def on_error(self, error: Exception) -> None:
        with self._lock:
            self._emitter.put_end(error)
        self._emitter.drain()

    def _keep(self, right: TRight) -> None:
        time = right.timestamp
        if time is None:
            return
        try:
            lane = self._lanes[right.symbol]
        except KeyError:
            lane = self._lanes[right.symbol] = []
        # Newer than all of the stream is newer than its lane, which then need not be looked at.
        if time >= self._newest_right:
            self._newest_right = time
            lane.append(right)
        elif not lane or lane[-1].timestamp <= time:
            lane.append(right)
        else:
            lane.insert(bisect_right(lane, time, key=_stamp), right)
        if not len(lane) & 7:
            self._trim(lane)

    def _trim(self, lane: list[TRight]) -> None:
        """Forgets what no left value may ask for, when at least half can go: so it is seldom tried."""
        size = len(lane)
        if size & (size - 1):
            return
        settings = self._settings
        floor = self._newest_left - settings.lateness - settings.hold
        if settings.max_lead is not None:
            floor = max(floor, self._newest_right - settings.max_lead)
        in_force = bisect_left(lane, floor, key=_stamp) - 1
        if in_force >= size // 2:
            del lane[:in_force]

    def _join(self, time: int | None, left: TLeft) -> TOut:
        lane = self._lanes.get(left.symbol)
        if not lane:
            return self._match(left, None, False)
        right = lane[-1]
        if time is None:
            return self._match(left, right, False)
        age = time - right.timestamp
        if age < 0 or (age == 0 and not self._is_exact):
            place = self._find(lane, time, key=_stamp)
            if not place:
                return self._match(left, None, False)
            right = lane[place - 1]
            age = time - right.timestamp
        tolerance = self._tolerance
        return self._match(left, right, tolerance is not None and age > tolerance)


class HoldingJoiner(Joiner[TLeft, TRight, TOut]):
    """One subscription that keeps left values back until right ones have surely arrived."""

    def __init__(
        self,
        settings: AsOfSettings,
        match: Match[TLeft, TRight, TOut],
        emitter: SerialEmitter[TOut],
        scheduler: abc.SchedulerBase | None,
    ) -> None:
        super().__init__(settings, match, emitter)
        self._hold = settings.hold
        self._newest = _BEGINNING
        self._held: deque[tuple[int, TLeft]] = deque()
        self.timer = SilenceTimer(settings.hold / 1_000, scheduler, self._held.__len__, self._on_silence)

    def on_right(self, right: TRight) -> None:
        with self._lock:
            self._keep(right)
            self._pass(right.timestamp)
            self._release()
        self._emitter.drain()

    def on_left(self, left: TLeft) -> None:
        with self._lock:
            time = left.timestamp
            self._pass(time)
            if time is None:
                time = self._newest
            elif time > self._newest_left:
                self._newest_left = time
            self._held.append((time, left))
            self._release()
        if self._held and not self.timer.is_armed:
            self.timer.arm()
        self._emitter.drain()

    def on_right_completed(self) -> None:
        with self._lock:
            self._hold = -1
            self._flush()
        self._emitter.drain()

    def on_left_completed(self) -> None:
        with self._lock:
            self._flush()
        super().on_left_completed()

    def on_error(self, error: Exception) -> None:
        with self._lock:
            self._flush()
        super().on_error(error)

    def _on_silence(self) -> None:
        with self._lock:
            self._flush()
        self._emitter.drain()

    def _pass(self, time: int | None) -> None:
        self.timer.events += 1
        if time is not None and time > self._newest:
            self._newest = time

    def _release(self) -> None:
        held = self._held
        # Strictly before: a right value that is late by exactly `hold` is still in time.
        bound = self._newest - self._hold
        while held and held[0][0] < bound:
            self._emitter.put(self._join(*held.popleft()))

    def _flush(self) -> None:
        while self._held:
            self._emitter.put(self._join(*self._held.popleft()))


def as_of(
    left_source: Observable[TLeft],
    right_source: Observable[TRight],
    make_match: Callable[[], Match[TLeft, TRight, TOut]],
    settings: AsOfSettings,
) -> Observable[TOut]:
    """Each left value with the right one in force, as the match puts them together.

    ``make_match`` is called once for each subscription. The match is our own code: it runs under the lock
    and must not call a user's. The two sources may call from different threads.
    """

    def subscribe(
        observer: abc.ObserverBase[TOut], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        emitter = SerialEmitter(observer)
        resources = CompositeDisposable()
        match = make_match()
        joiner: Joiner[TLeft, TRight, TOut] = Joiner(settings, match, emitter)
        if settings.hold:
            holding: HoldingJoiner[TLeft, TRight, TOut] = HoldingJoiner(settings, match, emitter, scheduler)
            resources.add(holding.timer)
            joiner = holding
        resources.add(
            right_source.subscribe(
                joiner.on_right, joiner.on_error, joiner.on_right_completed, scheduler=scheduler
            )
        )
        resources.add(
            left_source.subscribe(
                joiner.on_left, joiner.on_error, joiner.on_left_completed, scheduler=scheduler
            )
        )
        return resources

    return Observable(subscribe)
