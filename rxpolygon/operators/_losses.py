"""Count what an operator leaves out, and tell it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

__all__ = ["Losses", "counted"]

T = TypeVar("T")

_log = logging.getLogger("rxpolygon.operators")


class Losses(Generic[T]):
    """Counts values that are not passed on; tells the user's function each, or else the log.

    The log hears of the first value and, at the end, of the number: enough to notice, too little to drown
    in.

    Args:
        what: The end of the sentence "N events ...", as "came too late and were dropped by reorder".
        on_loss: Told each value; may raise.
        level: Of the log lines.
    """

    __slots__ = ("_is_closed", "_level", "_on_loss", "_what", "count")

    def __init__(
        self, what: str, on_loss: Callable[[T], object] | None, level: int = logging.WARNING
    ) -> None:
        self.count = 0
        self._is_closed = False
        self._what = what
        self._on_loss = on_loss
        self._level = level

    def add(self, value: T) -> None:
        """One more. Call it with no lock held: it calls the user's function, until the stream is over."""
        self.count += 1
        if self._is_closed:
            return
        if self._on_loss is not None:
            self._on_loss(value)
        elif self.count == 1:
            _log.log(self._level, "1 event so far %s: %r", self._what, value)

    def close(self) -> None:
        """The stream is over, or disposed of: tells the number, the first time."""
        if self._on_loss is None and self.count > 1 and not self._is_closed:
            _log.log(self._level, "%d events %s", self.count, self._what)
        self._is_closed = True


def counted(
    source: Observable[T],
    losses: Losses[Any],  # Any: what is lost may be of another class than what comes
    on_next: Callable[[T], None],
    on_error: Callable[[Exception], None],
    on_completed: Callable[[], None],
    scheduler: abc.SchedulerBase | None,
) -> abc.DisposableBase:
    """A subscription that tells the number of losses before it passes on its end, or when disposed of."""

    def fail(error: Exception) -> None:
        losses.close()
        on_error(error)

    def complete() -> None:
        losses.close()
        on_completed()

    subscription = source.subscribe(on_next, fail, complete, scheduler=scheduler)
    return CompositeDisposable(subscription, Disposable(losses.close))
