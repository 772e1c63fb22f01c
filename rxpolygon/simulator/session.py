"""One connection's life: greeting, login, subscriptions, data, and whatever is made to go wrong."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from rxpolygon.simulator import faults as wrong
from rxpolygon.simulator.garbage import garbage_frame
from rxpolygon.simulator.link import Link, websocket_frame

if TYPE_CHECKING:
    from rxpolygon.simulator.interest import Interest
    from rxpolygon.simulator.journal import Journal
    from rxpolygon.simulator.schedule import ConnectionFaults, FaultSchedule
    from rxpolygon.simulator.settings import Settings
    from rxpolygon.simulator.venues.base import Conversation, Reply, Venue

__all__ = ["Session", "SessionOwner"]

_LOG: Final = logging.getLogger("rxpolygon.simulator")
_EVENTS_A_FRAME: Final = 200
_POLICY: Final = 1008
_ABNORMAL: Final = 1011
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
        self._talk: Conversation
        self._faults: ConnectionFaults
        self._frames = 0
        self._stream_bytes = 0
        self._is_muted = False
        self._is_silent = False
        self._cut_in_next: wrong.Cut | None = None
        self._acknowledged = False
        self._garbage = 0
        self._delayed: deque[tuple[float, list[bytes]]] = deque()
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def interest(self) -> Interest:
        """What the connection has subscribed to."""
        return self._talk.interest

    @property
    def is_logged_in(self) -> bool:
        """Whether the login was accepted and the connection is open."""
        return self.number > 0 and self._talk.is_logged_in and self.link.is_open

    @property
    def is_full(self) -> bool:
        """Whether a patient sender should wait for this client."""
        return self.link.is_full and self._faults.find(wrong.SlowConsumer) is None

    # What the link tells.

    def on_connect(self) -> None:
        """Be known to the server from now on."""
        self._owner.joined(self)

    def on_request(self, path: str) -> tuple[int, str] | None:
        """Accept the handshake if the path names a cluster."""
        cluster = self._venue.cluster_of(path)
        if cluster is None:
            return _NOT_FOUND, f"there is no cluster at {path}\n"
        self.cluster = cluster
        self.number = self._journal.connected(cluster)
        self._faults = self._owner.schedule.of_connection(self.number)
        settings = self._owner.settings
        self._talk = self._venue.converse(cluster, settings.api_keys, settings.refusals)
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
        self.link.send(self._venue.greeting())
        self._later(self._owner.settings.login_timeout, self._login_timed_out)

    def on_message(self, message: str | bytes) -> None:
        """Obey a command."""
        reply = self._talk.receive(message)
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
            self._journal.ended(self.number)
        self._owner.left(self)

    # What the server does.

    def deliver(self, events: list[bytes]) -> None:
        """Send events, several a frame."""
        duplicate = self._faults.find(wrong.Duplicate) if self._faults else None
        if duplicate is not None:
            events = self._doubled(events, duplicate)
        frame = self._venue.frame
        if len(events) <= _EVENTS_A_FRAME:
            self.deliver_frames([frame(events)])
            return
        starts = range(0, len(events), _EVENTS_A_FRAME)
        self.deliver_frames([frame(events[start : start + _EVENTS_A_FRAME]) for start in starts])

    def deliver_frames(self, frames: list[bytes]) -> None:
        """Send whole frames of data."""
        if self._is_muted or self.link.is_frozen or not self.link.is_open:
            return
        delay = self._faults.find(wrong.Delay) if self._faults else None
        if delay is not None:
            self._send_later(delay.seconds, frames)
        else:
            self._send_data(frames)

    def send_raw(self, data: str | bytes) -> bool:
        """Send one frame of anything, bytes that are not UTF-8 as a text frame too."""
        if not self.is_logged_in:
            return False
        payload = data.encode() if isinstance(data, str) else data
        return self.link.send(payload) > 0

    def tell(self, status: str, message: str) -> None:
        """Send a status."""
        self.link.send(self._venue.status(status, message))

    def mute(self, *, answer_pings: bool = True) -> None:
        """Send no data any more."""
        self._is_muted = True
        self.link.answer_pings = answer_pings

    def unmute(self) -> None:
        """Send data again."""
        self._is_muted = False
        self.link.answer_pings = True

    def evict(self) -> None:
        """Another connection takes over."""
        self._last_words("force_disconnect", "another connection of this account took over")

    def refuse_for_cap(self) -> None:
        """The account has all the connections that it may have."""
        self._last_words("max_connections", "Maximum number of websocket connections exceeded.")

    # Login.

    def _log_in(self, account: str) -> None:
        if self._ignores_login():
            return
        refusal = self._faults.take(wrong.RefuseLogin)
        if refusal is not None:
            self.tell(refusal.status, refusal.message)
            return
        garbage = self._faults.take(wrong.GarbageLogin)
        if garbage is not None:
            self._send_one_garbage(garbage.kind)
            return
        capped = self._faults.find(wrong.CapRefusal)
        if capped is not None and capped.when == "login" and self._faults.use(capped):
            self._after(capped.delay, self.refuse_for_cap)
            return
        if not self._owner.admits(self, account):
            self.refuse_for_cap()
            return
        self.account = account
        self.link.send(self._talk.log_in())
        self._owner.welcomed(self)
        self._journal.touch()
        self._run_due_faults()

    def _ignores_login(self) -> bool:
        if self._faults.take(wrong.SilentLogin) is not None:
            self._is_silent = True
        return self._is_silent

    def _login_timed_out(self) -> None:
        if not self.is_logged_in and not self._is_silent:
            self._last_words("auth_timeout", "no authentication in time")

    def _answer(self, reply: Reply) -> None:
        for frame in reply.frames:
            self.link.send(frame)
        if self._talk.is_logged_in and reply.command.action != "auth":
            topics = frozenset(str(topic) for topic in self.interest.topics)
            self._journal.subscribed(self.number, topics)
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

    # Data.

    def _doubled(self, events: list[bytes], fault: wrong.Duplicate) -> list[bytes]:
        chance = self._faults.random.random
        doubled: list[bytes] = []
        for event in events:
            doubled.append(event)
            if chance() < fault.share and self._faults.use(fault):
                doubled.append(event)
        return doubled

    def _send_later(self, seconds: float, frames: list[bytes]) -> None:
        self._delayed.append((asyncio.get_running_loop().time() + seconds, frames))
        if len(self._delayed) == 1:
            self._later(seconds, self._send_delayed)

    def _send_delayed(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._delayed and self._delayed[0][0] <= now:
            self._send_data(self._delayed.popleft()[1])
        if self._delayed:
            self._later(self._delayed[0][0] - now, self._send_delayed)

    def _send_data(self, frames: list[bytes]) -> None:
        if self._faults:
            for frame in frames:
                self._send_faulty(frame)
        else:
            self._frames += len(frames)
            self.link.send_all(frames)
            self._journal.sent(self.number, frames)

    def _send_faulty(self, frame: bytes) -> None:
        if self._is_muted or not self.link.is_open or self.link.is_frozen:
            return
        data = websocket_frame(frame)
        cut = self._faults.cut_at_byte()
        if cut is not None and cut.at_byte is not None and self._stream_bytes + len(data) > cut.at_byte:
            self._faults.use(cut)
            self._cut(cut, data[: cut.at_byte - self._stream_bytes])
            return
        partly = self._cut_in_next
        if partly is not None:
            self._cut(partly, data[: min(partly.extra_bytes, len(data) - 1)])
            return
        self.link.send_bytes(data)
        self._stream_bytes += len(data)
        self._frames += 1
        self._journal.sent(self.number, [frame])
        self._run_due_faults()
        self._send_garbage()
        self._kill_if_slow()

    def _run_due_faults(self) -> None:
        for fault in self._faults.due(self._frames):
            self._go_wrong(fault)

    def _go_wrong(self, fault: wrong.StreamFault) -> None:
        _LOG.debug("connection %d: %s", self.number, type(fault).__name__)
        match fault:
            case wrong.Cut(extra_bytes=0):
                self._cut(fault, b"")
            case wrong.Cut():
                self._cut_in_next = fault
            case wrong.Mute(answer_pings=answer_pings):
                self.mute(answer_pings=answer_pings)
            case wrong.HalfOpen():
                self.link.freeze()
            case wrong.Evict():
                self.evict()
            case wrong.Restart(code=code):
                self.link.close(code, "restart")

    def _cut(self, cut: wrong.Cut, rest: bytes) -> None:
        self.link.send_bytes(rest)
        if cut.reset:
            self.link.reset()
        else:
            self.link.finish()

    def _send_garbage(self) -> None:
        fault = self._faults.find(wrong.Garbage)
        if fault is None or self._frames % fault.every or not self._faults.use(fault):
            return
        kinds: Sequence[wrong.GarbageKind] = tuple(wrong.GarbageKind) if fault.kind is None else (fault.kind,)
        self._send_one_garbage(kinds[self._garbage % len(kinds)])
        self._garbage += 1

    def _send_one_garbage(self, kind: wrong.GarbageKind) -> None:
        frame, is_binary = garbage_frame(kind)
        self.link.send(frame, binary=is_binary)

    def _kill_if_slow(self) -> None:
        slow = self._faults.find(wrong.SlowConsumer)
        if slow is None or self.link.unread_bytes <= slow.unread_bytes or not self._faults.use(slow):
            return
        self._last_words("slow_consumer", f"{self.link.unread_bytes} bytes are unread")

    # Ends and timers.

    def _last_words(self, status: str, message: str) -> None:
        if self.link.is_open:
            self.tell(status, message)
            self.link.close(_POLICY, status)

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
