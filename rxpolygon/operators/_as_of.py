"""The engine of the as-of joins: what was in force on the right when something happened on the left."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from typing import Final, Generic, TypeVar

from msgspec import Struct
from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from rxpolygon.checks import flag
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._protocols import Timed
from rxpolygon.operators._silence import SilenceTimer
from rxpolygon.operators._turns import Turns

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
    flag("allow_exact_matches", allow_exact_matches)
    return AsOfSettings(
        tolerance=None if tolerance is None else to_milliseconds("tolerance", tolerance, allow_zero=True),
        hold=0 if hold is None else to_milliseconds("hold", hold, allow_zero=True),
        lateness=to_milliseconds("lateness", lateness, allow_zero=True),
        max_lead=None if max_lead is None else to_milliseconds("max_lead", max_lead),
        allow_exact_matches=allow_exact_matches,
    )


class Joiner(Generic[TLeft, TRight, TOut]):
    """The state of one subscription that joins each left value when it comes.

    ``_lanes`` has, by symbol, the right values that a left one may still need, by ascending timestamp;
    among equal ones the last to arrive is last. A list of the values alone, because with thousands of
    symbols the cost of an event is the number of objects it touches that are not in the processor's cache.

    Methods are called one at a time; see :class:`Turns`.
    """

    def __init__(
        self, settings: AsOfSettings, match: Match[TLeft, TRight, TOut], emit: Callable[[TOut], None]
    ) -> None:
        self._settings = settings
        self._tolerance = settings.tolerance
        self._is_exact = settings.allow_exact_matches
        self._find = bisect_right if settings.allow_exact_matches else bisect_left
        self._match = match
        self._emit = emit
        self._lanes: dict[str, list[TRight]] = {}
        self._newest_left = self._newest_right = _BEGINNING

    def right_entry(self, turns: Turns[TOut]) -> Callable[[TRight], None]:
        """The handler of right values, to be called from any thread.

        The same as ``turns.entry(self.take_right)``; but the newest value of all, as nearly every one is, is
        kept here: there are many more quotes than trades, and a call costs as much as the keeping.
        """
        inbox, take_turn, give_back = turns.inbox, turns.take, turns.give_back
        lanes, take_right, trim = self._lanes, self.take_right, self._trim

        def on_next(right: TRight) -> None:
            if inbox:
                turns.defer(take_right, right)
                return
            try:
                take_turn()
            except IndexError:
                turns.defer(take_right, right)
                return
            try:
                time = right.timestamp
                if time is not None and time >= self._newest_right:
                    self._newest_right = time
                    try:
                        lane = lanes[right.symbol]
                    except KeyError:
                        lane = lanes[right.symbol] = []
                    lane.append(right)
                    if not len(lane) & 7:
                        trim(lane)
                else:
                    take_right(right)
            except Exception as error:
                turns.fail(error)
            finally:
                give_back(None)
            if inbox:
                turns.work()

        return on_next

    def take_right(self, right: TRight) -> None:
        """Keeps a right value in its place."""
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
            place = bisect_right(lane, time, key=_stamp)
            if not place and lane[0].timestamp < self._floor():
                return  # what came between the two may be forgotten: it would be in force for too long
            lane.insert(place, right)
        if not len(lane) & 7:
            self._trim(lane)

    def take_left(self, left: TLeft) -> None:
        """Joins a left value."""
        lane = self._lanes.get(left.symbol)
        time = left.timestamp
        if time is None:
            self._emit(self._match(left, lane[-1] if lane else None, False))
            return
        if time > self._newest_left:
            self._newest_left = time
        if not lane:
            self._emit(self._match(left, None, False))
            return
        right = lane[-1]
        age = time - right.timestamp
        if age < 0 or (age == 0 and not self._is_exact):
            place = self._find(lane, time, key=_stamp)
            if not place:
                self._emit(self._match(left, None, False))
                return
            right = lane[place - 1]
            age = time - right.timestamp
        tolerance = self._tolerance
        self._emit(self._match(left, right, tolerance is not None and age > tolerance))

    def stop_holding(self) -> None:
        """Nothing on the right can come any more; what is known stays in force."""

    def flush(self) -> None:
        """Joins what is held."""

    def _trim(self, lane: list[TRight]) -> None:
        """Forgets what no left value may ask for, when at least half can go: so it is seldom tried."""
        size = len(lane)
        # Of a great number, as a burst leaves it, not only when there are twice as many.
        if size & (size - 1) and size & 255:
            return
        in_force = bisect_left(lane, self._floor(), key=_stamp) - 1
        if in_force >= size // 2:
            del lane[:in_force]

    def _floor(self) -> int:
        """The earliest instant of which a left value may surely ask what was in force."""
        settings = self._settings
        floor = self._newest_left - settings.lateness - settings.hold
        if settings.max_lead is not None:
            floor = max(floor, self._newest_right - settings.max_lead)
        return floor


class HoldingJoiner(Joiner[TLeft, TRight, TOut]):
    """The state of one subscription that keeps left values back until right ones have surely arrived."""

    def __init__(
        self, settings: AsOfSettings, match: Match[TLeft, TRight, TOut], emit: Callable[[TOut], None]
    ) -> None:
        super().__init__(settings, match, emit)
        self._hold = settings.hold
        self._newest = _BEGINNING
        self.held: deque[tuple[int, TLeft]] = deque()

    def take_right(self, right: TRight) -> None:
        super().take_right(right)
        self._pass(right.timestamp)

    def take_left(self, left: TLeft) -> None:
        time = left.timestamp
        self.held.append((self._newest if time is None else time, left))
        self._pass(time)

    def stop_holding(self) -> None:
        self._hold = -1
        self.flush()

    def flush(self) -> None:
        while self.held:
            super().take_left(self.held.popleft()[1])

    def _pass(self, time: int | None) -> None:
        """Event time is here; releases what is due."""
        if time is not None and time > self._newest:
            self._newest = time
        held = self.held
        # Strictly before: a right value that is late by exactly `hold` is still in time.
        bound = self._newest - self._hold
        while held and held[0][0] < bound:
            super().take_left(held.popleft()[1])


def as_of(
    left_source: Observable[TLeft],
    right_source: Observable[TRight],
    make_match: Callable[[], Match[TLeft, TRight, TOut]],
    settings: AsOfSettings,
) -> Observable[TOut]:
    """Each left value with the right one in force, as the match puts them together.

    ``make_match`` is called once for each subscription. The two sources may call from different threads.
    """

    def subscribe(
        observer: abc.ObserverBase[TOut], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        turns = Turns(observer)
        resources = CompositeDisposable()
        joiner: Joiner[TLeft, TRight, TOut]
        match = make_match()
        if settings.hold:
            holding: HoldingJoiner[TLeft, TRight, TOut] = HoldingJoiner(settings, match, turns.emit)
            joiner = holding
            timer = SilenceTimer(
                settings.hold / 1_000,
                scheduler,
                holding.held.__len__,
                lambda: turns.run_if_idle(lambda _: holding.flush(), None),
            )
            resources.add(timer)
            on_left = turns.entry(timer.watched(joiner.take_left))
            on_right = turns.entry(timer.watched(joiner.take_right))
        else:
            joiner = Joiner(settings, match, turns.emit)
            on_left = turns.entry(joiner.take_left)
            on_right = joiner.right_entry(turns)

        def end(error: Exception | None) -> None:
            joiner.flush()
            turns.end(error)

        def on_error(error: Exception) -> None:
            turns.run(end, error)

        def on_completed() -> None:
            turns.run(end, None)

        def on_right_completed() -> None:
            turns.run(lambda _: joiner.stop_holding(), None)

        resources.add(right_source.subscribe(on_right, on_error, on_right_completed, scheduler=scheduler))
        resources.add(left_source.subscribe(on_left, on_error, on_completed, scheduler=scheduler))
        return resources

    return Observable(subscribe)
