"""Plays sources in the order of time: the clock first, then what is due, then the frame."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

from rxpolygon.errors import RecordingError, RxPolygonError
from rxpolygon.replay.pace import Pace
from rxpolygon.replay.scheduler import NEVER, ReplayScheduler
from rxpolygon.replay.sources import Span
from rxpolygon.replay.track import Track

__all__ = ["Face", "Player", "Speed"]

Speed = float | Literal["max"]


class Face(NamedTuple):
    """A client, as the player sees it.

    Attributes:
        began: Told that the replay begins.
        went_on: Told that another piece was delivered.
        ended: Told that it is over, and by which error.
    """

    began: Callable[[], None]
    went_on: Callable[[], None]
    ended: Callable[[RxPolygonError | None], None]


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
        #: Whoever starts a run holds it: faces share the player, and one run is under way at most.
        self.starting = threading.Lock()
        self._span = span
        self._pace = None if speed == "max" else Pace(self.scheduler, speed)
        self._preparing = threading.RLock()
        self._is_prepared = False  # under _preparing
        self._is_closing = False
        self._finished = threading.Event()
        self._thread: threading.Thread | None = None  # of the present run
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
        if self.is_playing:  # else it may be opened before the next run, which nothing should cut short
            for track in self.tracks:
                track.is_interrupted = True
        if self._pace is not None:
            self._pace.stop()
        return self.is_own_thread or self.wait(timeout)

    def wait(self, timeout: float | None) -> bool:
        """Wait for the end; whether it came."""
        return not self.is_playing or self._finished.wait(timeout)

    def _begin(self, thread: threading.Thread) -> None:
        if self._thread is not None:
            self._is_prepared = False
            self.scheduler.reset()
        for track in self.tracks:
            track.is_interrupted = False
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
            try:
                for face in self.faces:
                    face.ended(self._error)
            finally:
                self._finished.set()

    def _play(self) -> None:
        scheduler, pace = self.scheduler, self._pace
        first_ns = scheduler.time_ns  # asking for it opens the sources
        if pace is not None:
            pace.begin(first_ns)
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
            if track.play(min([*limits, self._span.end_ns]), pace):
                for face in self.faces:
                    face.went_on()
        scheduler.advance_to(scheduler.time_ns)
