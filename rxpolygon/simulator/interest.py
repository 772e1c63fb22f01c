"""What one connection has subscribed to."""

from __future__ import annotations

from rxpolygon.topics import EVERY_SYMBOL, Topic

__all__ = ["Interest"]


class Interest:
    """A set of topics that knows quickly whether it covers an event.

    Attributes:
        version: Rises with each change.

    Example:
        >>> interest = Interest()
        >>> interest.add(Topic("T", "*"))
        >>> interest.covers("T", "AAPL"), interest.covers("Q", "AAPL")
        (True, False)
    """

    def __init__(self) -> None:
        self.version = 0
        self._topics: set[Topic] = set()

    def __len__(self) -> int:
        return len(self._topics)

    @property
    def topics(self) -> frozenset[Topic]:
        """The topics now."""
        return frozenset(self._topics)

    def add(self, topic: Topic) -> None:
        """Subscribe; twice is once."""
        self._topics.add(topic)
        self.version += 1

    def remove(self, topic: Topic) -> None:
        """Unsubscribe this very topic; ``T.*`` and ``T.AAPL`` are apart."""
        self._topics.discard(topic)
        self.version += 1

    def covers(self, prefix: str, symbol: str) -> bool:
        """Whether an event on a channel is wanted."""
        topics = self._topics
        return (prefix, symbol) in topics or (prefix, EVERY_SYMBOL) in topics

    def count(self, prefix: str) -> int:
        """How many topics of a channel there are."""
        return sum(1 for topic in self._topics if topic.prefix == prefix)
