"""Who observes what, and which topics the wire should therefore hold.

An event costs one lookup by its class and one by its symbol, however many observers there are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

from reactivex import Observable, abc
from reactivex.internal import default_error, noop

from rxpolygon import isolation
from rxpolygon.errors import RxPolygonError
from rxpolygon.topics import EVERY_SYMBOL, Topic

__all__ = ["Interest", "KeyedObservable", "OnNext", "Router", "Subscriber", "SymbolTable"]

T = TypeVar("T")
OnNext = Callable[[Any], object]  # Any: the event type is that of the table it stands in

# What `subscribe` and `end` hand to new and old observers: the error, or True for the good end.
Ending = RxPolygonError | bool


class Subscriber(abc.DisposableBase):
    """One observer of some topics, from its subscription to its end; disposing it ends that.

    It stands where RxPY would put an AutoDetachObserver, which costs every event two calls and four more
    places in memory.
    """

    __slots__ = ("is_detached", "on_completed", "on_error", "on_next", "router", "topics")

    def __init__(
        self,
        router: Router,
        topics: Iterable[Topic],
        on_next: OnNext,
        on_error: abc.OnError,
        on_completed: abc.OnCompleted,
    ) -> None:
        self.router = router
        self.topics = set(topics)  # under the router's lock
        self.on_next = on_next
        self.on_error = on_error
        self.on_completed = on_completed
        self.is_detached = False  # under the router's lock; read without

    def dispose(self) -> None:
        """Stop observing."""
        self.router.dispose(self)


class Interest:
    """What one call of ``subscribe_*`` asked for. It holds its topics until it is first observed."""

    __slots__ = ("topics",)

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics: Final = tuple(topics)


class SymbolTable(dict[str, OnNext]):
    """For one class of events: what to call with an event of a symbol.

    That is the observer's own function where there is a single one. The keys are symbols as servers spell
    them: a spelling that was not seen before is looked up under its normal form once; from then on it is a
    plain dict lookup.
    """

    __slots__ = ("_normal", "_odd_spellings", "_router", "_subscribers", "last")

    def __init__(self, router: Router, normal: Callable[[str], str]) -> None:
        super().__init__()
        self.last: Any = None  # the newest event of the class, whatever its kind; dispatch thread only
        self._router = router
        self._normal = normal
        self._subscribers: dict[str, tuple[Subscriber, ...]] = {}  # by normal form; under the router's lock
        self._odd_spellings: dict[str, set[str]] = {}  # keys that are not in normal form, by it; the same

    def __missing__(self, symbol: str) -> OnNext:
        with self._router.lock:
            normal = self._normal(symbol)
            if symbol != normal:
                self._odd_spellings.setdefault(normal, set()).add(symbol)
            on_next = self[symbol] = self._callable_for(self.subscribers_of(symbol))
            return on_next

    def subscribers_of(self, symbol: str) -> tuple[Subscriber, ...]:
        """Everyone who gets the symbol's events. Under the router's lock."""
        named = self._subscribers.get(self._normal(symbol), ())
        return (*named, *self._subscribers.get(EVERY_SYMBOL, ()))

    def _callable_for(self, subscribers: tuple[Subscriber, ...]) -> OnNext:
        if not subscribers:
            return _nobody
        if len(subscribers) == 1:
            return subscribers[0].on_next
        return partial(_call_all, self._router, subscribers)

    def add(self, symbol: str, subscriber: Subscriber) -> None:
        """Let a subscriber get a symbol's events. Under the router's lock."""
        normal = self._normal(symbol)
        self._subscribers[normal] = (*self._subscribers.get(normal, ()), subscriber)
        self._forget(normal)
        if normal != EVERY_SYMBOL:
            # At once and not with the first event: keys made one after another lie side by side in memory.
            self[normal] = self._callable_for(self.subscribers_of(normal))

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
            self._odd_spellings.clear()
        self.pop(normal, None)
        for spelling in self._odd_spellings.pop(normal, ()):
            self.pop(spelling, None)


def _nobody(event: object) -> None:
    """What is called with events that nobody asked for."""


def _call_all(router: Router, subscribers: tuple[Subscriber, ...], event: object) -> None:
    for subscriber in subscribers:
        if not subscriber.is_detached:
            try:
                subscriber.on_next(event)
            except BaseException as error:
                router.fail(subscriber, error)


class _Tables(dict[type, SymbolTable]):
    """A table for each class of events, made when it is first needed."""

    def __init__(self, router: Router, normal: Callable[[str], str]) -> None:
        super().__init__()
        self._router = router
        self._normal = normal

    def __missing__(self, event: type) -> SymbolTable:
        table = self[event] = SymbolTable(self._router, self._normal)
        return table


class _Front(dict[type, SymbolTable]):
    """The tables as the dispatch thread sees them."""

    def __init__(self, tables: _Tables) -> None:
        super().__init__()
        self._tables = tables

    def __missing__(self, event: type) -> SymbolTable:
        table = self[event] = self._tables[event]
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
        self.lock = threading.RLock()
        self.types = types
        self._changed = changed
        self._holders: dict[Topic, int] = {}  # under the lock; single reads without
        self._subscribers: set[Subscriber] = set()  # under the lock
        self._interests: dict[Interest, None] = {}  # those that hold topics unobserved; under the lock
        self._ended: Ending = False  # under the lock: True is the good end
        self._tables = _Tables(self, normal)
        #: What the dispatch thread looks up: the tables, or what stands before one of them for a while.
        self.tables: dict[type, SymbolTable] = _Front(self._tables)

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
        """Accept observers again after an end."""
        with self.lock:
            self._ended = False

    def after_fork(self) -> None:
        """Forget everybody, in a child process: they belong to the parent."""
        self.lock = threading.RLock()
        self._subscribers.clear()
        self._interests.clear()
        self._holders.clear()
        self._tables.clear()
        self.tables.clear()
        self._ended = False

    def declare(self, interest: Interest) -> None:
        """Hold the topics of a request until it is observed or revoked."""
        with self.lock:
            self._interests[interest] = None
            changed = self._hold(interest.topics)
        self._tell(changed)

    def subscribe(self, subscriber: Subscriber, interest: Interest) -> None:
        """Add a subscriber of a request's topics. The request itself then holds them no longer."""
        with self.lock:
            ended = self._ended
            if ended:
                subscriber.is_detached = True
            else:
                self._subscribers.add(subscriber)
                for topic in subscriber.topics:
                    self._tables[self.types[topic.prefix]].add(topic.symbol, subscriber)
                changed = self._hold(subscriber.topics)
                if self._interests.pop(interest, False) is None:
                    changed += self._release(interest.topics)
        if ended:
            isolation.end([subscriber], ended if isinstance(ended, RxPolygonError) else None)
        else:
            self._tell(changed)

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
            Subscribers that have no topic left; the caller completes them.
        """
        done: list[Subscriber] = []
        changed: list[Topic] = []
        with self.lock:
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
            self._tables[self.types[topic.prefix]].remove(topic.symbol, subscriber)
        return self._release(gone)

    def refuse(self, topic: Topic, error: RxPolygonError) -> None:
        """End every observer of a refused topic with an error. Dispatch thread."""
        with self.lock:
            changed: list[Topic] = []
            hit = [subscriber for subscriber in self._subscribers if topic in subscriber.topics]
            for subscriber in hit:
                changed += self._detach(subscriber)
            for interest in list(self._interests):
                changed += self._shrink_interest(interest, lambda held: held == topic)
        self._tell(changed)
        isolation.end(hit, error)

    def fail(self, subscriber: Subscriber, error: BaseException) -> None:
        """An observer raised: detach it and let its own ``on_error`` have the exception."""
        if subscriber.is_detached:
            isolation.uncaught(error)
            return
        self.dispose(subscriber)
        isolation.fail(subscriber, error)

    def fail_at(self, event: type, symbol: str, error: BaseException) -> None:
        """The only observer of a symbol raised."""
        with self.lock:
            subscribers = self._tables[event].subscribers_of(symbol)
        if len(subscribers) == 1:
            self.fail(subscribers[0], error)
        else:  # it unsubscribed itself, or let others in, before it raised
            isolation.uncaught(error)

    def end(self, error: RxPolygonError | None) -> None:
        """The stream is over: complete every observer, or end it with the error."""
        with self.lock:
            self._ended = error if error is not None else True
            subscribers = list(self._subscribers)
            for subscriber in subscribers:
                self._detach(subscriber)
            self._interests.clear()
            self._holders.clear()
        isolation.end(subscribers, error)

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

    def subscribe(
        self,
        on_next: abc.ObserverBase[T] | abc.OnNext[T] | None = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Observe the events from now on, on the client's dispatch thread.

        Args:
            on_next: A function of an event, or an observer, whose methods then replace the others.
            on_error: Told the error that ended the stream, or the observer's own exception.
            on_completed: Told the end of the stream, or of the subscription on the wire.
            scheduler: Not used: a hot source has its own thread.

        Returns:
            Dispose it to stop.
        """
        if isinstance(on_next, abc.ObserverBase) or hasattr(on_next, "on_next"):
            observer = cast("abc.ObserverBase[T]", on_next)
            on_next, on_error, on_completed = observer.on_next, observer.on_error, observer.on_completed
        subscriber = Subscriber(
            self._router,
            self._interest.topics,
            on_next or noop,
            on_error or default_error,
            on_completed or noop,
        )
        self._router.subscribe(subscriber, self._interest)
        return subscriber
