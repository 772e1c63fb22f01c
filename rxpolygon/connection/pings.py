"""When to ping, and when a connection is dead because nothing came after a ping. Pure."""

from __future__ import annotations

from typing import Final

from rxpolygon.transport.base import Ping

__all__ = ["PingWatch"]


class PingWatch:
    """Pings at an interval, and takes any byte that comes after one for its answer.

    Args:
        ping: When to ping, and how long to wait for a byte.
    """

    def __init__(self, ping: Ping) -> None:
        self._ping: Final = ping
        self._ping_at: float | None = None
        self._pinged_at: float | None = None  # the ping that nothing has come after
        self._reads = 0  # when it was sent

    @property
    def deadline(self) -> float | None:
        """When the next look is due."""
        times = (self._ping_at, self._dead_at)
        return min((time for time in times if time is not None), default=None)

    @property
    def _dead_at(self) -> float | None:
        if self._pinged_at is None or not self._ping.timeout:
            return None
        return self._pinged_at + self._ping.timeout

    def opened(self, now: float) -> None:
        """The websocket is open."""
        self._ping_at = now + self._ping.interval if self._ping.interval else None
        self._pinged_at = None

    def connection_lost(self) -> None:
        """There is nothing to ping."""
        self._ping_at = self._pinged_at = None

    def released(self) -> None:
        """Our own full buffer held back the reading until now: no answer could be read."""
        self._pinged_at = None

    def dead(self, now: float, reads: int, held: bool) -> str | None:
        """Why the connection is dead, as text; None while it is not.

        Args:
            now: The time.
            reads: The transport's count of reads: any change is a sign of life.
            held: Whether our own full buffer holds back the reading; then silence proves nothing.
        """
        if held or reads != self._reads:
            self._pinged_at = None
        dead_at = self._dead_at
        if dead_at is None or now < dead_at:
            return None
        return f"not a byte within {self._ping.timeout:g} s after a ping"

    def is_due(self, now: float, reads: int, held: bool) -> bool:
        """Whether to ping now; the arguments are those of :meth:`dead`, which comes first."""
        if self._ping_at is None or now < self._ping_at:
            return False
        self._ping_at = now + self._ping.interval
        if self._pinged_at is None and not held:
            self._pinged_at, self._reads = now, reads
        return True
