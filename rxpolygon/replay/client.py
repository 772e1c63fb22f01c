"""``ReplayClient``: recordings as the hot Observables of a live client."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast

from reactivex import Observable, abc

from rxpolygon.channel_methods import Symbols
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, RxPolygonError
from rxpolygon.events import Event
from rxpolygon.fan import Fan
from rxpolygon.handlers import CloseHandler, ErrorHandler, MessageHandler
from rxpolygon.replay.clusters import CheckedCodec
from rxpolygon.replay.delivery import RawReplayDelivery, ReplayDelivery
from rxpolygon.replay.player import Player, Speed
from rxpolygon.replay.progress import ReplayProgress
from rxpolygon.replay.scheduler import ReplayScheduler
from rxpolygon.replay.sources import Source, Span, sources_from
from rxpolygon.replay.track import Track
from rxpolygon.replay.virtual import on_virtual_time
from rxpolygon.settings import cluster_from, flag, positive_number
from rxpolygon.stats import StreamStats
from rxpolygon.status import Authenticated, Connected, Disconnected, Idle, Status
from rxpolygon.streams import MarketStreams
from rxpolygon.topics import Topic
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = ["ReplayClient"]

E = TypeVar("E", bound=Event)
T = TypeVar("T")

Paths = str | os.PathLike[str] | Source | Iterable[str | os.PathLike[str] | Source]

_PROGRESS_SECONDS: Final = 0.1
_NORMAL_CLOSE: Final = 1000


class ReplayClient(MarketStreams):
    """Recordings of one cluster, replayed through the codec and router of a live client.

    It has the surface of :class:`~rxpolygon.StreamClient`, so a pipeline takes either::

        client = ReplayClient("day.jsonl.gz", "stocks", "max")
        client.subscribe_stock_trades(["AAPL"]).pipe(rxo.time_bars("1m")).subscribe(print)
        client.run()

    **Time.** The clock is that of the recording: :attr:`scheduler`. Before each frame it goes on to the
    frame's receive time, and timers that come due on the way run first, each at its own time. Everything
    piped from this client's Observables is subscribed on that clock unless a scheduler is given; so
    ``throttle``, ``buffer_with_time``, ``time_bars`` and the rest behave as live, at every speed and in every
    run alike. Functions that build an Observable out of others (``reactivex.merge(a, b)``) know nothing of
    it: use ``a.pipe(ops.merge(b))``, or :meth:`on_virtual_time`.

    **Order.** Several sources merge by time; at equal times the one that was named first comes first.

    **End.** After the last frame, timers due up to its time have run; later ones never do. Then every
    Observable completes. A broken source ends it with a :class:`~rxpolygon.errors.RecordingError` that names
    file and line, after everything before that place was delivered: a cut or corrupt file, an empty one, time
    that goes back, data of another cluster.

    Observers are called on one thread, which :meth:`start_stream_thread` starts, or on that of :meth:`run`.
    :attr:`events` has every event of the recording, whatever is subscribed.

    Args:
        paths: A recording, or several; or sources, such as :func:`rxpolygon.history.flat_file`.
        cluster: A :class:`StreamCluster` or its name.
        speed: How many seconds of the recording pass in a second, or ``max`` for no waiting at all.
        start: Where to begin: an aware datetime, its ISO text, or Unix milliseconds. Frames before it are
            passed over.
        end: Where to end; frames received then or later are not replayed.
        on_message: As for :class:`~rxpolygon.StreamClient`, and the next three.
        on_close: Called at the end.
        on_error: Called when the replay ends by an error.
        enable_connection_logs: Whether to write statuses to stderr.
        raw_data: Whether Observables carry the wire's dicts instead of typed events. Recordings only.
        beside: Another replay to play together with, on one clock, merged by time: options beside stocks, for
            example. Its speed, start and end hold; starting or closing one does so to both.

    Raises:
        RecordingError: A file is not there.
        InvalidArgumentError: An argument has a value that is not allowed; the message says what is.
        InvalidTypeError: An argument has the wrong type.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "day.jsonl"
        >>> _ = path.write_text('[1700000000000000000,[{"ev":"T","sym":"AAPL","p":189.5,"s":100}]]\\n')
        >>> client = ReplayClient(path, "stocks", "max")
        >>> _ = client.subscribe_stock_trades(["AAPL"]).subscribe(lambda trade: print(trade.price))
        >>> client.run()
        189.5
    """

    def __init__(
        self,
        paths: Paths,
        cluster: StreamCluster | str = StreamCluster.STOCKS,
        speed: Speed = 1,
        *,
        start: datetime | int | str | None = None,
        end: datetime | int | str | None = None,
        on_message: MessageHandler | None = None,
        on_close: CloseHandler | None = None,
        on_error: ErrorHandler | None = None,
        enable_connection_logs: bool = False,
        raw_data: bool = False,
        beside: ReplayClient | None = None,
    ) -> None:
        name = cluster_from(cluster)
        self._codec = CheckedCodec(name)
        super().__init__(
            name,
            self._normal,
            on_message,
            on_close,
            on_error,
            log_to_stderr=flag("enable_connection_logs", enable_connection_logs),
        )
        self._sources = sources_from(paths)
        self._raw_data = flag("raw_data", raw_data)
        self._progress: Fan[ReplayProgress] = Fan()
        self._told = 0.0  # replay thread only: when progress was told last
        self._starting = threading.Lock()
        self._player = _player(speed, Span(start, end), beside)
        self._player.faces.append(self)
        self._delivery = self._make_delivery()
        self._tracks = self._make_tracks()
        self._player.tracks += self._tracks

    def __repr__(self) -> str:
        names = ", ".join(source.name for source in self._sources)
        return f"ReplayClient({names!r}, {self._cluster.value!r}, {self._status.state})"

    @property
    def url(self) -> str:
        """What stands in the statuses where a live client has its URL."""
        return f"replay:{self._cluster.value}"

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
        stamp = progress.last_timestamp
        stats = StreamStats(
            frames=sum(track.frames for track in self._tracks),
            events=progress.events,
            bytes=sum(track.bytes for track in self._tracks),
            malformed=progress.malformed,
            connections=int(not isinstance(self.state, Idle)),
            last_event_time=None if stamp is None else datetime.fromtimestamp(stamp / 1_000, UTC),
            lag=self._delivery.lag,
        )
        return self._delivery.tally.added_to(stats)

    def start_stream_thread(
        self,
        ping_interval: float = 21,
        ping_timeout: float = 20,
        ping_payload: str = "",
        skip_utf8_validation: bool = True,
    ) -> None:
        """Replay in a thread of the client's own. Returns at once.

        Does nothing while the replay runs. After its end it starts from the beginning: subscribe again.

        Args:
            ping_interval: Not used; here because a live client has it, and the next three.
            ping_timeout: Not used.
            ping_payload: Not used.
            skip_utf8_validation: Not used.
        """
        with self._starting:
            if not self.is_streaming:
                self._player.start()

    def run(self) -> None:
        """Replay on this thread, until the end.

        Raises:
            RecordingError: A source is broken; observers have been told by ``on_error``.
            InvalidArgumentError: The replay runs in its own thread.
        """
        with self._starting:
            if self.is_streaming:
                raise InvalidArgumentError("run()", "called", "the replay runs already: use wait_finished()")
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
        """
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

    def began(self) -> None:
        """For the player: the replay begins."""
        if not isinstance(self.state, Idle):
            self._reopen()
            self._progress.reopen()
            self._codec.problem = None
            self._delivery = self._make_delivery()
            for track in self._tracks:
                track.delivery = self._delivery
        self._delivery.tell(Connected(self.url))
        self._delivery.tell(Authenticated("a replay"))

    def went_on(self) -> None:
        """For the player: another piece was delivered."""
        if self._progress.observers and (now := time.monotonic()) - self._told >= _PROGRESS_SECONDS:
            self._told = now
            self._progress.emit(self._present(is_over=False))

    def ended(self, error: RxPolygonError | None) -> None:
        """For the player: the replay is over."""
        self._progress.emit(self._present(is_over=True))
        self._delivery.tell(Disconnected("the replay is over", _NORMAL_CLOSE, "closed"))
        self._delivery.end(error, 0)
        self._progress.end(None)

    def _present(self, *, is_over: bool) -> ReplayProgress:
        return ReplayProgress(
            time=self.scheduler.now,
            frames=sum(track.frames for track in self._tracks),
            bytes_read=sum(track.position for track in self._tracks),
            total_bytes=sum(source.size for source in self._sources),
            is_over=is_over,
        )

    def _subscribe(self, channel: str, event: type[E], symbols: Symbols, upper: bool) -> Observable[E]:
        return self.on_virtual_time(super()._subscribe(channel, event, symbols, upper))

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

    def _make_tracks(self) -> list[Track]:
        return [Track(source, self._delivery, self._codec, self.scheduler) for source in self._sources]


def _player(speed: Any, span: Span, beside: ReplayClient | None) -> Player:  # Any: checked here
    if beside is not None:
        if not isinstance(beside, ReplayClient):
            raise InvalidTypeError("beside", beside, "a ReplayClient, or None")
        if beside.is_streaming:
            raise InvalidArgumentError("beside", beside, "one that does not run yet")
        return beside._player
    if isinstance(speed, str):
        if speed != "max":
            raise InvalidArgumentError("speed", speed, "a number above 0, or 'max'")
        return Player(span, "max")
    return Player(span, positive_number("speed", speed, "recorded seconds a second"))
