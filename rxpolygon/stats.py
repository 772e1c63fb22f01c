"""Figures about a stream at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from rxpolygon.status import Disconnected, Gap, Reconnecting, Refused, Status

__all__ = ["StreamStats", "Tally", "time_of"]

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
        reconnects: How often a connection was to be tried again.
        disconnects: Ends of connections, by the cause that :class:`~rxpolygon.status.Disconnected` names.
        gaps: Gaps that were told.
        gaps_by_cause: The same by the cause that :class:`~rxpolygon.status.Gap` names.
        refused: Topics that the server refused.
        overflow: The policy by which frames are dropped when the buffer is full.
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
    reconnects: int = 0
    disconnects: Mapping[str, int] = {}
    gaps: int = 0
    gaps_by_cause: Mapping[str, int] = {}
    refused: int = 0
    overflow: str = "block"


class Tally:
    """Counts the statuses that figures are made of. Written by the dispatch thread only."""

    __slots__ = ("disconnects", "gaps_by_cause", "reconnects", "refused")

    def __init__(self) -> None:
        self.reconnects = 0
        self.refused = 0
        self.disconnects: dict[str, int] = {}
        self.gaps_by_cause: dict[str, int] = {}

    def add(self, status: Status) -> None:
        """A status is about to be told."""
        match status:
            case Gap():
                self.gaps_by_cause[status.cause] = self.gaps_by_cause.get(status.cause, 0) + 1
            case Disconnected():
                self.disconnects[status.cause] = self.disconnects.get(status.cause, 0) + 1
            case Reconnecting():
                self.reconnects += 1
            case Refused():
                self.refused += 1

    def added_to(self, stats: StreamStats) -> StreamStats:
        """Figures with these counts."""
        gaps = dict(self.gaps_by_cause)
        return replace(
            stats,
            reconnects=self.reconnects,
            disconnects=dict(self.disconnects),
            gaps=sum(gaps.values()),
            gaps_by_cause=gaps,
            refused=self.refused,
        )


def time_of(timestamp: int | None) -> datetime | None:
    """Unix milliseconds as a time; None where a server's number is no time of this calendar."""
    if timestamp is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=timestamp)
    except OverflowError:
        return None
