"""The sources that marbles make: hot as a client's, or cold, and both remember who observed them and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.testing.marbles import COMPLETED, FAILED, Mark, Span

__all__ = ["Cold", "ColdSource", "HotSource", "Script", "cold"]

T = TypeVar("T")


@dataclass(frozen=True)
class Cold:
    """A marble string for a source that begins anew for each observer; see :func:`cold`."""

    marble: str


def cold(marble: str) -> Cold:
    """A source that plays its whole line for each observer, from the moment it is observed.

    A string alone is hot, as a client's Observables are: who comes late misses what was before.

    Args:
        marble: The line.

    Example:
        >>> from reactivex import operators as ops
        >>> from rxpolygon.testing import assert_stream
        >>> assert_stream(lambda trades: trades.pipe(ops.repeat(2)), cold("-t|"), "-t-t|")
    """
    return Cold(marble)


class Script(NamedTuple):
    """What a source plays: its marks, the value that a sign stands for at a time, and the error of ``#``."""

    marks: Sequence[Mark]
    value: Callable[[str, float], Any]  # Any: whatever the test gives
    error: Exception


class _Watched(Observable[T]):
    """Remembers who observes it, and when."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self.spans: list[Span] = []

    def _opened(self) -> Callable[[], None]:
        place = len(self.spans)
        self.spans.append(Span(self._now(), None))

        def close() -> None:
            span = self.spans[place]
            if span.released is None:
                self.spans[place] = Span(span.subscribed, self._now())

        return close


class HotSource(_Watched[T]):
    """Plays its script whether anyone observes it or not, when it is told to.

    An observer that raises is detached and gets the exception in its ``on_error``, as in a live client.
    """

    def __init__(self, script: Script, now: Callable[[], float]) -> None:
        super().__init__(now)
        self.script = script
        self._observers: tuple[abc.ObserverBase[T], ...] = ()

    def _subscribe_core(
        self, observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self._observers = (*self._observers, observer)
        close = self._opened()

        def dispose() -> None:
            self._observers = tuple(it for it in self._observers if it is not observer)
            close()

        return Disposable(dispose)

    def play(self, mark: Mark) -> None:
        """Tell everyone who observes now."""
        for observer in self._observers:
            _tell(observer, mark.sign, mark.at, self.script)


class ColdSource(_Watched[T]):
    """Plays its script for each observer, by timers of the virtual clock."""

    def __init__(self, script: Script, now: Callable[[], float], clock: abc.SchedulerBase) -> None:
        super().__init__(now)
        self.script = script
        self._clock = clock

    def _subscribe_core(
        self, observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        timers = CompositeDisposable(Disposable(self._opened()))
        for mark in self.script.marks:
            timers.add(self._timer(observer, mark))
        return timers

    def _timer(self, observer: abc.ObserverBase[T], mark: Mark) -> abc.DisposableBase:
        def act(_scheduler: abc.SchedulerBase, _state: object = None) -> None:
            _tell(observer, mark.sign, self._now(), self.script)

        return self._clock.schedule_relative(timedelta(milliseconds=mark.at), act)


def _tell(observer: abc.ObserverBase[T], sign: str, at: float, script: Script) -> None:
    if sign == COMPLETED:
        observer.on_completed()
    elif sign == FAILED:
        observer.on_error(script.error)
    else:
        value = script.value(sign, at)
        try:
            observer.on_next(value)
        except Exception as error:
            observer.on_error(error)
