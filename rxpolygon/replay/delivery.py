"""Delivery on virtual time, of frames and of events that never were frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from rxpolygon.delivery import Delivery
from rxpolygon.events import Event
from rxpolygon.fan import Fan
from rxpolygon.raw import RawDelivery
from rxpolygon.symbol_table import nobody

__all__ = ["RawReplayDelivery", "ReplayDelivery"]


class ReplayDelivery(Delivery):
    """Hands on what the player gives, lazily: each piece is taken when the one before is delivered."""

    #: Seconds of virtual time since the epoch.
    clock: Callable[[], float]
    #: Classes of events that nobody asked for; None when that has to be found out anew.
    _unwanted: set[type] | None = None
    #: Classes of events that there are.
    _kinds: frozenset[type] = frozenset()

    def wanted_changed(self) -> None:
        """Somebody asks for other topics from now on. Any thread."""
        unwanted, self._unwanted = self._unwanted, None
        if unwanted is not None:
            unwanted.clear()  # a loop that runs sees it with its next event

    def _find_unwanted(self) -> set[type]:
        self._kinds = frozenset(self._router.types.values())
        self._unwanted = found = set(self._kinds)
        found.difference_update(self._router.types[topic.prefix] for topic in self._router.wanted)
        return found

    def _route_frames(self, frames: list[bytes]) -> tuple[int, int | None]:
        """As live, but in passing over what nobody asked for: a recording may hold much of that.

        And notices (statuses) may come anywhere: they are no events, and are not counted.
        """
        unwanted = self._unwanted if self._unwanted is not None else self._find_unwanted()
        decode, tables, raw = self._decode, self._router.tables, self._messages
        count = 0
        newest: Sequence[object] = ()  # the last frame that was no mere status
        on_next: Callable[[Any], object] = nobody
        kinds = self._kinds
        event: Any  # an Event or a notice
        for frame in frames:
            if raw.observers:
                raw.emit(frame)
            before = newest
            try:
                newest = decode(frame)
            except Exception:
                salvaged = self._route_salvaged(frame)
                count += len(salvaged)
                newest = salvaged or before
                continue
            count += len(newest)
            for event in newest:
                kind = event.__class__
                if kind in unwanted:
                    continue
                if kind not in kinds:
                    count -= 1
                    newest = before
                    continue
                try:
                    table = tables[kind]
                    table.last = event
                    on_next = table[event.symbol]
                    on_next(event)
                except BaseException as error:
                    self._router.fail_at(kind, event.symbol, on_next, error)
        stamps = [event.timestamp for event in newest if isinstance(event, Event)]
        return count, stamps[-1] if stamps else None

    def play_frames(self, frames: Iterable[bytes]) -> None:
        """Frames in order."""
        self.frames(cast("list[bytes]", frames))  # it is only iterated
        self._note_time()

    def play_events(self, kind: type[Event], events: Iterable[Event]) -> None:
        """Events of one kind in order; they may be of a class below it."""
        if self._events.observers or self._handlers.wants_frames:
            count, last = self._give_to_all(kind, events)
        else:
            count, last = self._route_events(kind, events)
        if last is not None:
            self.progress.events += count
            self.progress.last_timestamp = last.timestamp
            self._note_time()

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

    def _note_time(self) -> None:
        self.progress.last_wall_time = self.clock()

    @property
    def fans(self) -> tuple[Fan[Event], Fan[bytes]]:
        """Whose observers decide how a piece is delivered; when they change, a new piece must begin."""
        return self._events, self._messages


class RawReplayDelivery(ReplayDelivery, RawDelivery):
    """The same with the wire's own dicts."""

    _route_frames = RawDelivery._route_frames
