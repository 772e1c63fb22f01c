"""Sources for asyncio's tests: threads that emit, and Observables that know who observes them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from tests.support import PATIENCE, wait_for

__all__ = ["Hot", "emitting", "take_all", "until"]

T = TypeVar("T")


class Hot(Observable[T], Generic[T]):
    """A hot source with the least of machinery, which counts its observers."""

    def __init__(self) -> None:
        super().__init__()
        self.observers: list[abc.ObserverBase[T]] = []

    def _subscribe_core(
        self, observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self.observers.append(observer)
        return Disposable(lambda: self.observers.remove(observer))

    @property
    def is_observed(self) -> bool:
        """Whether anybody observes."""
        return bool(self.observers)

    def emit(self, *values: T) -> None:
        """Give values to whoever observes."""
        for value in values:
            for observer in tuple(self.observers):
                observer.on_next(value)

    def fail(self, error: Exception) -> None:
        """End by an error."""
        for observer in tuple(self.observers):
            observer.on_error(error)

    def complete(self) -> None:
        """End."""
        for observer in tuple(self.observers):
            observer.on_completed()


@contextmanager
def emitting(source: Hot[T], values: Iterable[T], *, completes: bool = True) -> Iterator[threading.Thread]:
    """A thread that gives values to a source as soon as it is observed, while anybody observes it."""

    def run() -> None:
        wait_for(lambda: source.is_observed)
        for value in values:
            if not source.is_observed:
                return
            source.emit(value)
        if completes:
            source.complete()

    thread = threading.Thread(target=run, name="emitting", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the source's thread is stuck"


async def take_all(values: AsyncIterable[T], taken: list[T]) -> None:
    """Append every value to a list."""
    async for value in values:
        taken.append(value)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)
