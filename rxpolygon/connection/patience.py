"""How often to ask a server again that does not do as it was told. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rxpolygon.topics import Topic

__all__ = ["Patience"]

_FIRST: Final = 1.0  # seconds; each further time waits twice as long
_LONGEST: Final = 30.0
_FORGET_AFTER: Final = 90.0  # seconds of peace after which a topic counts as new


class Patience:
    """Topics that the server took away or left out, and when each may be asked for again.

    A server that does it again and again would otherwise be asked as often as it can answer.
    """

    def __init__(self) -> None:
        self._due: dict[Topic, float] = {}
        self._times: dict[Topic, tuple[int, float]] = {}  # how often, and when last

    @property
    def deadline(self) -> float | None:
        """When the next topic may be asked for again."""
        return min(self._due.values(), default=None)

    def holds(self, topic: Topic) -> bool:
        """Whether a topic must wait."""
        return topic in self._due

    def note(self, topic: Topic, now: float, *, at_once: bool) -> bool:
        """The server has not done as asked.

        Args:
            topic: Of which topic.
            now: The time.
            at_once: Whether the first time is forgiven.

        Returns:
            Whether the topic may be asked for at once; otherwise it waits for :meth:`release`.
        """
        times, last = self._times.get(topic, (0, now))
        if now - last > _FORGET_AFTER:
            times = 0
        self._times[topic] = (times + 1, now)
        doublings = times - 1 if at_once else times
        if doublings < 0:
            return True
        self._due[topic] = now + min(_LONGEST, _FIRST * 2 ** min(doublings, 16))
        return False

    def release(self, now: float) -> list[Topic]:
        """The topics that have waited long enough."""
        ready = [topic for topic, due in self._due.items() if now >= due]
        for topic in ready:
            del self._due[topic]
        return ready

    def satisfied(self, topics: Iterable[Topic]) -> None:
        """The server has done as asked after all."""
        for topic in topics:
            self._due.pop(topic, None)

    def clear(self) -> None:
        """Another connection: nothing is known of it."""
        self._due.clear()
        self._times.clear()
