"""Delivery on virtual time, of frames and of events that never were frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from rxpolygon.delivery import Delivery
from rxpolygon.events import Event
from rxpolygon.fan import Fan
from rxpolygon.raw import RawDelivery
from rxpolygon.symbol_table import nobody
from rxpolygon.venues.dialect import Broken, PassedOver

__all__ = ["RawReplayDelivery", "ReplayDelivery"]


class ReplayDelivery(Delivery):
    """Hands on what the player gives, lazily: each piece is taken when the one before is delivered."""

    #: Seconds of virtual time since the epoch.
    clock: Callable[[], float]
    #: Classes of events that nobody asked for; None when that has to be found out anew.
    _unwanted: set[type] | None = None
    #: Makes events of the others; found together with them.
    _narrow_decode: Callable[[bytes], Sequence[object]]
    #: Classes of events that there are.
    _kinds: frozenset[type] = frozenset()

    def wanted_changed(self) -> None:
        """Somebody asks for other topics from now on. Any thread."""
        unwanted, self._unwanted = self._unwanted, None
        if unwanted is not None:
            unwanted.clear()  # a loop that runs sees it with its next event

    def _find_unwanted(self) -> set[type]:
        self._kinds = frozenset(self._router.types.values())
        wanted = frozenset(self._router.types[topic.prefix] for topic in self._router.wanted)
        self._narrow_decode, passed_over = self._decode, frozenset[type]()
        narrow = getattr(self._decoder, "decode_only", None)  # a codec need not have it
        if narrow is not None and wanted != self._kinds:
            self._narrow_decode, passed_over = narrow(wanted)
        self._unwanted = found = {*(self._kinds - wanted), *passed_over}
        return found

    def _route_frames(self, frames: list[bytes]) -> tuple[int, int | None]:
        """As live, but what nobody asked for is passed over undecoded: a recording may hold much of that.

        And notices (statuses) may come anywhere: they are no events, and are not counted.
        """
        unwanted = self._unwanted if self._unwanted is not None else self._find_unwanted()
        decode, tables, raw = self._narrow_decode, self._router.tables, self._messages
        count = 0
        newest: Sequence[object] = ()  # the last frame that was no mere status
        newest_frame = b""
        on_next: Callable[[Any], object] = nobody
        kinds = self._kinds
        event: Any  # an Event, a notice, or what stands for an event that was passed over
        for frame in frames:
            if raw.observers:
                raw.emit(frame)
            before, frame_before = newest, newest_frame
            try:
                newest = decode(frame)
            except Exception:
                salvaged = self._route_salvaged(frame)
                count += len(salvaged)
                newest = salvaged or before
                continue
            count += len(newest)
            newest_frame = frame
            for event in newest:
                kind = event.__class__
                if kind in unwanted:
                    continue
                if kind not in kinds:
                    if isinstance(event, PassedOver):  # asked for since the frame was decoded
                        count -= self._route_again(frame, newest, event)
                        decode = self._decode
                        break
                    count -= 1
                    newest, newest_frame = before, frame_before
                    continue
                try:
                    table = tables[kind]
                    table.last = event
                    on_next = table[event.symbol]
                    on_next(event)
                except BaseException as error:
                    self._router.fail_at(kind, event.symbol, on_next, error)
        return count, self._stamp_of(newest, newest_frame)

    def _route_again(self, frame: bytes, decoded: Sequence[object], first: object) -> int:
        """Decode all of a frame and route it from one of its events on; returns what was no event."""
        place = next(place for place, event in enumerate(decoded) if event is first)
        parts: Sequence[object]
        try:
            parts = self._decode(frame)
        except Exception:
            parts = self._decoder.salvage(frame).parts
        others = 0
        for part in parts[place:]:
            if isinstance(part, Event):
                self._route(part)
            else:
                others += 1
                if isinstance(part, Broken):
                    self._tell_malformed(part)
        return others

    def _stamp_of(self, events: Sequence[object], frame: bytes) -> int | None:
        """The timestamp of the last event of a frame."""
        if any(isinstance(event, PassedOver) for event in events):
            try:
                events = self._decode(frame)
            except Exception:
                events = self._decoder.salvage(frame).events
        stamps = [event.timestamp for event in events if isinstance(event, Event)]
        return stamps[-1] if stamps else None

    def play_frames(self, frames: Iterable[bytes]) -> None:
        """Frames in order."""
        self.frames(cast("list[bytes]", frames))  # it is only iterated

    def has_channel_for(self, kind: type[Event]) -> bool:
        """Whether there is a channel whose events are of this class."""
        return kind in self._router.types.values()

    def play_events(self, kind: type[Event], events: Iterable[Event]) -> None:
        """Events of one kind in order; they may be of a class below it."""
        if self._events.observers or self._handlers.wants_frames:
            count, last = self._give_to_all(kind, events)
        else:
            count, last = self._route_events(kind, events)
        if last is not None:
            self._advance(count, last.timestamp)

    def _route_events(self, kind: type[Event], events: Iterable[Event]) -> tuple[int, Event | None]:
        tables = self._router.tables
        count = 0
        event: Event | None = None
        on_next: Callable[[Event], object] = nobody
        for event in events:
            count += 1
            try:
                table = tables[kind]
                table.last = event
                on_next = table[event.symbol]
                on_next(event)
            except BaseException as error:
                self._router.fail_at(kind, event.symbol, on_next, error)
        return count, event

    def _give_to_all(self, kind: type[Event], events: Iterable[Event]) -> tuple[int, Event | None]:
        count = 0
        event: Event | None = None
        for event in events:
            count += 1
            self._events.emit(event)
            self._handlers.on_event(event)
            self._route_to(kind, event.symbol, event)
        return count, event

    def _time(self) -> float:
        return self.clock()

    @property
    def fans(self) -> tuple[Fan[Event], Fan[bytes]]:
        """Whose observers decide how a piece is delivered; when they change, a new piece must begin."""
        return self._events, self._messages


class RawReplayDelivery(ReplayDelivery, RawDelivery):
    """The same with the wire's own dicts."""

    _route_frames = RawDelivery._route_frames
