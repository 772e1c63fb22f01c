"""``by_symbol``: a pipeline for each symbol, at the cost of a dict lookup."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.errors import InvalidTypeError
from rxpolygon.operators._checks import function, observable, unfit
from rxpolygon.operators._direct import DirectObserver, ignore
from rxpolygon.operators._protocols import Timed
from rxpolygon.operators._symbol_stream import SymbolStream
from rxpolygon.operators._turns import Turns

__all__ = ["by_symbol"]

TTimed = TypeVar("TTimed", bound=Timed)
TOut = TypeVar("TOut")


class _SymbolObserver(DirectObserver[TOut]):
    """Who observes the pipeline of one symbol."""

    __slots__ = ("_on_completed", "_on_error", "_symbol")

    def __init__(
        self,
        symbol: str,
        on_next: Callable[[TOut], None],
        on_error: Callable[[str, Exception], None],
        on_completed: Callable[[str], None],
    ) -> None:
        super().__init__(on_next)
        self._symbol = symbol
        self._on_error = on_error
        self._on_completed = on_completed

    def failed(self, error: Exception) -> None:
        self._on_error(self._symbol, error)

    def completed(self) -> None:
        self._on_completed(self._symbol)


def by_symbol(
    pipeline: Callable[[SymbolStream[TTimed]], Observable[TOut]],
    *,
    on_symbol_error: Callable[[str, Exception], None] | None = None,
) -> Callable[[Observable[TTimed]], Observable[TOut]]:
    """A pipeline of its own for each symbol; what all of them emit, merged.

    .. code-block:: text

        source   --A1--B1--A2--B2--A3--|
                 [  by_symbol(ops.pairwise())  ]
        output   ----------A12-B12-A23-|

    The same as ``group_by`` and ``flat_map``, several times faster. ``pipeline`` is any operator, or a
    function from an Observable to an Observable; it is called when a symbol's first event comes, observed
    at once with the scheduler of the subscription, and then gets that event. The Observable that it is
    given has the symbol as ``.symbol``. No symbol sees another's events or state, and a symbol whose
    pipeline has completed (``take``) is passed over from then on.

    - *Order*: what a pipeline emits when it gets an event is emitted at once.
    - *Completion*: every symbol's Observable completes, in the order of their first events, so pipelines
      emit what they hold; the output completes when the last pipeline has.
    - *Errors*: the source's goes to every pipeline, then to the output. A pipeline's own, and an exception
      that it raises, end the output; with ``on_symbol_error`` they end only that symbol, for good.
    - *Silence*: nothing happens but what pipelines do by timers.
    - *Dispose*: releases the source and every pipeline. A symbol's pipeline lives until then or until it
      completes; it takes about 0.6 KB besides what the pipeline does. Subscriptions share nothing, as far
      as ``pipeline`` does not.
    - *Threads*: the observer is called on the thread on which a pipeline emits, one call at a time.

    Args:
        pipeline: Makes the Observable of one symbol's results from that of its events.
        on_symbol_error: Told the symbol and the error of a pipeline that failed; the others go on. If it
            raises, that goes to ``on_error``.

    Returns:
        An operator from events to results.

    Raises:
        InvalidTypeError: ``pipeline`` or ``on_symbol_error`` is no function. To ``on_error`` for an event
            without a symbol. As a pipeline's own error, where ``pipeline`` returns no Observable.

    Example:
        >>> import reactivex as rx
        >>> from reactivex import operators as ops
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import by_symbol
        >>> trades = [Trade(symbol=s, price=p) for s, p in [("A", 1), ("B", 9), ("A", 2), ("B", 7)]]
        >>> moves = by_symbol(
        ...     lambda trades: trades.pipe(
        ...         ops.pairwise(), ops.map(lambda pair: (pair[0].symbol, pair[1].price - pair[0].price))
        ...     )
        ... )
        >>> _ = rx.from_iterable(trades).pipe(moves).subscribe(print)
        ('A', 1)
        ('B', -2)
    """
    if not callable(pipeline):
        raise InvalidTypeError("pipeline", pipeline, "an operator, or a function of an Observable")
    function("on_symbol_error", on_symbol_error)

    def operator(source: Observable[TTimed]) -> Observable[TOut]:
        def subscribe(
            observer: abc.ObserverBase[TOut], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            turns = Turns(observer)
            emit = turns.outlet()
            streams: dict[str, SymbolStream[TTimed]] = {}
            pushes: dict[str, Callable[[TTimed], None]] = {}
            # Those of the pipelines that are not over.
            observers: dict[str, _SymbolObserver[TOut]] = {}
            lock = Lock()
            # The source and the pipelines that are not over; under the lock.
            running = 1
            is_disposed = False  # under the lock
            is_failing = False

            def open_stream(symbol: str) -> Callable[[TTimed], None]:
                nonlocal running
                with lock:
                    # Another thread may dispose of everything while an event is on its way.
                    if is_disposed:
                        return ignore
                    running += 1
                    stream = streams[symbol] = SymbolStream(symbol, pushes)
                    observer = observers[symbol] = _SymbolObserver(symbol, emit, close_failed, close)
                results = pipeline(stream)
                observable("what pipeline returns", results)
                observer.observe(results, scheduler)
                # Gone if the observer disposed of everything while the pipeline was made.
                return pushes.get(symbol, ignore)

            def close(symbol: str) -> None:
                observer = observers.pop(symbol, None)
                if observer is not None:
                    observer.dispose()
                    release_one()

            def release_one() -> None:
                nonlocal running
                with lock:
                    running -= 1
                    is_over = not running
                if is_over:
                    turns.run(turns.end, None)

            def close_failed(symbol: str, error: Exception) -> None:
                if is_failing:
                    return
                if on_symbol_error is None:
                    end(error)
                    return
                try:
                    on_symbol_error(symbol, error)
                except Exception as raised:
                    end(raised)
                else:
                    close(symbol)

            def end(error: Exception) -> None:
                turns.run(turns.end, error)

            def on_next(event: TTimed) -> None:
                try:
                    symbol = event.symbol
                except AttributeError as error:
                    end(unfit(event, "an event with a symbol", error))
                    return
                try:
                    try:
                        push = pushes[symbol]
                    except KeyError:
                        push = open_stream(symbol)
                    push(event)
                except Exception as error:
                    # The output is over: this comes from its observer, which nobody can tell any more.
                    if turns.is_over:
                        raise
                    close_failed(symbol, error)

            def on_error(error: Exception) -> None:
                nonlocal is_failing
                # What pipelines make of it is no failure of theirs, and none must miss it.
                is_failing = True
                for stream in tuple(streams.values()):
                    stream.fail(error)
                end(error)

            def on_completed() -> None:
                for stream in tuple(streams.values()):
                    stream.complete()
                release_one()

            def dispose_all() -> None:
                nonlocal is_disposed
                with lock:
                    is_disposed = True
                for observer in tuple(observers.values()):
                    observer.dispose()
                observers.clear()
                streams.clear()
                pushes.clear()

            return CompositeDisposable(
                source.subscribe(on_next, on_error, on_completed, scheduler=scheduler),
                Disposable(dispose_all),
            )

        return Observable(subscribe)

    return operator
