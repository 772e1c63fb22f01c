"""Serves a recording to one connection: only what it subscribed to, at the recording's pace or faster."""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson

from rxpolygon.errors import RecordingError
from rxpolygon.recording import RecordedFrame, read_frames
from rxpolygon.simulator.faults import Duplicate, Reorder
from rxpolygon.simulator.venues.base import Encoding
from rxpolygon.topics import Topic

if TYPE_CHECKING:
    from rxpolygon.simulator.journal import Journal
    from rxpolygon.simulator.session import Session
    from rxpolygon.simulator.settings import Settings
    from rxpolygon.simulator.venues.base import Venue, WireEvent

__all__ = ["Playback", "markets_in"]

_LOG: Final = logging.getLogger("rxpolygon.simulator")
_LOOK_AT_FRAMES: Final = 200
_BATCH_BYTES: Final = 64 * 1024
_NORMAL: Final = 1000
# Shorter sleeps cost more than they bring.
_SHORTEST_SLEEP: Final = 0.001


_PARTS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_EVENTS: Final = msgspec.json.Decoder(list[dict[str, Any]])


def markets_in(path: Path, venue: Venue) -> frozenset[str]:
    """The markets that a recording may be of, told from its first frames.

    Raises:
        RecordingError: It is empty, or no recording.
    """
    markets: frozenset[str] = frozenset()
    for recorded in islice(_until_cut(read_frames(path)), _LOOK_AT_FRAMES):
        try:
            events = _EVENTS.decode(venue.as_json(recorded.frame))
        except msgspec.DecodeError:
            continue
        for event in events:
            possible = venue.markets_of(event)
            markets = (markets & possible or markets) if markets else possible
        if len(markets) == 1:
            break
    if not markets:
        problem = f"no market data of this venue among the first {_LOOK_AT_FRAMES} frames: try another"
        raise RecordingError(str(path), 1, f"{problem} (in a terminal --venue)")
    return markets


def _until_cut(frames: Iterator[RecordedFrame]) -> Iterator[RecordedFrame]:
    """The frames before a cut; an error on the first line is an error."""
    yield next(frames)
    try:
        yield from frames
    except RecordingError:
        return


class Playback:
    """One connection's playback; :meth:`run` it as a task of the event loop."""

    def __init__(self, session: Session, venue: Venue, settings: Settings, journal: Journal) -> None:
        assert settings.recording is not None
        self._path: Path = settings.recording
        self._session = session
        self._venue = venue
        self._settings = settings
        self._journal = journal
        self._filter = _Filter(session, venue)
        self._jumble = _jumble(settings, session.number)
        self._whole = self._jumble is None and not any(isinstance(f, Duplicate) for f in settings.faults)
        self._batch: list[bytes] = []
        self._batch_bytes = 0

    async def run(self) -> None:
        """Play to the end, once or again and again."""
        self._journal.playback_began()
        is_over = False
        try:
            await self._settle()
            while True:
                await self._play()
                if self._settings.on_end != "repeat":
                    break
                await asyncio.sleep(0)
            is_over = True
        finally:
            self._journal.playback_ended(is_over=is_over)
        if self._settings.on_end == "close":
            self._session.link.close(_NORMAL, "the recording is over")

    async def _settle(self) -> None:
        now = asyncio.get_running_loop().time
        while (quiet_at := self._session.last_subscribed + self._settings.settle) > now():
            await asyncio.sleep(quiet_at - now())

    async def _play(self) -> None:
        frames = read_frames(self._path)
        try:
            if self._settings.speed == "max":
                await self._play_fast(frames)
            else:
                await self._play_paced(frames, self._settings.speed)
        except RecordingError as error:
            _LOG.warning("the recording ends early: %s", error)
            self._flush()
        if self._jumble is not None:
            self._take_events(self._jumble.rest())
            self._flush()

    async def _play_fast(self, frames: Iterator[RecordedFrame]) -> None:
        for recorded in frames:
            self._take(recorded)
            if self._batch_bytes > _BATCH_BYTES:
                self._flush()
                await self._make_room()
        self._flush()

    async def _play_paced(self, frames: Iterator[RecordedFrame], speed: float) -> None:
        now = asyncio.get_running_loop().time
        began, first_ns = now(), None
        for recorded in frames:
            if first_ns is None:
                first_ns = recorded.received_ns
            due = began + (recorded.received_ns - first_ns) / 1e9 / speed
            if due > now() or self._batch_bytes > _BATCH_BYTES:
                self._flush()
                await self._make_room()
                if due > now():
                    await asyncio.sleep(max(due - now(), _SHORTEST_SLEEP))
            self._take(recorded)
        self._flush()

    async def _make_room(self) -> None:
        await asyncio.sleep(0)
        # "As fast as the client reads" is patient by its meaning, even where slow readers are cut off.
        session, is_patient = self._session, self._settings.speed == "max"
        while session.outlet.is_full or (is_patient and session.link.is_full):
            await session.link.room()

    def _take(self, recorded: RecordedFrame) -> None:
        if self._whole:
            frame = self._filter.frame(recorded.frame)
            if frame is not None:
                self._batch.append(frame)
                self._batch_bytes += len(frame)
            return
        events = self._filter.events(recorded.frame)
        if self._jumble is not None:
            events = self._jumble.release(events, recorded.received_ns)
        self._take_events(events)

    def _take_events(self, events: list[bytes]) -> None:
        if events:
            self._session.outlet.deliver(self._filter.written(events))
            self._batch_bytes += sum(map(len, events))

    def _flush(self) -> None:
        if self._batch:
            self._session.outlet.deliver_frames(self._batch)
            self._batch = []
        self._batch_bytes = 0


class _Filter:
    """Keeps of each frame what a connection has subscribed to.

    A frame is not decoded but looked through for the symbols of its events; one that is wanted whole goes out
    as the same bytes, and one that is no array of objects too. Where recording and connection differ in their
    encoding, events are written anew.
    """

    def __init__(self, session: Session, venue: Venue) -> None:
        self._session = session
        self._venue = venue
        self._is_json = session.encoding is Encoding.JSON
        self._version = -1
        self._wanted: dict[tuple[Any, Any], bool] = {}

    def frame(self, frame: bytes) -> bytes | None:
        """The frame, or what is left of it, or None if nothing is."""
        text = self._venue.as_json(frame)
        try:
            chosen = self._chosen(text)
        except msgspec.DecodeError:
            return frame
        if not any(chosen):
            return None
        if all(chosen) and self._is_json is (text is frame):
            return frame
        return self._venue.encode(self.written(_kept(text, chosen)), self._session.encoding)

    def events(self, frame: bytes) -> list[bytes]:
        """The wanted events of a frame, in JSON."""
        text = self._venue.as_json(frame)
        try:
            chosen = self._chosen(text)
        except msgspec.DecodeError:
            return []
        return _kept(text, chosen)

    def written(self, events: list[bytes]) -> list[WireEvent]:
        """Events of the recording in the connection's encoding."""
        if self._is_json:
            return [orjson.Fragment(event) for event in events]
        encoding = self._session.encoding
        return [self._venue.rewrite(orjson.loads(event), encoding) for event in events]

    def _chosen(self, frame: bytes) -> list[bool]:
        if self._session.interest.version != self._version:
            self._version = self._session.interest.version
            self._wanted = {}
        wanted = self._wanted
        chosen = []
        for key in self._venue.keys(frame):
            try:
                chosen.append(wanted[key])
            except KeyError:
                wanted[key] = is_wanted = self._is_wanted(*key)
                chosen.append(is_wanted)
        return chosen

    def _is_wanted(self, prefix: object, symbol: object) -> bool:
        if not isinstance(prefix, str) or not isinstance(symbol, str):
            return False
        session = self._session
        topic = Topic(prefix, self._venue.normal_symbol(session.cluster, symbol))
        return session.interest.covers(topic.prefix, topic.symbol)


def _kept(frame: bytes, chosen: list[bool]) -> list[bytes]:
    parts = _PARTS.decode(frame)
    return [bytes(part) for part, is_wanted in zip(parts, chosen, strict=True) if is_wanted]


class _Jumble:
    """Holds some events back for a time of their own, by the recording's clock."""

    def __init__(self, fault: Reorder, seed: str) -> None:
        self._fault = fault
        self._random = random.Random(seed)
        self._held: list[tuple[int, int, bytes]] = []
        self._count = 0

    def release(self, events: list[bytes], now_ns: int) -> list[bytes]:
        for event in events:
            self._count += 1
            is_late = self._random.random() < self._fault.share
            delay = int(self._random.random() * self._fault.within * 1e9) if is_late else 0
            heapq.heappush(self._held, (now_ns + delay, self._count, event))
        return self._until(now_ns)

    def rest(self) -> list[bytes]:
        return self._until(None)

    def _until(self, now_ns: int | None) -> list[bytes]:
        released: list[bytes] = []
        while self._held and (now_ns is None or self._held[0][0] <= now_ns):
            released.append(heapq.heappop(self._held)[2])
        return released


def _jumble(settings: Settings, number: int) -> _Jumble | None:
    fault = next((fault for fault in settings.faults if isinstance(fault, Reorder)), None)
    return None if fault is None else _Jumble(fault, f"{settings.seed}/playback {number}")
