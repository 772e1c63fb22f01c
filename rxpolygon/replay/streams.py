"""What every replay does, whatever venue its data is of: it begins, plays, tells how far it is, and ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar, cast

from reactivex import Observable, abc

from rxpolygon.checks import flag
from rxpolygon.delivery import Decoder
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, RxPolygonError, UsageError
from rxpolygon.events import Event
from rxpolygon.fan import Fan
from rxpolygon.replay.delivery import RawReplayDelivery, ReplayDelivery
from rxpolygon.replay.player import Face, Player, Speed
from rxpolygon.replay.progress import ReplayProgress
from rxpolygon.replay.progress_bar import ProgressBar
from rxpolygon.replay.scheduler import ReplayScheduler
from rxpolygon.replay.sources import Source, Span, sources_from
from rxpolygon.replay.track import Track
from rxpolygon.replay.virtual import on_virtual_time
from rxpolygon.settings import positive_number
from rxpolygon.stats import StreamStats, time_of
from rxpolygon.status import Authenticated, Connected, Disconnected, Idle, Status
from rxpolygon.streams import Streams
from rxpolygon.topics import Topic

__all__ = ["Instant", "Paths", "RecordedCodec", "ReplayStreams"]

E = TypeVar("E", bound=Event)
T = TypeVar("T")

Paths = str | os.PathLike[str] | Source | Iterable[str | os.PathLike[str] | Source]
Instant = datetime | int | str | None

_PROGRESS_SECONDS: Final = 0.1
_NORMAL_CLOSE: Final = 1000


class RecordedCodec(Decoder, Protocol):
    """A venue's decoder that notes data which should not be in the recording."""

    #: What was found, for a person; None while all is well.
    problem: str | None

    def normal(self, symbol: str) -> str:
        """The normal form of a symbol."""

    def check_symbol(self, symbol: str) -> None:
        """Look at a symbol that came with an event."""


class ReplayStreams(Streams):
    """Recordings as hot Observables, on their own clock. A face calls :meth:`_set_up` in its constructor."""

    def _set_up(
        self,
        codec: RecordedCodec,
        name: str,
        paths: Paths,
        speed: Speed,
        *,
        start: Instant,
        end: Instant,
        raw_data: bool,
        show_progress: bool,
        beside: ReplayStreams | None,
        market: str | None = None,
    ) -> None:
        """Take the settings; the files are not read yet.

        Args:
            codec: Reads the frames.
            name: For the statuses.
            paths: As for :class:`~rxpolygon.ReplayClient`, and so the rest.
            market: Of which sources that know theirs must be.

        Raises:
            RecordingError: A file is not there.
            InvalidArgumentError: An argument has a value that is not allowed; the message says what is.
            InvalidTypeError: An argument has the wrong type.
            MissingPackageError: ``show_progress`` without tqdm.
        """
        self._codec = codec
        self._name = name
        self._sources = sources_from(paths, market)
        self._raw_data = flag("raw_data", raw_data)
        typed = [source.name for source in self._sources if hasattr(source, "market")]
        if raw_data and typed:
            told = f"only recordings have the wire's dicts, and {typed[0]} is none"
            raise InvalidArgumentError("raw_data", raw_data, told)
        self._progress: Fan[ReplayProgress] = Fan()
        self._bar = ProgressBar(name) if flag("show_progress", show_progress) else None
        self._told = 0.0  # replay thread only: when progress was told last
        self._player = _player(speed, Span(start, end), beside)
        self._player.faces.append(Face(self._began, self._went_on, self._ended))
        self._delivery = self._make_delivery()
        self._tracks = [Track(source, self._delivery, codec, self.scheduler) for source in self._sources]
        self._player.tracks += self._tracks

    def __repr__(self) -> str:
        names = ", ".join(source.name for source in self._sources)
        return f"{type(self).__name__}({names!r}, {self._name!r}, {self._status.state})"

    @property
    def url(self) -> str:
        """What stands in the statuses where a live client has its URL."""
        return f"replay:{self._name}"

    @property
    def scheduler(self) -> ReplayScheduler:
        """The clock of the recording."""
        return self._player.scheduler

    @property
    def events(self) -> Observable[Event]:
        """Every typed event of the recording, in order."""
        return self.on_virtual_time(super().events)

    @property
    def messages(self) -> Observable[bytes]:
        """Every recorded frame as it came. Sources without frames add nothing."""
        return self.on_virtual_time(super().messages)

    @property
    def status(self) -> Observable[Status]:
        """The replay's life: the current state at once, then changes; see :mod:`rxpolygon.status`."""
        return self.on_virtual_time(super().status)

    @property
    def progress(self) -> Observable[ReplayProgress]:
        """How far the replay has come: some ten times a second, and at its end."""
        return self._progress.observable

    def on_virtual_time(self, observable: Observable[T]) -> Observable[T]:
        """The same Observable, whose operators take this replay's clock by default."""
        return cast("Observable[T]", on_virtual_time(observable, self.scheduler))

    @property
    def is_streaming(self) -> bool:
        """Whether the replay runs."""
        return self._player.is_playing

    @property
    def stats(self) -> StreamStats:
        """Figures of the present run, or of the last one; ``lag`` is by the recording's clock."""
        progress = self._delivery.progress
        stats = StreamStats(
            frames=sum(track.frames for track in self._tracks),
            events=progress.events,
            bytes=sum(track.bytes for track in self._tracks),
            malformed=progress.malformed,
            connections=int(not isinstance(self.state, Idle)),
            last_event_time=time_of(progress.last_timestamp),
            lag=self._delivery.lag,
        )
        return self._delivery.tally.added_to(stats)

    def _start_thread(self) -> None:
        """Replay in a thread of our own, unless it runs already."""
        with self._player.starting:
            if not self.is_streaming:
                self._player.start()

    def run(self) -> None:
        """Replay on this thread, until the end.

        Raises:
            RecordingError: A source is broken; observers have been told by ``on_error``.
            UsageError: The replay runs in its own thread.
        """
        with self._player.starting:
            if self.is_streaming:
                raise UsageError("run() cannot start a replay that runs already: use wait_finished()")
            run = self._player.prepare_run()
        run()
        if self._player.error is not None:
            raise self._player.error

    def wait_finished(self, timeout: float | None = None) -> bool:
        """Wait for the end of the replay.

        Args:
            timeout: Seconds; None waits for ever.

        Returns:
            Whether it is over; also when it never began.

        Raises:
            UsageError: It is called by an observer or a timer of the replay, which would wait for itself.
        """
        if timeout is not None:
            positive_number("timeout", timeout, "seconds", zero=True)
        if self._player.is_own_thread and self.is_streaming:
            raise UsageError(
                "wait_finished() on the replay's own thread would wait for itself: observe the completion"
            )
        return self._player.wait(timeout)

    def close_stream(self, timeout: float = 5.0) -> None:
        """End the replay and complete every Observable.

        From an observer it returns at once, and the rest happens when that returns.

        Args:
            timeout: Seconds to wait for the thread.
        """
        positive_number("timeout", timeout, "seconds", zero=True)
        self._player.close(timeout)
        if isinstance(self.state, Idle):
            self._router.end(None)
            self._router.reopen()

    def _began(self) -> None:
        if not isinstance(self.state, Idle):
            self._reopen()
            self._progress.reopen()
            self._codec.problem = None
            self._delivery = self._make_delivery()
            for track in self._tracks:
                track.delivery = self._delivery
        self._delivery.tell(Connected(self.url))
        self._delivery.tell(Authenticated("a replay"))

    def _went_on(self) -> None:
        is_watched = self._progress.observers or self._bar is not None
        if is_watched and (now := time.monotonic()) - self._told >= _PROGRESS_SECONDS:
            self._told = now
            self._tell_progress(is_over=False)

    def _ended(self, error: RxPolygonError | None) -> None:
        self._tell_progress(is_over=True)
        self._delivery.tell(Disconnected("the replay is over", _NORMAL_CLOSE, "closed"))
        self._delivery.end(error, 0)
        self._progress.end(None)

    def _tell_progress(self, *, is_over: bool) -> None:
        present = ReplayProgress(
            time=self.scheduler.now,
            frames=sum(track.frames for track in self._tracks),
            bytes_read=sum(track.position for track in self._tracks),
            total_bytes=sum(source.size for source in self._sources),
            is_over=is_over,
        )
        self._progress.emit(present)
        if self._bar is not None:
            self._bar.show(present)

    def _request(self, event: type[E], topics: Iterable[Topic]) -> Observable[E]:
        return self.on_virtual_time(super()._request(event, topics))

    def _topics_changed(self, topics: Sequence[Topic]) -> None:
        self._delivery.wanted_changed()

    def _on_stream(self, action: Callable[[], object]) -> None:
        if not self.is_streaming or self._player.is_own_thread:
            action()
            return

        def run(_scheduler: abc.SchedulerBase, _state: object = None) -> None:
            action()

        self.scheduler.schedule(run)

    def _normal(self, symbol: str) -> str:
        """The normal form of a symbol; the replay thread asks once for each that comes with an event."""
        if self._player.is_own_thread:
            self._codec.check_symbol(symbol)
        return self._codec.normal(symbol)

    def _make_delivery(self) -> ReplayDelivery:
        kind = RawReplayDelivery if self._raw_data else ReplayDelivery
        delivery = kind(self._codec, self._router, self._events, self._messages, self._status, self._handlers)
        delivery.clock = self._seconds
        return delivery

    def _seconds(self) -> float:
        return self.scheduler.time_ns / 1e9


def _player(speed: Any, span: Span, beside: ReplayStreams | None) -> Player:  # Any: checked here
    if beside is not None:
        if not isinstance(beside, ReplayStreams):
            raise InvalidTypeError("beside", beside, "a replay, or None")
        if beside.is_streaming:
            raise InvalidArgumentError("beside", beside, "one that does not run yet")
        return beside._player
    if isinstance(speed, str):
        if speed != "max":
            raise InvalidArgumentError("speed", speed, "a number above 0, or 'max'")
        return Player(span, "max")
    return Player(span, positive_number("speed", speed, "recorded seconds a second"))
