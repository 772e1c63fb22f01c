"""One observer of a keyed stream, and the Observable that it observes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeVar, cast

from reactivex import Observable, abc
from reactivex.internal import default_error, noop

from rxpolygon.topics import Topic

__all__ = ["Interest", "KeyedObservable", "OnNext", "Registrar", "Subscriber"]

T = TypeVar("T")
OnNext = Callable[[Any], object]  # Any: the event type is that of the table it stands in


class Registrar(Protocol):
    """Where subscribers come and go: the router."""

    def subscribe(self, subscriber: Subscriber, interest: Interest) -> None:
        """A subscriber comes, by way of a request."""

    def dispose(self, subscriber: Subscriber) -> None:
        """A subscriber leaves."""


class Subscriber(abc.DisposableBase):
    """One observer of some topics, from its subscription to its end; disposing it ends that.

    It stands where RxPY would put an AutoDetachObserver, which costs every event two calls and four more
    places in memory.
    """

    __slots__ = ("is_detached", "is_disposed", "on_completed", "on_error", "on_next", "router", "topics")

    def __init__(
        self,
        router: Registrar,
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
        self.is_disposed = False  # by its owner, who then hears of no end any more

    def dispose(self) -> None:
        """Stop observing."""
        self.is_disposed = True
        self.router.dispose(self)


class Interest:
    """What one call of ``subscribe_*`` asked for. It holds its topics until it is first observed."""

    __slots__ = ("ends", "late", "topics")

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics: Final = tuple(topics)
        self.ends = 0  # how many times the stream had ended when it was declared
        self.late = 0  # subscriptions after the end; both under the router's lock


class KeyedObservable(Observable[T]):
    """The hot Observable that a ``subscribe_*`` method returns.

    Args:
        router: Where observers register.
        interest: What was asked for.
    """

    def __init__(self, router: Registrar, interest: Interest) -> None:
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
