"""One source on its way to one client."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from itertools import chain
from typing import Any, Final, Protocol

from rxpolygon.errors import RecordingError
from rxpolygon.replay.delivery import ReplayDelivery
from rxpolygon.replay.pace import Pace
from rxpolygon.replay.scheduler import NEVER, ReplayScheduler
from rxpolygon.replay.sources import Feed, Payload, Source

__all__ = ["Track"]

_PIECE_SECONDS: Final = 0.05  # between two looks at the progress, about
_LARGEST_PIECE: Final = 8_192


class Check(Protocol):
    """What notes data that should not be in a recording."""

    #: What was found; None while all is well.
    problem: str | None


class Track:
    """Reads a source and hands its frames or events on, each at its time. Replay thread only.

    Args:
        source: What is read.
        delivery: Hands on.
        check: Notes data of another cluster or venue.
        scheduler: The clock, which goes on to each pair's time.
    """

    def __init__(
        self, source: Source, delivery: ReplayDelivery, check: Check, scheduler: ReplayScheduler
    ) -> None:
        self.source = source
        self._scheduler = scheduler
        self.delivery = delivery
        self._check = check
        self.time_ns = NEVER  # of the pair that comes next
        self.frames = 0
        self.bytes = 0
        self.error: RecordingError | None = None
        self._payload: Payload = b""
        self._feed: Feed | None = None
        self._pairs: Iterator[tuple[int, Payload]] = iter(())
        self._most = 64  # pairs in a piece: as many as can be delivered in its time
        #: Whether to stop after the present pair. Set by any thread; the player takes it back.
        self.is_interrupted = False

    @property
    def position(self) -> int:
        """How many bytes of the source have been read."""
        return self._feed.position if self._feed is not None else 0

    def rewind(self, start_ns: int) -> None:
        """Read up to the first pair that is not before the start, or until it is interrupted."""
        self.frames = self.bytes = 0
        self.error = None
        self._feed = self.source.open()
        self._pairs = iter(self._feed)
        last_ns = self.time_ns = 0
        try:
            while (pair := next(self._pairs, None)) is not None:
                self.time_ns, self._payload = pair
                if self.time_ns < last_ns:
                    self._fail_by_time(last_ns, self.time_ns)
                if self.time_ns >= start_ns or self.error is not None or self.is_interrupted:
                    return
                last_ns = self.time_ns
            self.time_ns = NEVER
        except RecordingError as error:
            self.error = error

    def close(self) -> None:
        """Let the source go, wherever it stands."""
        pairs, self._pairs = self._pairs, iter(())
        if isinstance(pairs, Generator):
            pairs.close()

    def play(self, limit_ns: int, pace: Pace | None) -> bool:
        """Deliver a piece of what comes before the limit.

        With a pace it first waits until the next pair is due, and the piece ends where there is a wait
        again, so that all of it is counted and told then.

        Args:
            limit_ns: Unix nanoseconds, later than the next pair; what is of this instant is not delivered.
            pace: Waits; None does not wait.

        Returns:
            Whether it came to a piece: no if the wait was ended, or nothing could take it.
        """
        if pace is not None and not pace.reach(self.time_ns):
            return False
        began = time.monotonic()
        payloads: Any = self._piece(limit_ns, pace)  # frames or events, as `kind` says
        kind = self._feed.kind if self._feed is not None else None
        if kind is None:
            self.delivery.play_frames(payloads)
        elif self.delivery.has_channel_for(kind):
            self.delivery.play_events(kind, payloads)
        else:
            self._fail(f"it gives {kind.__module__}.{kind.__name__}, for which this replay has no channel")
            return False
        took = time.monotonic() - began
        if took > _PIECE_SECONDS:
            self._most = max(1, self._most // 2)
        elif took < _PIECE_SECONDS / 4:
            self._most = min(_LARGEST_PIECE, self._most * 2)
        return True

    def _piece(self, limit_ns: int, pace: Pace | None) -> Iterator[Payload]:
        """Lets the clock go on to the next pair, gives its payload, takes the pair after it; and so on.

        It ends as soon as something has changed that delivery must look at anew.
        """
        # Runs for every frame, and for every row of a file: what can be looked at once per piece is.
        scheduler, check, most = self._scheduler, self._check, self._most
        everything, raw = self.delivery.fans
        observers, raw_observers = everything.observers, raw.observers
        time_ns, payload = first = self.time_ns, self._payload
        last_ns, count, size = time_ns, 0, 0
        are_frames = payload.__class__ is bytes
        try:
            for time_ns, payload in chain((first,), self._pairs):
                if (
                    time_ns >= limit_ns
                    or time_ns < last_ns
                    or count == most
                    or self.is_interrupted
                    or everything.observers is not observers
                    or raw.observers is not raw_observers
                    or (pace is not None and not pace.is_due(time_ns))
                ):
                    if time_ns < last_ns:
                        self._fail_by_time(last_ns, time_ns)
                    return
                if time_ns >= scheduler.next_due_ns:
                    scheduler.advance_to(time_ns)
                scheduler.time_ns = last_ns = time_ns
                count += 1
                if are_frames:
                    size += len(payload)  # type: ignore[arg-type]  # bytes, which mypy cannot know
                yield payload
                if check.problem is not None:
                    self._fail(check.problem)
                    return
            time_ns = NEVER
        except RecordingError as error:
            self.error = error
        finally:
            self.time_ns, self._payload = time_ns, payload
            self.frames += count
            self.bytes += size

    def _fail_by_time(self, last_ns: int, time_ns: int) -> None:
        self._fail(f"time goes back by {(last_ns - time_ns) / 1e9:.6f} s here")

    def _fail(self, problem: str) -> None:
        """Note that the source is broken, at the line that was read last."""
        line = self._feed.line if self._feed is not None else None
        self.error = RecordingError(self.source.name, line, problem)
