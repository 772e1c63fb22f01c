"""Frames on their way from the socket to the observers: a queue that is bounded in bytes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

from rxpolygon.connection.effects import Effect, Tell
from rxpolygon.status import CaughtUp, Dropped, Lagging

__all__ = ["DEFAULT_BUFFER", "OVERFLOW_POLICIES", "BufferFigures", "FrameBuffer", "Overflow"]

Overflow = Literal["block", "drop_oldest", "drop_newest", "error"]
OVERFLOW_POLICIES: Final = ("block", "drop_oldest", "drop_newest", "error")

#: The default limit in bytes.
DEFAULT_BUFFER: Final = 256 * 1024 * 1024

_HIGH_WATER: Final = 0.5
_LOW_WATER: Final = 0.1


class BufferFigures(Struct, frozen=True):
    """A buffer at one moment.

    Attributes:
        frames: How many frames ever came.
        bytes: Their size.
        size: Bytes that wait or are being worked on.
        dropped: How many frames were given up.
    """

    frames: int
    bytes: int
    size: int
    dropped: int


class _Batch:
    """Frames that were handed over together."""

    __slots__ = ("frames", "size")

    def __init__(self, frames: list[bytes], size: int) -> None:
        self.frames = frames
        self.size = size


class _Hole:
    """A place where frames were given up."""

    __slots__ = ("frames", "size")

    def __init__(self) -> None:
        self.frames = 0
        self.size = 0


class FrameBuffer:
    """A queue from one putting thread to one taking thread, with effects in between, in their order.

    What was taken counts as buffered until the next take, so the bound holds for what is being worked on too.

    Args:
        limit: The most bytes that may wait; readable as an attribute. A single larger frame is let in when
            nothing else waits.
        overflow: What happens when it is full.
    """

    def __init__(self, limit: int, overflow: Overflow) -> None:
        self.limit = limit
        self._overflow = overflow
        self._condition = threading.Condition()
        self._entries: deque[_Batch | _Hole | Effect] = deque()  # all below: under the condition's lock
        self._size = 0
        self._in_work = 0
        self._frames = 0
        self._bytes = 0
        self._dropped = 0
        self._closed = False
        self._is_held = False
        self._behind_since: float | None = None

    @property
    def is_held(self) -> bool:
        """Whether the putting thread waits for room, or did until just now: see :meth:`let_go`."""
        return self._is_held

    def let_go(self) -> None:
        """The putting thread goes on, and whoever looks at :attr:`is_held` has been told."""
        self._is_held = False

    @property
    def figures(self) -> BufferFigures:
        """What came, waits and was given up, with each list of frames whole or not at all."""
        with self._condition:
            return BufferFigures(self._frames, self._bytes, self._size, self._dropped)

    def after_fork(self) -> None:
        """Let go of a lock that a thread of the parent may have held."""
        self._condition = threading.Condition()

    def put(self, frames: list[bytes], is_wanted: Callable[[], bool] = lambda: True) -> bool:
        """Queue frames; may block.

        Args:
            frames: Whole messages.
            is_wanted: Asked before each bit is queued, while no effect can be: if false, the rest is let go.

        Returns:
            False when the policy is ``error`` and they do not fit.
        """
        size = sum(map(len, frames))
        with self._condition:
            self._frames += len(frames)
            self._bytes += size
            if self._closed or not is_wanted():
                return True
            if self._size + size > self.limit and (self._size or len(frames) > 1):
                return self._put_over_limit(frames, size, is_wanted)
            self._append(frames, size)
            return True

    def _append(self, frames: list[bytes], size: int) -> None:
        self._entries.append(_Batch(frames, size))
        self._size += size
        if self._behind_since is None and self._size > self.limit * _HIGH_WATER:
            self._behind_since = time.monotonic()
            self._entries.appendleft(Tell(Lagging(self._size)))
        self._condition.notify_all()

    def _put_over_limit(self, frames: list[bytes], size: int, is_wanted: Callable[[], bool]) -> bool:
        if self._overflow == "error":
            return False
        if self._overflow == "block":
            self._put_in_parts(frames, is_wanted)
            return True
        if self._overflow == "drop_newest":
            fitting = self._fitting(frames) or (1 if not self._size else 0)
            if fitting:
                self._append(frames[:fitting], sum(map(len, frames[:fitting])))
            self._drop_into(self._last_hole(), frames[fitting:])
        else:
            self._append(*self._make_room(frames, size))
        return True

    def _put_in_parts(self, frames: list[bytes], is_wanted: Callable[[], bool]) -> None:
        """Wait for room, and use each bit of it at once."""
        rest = frames
        while rest and not self._closed and is_wanted():
            fitting = self._fitting(rest) or (1 if not self._size else 0)
            if fitting:
                part, rest = rest[:fitting], rest[fitting:]
                self._append(part, sum(map(len, part)))
                continue
            self._is_held = True
            self._condition.wait()

    def _fitting(self, frames: list[bytes]) -> int:
        room = self.limit - self._size
        for count, frame in enumerate(frames):
            room -= len(frame)
            if room < 0:
                return count
        return len(frames)

    def _last_hole(self) -> _Hole:
        last = self._entries[-1] if self._entries else None
        if isinstance(last, _Hole):
            return last
        hole = _Hole()
        self._entries.append(hole)
        return hole

    def _make_room(self, frames: list[bytes], size: int) -> tuple[list[bytes], int]:
        """Give up the oldest frames until the rest fits, and mark the hole where they were.

        Returns:
            What is left of the new frames, and its size: they may not fit even alone.
        """
        hole = _Hole()
        kept: list[Effect] = []
        while self._entries and self._size + size > self.limit:
            entry = self._entries.popleft()
            if isinstance(entry, _Batch):
                self._shorten(entry, size, hole)
                if entry.frames:
                    self._entries.appendleft(entry)
            elif isinstance(entry, _Hole):
                hole.frames += entry.frames
                hole.size += entry.size
            else:
                kept.append(entry)
        excess = self._excess_frames(frames, size)
        self._drop_into(hole, frames[:excess])
        if hole.frames:
            self._entries.appendleft(hole)
        self._entries.extendleft(reversed(kept))
        rest = frames[excess:]
        return rest, sum(map(len, rest))

    def _excess_frames(self, frames: list[bytes], size: int) -> int:
        """How many of the first of these frames must go; the last one stays where nothing else waits."""
        count = 0
        while count < len(frames) - (0 if self._size else 1) and self._size + size > self.limit:
            size -= len(frames[count])
            count += 1
        return count

    def _shorten(self, batch: _Batch, size: int, hole: _Hole) -> None:
        excess = self._size + size - self.limit
        count = 0
        freed = 0
        while count < len(batch.frames) and freed < excess:
            freed += len(batch.frames[count])
            count += 1
        self._drop_into(hole, batch.frames[:count])
        self._size -= freed
        batch.size -= freed
        del batch.frames[:count]

    def _drop_into(self, hole: _Hole, frames: list[bytes]) -> None:
        hole.frames += len(frames)
        hole.size += sum(map(len, frames))
        self._dropped += len(frames)

    def tell(self, effect: Effect) -> None:
        """Queue an effect behind what is there. Never blocks, and is never dropped."""
        with self._condition:
            self._entries.append(effect)
            self._condition.notify_all()

    def take(self) -> list[bytes] | Effect:
        """Wait for the next frames or effect."""
        with self._condition:
            self._finish_work()
            while not self._entries:
                self._condition.wait()
            entry = self._entries.popleft()
            if isinstance(entry, _Batch):
                self._in_work = entry.size
                return entry.frames
            if isinstance(entry, _Hole):
                return Tell(Dropped(entry.frames, entry.size))
            return entry

    def _finish_work(self) -> None:
        if not self._in_work:
            return
        self._size -= self._in_work
        self._in_work = 0
        if self._behind_since is not None and self._size <= self.limit * _LOW_WATER:
            self._entries.appendleft(Tell(CaughtUp(time.monotonic() - self._behind_since)))
            self._behind_since = None
        self._condition.notify_all()

    def discard(self) -> int:
        """Let go of all waiting frames and accept no more; how many frames that were."""
        with self._condition:
            self._closed = True
            batches = [entry for entry in self._entries if isinstance(entry, _Batch)]
            # Drops are told even so: what was counted must be told.
            self._entries = deque(
                Tell(Dropped(entry.frames, entry.size)) if isinstance(entry, _Hole) else entry
                for entry in self._entries
                if not isinstance(entry, _Batch)
            )
            self._size = self._in_work
            self._condition.notify_all()
            return sum(len(batch.frames) for batch in batches)
