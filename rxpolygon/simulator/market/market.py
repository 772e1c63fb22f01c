"""One cluster's market: its symbols, and everything that is published on it in order of time."""

from __future__ import annotations

import heapq
import math
import random
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from rxpolygon.simulator.market.amendments import Amender, Amendments
from rxpolygon.simulator.market.bars import BarMaker
from rxpolygon.simulator.market.instruments import DEFAULT_SYMBOLS, instrument
from rxpolygon.simulator.market.others import (
    CryptoActivity,
    ForexActivity,
    FuturesActivity,
    IndexActivity,
    OptionActivity,
)
from rxpolygon.simulator.market.records import Print, Record, Top, Value
from rxpolygon.simulator.market.stocks import StockActivity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rxpolygon.simulator.market.activity import Activity

__all__ = ["ClusterMarket", "Lateness", "Published"]

#: A record and when it is published, Unix ms of market time.
Published = tuple[int, Record]

_ACTIVITIES: Final[dict[str, type[Activity]]] = {
    "stocks": StockActivity,
    "options": OptionActivity,
    "forex": ForexActivity,
    "crypto": CryptoActivity,
    "indices": IndexActivity,
    "futures": FuturesActivity,
}
_BAR_SOURCES: Final[dict[str, type[Record]]] = {
    "stocks": Print,
    "options": Print,
    "forex": Top,
    "crypto": Print,
    "indices": Value,
    "futures": Print,
}
# Trades (or what stands for them) a second and symbol, where the user does not say.
_DEFAULT_RATES: Final = {
    "stocks": 4.0,
    "options": 1.0,
    "forex": 0.8,
    "crypto": 3.0,
    "indices": 0.4,
    "futures": 4.0,
}


class Lateness(Struct, frozen=True):
    """That some events are published late.

    Attributes:
        share: Which share of them, 0 to 1.
        within_ms: How late at most, in milliseconds of market time.
    """

    share: float
    within_ms: float


class ClusterMarket:
    """The market of one cluster. Symbols join when they are asked for and never leave.

    The same market, seed, start and symbol give the same events, whichever other symbols there are. Of events
    of one instant those of the symbol that sorts first come first.
    """

    def __init__(
        self,
        market: str,
        *,
        seed: int,
        start: int,
        symbols: Sequence[str] | None = None,
        rate: float | None = None,
        lateness: Lateness | None = None,
        amendments: Amendments | None = None,
    ) -> None:
        """Begin.

        Args:
            market: ``stocks``, ``options``, ``forex``, ``crypto``, ``indices`` or ``futures``.
            seed: Everything random comes from it.
            start: Where market time begins, Unix ms UTC.
            symbols: What ``*`` stands for, in normal form; None takes well-known ones.
            rate: Trades a second and symbol; None takes what suits the market.
            lateness: Publish some events late.
            amendments: Correct or cancel some trades afterwards.
        """
        self.now = start
        self.default_symbols = tuple(symbols) if symbols is not None else DEFAULT_SYMBOLS[market]
        self.rate = _DEFAULT_RATES[market] if rate is None else rate
        self._market = market
        self._seed = seed
        self._start = start
        self._lateness = lateness
        self._amendments = amendments
        self._symbols: dict[str, _SymbolMarket] = {}
        self._is_sorted = True

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that are traded."""
        return tuple(self._symbols)

    def open(self, symbol: str) -> None:
        """Trade a symbol, from the beginning of the current minute on."""
        if symbol in self._symbols:
            return
        seed = f"{self._seed}/{self._market}/{symbol}"
        what = instrument(self._market, symbol, self._seed)
        activity = _ACTIVITIES[self._market](what, seed, self._start, self.rate)
        maker = BarMaker(
            symbol,
            what.ticks,
            _BAR_SOURCES[self._market],
            revise=self._lateness is not None,
            equity_rules=self._market == "stocks",
            utc_days=self._market == "crypto",
        )
        amender = None if self._amendments is None else Amender(self._amendments, seed)
        opened = _SymbolMarket(activity, maker, self._lateness, amender, seed)
        opened.open(self.now)
        opened.advance(self.now)
        self._symbols[symbol] = opened
        self._is_sorted = False

    def pause_until(self, at: int) -> None:
        """Let time go by without events; symbols that are opened afterwards begin with the current minute."""
        self._symbols = {}
        self.now = max(self.now, at)

    def advance(self, until: int) -> list[Published]:
        """Everything that is published from where the last call ended up to an instant, sorted by time.

        What happens at that instant itself comes with the next call.
        """
        if not self._is_sorted:
            self._symbols = dict(sorted(self._symbols.items()))
            self._is_sorted = True
        published: list[Published] = []
        for symbol_market in self._symbols.values():
            if symbol_market.next_at < until:
                published.extend(symbol_market.advance(until))
        published.sort(key=itemgetter(0))
        self.now = max(self.now, until)
        return published


class _SymbolMarket:
    """Activity, lateness and bars of one symbol; before ``next_at`` nothing is published."""

    def __init__(
        self,
        activity: Activity,
        bars: BarMaker,
        lateness: Lateness | None,
        amender: Amender | None,
        seed: str,
    ) -> None:
        self._activity = activity
        self._bars = bars
        self._amender = amender
        self._late = _Late(lateness, seed) if lateness is not None else None
        self.next_at = 0.0

    def open(self, at: int) -> None:
        self._activity.open(at)

    def advance(self, until: int) -> list[Published]:
        happened: list[Record] = []
        self._activity.advance(until, happened)
        published: list[Published] = []
        bars = self._bars
        for at, record in self._in_order(happened, until):
            if at >= bars.due:
                published.extend(bars.close(at))
            published.append((at, record))
            if record.__class__ is bars.source:
                bars.add(record)
        # A bar whose window ends at ``until`` is published then, and that is not before.
        published.extend(bars.close(until - 1))
        if self._amender is not None:
            published = self._amender.amend(published, until)
        self.next_at = self._next_at()
        return published

    def _next_at(self) -> float:
        late = math.inf if self._late is None else self._late.next_at
        bar = self._bars.due if self._bars.is_open else math.inf
        amendment = math.inf if self._amender is None else self._amender.next_at
        return min(self._activity.next_at, bar, late, amendment)

    def _in_order(self, happened: list[Record], until: int) -> list[Published]:
        if self._late is None:
            return [(record.at, record) for record in happened]
        return self._late.release(happened, until)


class _Late:
    """Holds some records back, each for a time of its own."""

    def __init__(self, lateness: Lateness, seed: str) -> None:
        self._lateness = lateness
        self._random = random.Random(f"{seed}/late")
        self._held: list[tuple[int, int, Record]] = []
        self._count = 0

    @property
    def next_at(self) -> float:
        """When the next record is let go."""
        return self._held[0][0] if self._held else math.inf

    def release(self, happened: list[Record], until: int) -> list[Published]:
        for record in happened:
            self._count += 1
            heapq.heappush(self._held, (record.at + self._delay(), self._count, record))
        released: list[Published] = []
        while self._held and self._held[0][0] < until:
            at, _, record = heapq.heappop(self._held)
            released.append((at, record))
        return released

    def _delay(self) -> int:
        if self._random.random() >= self._lateness.share:
            return 0
        return int(self._random.random() * self._lateness.within_ms)
