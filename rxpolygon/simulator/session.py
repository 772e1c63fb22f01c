"""One connection's life: greeting, login, subscriptions, data, and whatever is made to go wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from rxpolygon.simulator import faults as wrong
from rxpolygon.simulator.link import Link
from rxpolygon.simulator.outlet import Outlet
from rxpolygon.simulator.venues.base import Handshake, Notice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rxpolygon.simulator.interest import Interest
    from rxpolygon.simulator.journal import Journal
    from rxpolygon.simulator.schedule import ConnectionFaults, FaultSchedule
    from rxpolygon.simulator.settings import Settings
    from rxpolygon.simulator.venues.base import Conversation, Encoding, Reply, Venue

__all__ = ["Session", "SessionOwner"]

_POLICY: Final = 1008
_NOT_FOUND: Final = 404


class SessionOwner(Protocol):
    """What a session needs of the server."""

    venue: Venue
    settings: Settings
    journal: Journal
    schedule: FaultSchedule

    def admits(self, session: Session, account: str) -> bool:
        """Whether the account may have this connection too; others may have to go for it."""

    def joined(self, session: Session) -> None:
        """The session has a connection."""

    def welcomed(self, session: Session) -> None:
        """The session logged in."""

    def began(self, session: Session) -> None:
        """The session subscribed to something."""

    def left(self, session: Session) -> None:
        """The session is over."""


class Session:
    """One connection. Every method belongs to the event loop's thread.

    Attributes:
        number: The connection's number, from 1.
        cluster: The cluster that it is connected to.
        link: The websocket below.
        outlet: The way out for data, once the handshake came.
        last_subscribed: When the last subscription was made, by the event loop's clock.
    """

    def __init__(self, owner: SessionOwner) -> None:
        self.number = 0
        self.cluster = ""
        self.link = Link(self)
        self.account: str | None = None
        self.last_subscribed = 0.0
        self._owner = owner
        self._venue = owner.venue
        self._journal = owner.journal
        self.outlet: Outlet
        self._talk: Conversation
        self._faults: ConnectionFaults
        self._is_silent = False
        self._acknowledged = False
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def interest(self) -> Interest:
        """What the connection has subscribed to."""
        return self._talk.interest

    @property
    def encoding(self) -> Encoding:
        """How the connection's messages are written."""
        return self._talk.encoding

    @property
    def is_logged_in(self) -> bool:
        """Whether the login was accepted and the connection is open."""
        return self.number > 0 and self._talk.is_logged_in and self.link.is_open

    # What the link tells.

    def on_connect(self) -> None:
        """Be known to the server from now on."""
        self._owner.joined(self)

    def on_request(self, path: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Accept the handshake if the path names a cluster."""
        cluster = self._venue.cluster_of(path)
        if cluster is None:
            return _NOT_FOUND, f"there is no cluster at {path}\n"
        self.cluster = cluster
        self.number = self._journal.connected(cluster)
        self._faults = self._owner.schedule.of_connection(self.number)
        self._talk = self._venue.converse(Handshake(cluster, headers), self._owner.settings.plan)
        self.outlet = Outlet(
            self.link, self.number, self._venue, self.encoding, self._journal, self._faults, self.tell
        )
        refusal = self._faults.take(wrong.RefuseHandshake)
        return None if refusal is None else (refusal.status, "refused\n")

    def on_open(self) -> None:
        """Greet, and wait for the login."""
        closing = self._faults.take(wrong.CloseAtOnce)
        if closing is not None:
            if closing.code is None:
                self.link.finish()
            else:
                self.link.close(closing.code)
            return
        self._send(self._talk.greeting())
        self._later(self._owner.settings.login_timeout, self._login_timed_out)
        login = self._talk.early_login()
        if login is not None:
            self._obey(login)

    def on_message(self, message: str | bytes) -> None:
        """Obey a command."""
        refusal = self._faults.find(wrong.RefuseSubscription)
        if refusal is None:
            self._obey(self._talk.receive(message))
            return
        status = Notice.SUBSCRIPTION_REFUSED if refusal.status is None else refusal.status
        reply = self._talk.receive(message, self._talk.tell(status, refusal.message))
        if reply.is_refused:
            self._faults.use(refusal)
        self._obey(reply)

    def _obey(self, reply: Reply) -> None:
        self._journal.took(self.number, self.cluster, reply.command)
        if reply.account is not None:
            self._log_in(reply.account)
        elif reply.command.action != "auth" or not self._ignores_login():
            self._answer(reply)

    def on_end(self) -> None:
        """The connection is gone."""
        for timer in self._timers:
            timer.cancel()
        if self.number:
            self.outlet.stop()
            self._journal.ended(self.number)
        self._owner.left(self)

    # What the server does.

    def send_raw(self, data: str | bytes, *, binary: bool = False) -> bool:
        """Send one frame of anything, bytes that are not UTF-8 as a text frame too."""
        if not self.is_logged_in:
            return False
        payload = data.encode() if isinstance(data, str) else data
        return self.link.send(payload, binary=binary) > 0

    def tell(self, what: Notice | str | int, message: str | None = None, *, closes: bool = False) -> None:
        """Tell the client something, in the vendor's words, and perhaps close with 1008."""
        if not self.link.is_open:
            return
        self._send(self._talk.tell(what, message))
        if closes:
            self.link.close(_POLICY, what.name.lower() if isinstance(what, Notice) else str(what))

    def evict(self) -> None:
        """Another connection takes over."""
        self.tell(Notice.TAKEN_OVER, closes=True)

    def refuse_for_cap(self) -> None:
        """The account has all the connections that it may have."""
        self.tell(Notice.CONNECTION_LIMIT, closes=True)

    def _send(self, frame: bytes | None) -> None:
        if frame is not None:
            self.link.send(frame, binary=self.encoding.is_binary)

    # Login.

    def _log_in(self, account: str) -> None:
        if self._ignores_login():
            return
        refusal = self._faults.take(wrong.RefuseLogin)
        if refusal is not None:
            self.tell(Notice.LOGIN_REFUSED if refusal.status is None else refusal.status, refusal.message)
            return
        garbage = self._faults.take(wrong.GarbageLogin)
        if garbage is not None:
            self.outlet.send_garbage(garbage.kind)
            return
        capped = self._faults.find(wrong.CapRefusal)
        if capped is not None and capped.when == "login" and self._faults.use(capped):
            self._after(capped.delay, self.refuse_for_cap)
            return
        if not self._owner.admits(self, account):
            self.refuse_for_cap()
            return
        self.account = account
        self._send(self._talk.log_in())
        self._owner.welcomed(self)
        self._journal.touch()
        self.outlet.begin()

    def _ignores_login(self) -> bool:
        if self._faults.take(wrong.SilentLogin) is not None:
            self._is_silent = True
        return self._is_silent

    def _login_timed_out(self) -> None:
        if not self.is_logged_in and not self._is_silent:
            self.tell(Notice.LOGIN_TIMEOUT, closes=True)

    def _answer(self, reply: Reply) -> None:
        if self._talk.is_logged_in and reply.command.action != "auth":
            # Before the client can know: whoever sees the answer finds the journal up to date.
            topics = frozenset(str(topic) for topic in self.interest.topics)
            self._journal.subscribed(self.number, topics)
        for frame in reply.frames:
            self._send(frame)
        if reply.closes:
            self.link.close(_POLICY)
        if reply.began:
            self.last_subscribed = asyncio.get_running_loop().time()
            self._owner.began(self)
            self._cap_after_acknowledgement()

    def _cap_after_acknowledgement(self) -> None:
        capped = self._faults.find(wrong.CapRefusal)
        if self._acknowledged or capped is None or capped.when != "acknowledgement":
            return
        self._acknowledged = True
        if self._faults.use(capped):
            self._after(capped.delay, self.refuse_for_cap)

    # Ends and timers.

    def _after(self, seconds: float, act: _Act) -> None:
        if seconds > 0:
            self._later(seconds, act)
        else:
            act()

    def _later(self, seconds: float, act: _Act) -> None:
        now = asyncio.get_running_loop().time()
        self._timers = [timer for timer in self._timers if not timer.cancelled() and timer.when() > now]
        self._timers.append(asyncio.get_running_loop().call_later(seconds, act))


class _Act(Protocol):
    def __call__(self) -> None: ...
