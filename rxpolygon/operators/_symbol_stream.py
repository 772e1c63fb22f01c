"""The events of one symbol, which ``by_symbol`` gives to that symbol's pipeline."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxpolygon.operators._direct import ignore

__all__ = ["SymbolStream"]

T = TypeVar("T")


def _raise(error: Exception) -> None:
    raise error


def _do_nothing() -> None:
    """For who does not want to know."""


class _Taker(abc.DisposableBase, Generic[T]):
    """Who observes a symbol's stream; disposing of it is unsubscribing."""

    __slots__ = ("_stream", "is_stopped", "on_completed", "on_error", "on_next")

    def __init__(
        self,
        stream: SymbolStream[T],
        on_next: Callable[[T], None] | None,
        on_error: Callable[[Exception], None] | None,
        on_completed: Callable[[], None] | None,
    ) -> None:
        self._stream = stream
        self.on_next: Callable[[T], None] = on_next or ignore
        self.on_error = on_error or _raise
        self.on_completed = on_completed or _do_nothing
        self.is_stopped = False

    def dispose(self) -> None:
        if not self.is_stopped:
            self._stream._remove(self)


class SymbolStream(Observable[T]):
    """The events of one symbol: what :func:`by_symbol` gives to the pipeline. Hot.

    Attributes:
        symbol: The symbol.
    """

    # One object each, without what nobody needs: see DirectObserver.
    __slots__ = ("_is_completed", "_pushes", "_takers", "symbol")

    # RxPY's own subscribe is not used.
    _subscribe = None

    def __init__(self, symbol: str, pushes: dict[str, Callable[[T], None]]) -> None:
        # Not the base's, which makes a lock.
        self.symbol = symbol
        # What to call with an event of each symbol; ours is kept there. With one observer, as nearly
        # always, it is that observer's function itself, so that an event meets no object but those of the
        # pipeline.
        self._pushes = pushes
        # Copied on write, so that subscribing and disposing inside on_next are safe.
        self._takers: tuple[_Taker[T], ...] = ()
        self._is_completed = False
        self._set_takers(())

    def __getattr__(self, name: str) -> RLock:
        if name != "lock":
            raise AttributeError(f"a SymbolStream has no attribute {name!r}", name=name, obj=self)
        # Only operators that observe several Observables ask for it, some of them on several threads.
        lock: RLock = vars(self).setdefault("lock", RLock())
        return lock

    def subscribe(
        self,
        on_next: abc.ObserverBase[T] | Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Observes the events, as any Observable does.

        Instead of RxPY's own, whose observer that detaches itself costs a call with every event. Here
        nobody is called after disposal or the end in the first place.
        """
        if isinstance(on_next, abc.ObserverBase) or callable(getattr(on_next, "on_next", None)):
            observer: abc.ObserverBase[T] = on_next  # type: ignore[assignment]  # as RxPY takes them
            taker = _Taker(self, observer.on_next, observer.on_error, observer.on_completed)
        else:
            taker = _Taker(self, on_next, on_error, on_completed)
        if self._is_completed:
            taker.on_completed()
            return Disposable()
        self._set_takers((*self._takers, taker))
        return taker

    def _remove(self, taker: _Taker[T]) -> None:
        taker.is_stopped = True
        self._set_takers(tuple(it for it in self._takers if it is not taker))

    def _set_takers(self, takers: tuple[_Taker[T], ...]) -> None:
        self._takers = takers
        if len(takers) == 1:
            self._pushes[self.symbol] = takers[0].on_next
        else:
            self._pushes[self.symbol] = self._push_to_all if takers else ignore

    def _push_to_all(self, value: T) -> None:
        for taker in self._takers:
            # Another one may have disposed of it just now.
            if not taker.is_stopped:
                taker.on_next(value)

    def complete(self) -> None:
        """Ends the stream; whoever observes later is completed at once."""
        self._is_completed = True
        for taker in self._end():
            if not taker.is_stopped:
                taker.is_stopped = True
                taker.on_completed()

    def fail(self, error: Exception) -> None:
        """Ends the stream with an error, which is the output's too.

        Whoever observes later hears nothing: a pipeline that retries would else do so for ever.
        """
        for taker in self._end():
            if not taker.is_stopped:
                taker.is_stopped = True
                taker.on_error(error)

    def _end(self) -> tuple[_Taker[T], ...]:
        takers = self._takers
        self._set_takers(())
        return takers
