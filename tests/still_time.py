"""A scheduler for results that must not hang on how long the machine halts between two events."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from reactivex import abc, typing
from reactivex.disposable import Disposable
from reactivex.scheduler import CurrentThreadScheduler
from reactivex.scheduler.trampoline import Trampoline

__all__ = ["StillTime"]

TState = TypeVar("TState")


class StillTime(CurrentThreadScheduler):
    """Does what is to be done now, on this thread in its turn, and nothing that is to be done later.

    Operators that watch for silence have timers, on real time where a subscription names no scheduler. Such a
    timer may strike between two events of a list if a busy machine halts there; on this clock none does.
    """

    def __init__(self) -> None:
        super().__init__()
        self._instant = CurrentThreadScheduler.singleton().now

    @property
    def now(self) -> datetime:
        """When the scheduler was made, for ever."""
        return self._instant

    def get_trampoline(self) -> Trampoline:
        """RxPY's own for this thread, so that the order is as without a scheduler."""
        return CurrentThreadScheduler.singleton().get_trampoline()

    def schedule_absolute(
        self,
        duetime: typing.AbsoluteTime,
        action: abc.ScheduledAction[TState],
        state: TState | None = None,
    ) -> abc.DisposableBase:
        """Now or never."""
        if self.to_datetime(duetime) > self._instant:
            return Disposable()
        return super().schedule_absolute(duetime, action, state)
