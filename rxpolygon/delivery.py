"""From frames to observers: decode, route, count. Everything here runs on the dispatch thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec

from rxpolygon.errors import RxPolygonError
from rxpolygon.events import Event
from rxpolygon.fan import Fan, FrameFan, StatusFan
from rxpolygon.gaps import GapWatch
from rxpolygon.router import Router
from rxpolygon.stats import Tally
from rxpolygon.status import Closed, Dropped, Lagging, Malformed, Status
from rxpolygon.subscriber import OnNext
from rxpolygon.symbol_table import nobody
from rxpolygon.topics import Topic
from rxpolygon.venues.dialect import Broken, Label, Salvaged, Split

__all__ = ["Delivery", "Handlers", "Progress"]


class Decoder(Protocol):
    """The part of a dialect that reads market data."""

    @property
    def decode(self) -> Callable[[bytes], Sequence[object]]:
        """A frame's events, or an exception."""

    def salvage(self, frame: bytes) -> Salvaged:
        """What is good in a frame that ``decode`` refused."""

    def label(self, item: Mapping[str, object]) -> Label | None:
        """What an object of a frame is; None for a notice."""

    def channel_in(self, data: bytes) -> str | None:
        """The channel that damaged data seems to belong to."""

    def redacted(self, data: bytes) -> bytes:
        """The data without the key."""

    def split(self, frame: bytes) -> Split:
        """A frame's objects as dicts."""


class Handlers(Protocol):
    """The user's callbacks, isolated already: they never raise."""

    @property
    def wants_frames(self) -> bool:
        """Whether :meth:`on_frame` would do anything now."""

    def on_frame(self, frame: bytes) -> None:
        """A frame came."""

    def on_event(self, event: object) -> None:
        """An event of that frame, or its dict."""

    def on_status(self, status: Status) -> None:
        """A status is told."""

    def on_end(self, error: RxPolygonError | None) -> None:
        """The stream is over."""


class Progress:
    """How far the delivery has come. Written by the dispatch thread only."""

    __slots__ = ("events", "last_timestamp", "last_wall_time", "malformed")

    def __init__(self) -> None:
        self.events = 0
        self.malformed = 0
        self.last_timestamp: int | None = None
        self.last_wall_time = 0.0


class Delivery:
    """Hands frames to observers.

    Args:
        decoder: Reads frames.
        router: Knows who observes what.
        events: Observers of all events.
        messages: Observers of all raw frames.
        status: Observers of the connection's life.
        handlers: The user's callbacks.
        check_utf8: Whether to look for invalid UTF-8 before decoding.
        when_over: Called last of all, with the error that ended the stream.
    """

    def __init__(
        self,
        decoder: Decoder,
        router: Router,
        events: Fan[Event],
        messages: FrameFan,
        status: StatusFan,
        handlers: Handlers,
        *,
        check_utf8: bool = False,
        when_over: Callable[[RxPolygonError | None], None] = lambda error: None,
    ) -> None:
        self.progress = Progress()
        self.tally = Tally()
        self._decoder = decoder
        self._router = router
        self._events = events
        self._messages = messages
        self._status = status
        self._handlers = handlers
        self._when_over = when_over
        self._is_muted = False  # written by any thread
        self._muted_frames = 0
        self._gaps = GapWatch(router, self.tell, self._timestamp_of)
        self._decode = _checked(decoder.decode) if check_utf8 else decoder.decode

    def mute(self) -> None:
        """Give nothing of the frames at hand to anybody any more. Any thread."""
        self._is_muted = True
        self._router.mute()

    def frames(self, frames: list[bytes]) -> None:
        """Frames, in order."""
        lists = self._messages.lists
        if lists.observers and not self._is_muted:  # a recorder, mostly
            lists.emit(frames)
        if self._events.observers or self._handlers.wants_frames:
            count, stamp = self._deliver_to_all(frames)
        else:
            count, stamp = self._route_frames(frames)
        self._advance(count, stamp)

    def _advance(self, count: int, stamp: int | None) -> None:
        """Count events that were delivered; last of all, for who sees them counted may look at the rest."""
        progress = self.progress
        if stamp is not None:
            progress.last_wall_time = self._time()
            progress.last_timestamp = stamp
        progress.events += count

    def _time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def _route_frames(self, frames: list[bytes]) -> tuple[int, int | None]:
        """The hot path: an event costs its decoding, two lookups, and its observers."""
        decode = self._decode
        tables, raw = self._router.tables, self._messages
        count = 0
        events: Sequence[object] = ()
        on_next: OnNext = nobody
        for frame in frames:
            if self._is_muted:
                self._muted_frames += 1
                continue
            if raw.observers:
                raw.emit(frame)
            try:
                events = decode(frame)
            except Exception:
                events = self._route_salvaged(frame)
                count += len(events)
                continue
            count += len(events)
            for event in events:
                try:
                    table = tables[event.__class__]
                    table.last = event
                    every = table.every
                    on_next = table[event.symbol] if every is None else every  # type: ignore[attr-defined]
                    on_next(event)
                except BaseException as error:
                    symbol: str = event.symbol  # type: ignore[attr-defined]
                    self._router.fail_at(event.__class__, symbol, on_next, error)
        # Frames with statuses end the list they are handed over in, so only the last may hold some.
        last = [event for event in events if isinstance(event, Event)]
        return count - len(events) + len(last), last[-1].timestamp if last else None

    def _deliver_to_all(self, frames: list[bytes]) -> tuple[int, int | None]:
        """The same when somebody looks at all events, too: they come first."""
        count = 0
        last: Event | None = None
        for frame in frames:
            if self._is_muted:
                self._muted_frames += 1
                continue
            self._messages.emit(frame)
            self._handlers.on_frame(frame)
            events: Iterable[object]
            try:
                events = self._decode(frame)
            except Exception:
                events = self._salvaged(frame)
            for event in events:
                if self._is_muted:
                    break
                if isinstance(event, Event):
                    count += 1
                    last = event
                    if self._gaps.is_waiting:
                        self._gaps.end(event.__class__, event)
                    self._events.emit(event)
                    self._handlers.on_event(event)
                    self._route(event)
        return count, None if last is None else last.timestamp

    def _route(self, event: Event) -> None:
        self._route_to(event.__class__, event.symbol, event)

    def _route_to(self, kind: type, symbol: str, event: object) -> None:
        table = self._router.tables[kind]
        table.last = event
        on_next = table[symbol]
        try:
            on_next(event)
        except BaseException as error:
            self._router.fail_at(kind, symbol, on_next, error)

    def _route_salvaged(self, frame: bytes) -> list[Event]:
        delivered: list[Event] = []
        for event in self._salvaged(frame):
            if self._is_muted:
                break
            delivered.append(event)
            self._route(event)
        return delivered

    def _salvaged(self, frame: bytes) -> Iterator[Event]:
        """The good events of a frame; what is broken is told between them, in its place."""
        for part in self._decoder.salvage(frame).parts:
            if isinstance(part, Broken):
                self._tell_malformed(part)
            else:
                yield part

    def _tell_malformed(self, broken: Broken) -> None:
        self.progress.malformed += 1
        self.tell(Malformed(self._decoder.redacted(broken.data), broken.problem))
        channel = self._decoder.channel_in(broken.data)
        wanted = self._router.wanted
        known = [topic for topic in wanted if topic.prefix == channel]
        if channel is None or known:
            self._gaps.open(known or wanted, "malformed", 1)

    @property
    def lag(self) -> float | None:
        """Seconds from the newest event's own time to its delivery; None before the first event.

        None too for a server's number that is no time, and too large for seconds.
        """
        stamp = self.progress.last_timestamp
        try:
            return None if stamp is None else self.progress.last_wall_time - stamp / 1_000
        except OverflowError:
            return None

    def tell(self, status: Status) -> None:
        """A status, in order with the frames around it."""
        if isinstance(status, Lagging):
            status = msgspec.structs.replace(status, lag=self.lag)
        self.tally.add(status)
        self._handlers.on_status(status)
        self._status.emit(status)
        if isinstance(status, Dropped):
            self.lost(None, "dropped", status.frames)

    def lost(self, topics: tuple[Topic, ...] | None, cause: str, dropped: int | None) -> None:
        """Data of topics was lost here; None stands for all that are subscribed."""
        self._gaps.open(self._router.wanted if topics is None else topics, cause, dropped)

    def _timestamp_of(
        self, event: Any
    ) -> int | None:  # Any: an Event here, a dict where raw data is delivered
        return cast("int | None", event.timestamp)

    def refuse(self, topic: Topic, error: RxPolygonError) -> None:
        """A topic was refused."""
        self._router.refuse(topic, error)

    def end(self, error: RxPolygonError | None, undelivered: int) -> None:
        """Nothing follows: the last status, then the end of every Observable."""
        kind = type(error).__name__ if error is not None else None
        self._gaps.close()
        undelivered += self._muted_frames
        self.tell(Closed(str(error) if error is not None else None, kind, undelivered))
        self._router.end(error)
        self._events.end(error)
        self._messages.end(error)
        self._status.end(error)
        self._handlers.on_end(error)
        self._when_over(error)


def _checked(decode: Callable[[bytes], Sequence[object]]) -> Callable[[bytes], Sequence[object]]:
    """The decoder, after a look at the whole frame's UTF-8; alone it checks only what it keeps."""

    def checked(frame: bytes) -> Sequence[object]:
        frame.decode("utf-8")
        return decode(frame)

    return checked
