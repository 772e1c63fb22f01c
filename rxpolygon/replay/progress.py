"""How far a replay has come."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

__all__ = ["ReplayProgress"]


class ReplayProgress(Struct, frozen=True, kw_only=True):
    """A replay at one moment.

    Attributes:
        time: The virtual time; None before the first frame.
        frames: Frames (or single events of sources that have no frames) delivered.
        bytes_read: Bytes read from all sources, as they lie on the disk.
        total_bytes: All bytes of all sources; 0 if no source knows.
        is_over: Whether this is the last one.

    Example:
        >>> ReplayProgress(frames=10, bytes_read=50, total_bytes=200).share
        0.25
    """

    time: datetime | None = None
    frames: int = 0
    bytes_read: int = 0
    total_bytes: int = 0
    is_over: bool = False

    @property
    def share(self) -> float:
        """From 0 to 1, by the bytes."""
        return min(1.0, self.bytes_read / self.total_bytes) if self.total_bytes else float(self.is_over)
