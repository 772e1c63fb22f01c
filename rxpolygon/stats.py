"""Figures about a stream at one moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

__all__ = ["StreamStats", "time_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class StreamStats(Struct, frozen=True, kw_only=True):
    """What a client has done since its start.

    Attributes:
        frames: Websocket messages received.
        events: Market events decoded.
        bytes: Size of the frames in bytes.
        buffered_bytes: What waits to be dispatched, in bytes.
        dropped: Frames that the overflow policy gave up.
        malformed: Frames or events that could not be decoded.
        connections: Connections opened, failed attempts included.
        last_event_time: The newest event's own time, UTC; None before the first.
        lag: Seconds from that time to the event's delivery; None before the first. Recorded data counts
            from its own past, so this is large in a replay.
    """

    frames: int = 0
    events: int = 0
    bytes: int = 0
    buffered_bytes: int = 0
    dropped: int = 0
    malformed: int = 0
    connections: int = 0
    last_event_time: datetime | None = None
    lag: float | None = None


def time_of(timestamp: int | None) -> datetime | None:
    """Unix milliseconds as a time; None where a server's number is no time of this calendar."""
    if timestamp is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=timestamp)
    except OverflowError:
        return None
