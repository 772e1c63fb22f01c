"""The way out of one connection: frames of data, and everything that can go wrong with them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from websockets.frames import Opcode

from rxpolygon.simulator import faults as wrong
from rxpolygon.simulator.link import Link, websocket_frame
from rxpolygon.simulator.venues.base import Notice

if TYPE_CHECKING:
    from rxpolygon.simulator.journal import Journal
    from rxpolygon.simulator.schedule import ConnectionFaults
    from rxpolygon.simulator.venues.base import Encoding, Venue, WireEvent

__all__ = ["Outlet", "frames_of"]

_LOG: Final = logging.getLogger("rxpolygon.simulator")
_EVENTS_A_FRAME: Final = 200


def frames_of(events: list[WireEvent], venue: Venue, encoding: Encoding) -> list[bytes]:
    """Events as frames, several in each."""
    if len(events) <= _EVENTS_A_FRAME:
        return [venue.encode(events, encoding)]
    starts = range(0, len(events), _EVENTS_A_FRAME)
    return [venue.encode(events[start : start + _EVENTS_A_FRAME], encoding) for start in starts]


class Tell(Protocol):
    """Tells a client something, in the vendor's words, and may close."""

    def __call__(
        self, what: Notice | str | int, message: str | None = None, *, closes: bool = False
    ) -> None: ...


class Outlet:
    """Sends data over one link, rightly or wrongly. Every method belongs to the event loop's thread."""

    def __init__(
        self,
        link: Link,
        number: int,
        venue: Venue,
        encoding: Encoding,
        journal: Journal,
        faults: ConnectionFaults,
        tell: Tell,
    ) -> None:
        """Begin.

        Args:
            link: The websocket.
            number: The connection's number.
            venue: Makes frames of events.
            encoding: How the connection's messages are written.
            journal: Is told what went out whole.
            faults: What may go wrong.
            tell: Tells the client something, and may close.
        """
        self._link = link
        self._number = number
        self._venue = venue
        self._encoding = encoding
        self._journal = journal
        self._faults = faults
        self._tell = tell
        self._frames = 0
        self._stream_bytes = 0
        self._garbage = 0
        self._is_muted = False
        self._cut_in_next: wrong.Cut | None = None
        self._delayed: deque[tuple[float, list[bytes]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        """Whether a patient sender should wait for this client."""
        return self._link.is_full and self._faults.find(wrong.SlowConsumer) is None

    def deliver(self, events: list[WireEvent], frames: list[bytes] | None = None) -> None:
        """Send events, several a frame.

        Args:
            events: As the wire has them, in the connection's encoding.
            frames: The same events as frames, if somebody has made them already.
        """
        duplicate = self._faults.find(wrong.Duplicate) if self._faults else None
        if duplicate is not None:
            events, frames = self._doubled(events, duplicate), None
        self.deliver_frames(frames_of(events, self._venue, self._encoding) if frames is None else frames)

    def deliver_frames(self, frames: list[bytes]) -> None:
        """Send whole frames of data."""
        if self._is_muted or self._link.is_frozen or not self._link.is_open:
            return
        delay = self._faults.find(wrong.Delay) if self._faults else None
        if delay is not None:
            self._send_later(delay.seconds, frames)
        else:
            self._send_data(frames)

    def mute(self, *, answer_pings: bool = True) -> None:
        """Send no data any more."""
        self._is_muted = True
        self._link.answer_pings = answer_pings

    def unmute(self) -> None:
        """Send data again."""
        self._is_muted = False
        self._link.answer_pings = True

    def begin(self) -> None:
        """The login holds; what is due before any data goes wrong now."""
        self._run_due_faults()

    def send_garbage(self, kind: wrong.GarbageKind) -> None:
        """Send a frame that is no proper array of events."""
        frame, is_binary = self._venue.garbage(kind, self._encoding)
        self._link.send(frame, binary=is_binary)

    def stop(self) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()

    def _doubled(self, events: list[WireEvent], fault: wrong.Duplicate) -> list[WireEvent]:
        chance = self._faults.random.random
        doubled: list[WireEvent] = []
        for event in events:
            doubled.append(event)
            if chance() < fault.share and self._faults.use(fault):
                doubled.append(event)
        return doubled

    def _send_later(self, seconds: float, frames: list[bytes]) -> None:
        self._delayed.append((asyncio.get_running_loop().time() + seconds, frames))
        if len(self._delayed) == 1:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._send_delayed)

    def _send_delayed(self) -> None:
        loop = asyncio.get_running_loop()
        while self._delayed and self._delayed[0][0] <= loop.time():
            self._send_data(self._delayed.popleft()[1])
        if self._delayed:
            self._timer = loop.call_at(self._delayed[0][0], self._send_delayed)

    def _send_data(self, frames: list[bytes]) -> None:
        if self._faults:
            for frame in frames:
                self._send_faulty(frame)
        else:
            self._frames += len(frames)
            # Noted first: who has a frame finds it among those that were sent.
            self._journal.sent(self._number, frames)
            self._link.send_all(frames, binary=self._encoding.is_binary)

    def _send_faulty(self, frame: bytes) -> None:
        if self._is_muted or not self._link.is_open or self._link.is_frozen:
            return
        data = websocket_frame(frame, Opcode.BINARY if self._encoding.is_binary else Opcode.TEXT)
        cut = self._faults.cut_at_byte()
        if cut is not None and cut.at_byte is not None and self._stream_bytes + len(data) > cut.at_byte:
            self._faults.use(cut)
            self._cut(cut, data[: cut.at_byte - self._stream_bytes])
            return
        partly = self._cut_in_next
        if partly is not None:
            self._cut(partly, data[: min(partly.extra_bytes, len(data) - 1)])
            return
        self._frames += 1
        self._journal.sent(self._number, [frame])
        self._link.send_bytes(data)
        self._stream_bytes += len(data)
        self._run_due_faults()
        self._garbage_if_due()
        self._kill_if_slow()

    def _run_due_faults(self) -> None:
        for fault in self._faults.due(self._frames):
            self._go_wrong(fault)

    def _go_wrong(self, fault: wrong.StreamFault) -> None:
        _LOG.debug("connection %d: %s", self._number, type(fault).__name__)
        match fault:
            case wrong.Cut(extra_bytes=0):
                self._cut(fault, b"")
            case wrong.Cut():
                self._cut_in_next = fault
            case wrong.Mute(answer_pings=answer_pings):
                self.mute(answer_pings=answer_pings)
            case wrong.HalfOpen():
                self._link.freeze()
            case wrong.Evict():
                self._tell(Notice.TAKEN_OVER, closes=True)
            case wrong.Complain(status=status, message=message, closes=closes):
                self._tell(Notice.OTHER if status is None else status, message, closes=closes)
            case wrong.Restart(code=code):
                self._link.close(code, "restart")

    def _cut(self, cut: wrong.Cut, rest: bytes) -> None:
        self._link.send_bytes(rest)
        if cut.reset:
            self._link.reset()
        else:
            self._link.finish()

    def _garbage_if_due(self) -> None:
        fault = self._faults.find(wrong.Garbage)
        if fault is None or self._frames % fault.every or not self._faults.use(fault):
            return
        kinds = tuple(wrong.GarbageKind) if fault.kind is None else (fault.kind,)
        self.send_garbage(kinds[self._garbage % len(kinds)])
        self._garbage += 1

    def _kill_if_slow(self) -> None:
        slow = self._faults.find(wrong.SlowConsumer)
        if slow is None or self._link.unread_bytes <= slow.unread_bytes or not self._faults.use(slow):
            return
        self._tell(Notice.SLOW_READER, closes=True)
