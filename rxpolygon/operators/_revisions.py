"""``revisions``: the server's repeated aggregates as bars with revision numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from heapq import heappop, heappush

from msgspec.structs import replace
from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._server_bars import AggregateLike, bar_of

__all__ = ["revisions"]


class _Known:
    """The last bar of each window, for as long as it can come again."""

    def __init__(self, revisable: int) -> None:
        self._revisable = revisable
        self._by_start: dict[int, dict[tuple[str, int], Bar]] = {}
        # On a heap too: windows of seconds are many, and only the earliest is ever looked for.
        self._starts: list[int] = []
        self._newest = 0

    def next_revision(self, aggregate: AggregateLike) -> Bar | None:
        bar = bar_of(aggregate)
        if bar is None:
            return None
        known = self._by_start.get(bar.start)
        if known is None:
            known = self._by_start[bar.start] = {}
            heappush(self._starts, bar.start)
            self._forget_old(bar.start)
        key = (bar.symbol, bar.end)
        before = known.get(key)
        if before is not None:
            bar = replace(bar, revision=before.revision)
            if bar == before:
                return None
            bar = replace(bar, revision=before.revision + 1)
        known[key] = bar
        return bar

    def _forget_old(self, start: int) -> None:
        if start > self._newest:
            self._newest = start
            while self._starts[0] < start - self._revisable:
                del self._by_start[heappop(self._starts)]

    def clear(self) -> None:
        self._by_start.clear()
        self._starts.clear()


def revisions(
    *, revisable: str | timedelta = "30m"
) -> Callable[[Observable[AggregateLike]], Observable[Bar]]:
    """The server's aggregates as bars that say which revision they are.

    .. marble::
        :alt: revisions

        --9:30--9:31--9:30--9:30--|     the server sends 9:30 again when late trades changed it
        [       revisions()       ]
        --r0----r0----r1----------|     the last one was the same as before

    The server sends the aggregate of a window again when late trades change it, for up to 15 minutes, and
    says nothing about it. The first broadcast of a symbol's window becomes a bar with revision 0, each one
    that differs from the last a bar with a revision one higher; one that does not differ (after a
    reconnection) is left out, and so is one without prices. Windows of different lengths may be mixed.
    Every bar is final, for a final bar may be revised.

    A bar comes at once with its broadcast, on its thread; nothing hangs on the clock. Completion and errors
    pass at once.

    Args:
        revisable: How long, by the starts of the windows, a window is remembered: at least as long as the
            server may send it again, or a broadcast is taken for the first one. One remembered bar has some
            300 bytes.

    Raises:
        InvalidArgumentError: ``revisable`` is not a length of time.

    Example:
        >>> import reactivex
        >>> from msgspec.structs import replace
        >>> from rxpolygon.events import MinuteAggregate
        >>> from rxpolygon.operators import revisions
        >>> first = MinuteAggregate(symbol="IBM", open=10, high=12, low=9, close=11, volume=300, start=0)
        >>> second = replace(first, volume=400)
        >>> _ = reactivex.of(first, second, second).pipe(revisions()).subscribe(
        ...     lambda bar: print(bar.volume, bar.revision)
        ... )
        300.0 0
        400.0 1
    """
    length = to_milliseconds("revisable", revisable)

    def operator(source: Observable[AggregateLike]) -> Observable[Bar]:
        def subscribe(
            observer: abc.ObserverBase[Bar], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            known = _Known(length)

            def on_next(aggregate: AggregateLike) -> None:
                try:
                    bar = known.next_revision(aggregate)
                except Exception as error:
                    observer.on_error(error)
                    return
                if bar is not None:
                    observer.on_next(bar)

            subscription = source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=scheduler
            )
            return CompositeDisposable(subscription, Disposable(known.clear))

        return Observable(subscribe)

    return operator
