"""The listening server: sessions, accounts and feeds, all on one event loop."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from rxpolygon.simulator.feed import MarketFeed
from rxpolygon.simulator.listener import Listener
from rxpolygon.simulator.playback import Playback
from rxpolygon.simulator.schedule import FaultSchedule
from rxpolygon.simulator.session import Session
from rxpolygon.simulator.venues.base import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from rxpolygon.simulator.journal import Journal
    from rxpolygon.simulator.settings import Settings
    from rxpolygon.simulator.venues.base import EventHead, Venue, WireEvent

__all__ = ["Server"]

_LOG: Final = logging.getLogger("rxpolygon.simulator")
_GOING_AWAY: Final = 1001
_FAREWELL_SECONDS: Final = 0.8


class Server:
    """Every method belongs to the event loop's thread, unless it says otherwise."""

    def __init__(self, settings: Settings, venue: Venue, journal: Journal) -> None:
        self.settings = settings
        self.venue = venue
        self.journal = journal
        self.schedule = FaultSchedule(settings.faults, settings.seed, journal.touch)
        self._sessions: list[Session] = []
        self._feeds: dict[str, asyncio.Task[None]] = {}
        self._playbacks: dict[int, asyncio.Task[None]] = {}
        self._listener = Listener(lambda: Session(self).link, settings.tls)

    def start(self) -> int:
        """Listen on 127.0.0.1; the port is returned.

        Raises:
            OSError: The port is taken.
        """
        return self._listener.open(self.settings.port)

    async def stop(self) -> None:
        """Close every connection, politely where the client takes part, and end every task."""
        await self._listener.close()
        tasks = [*self._feeds.values(), *self._playbacks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sessions = list(self._sessions)
        for session in sessions:
            session.link.close(_GOING_AWAY, "the simulator is closing")
        farewells = [asyncio.ensure_future(session.link.ended()) for session in sessions]
        if farewells:
            await asyncio.wait(farewells, timeout=_FAREWELL_SECONDS)
        for session in sessions:
            session.link.abort()
        await asyncio.gather(*farewells)

    # What sessions ask.

    def admits(self, session: Session, account: str) -> bool:
        """Apply the rule for a second connection of an account to a cluster."""
        older = [
            other
            for other in self._sessions
            if other is not session
            and other.account == account
            and other.cluster == session.cluster
            and other.is_logged_in
        ]
        rule = self.settings.second_connection
        if not older or rule == "allow":
            return True
        if rule in ("evict", "both"):
            for other in older:
                other.evict()
        return rule == "evict"

    def joined(self, session: Session) -> None:
        """Know a session that has a connection."""
        self._sessions.append(session)

    def welcomed(self, session: Session) -> None:
        """Tell a client that logged in if the recording is of another cluster."""
        markets = self.settings.recorded_markets
        if self.settings.recording is not None and self._market_of(session) not in markets:
            held = " or ".join(sorted(markets))
            session.tell(Notice.OTHER, f"the recording holds {held}, not {session.cluster}")

    def began(self, session: Session) -> None:
        """Start what the session subscribed to: the cluster's market, or its own playback."""
        if not self.settings.market:
            return
        if self.settings.recording is not None:
            self._play(session)
        elif session.cluster not in self._feeds:
            self._feeds[session.cluster] = self._task(
                MarketFeed(
                    session.cluster, self.venue, self.settings, lambda: self.sessions_of(session.cluster)
                ).run()
            )

    def _play(self, session: Session) -> None:
        is_held = self._market_of(session) in self.settings.recorded_markets
        if is_held and session.number not in self._playbacks:
            playback = Playback(session, self.venue, self.settings, self.journal)
            self._playbacks[session.number] = self._task(playback.run())

    def _market_of(self, session: Session) -> str:
        return self.venue.market_of(session.cluster)

    def _task(self, run: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(run)
        task.add_done_callback(_tell_failure)
        return task

    def left(self, session: Session) -> None:
        """Forget a session that is over."""
        if session in self._sessions:
            self._sessions.remove(session)
        playback = self._playbacks.pop(session.number, None)
        if playback is not None:
            playback.cancel()

    # What the user asks.

    def sessions_of(self, cluster: str | None) -> list[Session]:
        """The sessions of a cluster, or all of them."""
        return [session for session in self._sessions if cluster is None or session.cluster == cluster]

    def push(self, cluster: str, events: Sequence[tuple[EventHead, Mapping[str, object]]]) -> int:
        """Send events, each with its channel and symbol, to those who subscribed."""
        reached = 0
        for session in self.sessions_of(cluster):
            if not session.is_logged_in:
                continue
            covers = session.interest.covers
            wanted: list[WireEvent] = [
                self.venue.rewrite(event, session.encoding)
                for head, event in events
                if covers(head.prefix, head.symbol)
            ]
            if wanted:
                session.outlet.deliver(wanted)
                reached += 1
        return reached

    def send_raw(self, data: str | bytes, cluster: str | None, *, binary: bool) -> int:
        """Send one frame of anything to every client that is logged in."""
        return sum(session.send_raw(data, binary=binary) for session in self.sessions_of(cluster))

    def tell(
        self, what: Notice | str | int, message: str | None, cluster: str | None, *, closes: bool
    ) -> int:
        """Tell every client something, in the vendor's words."""
        return self._each(cluster, lambda session: session.tell(what, message, closes=closes))

    def restart(self, code: int, cluster: str | None) -> int:
        """Close every connection with a code."""
        return self._each(cluster, lambda session: session.link.close(code, "restart"))

    def drop(self, *, reset: bool, cluster: str | None) -> int:
        """End every connection without a closing handshake."""
        return self._each(cluster, lambda session: session.link.abort(reset=reset))

    def evict(self, cluster: str | None) -> int:
        """Evict every connection."""
        return self._each(cluster, lambda session: session.evict())

    def mute(self, *, answer_pings: bool, cluster: str | None) -> int:
        """Send no data to the present connections any more."""
        return self._each(cluster, lambda session: session.outlet.mute(answer_pings=answer_pings))

    def unmute(self, cluster: str | None) -> int:
        """Send data again."""
        return self._each(cluster, lambda session: session.outlet.unmute())

    def freeze(self, cluster: str | None) -> int:
        """Make the present connections half-open."""
        return self._each(cluster, lambda session: session.link.freeze())

    def _each(self, cluster: str | None, act: Callable[[Session], object]) -> int:
        sessions = [session for session in self.sessions_of(cluster) if session.link.is_open]
        for session in sessions:
            act(session)
        return len(sessions)


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _LOG.error("a feed of the simulator failed", exc_info=task.exception())
