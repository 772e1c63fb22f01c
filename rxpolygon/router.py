"""Who observes what, and which topics the wire should therefore hold.

An event costs one lookup by its class and one by its symbol, however many observers there are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxpolygon import isolation
from rxpolygon.errors import RxPolygonError
from rxpolygon.topics import EVERY_SYMBOL, Topic

__all__ = ["Interest", "KeyedObservable", "OnNext", "Router", "Subscriber", "SymbolTable"]

T = TypeVar("T")
OnNext = Callable[[object], None]

# `subscribe` and `end` hand this to new and old observers: the error, or True for the good end.
Ending = RxPolygonError | bool

_NOBODY: Final[tuple[OnNext, ...]] = ()


class Subscriber:
    """One observer of some topics, from its subscription to its end."""

    __slots__ = ("is_detached", "observer", "on_next", "topics")

    def __init__(self, observer: abc.ObserverBase[Any], topics: Iterable[Topic]) -> None:
        self.observer = observer
        self.on_next: OnNext = observer.on_next
        self.topics = set(topics)  # under the router's lock
        self.is_detached = False  # the same


class Interest:
    """What one call of ``subscribe_*`` asked for. It holds its topics until it is first observed."""

    __slots__ = ("topics",)

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics: Final = tuple(topics)


class SymbolTable(dict[str, "tuple[OnNext, ...]"]):
    """For one class of events: who gets an event of a symbol.

    The keys are symbols as servers spell them. A spelling that was not seen before is looked up under its
    normal form once; from then on it is a plain dict lookup.
    """

    def __init__(self, lock: threading.RLock, normal: Callable[[str], str]) -> None:
        super().__init__()
        self._lock = lock
        self._normal = normal
        self._subscribers: dict[str, tuple[Subscriber, ...]] = {}  # by normal form; under the lock
        self._spellings: dict[str, set[str]] = {}  # the keys of this dict by normal form; under the lock

    def __missing__(self, symbol: str) -> tuple[OnNext, ...]:
        with self._lock:
            normal = self._normal(symbol)
            named = self._subscribers.get(normal, ())
            every = self._subscribers.get(EVERY_SYMBOL, ())
            observers = tuple(subscriber.on_next for subscriber in (*named, *every)) or _NOBODY
            self._spellings.setdefault(normal, set()).add(symbol)
            self[symbol] = observers
            return observers

    def add(self, symbol: str, subscriber: Subscriber) -> None:
        """Let a subscriber get a symbol's events. Under the router's lock."""
        normal = self._normal(symbol)
        self._subscribers[normal] = (*self._subscribers.get(normal, ()), subscriber)
        self._forget(normal)

    def remove(self, symbol: str, subscriber: Subscriber) -> None:
        """Undo :meth:`add`. Under the router's lock."""
        normal = self._normal(symbol)
        rest = tuple(other for other in self._subscribers.get(normal, ()) if other is not subscriber)
        if rest:
            self._subscribers[normal] = rest
        else:
            self._subscribers.pop(normal, None)
        self._forget(normal)

    def _forget(self, normal: str) -> None:
        if normal == EVERY_SYMBOL:
            self.clear()
            self._spellings.clear()
        for spelling in self._spellings.pop(normal, ()):
            self.pop(spelling, None)


class _Tables(dict[type, SymbolTable]):
    """A table for each class of events; classes that nobody can observe by symbol have an empty one."""

    def __init__(self, lock: threading.RLock, normal: Callable[[str], str]) -> None:
        super().__init__()
        self._lock = lock
        self._normal = normal

    def __missing__(self, event: type) -> SymbolTable:
        table = self[event] = SymbolTable(self._lock, self._normal)
        return table


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
        self._lock = threading.RLock()
        self._types = types
        self._changed = changed
        self._holders: dict[Topic, int] = {}  # under the lock; single reads without
        self._subscribers: set[Subscriber] = set()  # under the lock
        self._interests: dict[Interest, None] = {}  # those that hold topics unobserved; under the lock
        self._ended: Ending = False  # under the lock: True is the good end
        self.tables: dict[type, SymbolTable] = _Tables(self._lock, normal)

    @property
    def wanted(self) -> list[Topic]:
        """Every topic that anybody needs now."""
        with self._lock:
            return list(self._holders)

    def is_wanted(self, topic: Topic) -> bool:
        """Whether anybody needs the topic now."""
        return topic in self._holders

    @property
    def has_observers(self) -> bool:
        """Whether any observer is subscribed."""
        return bool(self._subscribers)

    def reopen(self) -> None:
        """Accept observers again after an end."""
        with self._lock:
            self._ended = False

    def declare(self, interest: Interest) -> None:
        """Hold the topics of a request until it is observed or revoked."""
        with self._lock:
            self._interests[interest] = None
            changed = self._hold(interest.topics)
        self._tell(changed)

    def subscribe(self, observer: abc.ObserverBase[Any], interest: Interest) -> abc.DisposableBase:
        """Add an observer of a request's topics; those of its own channel reach it."""
        subscriber = Subscriber(observer, interest.topics)
        with self._lock:
            ended = self._ended
            if not ended:
                self._subscribers.add(subscriber)
                for topic in subscriber.topics:
                    self.tables[self._types[topic.prefix]].add(topic.symbol, subscriber)
                changed = self._hold(interest.topics)
                if self._interests.pop(interest, False) is None:
                    changed += self._release(interest.topics)
        if ended:
            isolation.end([observer], ended if isinstance(ended, RxPolygonError) else None)
            return Disposable()
        self._tell(changed)
        return Disposable(lambda: self._dispose(subscriber))

    def _dispose(self, subscriber: Subscriber) -> None:
        with self._lock:
            changed = self._detach(subscriber)
        self._tell(changed)

    def _detach(self, subscriber: Subscriber) -> list[Topic]:
        if subscriber.is_detached:
            return []
        subscriber.is_detached = True
        self._subscribers.discard(subscriber)
        topics = list(subscriber.topics)
        for topic in topics:
            self.tables[self._types[topic.prefix]].remove(topic.symbol, subscriber)
        subscriber.topics.clear()
        return self._release(topics)

    def revoke(self, topics: Iterable[Topic]) -> list[Subscriber]:
        """Unsubscribe topics: nobody holds them any more; a wildcard stands for its whole channel.

        Returns:
            Subscribers that have no topic left; the caller completes them.
        """
        done: list[Subscriber] = []
        changed: list[Topic] = []
        with self._lock:
            wanted = set(topics)
            channels = {topic.prefix for topic in wanted if topic.is_wildcard}

            def is_revoked(topic: Topic) -> bool:
                return topic in wanted or topic.prefix in channels

            for interest in list(self._interests):
                changed += self._shrink_interest(interest, is_revoked)
            for subscriber in list(self._subscribers):
                changed += self._shrink_subscriber(subscriber, is_revoked)
                if not subscriber.topics:
                    self._subscribers.discard(subscriber)
                    subscriber.is_detached = True
                    done.append(subscriber)
        self._tell(changed)
        return done

    def _shrink_interest(self, interest: Interest, is_revoked: Callable[[Topic], bool]) -> list[Topic]:
        gone = [topic for topic in interest.topics if is_revoked(topic)]
        if not gone:
            return []
        # A request that is no longer held whole is not held at all: its rest is freed and asked anew.
        self._interests.pop(interest)
        rest = [topic for topic in interest.topics if not is_revoked(topic)]
        changed = self._release(interest.topics)
        if rest:
            remaining = Interest(rest)
            self._interests[remaining] = None
            changed += self._hold(rest)
        return changed

    def _shrink_subscriber(self, subscriber: Subscriber, is_revoked: Callable[[Topic], bool]) -> list[Topic]:
        gone = [topic for topic in subscriber.topics if is_revoked(topic)]
        for topic in gone:
            subscriber.topics.discard(topic)
            self.tables[self._types[topic.prefix]].remove(topic.symbol, subscriber)
        return self._release(gone)

    def refuse(self, topic: Topic, error: RxPolygonError) -> None:
        """End every observer of a refused topic with an error. Dispatch thread."""
        with self._lock:
            changed: list[Topic] = []
            hit = [subscriber for subscriber in self._subscribers if topic in subscriber.topics]
            for subscriber in hit:
                changed += self._detach(subscriber)
            for interest in list(self._interests):
                changed += self._shrink_interest(interest, lambda held: held == topic)
        self._tell(changed)
        isolation.end([subscriber.observer for subscriber in hit], error)

    def fail(self, on_next: OnNext, error: BaseException) -> None:
        """An observer raised: detach it and let its own ``on_error`` have the exception."""
        with self._lock:
            changed: list[Topic] = []
            hit = [subscriber for subscriber in self._subscribers if subscriber.on_next == on_next]
            for subscriber in hit:
                changed += self._detach(subscriber)
        self._tell(changed)
        for subscriber in hit:
            isolation.fail(subscriber.observer, error)

    def end(self, error: RxPolygonError | None) -> None:
        """The stream is over: complete every observer, or end it with the error."""
        with self._lock:
            self._ended = error if error is not None else True
            subscribers = list(self._subscribers)
            for subscriber in subscribers:
                self._detach(subscriber)
            self._interests.clear()
            self._holders.clear()
        isolation.end([subscriber.observer for subscriber in subscribers], error)

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


class KeyedObservable(Observable[T]):
    """The hot Observable that a ``subscribe_*`` method returns.

    Args:
        router: Where observers register.
        interest: What was asked for.
    """

    def __init__(self, router: Router, interest: Interest) -> None:
        super().__init__()
        self._router = router
        self._interest = interest

    def _subscribe_core(
        self, observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return self._router.subscribe(observer, self._interest)
