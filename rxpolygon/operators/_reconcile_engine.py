"""The decisions of ``reconcile``: fed own and server's bars, it puts comparisons. No Rx, no threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from math import isclose

from msgspec import Struct

from rxpolygon.events._base import moment_of
from rxpolygon.operators._bar import Bar
from rxpolygon.operators._checks import unfit
from rxpolygon.operators._server_bars import AggregateLike, bar_of, rounded_size, untold

__all__ = ["Difference", "ReconcileEngine", "Reconciliation"]

_PRICES_AND_VOLUME = ("open", "high", "low", "close", "volume")


class Difference(Struct, frozen=True, gc=False):
    """A figure that two bars do not agree on.

    Attributes:
        field: The figure's name, as in :class:`Bar`.
        own: What the own bar has; None where it has none.
        server: What the server's has.
        difference: Own less server's; None where the own bar has none.
    """

    field: str
    own: float | None
    server: float | None

    @property
    def difference(self) -> float | None:
        """Own less server's; None where one of them is missing."""
        return None if self.own is None or self.server is None else self.own - self.server


class Reconciliation(Struct, frozen=True, kw_only=True):
    """An own bar held against the server's of the same window.

    Attributes:
        symbol: The symbol.
        start: The window's start, Unix ms UTC.
        end: The window's end, exclusive.
        own: The own bar; None where there is none.
        server: The server's aggregate as a bar; None where there is none.
        differences: The figures that differ; empty too where one of the bars is missing.
    """

    symbol: str
    start: int
    end: int
    own: Bar | None
    server: Bar | None
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether both bars are there and equal."""
        return self.own is not None and self.server is not None and not self.differences

    @property
    def timestamp(self) -> int:
        """The window's start, Unix milliseconds UTC."""
        return self.start

    @property
    def time(self) -> datetime:
        """The window's start as an aware datetime in UTC; None where that is beyond the calendar."""
        return moment_of(self.start * 1_000)


_Span = tuple[int, int]


class _Pair:
    __slots__ = ("own", "rounded_size", "server", "told", "untold")

    def __init__(self) -> None:
        self.own: Bar | None = None
        self.server: Bar | None = None
        self.untold: frozenset[str] = frozenset()
        self.rounded_size: float | None = None
        self.told: Reconciliation | None = None


class ReconcileEngine:
    """All pairs of one subscription. Its owner serialises the calls. Times in milliseconds."""

    def __init__(
        self,
        within: int,
        revisable: int,
        tolerance: float,
        vwap_tolerance: float,
        put: Callable[[Reconciliation], None],
    ) -> None:
        self._within = within
        self._revisable = revisable
        self._tolerance = tolerance
        self._vwap_tolerance = vwap_tolerance
        self._put = put
        # By the ends and starts of the windows. Those are on heaps too: of all that can be revised, only the
        # earliest is ever looked for.
        self._pairs: dict[_Span, dict[str, _Pair]] = {}
        self._kept: list[_Span] = []
        # The windows in which a bar may be alone.
        self._waiting: list[_Span] = []
        self._is_waiting: set[_Span] = set()
        #: Event time: the newest end of either side, or later after a silence.
        self.newest = 0

    def add_own(self, bar: Bar) -> None:
        """Adds an own bar.

        Raises:
            InvalidTypeError: It is no bar.
        """
        try:
            counts = bar.is_final and not bar.is_filled
        except AttributeError as error:
            raise unfit(bar, "a Bar, as time_bars gives it", error) from error
        if counts:
            pair = self._pair(bar)
            pair.own = bar
            self._compare(bar, pair)
            self._move_to(bar.end)

    def add_server(self, aggregate: AggregateLike) -> None:
        """Adds a bar of the server."""
        bar = bar_of(aggregate)
        if bar is not None:
            pair = self._pair(bar)
            pair.server, pair.untold = bar, untold(aggregate)
            pair.rounded_size = rounded_size(aggregate)
            self._compare(bar, pair)
            self._move_to(bar.end)

    def advance(self, now: int) -> int | None:
        """Lets event time go on to ``now``; returns in how many ms a bar that is alone is due, if any."""
        self._move_to(now)
        waiting = self._waiting
        while waiting and all(pair.told is not None for pair in self._pairs[waiting[0]].values()):
            self._is_waiting.remove(heappop(waiting))
        return waiting[0][0] + self._within - now if waiting else None

    def flush(self) -> None:
        """Tells the pairs that are not complete."""
        self._tell_single(self.newest)

    def clear(self) -> None:
        """Frees the state."""
        self._pairs.clear()
        self._kept.clear()
        self._waiting.clear()
        self._is_waiting.clear()

    def _pair(self, bar: Bar) -> _Pair:
        span = bar.end, bar.start
        pairs = self._pairs.get(span)
        if pairs is None:
            pairs = self._pairs[span] = {}
            heappush(self._kept, span)
        pair = pairs.get(bar.symbol)
        if pair is None:
            pair = pairs[bar.symbol] = _Pair()
            if span not in self._is_waiting:
                self._is_waiting.add(span)
                heappush(self._waiting, span)
        return pair

    def _move_to(self, end: int) -> None:
        if end > self.newest:
            self.newest = end
            self._tell_single(end - self._within)
            horizon = end - self._within - self._revisable
            while self._kept and self._kept[0][0] <= horizon:
                del self._pairs[heappop(self._kept)]

    def _tell_single(self, horizon: int) -> None:
        while self._waiting and self._waiting[0][0] <= horizon:
            span = heappop(self._waiting)
            self._is_waiting.remove(span)
            for symbol, pair in sorted(self._pairs[span].items()):
                bar = pair.own or pair.server
                if pair.told is None and bar is not None:
                    self._tell(pair, bar, symbol, ())

    def _compare(self, bar: Bar, pair: _Pair) -> None:
        if pair.own is not None and pair.server is not None:
            differences = tuple(self._differences(pair.own, pair.server, pair))
            self._tell(pair, bar, bar.symbol, differences)

    def _tell(self, pair: _Pair, bar: Bar, symbol: str, differences: tuple[Difference, ...]) -> None:
        told = Reconciliation(
            symbol=symbol,
            start=bar.start,
            end=bar.end,
            own=pair.own,
            server=pair.server,
            differences=differences,
        )
        if told != pair.told:
            pair.told = told
            self._put(told)

    def _differences(self, own: Bar, server: Bar, pair: _Pair) -> list[Difference]:
        found = []
        for field in _PRICES_AND_VOLUME:
            ours, theirs = getattr(own, field), getattr(server, field)
            if field not in pair.untold and not isclose(ours, theirs, rel_tol=self._tolerance):
                found.append(Difference(field, ours, theirs))
        if "vwap" not in pair.untold and not self._is_same_vwap(own.vwap, server.vwap):
            found.append(Difference("vwap", own.vwap, server.vwap))
        if "count" not in pair.untold and not _is_same_count(own, server, pair.rounded_size):
            found.append(Difference("count", own.count, server.count))
        return found

    def _is_same_vwap(self, own: float | None, server: float | None) -> bool:
        if own is None or server is None:
            return own == server
        return abs(own - server) <= self._vwap_tolerance


def _is_same_count(own: Bar, server: Bar, rounded_size: float | None) -> bool:
    if own.count == server.count:
        return True
    # One size, rounded or cut, stands for several counts: 24,900 shares at 100 are 247 to 251 trades.
    return rounded_size is not None and own.count > 0 and abs(own.volume / own.count - rounded_size) < 1
