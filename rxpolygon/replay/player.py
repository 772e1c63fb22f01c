"""Plays sources in the order of time: the clock first, then what is due, then the frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import Any, Final, Literal, Protocol

from rxpolygon.errors import RecordingError, RxPolygonError
from rxpolygon.replay.clusters import CheckedCodec
from rxpolygon.replay.delivery import ReplayDelivery
from rxpolygon.replay.scheduler import NEVER, ReplayScheduler
from rxpolygon.replay.sources import Feed, Payload, Source, Span
from rxpolygon.venues.polygon.codec import PolygonCodec

__all__ = ["Face", "Player", "Speed", "Track"]

Speed = float | Literal["max"]

_NO_PAIR: Final[tuple[int, Payload]] = (NEVER, b"")
_STATUS: Final = PolygonCodec.control_marker
_PIECE: Final = 256  # frames between two looks at the progress
_EVENTS_PIECE: Final = 8_192
_LONGEST_WAIT: Final = 1.0


class Face(Protocol):
    """A client, as the player sees it."""

    def began(self) -> None:
        """The replay begins."""

    def ended(self, error: RxPolygonError | None) -> None:
        """It is over."""

    def went_on(self) -> None:
        """Another piece was delivered."""


class Track:
    """One source on its way to one client. Replay thread only."""

    def __init__(
        self, source: Source, delivery: ReplayDelivery, check: CheckedCodec, scheduler: ReplayScheduler
    ) -> None:
        self.source = source
        self._scheduler = scheduler
        self.delivery = delivery
        self.check = check
        self.time_ns = NEVER  # of the pair that comes next
        self.frames = 0
        self.bytes = 0
        self.error: RecordingError | None = None
        self._payload: Payload = b""
        self._feed: Feed | None = None
        self._pairs: Iterator[tuple[int, Payload]] = iter(())
        #: Whether to stop after the present pair.
        self.is_interrupted = False

    @property
    def position(self) -> int:
        """How many bytes of the source have been read."""
        return self._feed.position if self._feed is not None else 0

    def rewind(self, start_ns: int) -> None:
        """Read up to the first pair that is not before the start."""
        self.frames = self.bytes = 0
        self.error = None
        self.is_interrupted = False
        self._feed = self.source.open()
        self._pairs = iter(self._feed)
        last_ns = self.time_ns = 0
        try:
            while (pair := next(self._pairs, None)) is not None:
                self.time_ns, self._payload = pair
                if self.time_ns < last_ns:
                    self.fail(f"time goes back by {(last_ns - self.time_ns) / 1e9:.6f} s here")
                if self.time_ns >= start_ns or self.error is not None:
                    return
                last_ns = self.time_ns
            self.time_ns = NEVER
        except RecordingError as error:
            self.error = error

    def fail(self, problem: str) -> None:
        """Note that the source is broken, at the line that was read last."""
        line = self._feed.line if self._feed is not None else None
        self.error = RecordingError(self.source.name, line, problem)

    def close(self) -> None:
        """Let the source go, wherever it stands."""
        pairs, self._pairs = self._pairs, iter(())
        if isinstance(pairs, Generator):
            pairs.close()

    def play(self, limit_ns: int, reach: Callable[[int], bool] | None) -> None:
        """Deliver what comes before the limit, or a piece of it.

        Args:
            limit_ns: Unix nanoseconds; what is of this instant is not delivered.
            reach: Waits until an instant has come, or says that the replay is to stop; None does not wait.
        """
        kind = self._feed.kind if self._feed is not None else None
        payloads: Any  # frames or events, as `kind` says
        if kind is None:
            payloads = self._payloads(limit_ns, reach)
            self.delivery.play_frames(payloads)
        else:
            payloads = self._events_at_once(limit_ns) if reach is None else self._payloads(limit_ns, reach)
            self.delivery.play_events(kind, payloads)

    def _payloads(self, limit_ns: int, reach: Callable[[int], bool] | None) -> Iterator[Payload]:
        """Lets the clock go on to the next pair, gives its payload, takes the pair after it; and so on."""
        scheduler, check, pairs = self._scheduler, self.check, self._pairs
        everything, raw = self.delivery.fans
        observers, raw_observers = everything.observers, raw.observers
        time_ns, payload = self.time_ns, self._payload
        count = size = 0
        try:
            while time_ns < limit_ns:
                if reach is not None:
                    if not reach(time_ns):
                        return
                elif time_ns >= scheduler.next_due_ns:
                    scheduler.advance_to(time_ns)
                scheduler.time_ns = time_ns
                count += 1
                if payload.__class__ is bytes:
                    size += len(payload)
                    # Delivery counts statuses apart only in the last frame of a piece.
                    is_last = _STATUS in payload
                else:
                    is_last = False
                yield payload
                if check.problem is not None:
                    self.fail(check.problem)
                    return
                last_ns = time_ns
                time_ns, payload = next(pairs, _NO_PAIR)
                if time_ns < last_ns:
                    self.fail(f"time goes back by {(last_ns - time_ns) / 1e9:.6f} s here")
                    return
                if (
                    is_last
                    or count == _PIECE
                    or self.is_interrupted
                    or everything.observers is not observers
                    or raw.observers is not raw_observers
                ):
                    return
        except RecordingError as error:
            self.error = error
        finally:
            self.time_ns, self._payload = time_ns, payload
            self.frames += count
            self.bytes += size

    def _events_at_once(self, limit_ns: int) -> Iterator[Payload]:
        """The same for single events without waiting, where everything but the least would show."""
        scheduler, check, everything = self._scheduler, self.check, self.delivery.fans[0]
        observers = everything.observers
        last_ns, count = self.time_ns, 0
        time_ns, payload = self.time_ns, self._payload
        most = _EVENTS_PIECE
        try:
            for pair in chain(((time_ns, payload),), self._pairs):
                time_ns, payload = pair
                if time_ns >= limit_ns or count == most or everything.observers is not observers:
                    return
                if self.is_interrupted or check.problem is not None or time_ns < last_ns:
                    if check.problem is not None:
                        self.fail(check.problem)
                    elif time_ns < last_ns:
                        self.fail(f"time goes back by {(last_ns - time_ns) / 1e9:.6f} s here")
                    return
                if time_ns >= scheduler.next_due_ns:
                    scheduler.advance_to(time_ns)
                scheduler.time_ns = last_ns = time_ns
                count += 1
                yield payload
            time_ns = NEVER
            if check.problem is not None:
                self.fail(check.problem)
        except RecordingError as error:
            self.error = error
        finally:
            self.time_ns, self._payload = time_ns, payload
            self.frames += count


class Player:
    """Drives tracks and the clock, on one thread.

    Args:
        span: From when to when.
        speed: How many seconds of the recording pass in a second; ``max`` does not wait.
    """

    def __init__(self, span: Span, speed: Speed) -> None:
        self.scheduler = ReplayScheduler(self._origin_ns)
        self.tracks: list[Track] = []
        self.faces: list[Face] = []
        self._span = span
        self._speed = speed
        self._wake = threading.Event()
        self._preparing = threading.RLock()
        self._is_prepared = False  # under _preparing
        self._is_closing = False
        self._finished = threading.Event()
        self._thread: threading.Thread | None = None  # of the present run
        self._began = 0.0  # replay thread only: when the first frame was due
        self._first_ns = 0
        self._error: RxPolygonError | None = None

    @property
    def is_playing(self) -> bool:
        """Whether it runs."""
        return self._thread is not None and not self._finished.is_set()

    @property
    def error(self) -> RxPolygonError | None:
        """What ended the last run."""
        return self._error

    @property
    def is_own_thread(self) -> bool:
        """Whether this is the thread that plays."""
        return self._thread is threading.current_thread()

    def start(self) -> None:
        """Play on a thread of its own."""
        thread = threading.Thread(target=self._run, name="rxpolygon-replay", daemon=True)
        self._begin(thread)
        thread.start()

    def prepare_run(self) -> Callable[[], None]:
        """Claim the player for this thread; the result plays until the end."""
        self._begin(threading.current_thread())
        return self._run

    def close(self, timeout: float | None) -> bool:
        """Stop, and wait for it unless this is the thread that plays; whether it has ended."""
        self._is_closing = True
        for track in self.tracks:
            track.is_interrupted = True
        self._wake.set()
        return self.is_own_thread or self.wait(timeout)

    def wait(self, timeout: float | None) -> bool:
        """Wait for the end; whether it came."""
        return not self.is_playing or self._finished.wait(timeout)

    def _begin(self, thread: threading.Thread) -> None:
        if self._thread is not None:
            self._is_prepared = False
            self.scheduler.reset()
        self._is_closing = False
        self._error = None
        self._finished.clear()
        self._thread = thread

    def _origin_ns(self) -> int:
        """When the first frame comes: the clock begins there."""
        with self._preparing:
            if not self._is_prepared:
                self._is_prepared = True
                for track in self.tracks:
                    track.rewind(self._span.start_ns)
            times = [track.time_ns for track in self.tracks if track.time_ns != NEVER and track.error is None]
        return max(min(times, default=0), self._span.start_ns)

    def _run(self) -> None:
        try:
            for face in self.faces:
                face.began()
            self._play()
        except RxPolygonError as error:
            self._error = error
        except Exception as error:  # a source of somebody else's
            names = ", ".join(track.source.name for track in self.tracks)
            self._error = RecordingError(names, None, f"it cannot be read: {error!r}")
            self._error.__cause__ = error
        finally:
            for track in self.tracks:
                track.close()
            for face in self.faces:
                face.ended(self._error)
            self._finished.set()

    def _play(self) -> None:
        scheduler = self.scheduler
        self._first_ns = scheduler.time_ns
        self._began = time.monotonic()
        reach = None if self._speed == "max" else self._reach_in_time
        scheduler.on_scheduled = None if self._speed == "max" else self._wake.set
        tracks = list(self.tracks)
        while tracks and not self._is_closing:
            broken = next((track.error for track in tracks if track.error is not None), None)
            if broken is not None:
                raise broken
            place = min(range(len(tracks)), key=lambda index: tracks[index].time_ns)
            track = tracks[place]
            if track.time_ns >= self._span.end_ns:
                break
            # At equal times the source that was named first comes first.
            limits = [
                other.time_ns + (index > place) for index, other in enumerate(tracks) if other is not track
            ]
            track.play(min(limits, default=self._span.end_ns), reach)
            for face in self.faces:
                face.went_on()
        scheduler.advance_to(scheduler.time_ns)

    def _reach_in_time(self, instant_ns: int) -> bool:
        assert self._speed != "max"
        while True:
            self._wake.clear()  # before the look at what may set it
            if self._is_closing:
                return False
            target_ns = min(instant_ns, self.scheduler.next_due_ns)
            due = self._began + (target_ns - self._first_ns) / 1e9 / self._speed
            left = due - time.monotonic()
            if left > 0:
                self._wake.wait(min(left, _LONGEST_WAIT))
                continue
            self.scheduler.advance_to(target_ns)
            if target_ns == instant_ns:
                return not self._is_closing
