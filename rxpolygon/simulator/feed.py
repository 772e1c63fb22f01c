"""Carries a cluster's market to the connections that want it, as market time goes by."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.faults import Amend, Reorder
from rxpolygon.simulator.market.amendments import Amendments
from rxpolygon.simulator.market.market import ClusterMarket, Lateness
from rxpolygon.simulator.outlet import frames_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rxpolygon.simulator.market.market import Published
    from rxpolygon.simulator.session import Session
    from rxpolygon.simulator.settings import Settings, Speed
    from rxpolygon.simulator.venues.base import Encoding, Venue, WireEvent, Writers
    from rxpolygon.topics import Topic

__all__ = ["MarketFeed"]

# However fast the market runs, the loop is given back after about this many events.
_EVENTS_A_TURN: Final = 2_000
# To open a symbol costs up to a minute of its market.
_SYMBOLS_A_TURN: Final = 10
# A market that cannot keep up with its speed lets its clock slip instead of bursting later.
_SLIP_SECONDS: Final = 0.25


class MarketFeed:
    """One cluster's market. Its clock starts when the first client has subscribed."""

    def __init__(
        self, cluster: str, venue: Venue, settings: Settings, sessions: Callable[[], Sequence[Session]]
    ) -> None:
        self._cluster = cluster
        self._venue = venue
        self._settings = settings
        self._sessions = sessions
        self._market: ClusterMarket | None = None
        self._interested: tuple[tuple[Session, int], ...] = ()
        self._audiences: list[_Audience] = []

    async def run(self) -> None:
        """Run until cancelled."""
        await self._settle()
        self._market = market = self._new_market()
        clock, tick = _Clock(market.now, self._settings.speed), self._settings.tick
        while True:
            await self._open_symbols(market)
            if not self._interested:
                # Nobody looks: time goes by and costs nothing.
                market.pause_until(clock.idle(market.now))
                await asyncio.sleep(tick)
                continue
            until = clock.reach(market.now, self._turn(market))
            if until > market.now:
                self._publish(market.advance(until))
            await self._rest(0 if clock.is_behind(market.now) else tick)

    async def _settle(self) -> None:
        """Wait until the subscribe commands of the first client have been quiet for a moment."""
        loop = asyncio.get_running_loop()
        while True:
            newest = max((session.last_subscribed for session in self._sessions()), default=0.0)
            quiet_at = newest + self._settings.settle
            if loop.time() >= quiet_at:
                return
            await asyncio.sleep(quiet_at - loop.time())

    def _new_market(self) -> ClusterMarket:
        settings = self._settings
        start = int(time.time() * 1000) if settings.start is None else settings.start
        amend = next((fault for fault in settings.faults if isinstance(fault, Amend)), None)
        late = next((fault for fault in settings.faults if isinstance(fault, Reorder)), None)
        start -= self._venue.delay_ms(self._cluster) if settings.start is None else 0
        return ClusterMarket(
            self._venue.market_of(self._cluster),
            seed=settings.seed,
            start=start,
            symbols=self._default_symbols(),
            rate=settings.rate,
            lateness=None if late is None else Lateness(late.share, late.within * 1000),
            amendments=None if amend is None else Amendments(amend.share, amend.within * 1000),
        )

    def _default_symbols(self) -> tuple[str, ...] | None:
        symbols = self._settings.symbols
        if symbols is not None and not isinstance(symbols, tuple):
            symbols = symbols.get(self._cluster)
        if symbols is None:
            return self._venue.default_symbols(self._cluster)
        return tuple(self._venue.normal_symbol(self._cluster, symbol) for symbol in symbols)

    def _turn(self, market: ClusterMarket) -> int:
        """How far market time may go in one turn, in milliseconds."""
        a_millisecond = market.rate * 6 * max(len(market.symbols), 1) / 1000
        return max(1, int(_EVENTS_A_TURN / a_millisecond))

    async def _open_symbols(self, market: ClusterMarket) -> None:
        interested = tuple(
            (session, session.interest.version)
            for session in self._sessions()
            if session.is_logged_in and len(session.interest)
        )
        if interested == self._interested:
            return
        self._interested = interested
        topics = {topic for session, _ in interested for topic in session.interest.topics}
        symbols = {topic.symbol for topic in topics if not topic.is_wildcard}
        if any(topic.is_wildcard for topic in topics):
            symbols.update(market.default_symbols)
        for number, symbol in enumerate(sorted(symbols.difference(market.symbols)), 1):
            market.open(symbol)
            if number % _SYMBOLS_A_TURN == 0:
                await asyncio.sleep(0)
        self._audiences = self._audiences_of([session for session, _ in interested])

    def _audiences_of(self, sessions: list[Session]) -> list[_Audience]:
        by_encoding: dict[Encoding, dict[frozenset[Topic], list[Session]]] = {}
        for session in sessions:
            groups = by_encoding.setdefault(session.encoding, {})
            groups.setdefault(session.interest.topics, []).append(session)
        return [
            _Audience(
                self._venue, encoding, self._venue.writers(self._cluster, encoding), list(groups.values())
            )
            for encoding, groups in by_encoding.items()
        ]

    def _publish(self, published: list[Published]) -> None:
        for audience in self._audiences:
            audience.publish(published)

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for session, _ in self._interested:
            while session.outlet.is_full:
                await session.link.room()


class _Audience:
    """The connections that take a market in one encoding.

    Those with the same subscriptions are one group: for it an event is written, and a frame encoded, once.
    """

    def __init__(
        self, venue: Venue, encoding: Encoding, writers: Writers, groups: list[list[Session]]
    ) -> None:
        self._venue = venue
        self._encoding = encoding
        self._writers = writers
        self._groups: list[tuple[list[Session], list[WireEvent]]] = [(sessions, []) for sessions in groups]
        self._takers: dict[tuple[str, str], list[list[WireEvent]]] = {}

    def publish(self, published: list[Published]) -> None:
        """Send each connection what it wants of some records."""
        takers_of, writers = self._takers, self._writers
        for _, record in published:
            symbol = record.symbol
            for prefix, write in writers.get(record.__class__, ()):
                takers = takers_of.get((prefix, symbol))
                if takers is None:
                    takers = takers_of[prefix, symbol] = self._who_takes(prefix, symbol)
                if takers:
                    event = write(record)
                    for batch in takers:
                        batch.append(event)
        for sessions, batch in self._groups:
            if batch:
                frames = frames_of(batch, self._venue, self._encoding)
                for session in sessions:
                    session.outlet.deliver(batch, frames)
                batch.clear()

    def _who_takes(self, prefix: str, symbol: str) -> list[list[WireEvent]]:
        return [batch for sessions, batch in self._groups if sessions[0].interest.covers(prefix, symbol)]


class _Clock:
    """Market time from real time; it slips where the market cannot keep up."""

    def __init__(self, start: int, speed: Speed) -> None:
        self._speed = None if speed == "max" else speed
        self._market = float(start)
        self._real = time.monotonic()
        self._turn = 0

    def reach(self, now: int, turn: int) -> int:
        """How far to go now, at most a turn."""
        self._turn = turn
        if self._speed is None:
            return now + turn
        target = self._target(self._speed)
        if target - now > max(turn, _SLIP_SECONDS * 1000 * self._speed):
            target = self._market = float(now + turn)
            self._real = time.monotonic()
        return min(int(target), now + turn)

    def idle(self, now: int) -> int:
        """Where market time is when nothing has to be made."""
        return now if self._speed is None else int(self._target(self._speed))

    def is_behind(self, now: int) -> bool:
        """Whether there is another whole turn to do at once."""
        return self._speed is None or self._target(self._speed) - now >= self._turn

    def _target(self, speed: float) -> float:
        return self._market + (time.monotonic() - self._real) * 1000 * speed
