"""The threads of a connection: they carry out what the state machine decides, and decide nothing.

transport's thread   reads frames, shows the machine those with notices, puts all into the buffer
keeper               opens and closes transports, sends commands, wakes the machine when it is due
dispatch             takes frames and effects from the buffer and hands them to the sink
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from rxpolygon.connection.buffer import FrameBuffer
from rxpolygon.connection.effects import Cut, Effect, End, Lost, Open, Probe, Refuse, Send, Tell
from rxpolygon.connection.machine import Machine, Phase
from rxpolygon.errors import OverflowError, RxPolygonError
from rxpolygon.status import Status
from rxpolygon.topics import Topic
from rxpolygon.transport import Listener, Loss, Transport
from rxpolygon.venues.dialect import Dialect

__all__ = ["Carrier", "Sink"]

_GOODBYE: Final = 0.5  # seconds that a server has to answer our close frame
_HANDOVER: Final = 10.0  # seconds that the run before has to close its connection; it takes one at most
_PIECE_BYTES: Final = 64 * 1024
_log: Final = logging.getLogger("rxpolygon.connection")


class Sink(Protocol):
    """Where everything goes, on the dispatch thread only."""

    def frames(self, frames: list[bytes]) -> None:
        """Frames, in order."""

    def tell(self, status: Status) -> None:
        """A status, in order with the frames around it."""

    def lost(self, topics: tuple[Topic, ...] | None, cause: str, dropped: int | None) -> None:
        """Data of topics was lost here; None stands for all that are subscribed."""

    def refuse(self, topic: Topic, error: RxPolygonError) -> None:
        """A topic was refused."""

    def end(self, error: RxPolygonError | None, undelivered: int) -> None:
        """Nothing follows."""


class Call(Effect, frozen=True):
    """Something to call on the dispatch thread, in order with the frames."""

    function: Callable[[], None]


class Carrier:
    """Runs one connection, with its reconnects, from :meth:`start` to its end.

    Args:
        machine: The decisions. Guarded by the carrier's lock from here on.
        dialect: The venue's protocol.
        open_transport: Makes a transport that tells the given listener; it is not started yet.
        buffer: Between the reading and the dispatching thread.
        sink: Gets everything, on the dispatch thread.
        is_wanted: Whether a topic is wanted now; asked under the carrier's lock.
        name: For the threads.
        before: The carrier of the run before, which may still be closing its connection: an account may
            have no second one, so nothing is opened until that is done.
    """

    def __init__(
        self,
        machine: Machine,
        dialect: Dialect,
        open_transport: Callable[[Listener], Transport],
        buffer: FrameBuffer,
        sink: Sink,
        is_wanted: Callable[[Topic], bool],
        name: str,
        before: Carrier | None = None,
    ) -> None:
        self._machine = machine
        self._dialect = dialect
        self._open_transport = open_transport
        self._buffer = buffer
        self._sink = sink
        self._is_wanted = is_wanted
        self._condition = threading.Condition(threading.RLock())
        self._outbox: deque[Effect] = deque()  # under the lock
        self._ear: _Ear | None = None  # under the lock; read without
        self._transport: Transport | None = None  # keeper only; read by others
        self._leaving: Transport | None = None  # keeper only: the last transport, until its thread ended
        self._before = before  # keeper only, from the start on: until that one has no connection
        self._connections = 0  # keeper only
        self._undelivered = 0
        self._keeper = threading.Thread(target=self._keep, name=f"{name}-keeper", daemon=True)
        self._dispatcher = threading.Thread(target=self._dispatch, name=f"{name}-dispatch", daemon=True)
        self._name = name

    @property
    def connections(self) -> int:
        """How many connections were opened so far, or tried to."""
        return self._connections

    @property
    def is_alive(self) -> bool:
        """Whether any of the threads runs."""
        return self._keeper.is_alive() or self._dispatcher.is_alive()

    def start(self) -> None:
        """Start the threads, which connect."""
        with self._condition:
            self._machine.start(time.monotonic())
            self._collect()
        atexit.register(self.close, 2.0)
        self._dispatcher.start()
        self._keeper.start()

    def abandon(self) -> None:
        """Forget the connection, in a forked child: it belongs to the parent, and so do the threads."""
        atexit.unregister(self.close)

    def changed(self, topics: Iterable[Topic]) -> None:
        """Topics that became wanted, or are no longer. Returns at once; the commands follow."""
        with self._condition:
            self._machine.want({topic: self._is_wanted(topic) for topic in topics})
            self._condition.notify_all()

    def call(self, function: Callable[[], None]) -> None:
        """Call something on the dispatch thread, after what has already arrived."""
        self._buffer.tell(Call(function))

    def close(self, limit: float) -> bool:
        """End the stream and wait for the threads, at most so many seconds; whether they have ended.

        From the dispatch thread (an observer) it does not wait for that thread itself.
        """
        deadline = time.monotonic() + min(limit, threading.TIMEOUT_MAX)
        with self._condition:
            self._machine.stop()
            self._undelivered += self._buffer.discard()
            self._collect()
        current = threading.current_thread()
        for thread in (self._keeper, self._dispatcher):
            if thread is not current and thread.is_alive():
                thread.join(_wait_until(deadline))
        return not any(
            thread.is_alive() for thread in (self._keeper, self._dispatcher) if thread is not current
        )

    # What the machine decided, collected under the lock.

    def _collect(self) -> None:
        """Hand out what the machine decided, and wake the keeper to do its part. Under the lock."""
        for effect in self._machine.take():
            if isinstance(effect, (Tell, Refuse, Lost)):
                self._buffer.tell(effect)
            elif isinstance(effect, End):
                self._buffer.tell(effect)
                self._outbox.append(effect)
            else:
                if isinstance(effect, Cut):
                    # Before the loss is told: nothing of this connection may come after it.
                    self._ear = None
                self._outbox.append(effect)
        self._condition.notify_all()

    # The keeper's thread.

    def _keep(self) -> None:
        while True:
            effect = self._next_effect()
            if isinstance(effect, End):
                self._drop_transport(1000)
                self._wait_for_run_before()
                return
            try:
                self._carry_out(effect)
            except Exception as error:
                # Nothing is expected here; but a thread that ended in silence would be the worst answer.
                _log.exception("%s: cannot carry out %s", self._name, type(effect).__name__)
                with self._condition:
                    self._machine.fail(RxPolygonError(f"internal error: {error!r}"))
                    self._collect()

    def _next_effect(self) -> Effect:
        with self._condition:
            while True:
                self._machine.wake(time.monotonic(), self._reads(), self._buffer.is_held)
                self._collect()
                if self._outbox:
                    return self._outbox.popleft()
                deadline = self._machine.deadline
                self._condition.wait(None if deadline is None else _wait_until(deadline))

    def _reads(self) -> int:
        return self._transport.reads if self._transport is not None else 0

    def _carry_out(self, effect: Effect) -> None:
        transport = self._transport
        match effect:
            case Open():
                self._open()
            case Send() if transport is not None:
                _log.debug("%s: sending: %s", self._name, effect.shown)
                transport.send(effect.command)
            case Probe() if transport is not None:
                transport.ping(effect.payload)
            case Cut():
                self._drop_transport(effect.code)

    def _open(self) -> None:
        self._wait_for_run_before()
        if not self._wait_for_old_transport():
            return
        ear = _Ear(self)
        with self._condition:
            self._ear = ear
        self._connections += 1  # before the first frame can be counted
        try:
            transport = self._open_transport(ear)
            transport.start()
        except (OSError, ValueError, RuntimeError, RxPolygonError) as error:
            ear.on_loss(Loss("connect", str(error)))
            return
        self._transport = self._leaving = transport

    def _wait_for_run_before(self) -> None:
        """Wait until the run before, which has ended, has closed its connection."""
        before, self._before = self._before, None
        if before is not None and before._keeper.ident is not None:
            before._keeper.join(_HANDOVER)

    def _wait_for_old_transport(self) -> bool:
        """No frame of an old connection may come after one of a new: wait until its thread has ended.

        It may be held by a full buffer, as long as observers take. False if the stream ended meanwhile.
        """
        while self._leaving is not None and not self._leaving.join(_GOODBYE):
            with self._condition:
                if self._machine.phase is Phase.ENDED:
                    return False
        self._leaving = None
        return True

    def _drop_transport(self, code: int) -> None:
        transport, self._transport = self._transport, None
        with self._condition:
            self._ear = None
        if transport is None:
            return
        self._leaving = transport
        transport.close(code)
        if not transport.join(_GOODBYE):
            transport.abort()
            transport.join(_GOODBYE)

    # The transport's thread.

    def _heard(self, ear: _Ear, frames: list[bytes]) -> None:
        may_hold_notices = self._dialect.may_hold_notices
        if not any(map(may_hold_notices, _in_pieces(frames))):
            self._heard_data(ear, frames)
            return
        start = 0
        for index, frame in enumerate(frames, 1):
            notices = self._dialect.notices(frame) if may_hold_notices(frame) else ()
            if notices:
                self._put(ear, frames[start:index])
                start = index
                with self._condition:
                    if self._ear is not ear:
                        return
                    self._machine.notices(notices, time.monotonic())
                    self._collect()
        if start < len(frames):
            self._heard_data(ear, frames[start:])

    def _heard_data(self, ear: _Ear, frames: list[bytes]) -> None:
        if self._machine.awaits_data:
            channels = self._carried_channels(frames)
            if channels:
                with self._condition:
                    if self._ear is ear:
                        self._machine.data(time.monotonic(), channels)
        self._put(ear, frames)

    def _carried_channels(self, frames: list[bytes]) -> list[str]:
        """The channels of frames that are watched, else any one: without a channel it is no market data."""
        carries = self._dialect.carries
        if self._machine.watched:
            data = b"".join(frames)
            watched = [name for name in self._machine.watched if carries(data, name)]
            if watched:
                return watched
        # Nearly always the first frame tells, so nothing is joined for it.
        names = self._machine.channels
        return next(([name] for frame in frames for name in names if carries(frame, name)), [])

    def _put(self, ear: _Ear, frames: list[bytes]) -> None:
        if not self._buffer.put(frames, ear.is_heard):
            with self._condition:
                self._machine.fail(OverflowError(self._buffer.limit))
                self._collect()
        if self._buffer.is_held:
            # Together, or the keeper could see neither the hold nor that the silence was ours.
            with self._condition:
                self._buffer.let_go()
                self._machine.released(time.monotonic())

    # The dispatch thread.

    def _dispatch(self) -> None:
        while True:
            item = self._buffer.take()
            try:
                self._give(item)
            except Exception as error:
                # The sink isolates observers, so nothing is expected here; but the stream must go on.
                _log.exception("%s: cannot deliver", self._name)
                threading.excepthook(
                    threading.ExceptHookArgs((type(error), error, error.__traceback__, self._dispatcher))
                )
            if isinstance(item, End):
                return

    def _give(self, item: list[bytes] | Effect) -> None:
        match item:
            case list():
                self._sink.frames(item)
            case Tell():
                self._sink.tell(item.status)
            case Lost():
                self._sink.lost(item.topics, item.cause, item.dropped)
            case Refuse():
                self._sink.refuse(item.topic, item.error)
            case Call():
                item.function()
            case End():
                atexit.unregister(self.close)
                self._sink.end(item.error, self._undelivered)


def _wait_until(deadline: float) -> float:
    """Seconds to wait, no more than the system can: somebody may have said 1e10 for never."""
    return min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)


def _in_pieces(frames: list[bytes]) -> Iterator[bytes]:
    """The frames end to end, in pieces of a size that stays in the processor's caches.

    A call for each of many small frames would cost more, and so would a mebibyte in one piece: its memory is
    new to the process each time.
    """
    count = max(1, _PIECE_BYTES // max(len(frames[0]), 1)) if frames else 1
    for start in range(0, len(frames), count):
        yield b"".join(frames[start : start + count])


class _Ear:
    """Listens to one transport, and falls silent once the carrier has turned to another."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def is_heard(self) -> bool:
        """Whether the carrier still listens to this transport."""
        return self._carrier._ear is self

    def on_open(self) -> None:
        """The websocket is open."""
        carrier = self._carrier
        with carrier._condition:
            if carrier._ear is self:
                carrier._machine.opened(time.monotonic())
                carrier._collect()

    def on_frames(self, frames: list[bytes]) -> None:
        """Frames came."""
        if self.is_heard():
            self._carrier._heard(self, frames)

    def on_loss(self, loss: Loss) -> None:
        """The transport has ended."""
        carrier = self._carrier
        with carrier._condition:
            if carrier._ear is self:
                carrier._ear = None
                carrier._machine.lost(loss, time.monotonic())
                carrier._collect()
