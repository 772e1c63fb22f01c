"""Who observes what, and which topics the wire should therefore hold.

An event costs one lookup by its class and one by its symbol, however many observers there are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from rxpolygon import isolation
from rxpolygon.errors import RxPolygonError
from rxpolygon.subscriber import Interest, OnNext, Subscriber
from rxpolygon.symbol_table import Front, Tables
from rxpolygon.topics import Topic

__all__ = ["Router"]

# What `subscribe` and `end` hand to new and old observers: the error, or True for the good end.
Ending = RxPolygonError | bool

_MOST_LATE: Final = 1_000  # subscriptions of one request after the end that are answered


class Router:
    """Keeps observers by event class and symbol, and counts who needs which topic.

    All methods may be called from any thread. The lock is never held while an observer is called.

    Args:
        types: The class of event behind each prefix.
        normal: The normal form of a symbol.
        changed: Told, outside of the lock, about topics that became wanted or are no longer.
    """

    def __init__(
        self,
        types: Mapping[str, type],
        normal: Callable[[str], str],
        changed: Callable[[Sequence[Topic]], None],
    ) -> None:
        self.lock = threading.RLock()
        self.types = types
        self._changed = changed
        self._holders: dict[Topic, int] = {}  # under the lock; single reads without
        self._subscribers: set[Subscriber] = set()  # under the lock
        self._leaving: dict[Subscriber, None] = {}  # revoked, not completed yet; under the lock
        # By topic, the requests that hold it because nobody has observed them yet; under the lock.
        self._unobserved: dict[Topic, set[Interest]] = {}
        self._ended: Ending = False  # under the lock: True is the good end
        self._ends = 0  # how many times; under the lock
        self._tables = Tables(self, normal)
        #: What the dispatch thread looks up: the tables, or what stands before one of them for a while.
        self.tables = Front(self._tables)

    @property
    def wanted(self) -> list[Topic]:
        """Every topic that anybody needs now."""
        with self.lock:
            return list(self._holders)

    def is_wanted(self, topic: Topic) -> bool:
        """Whether anybody needs the topic now."""
        return topic in self._holders

    @property
    def has_observers(self) -> bool:
        """Whether any observer is subscribed."""
        return bool(self._subscribers)

    def reopen(self) -> None:
        """Accept observers again after an end, and give them events."""
        with self.lock:
            self._ended = False
        self.tables.unmute()

    def mute(self) -> None:
        """Give no more events; what is left is :meth:`end`."""
        self.tables.mute()

    def after_fork(self) -> None:
        """Forget everybody, in a child process: they belong to the parent."""
        self.lock = threading.RLock()
        self._subscribers.clear()
        self._leaving.clear()
        self._unobserved.clear()
        self._holders.clear()
        self._tables.clear()
        self.tables.unmute()
        self._ended = False

    def declare(self, interest: Interest) -> None:
        """Hold the topics of a request until it is observed or revoked."""
        with self.lock:
            interest.ends = self._ends
            for topic in interest.topics:
                self._unobserved.setdefault(topic, set()).add(interest)
            changed = self._hold(interest.topics)
        self._tell(changed)

    def subscribe(self, subscriber: Subscriber, interest: Interest) -> None:
        """Add a subscriber of a request's topics. The request itself then holds them no longer.

        After the end it is ended at once, unless the request was made for the next start. An endless
        ``repeat`` or ``retry``, which subscribes again whenever it is ended, gets no answer after a while.
        """
        with self.lock:
            ended = self._ended if interest.ends < self._ends else False
            if ended:
                subscriber.is_detached = True
                interest.late += 1
            else:
                interest.late = 0
                self._subscribers.add(subscriber)
                for topic in subscriber.topics:
                    self._tables[self.types[topic.prefix]].add(topic.symbol, subscriber)
                changed = self._hold(subscriber.topics)
                changed += self._release(self._taken_over(interest))
        if not ended:
            self._tell(changed)
        elif interest.late <= _MOST_LATE:
            isolation.end([subscriber], ended if isinstance(ended, RxPolygonError) else None)

    def _taken_over(self, interest: Interest) -> list[Topic]:
        """The topics that a request still holds, which it does no longer."""
        held = [topic for topic in interest.topics if interest in self._unobserved.get(topic, ())]
        for topic in held:
            self._unobserved[topic].discard(interest)
            if not self._unobserved[topic]:
                del self._unobserved[topic]
        return held

    def dispose(self, subscriber: Subscriber) -> None:
        """A subscriber leaves."""
        with self.lock:
            changed = self._detach(subscriber)
        self._tell(changed)

    def _detach(self, subscriber: Subscriber) -> list[Topic]:
        if subscriber.is_detached:
            return []
        subscriber.is_detached = True
        self._subscribers.discard(subscriber)
        topics = list(subscriber.topics)
        for topic in topics:
            self._tables[self.types[topic.prefix]].remove(topic.symbol, subscriber)
        subscriber.topics.clear()
        return self._release(topics)

    def revoke(self, topics: Iterable[Topic]) -> list[Subscriber]:
        """Unsubscribe topics: nobody holds them any more; a wildcard stands for its whole channel.

        Returns:
            Subscribers that have no topic left, for :meth:`complete`.
        """
        done: list[Subscriber] = []
        with self.lock:
            revoked = dict.fromkeys(topics)
            channels = {topic.prefix for topic in revoked if topic.is_wildcard}
            if channels:
                revoked |= dict.fromkeys(topic for topic in self._holders if topic.prefix in channels)
            changed = self._release_unobserved(revoked)
            for subscriber in self._holding(revoked):
                changed += self._release(self._shrink(subscriber, revoked))
                if not subscriber.topics:
                    self._subscribers.discard(subscriber)
                    subscriber.is_detached = True
                    done.append(subscriber)
            self._leaving.update(dict.fromkeys(done))
        self._tell(changed)
        return done

    def complete(self, subscribers: Iterable[Subscriber]) -> None:
        """Complete revoked subscribers, unless :meth:`end` did so."""
        with self.lock:
            still = [subscriber for subscriber in subscribers if subscriber in self._leaving]
            for subscriber in still:
                del self._leaving[subscriber]
        isolation.end(_hearing(still), None)

    def _release_unobserved(self, topics: Iterable[Topic]) -> list[Topic]:
        """Free topics of the requests that hold them."""
        return self._release(topic for topic in topics for _ in self._unobserved.pop(topic, ()))

    def _holding(self, topics: Iterable[Topic]) -> list[Subscriber]:
        """Everyone who observes any of the topics."""
        found: dict[Subscriber, None] = {}
        for topic in topics:
            named = self._tables[self.types[topic.prefix]].named(topic.symbol)
            found |= dict.fromkeys(subscriber for subscriber in named if topic in subscriber.topics)
        return list(found)

    def _shrink(self, subscriber: Subscriber, topics: Iterable[Topic]) -> list[Topic]:
        """Take topics from a subscriber, and say which it had."""
        gone = [topic for topic in topics if topic in subscriber.topics]
        for topic in gone:
            subscriber.topics.discard(topic)
            self._tables[self.types[topic.prefix]].remove(topic.symbol, subscriber)
        return gone

    def refuse(self, topic: Topic, error: RxPolygonError) -> None:
        """End every observer of a refused topic with an error. Dispatch thread."""
        with self.lock:
            changed = self._release_unobserved([topic])
            hit = self._holding([topic])
            for subscriber in hit:
                changed += self._detach(subscriber)
        self._tell(changed)
        isolation.end(_hearing(hit), error)

    def fail(self, subscriber: Subscriber, error: BaseException) -> None:
        """An observer raised: detach it and let its own ``on_error`` have the exception."""
        isolation.pass_interrupt(error)
        if subscriber.is_detached:
            isolation.uncaught(error)
            return
        self.dispose(subscriber)
        isolation.fail(subscriber, error)

    def fail_at(self, event: type, symbol: str, on_next: OnNext, error: BaseException) -> None:
        """The observer raised that was, when its function was called, the only one of a symbol."""
        with self.lock:
            subscribers = self._tables[event].subscribers_of(symbol)
        # Others may have come meanwhile, and it may have gone.
        raised = next((subscriber for subscriber in subscribers if subscriber.on_next is on_next), None)
        if raised is not None:
            self.fail(raised, error)
        else:
            isolation.uncaught(error)

    def end(self, error: RxPolygonError | None) -> None:
        """The stream is over: complete every observer, or end it with the error."""
        with self.lock:
            self._ended = error if error is not None else True
            self._ends += 1
            subscribers = list(self._subscribers)
            for subscriber in subscribers:
                self._detach(subscriber)
            leaving = list(self._leaving)
            self._leaving.clear()
            self._unobserved.clear()
            self._holders.clear()
        isolation.end(_hearing(leaving), None)
        isolation.end(_hearing(subscribers), error)

    def _hold(self, topics: Iterable[Topic]) -> list[Topic]:
        new = []
        for topic in topics:
            count = self._holders.get(topic, 0)
            self._holders[topic] = count + 1
            if not count:
                new.append(topic)
        return new

    def _release(self, topics: Iterable[Topic]) -> list[Topic]:
        free = []
        for topic in topics:
            count = self._holders.get(topic, 0) - 1
            if count > 0:
                self._holders[topic] = count
            elif self._holders.pop(topic, None) is not None:
                free.append(topic)
        return free

    def _tell(self, changed: list[Topic]) -> None:
        if changed:
            self._changed(changed)


def _hearing(subscribers: Iterable[Subscriber]) -> Iterator[Subscriber]:
    """Those that are not disposed; asked one after another, for one may dispose the next."""
    return (subscriber for subscriber in subscribers if not subscriber.is_disposed)
