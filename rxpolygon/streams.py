"""What a client is to those who observe it, wherever its frames come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

from reactivex import Observable

from rxpolygon.channel_methods import ChannelMethods, Symbols
from rxpolygon.checks import flag
from rxpolygon.delivery import Handlers
from rxpolygon.events import Event
from rxpolygon.fan import Fan, FrameFan, StatusFan
from rxpolygon.handlers import CloseHandler, ErrorHandler, HandlerSet, MessageHandler
from rxpolygon.router import Router
from rxpolygon.stats import StreamStats
from rxpolygon.status import State, Status
from rxpolygon.subscriber import Interest, KeyedObservable
from rxpolygon.topics import Topic
from rxpolygon.venues.polygon.channels import channel_by_name, event_types
from rxpolygon.venues.polygon.names import StreamCluster
from rxpolygon.venues.polygon.requests import requested_topics

__all__ = ["MarketStreams", "Streams"]

E = TypeVar("E", bound=Event)


class Streams(ABC):
    """Market data as hot Observables, of whatever venue: a live connection or a replay.

    Args:
        types: The class of event behind each channel.
        normal: The normal form of a symbol.
        make_handlers: Makes the user's callbacks, given what says whether anything is observed.
    """

    def __init__(
        self,
        types: Mapping[str, type[Event]],
        normal: Callable[[str], str],
        make_handlers: Callable[[Callable[[], bool]], Handlers],
    ) -> None:
        self._router = Router(types, normal, self._topics_changed)
        self._events: Fan[Event] = Fan()
        self._messages = FrameFan()
        self._status = StatusFan()
        self._handlers = make_handlers(self._is_observed)

    def __enter__(self) -> Self:
        self.start_stream_thread()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close_stream()

    @property
    def events(self) -> Observable[Event]:
        """Every typed event, in order, :class:`~rxpolygon.events.UnknownEvent` included."""
        return self._events.observable

    @property
    def messages(self) -> Observable[bytes]:
        """Every websocket message as it came, statuses included."""
        return self._messages.observable

    @property
    def status(self) -> Observable[Status]:
        """The stream's life: the current state at once, then changes; see :mod:`rxpolygon.status`."""
        return self._status.observable

    @property
    def state(self) -> State:
        """Where the stream stands, as far as it has been told."""
        return self._status.state

    @property
    @abstractmethod
    def is_streaming(self) -> bool:
        """Whether it runs."""

    @property
    @abstractmethod
    def stats(self) -> StreamStats:
        """Figures of the present run, or of the last one."""

    @abstractmethod
    def start_stream_thread(self) -> None:
        """Start, in threads of the client's own."""

    @abstractmethod
    def close_stream(self, timeout: float = 5.0) -> None:
        """End the threads and complete every Observable."""

    @abstractmethod
    def _topics_changed(self, topics: Sequence[Topic]) -> None:
        """Told about topics that became wanted, or are no longer."""

    def _on_stream(self, action: Callable[[], None]) -> None:
        """Run something between two frames; at once when nothing runs."""
        action()

    def _request(self, event: type[E], topics: Iterable[Topic]) -> Observable[E]:
        """Ask for topics, whose events are of this class."""
        interest = Interest(topics)
        self._router.declare(interest)
        return KeyedObservable(self._router, interest)

    def _give_up(self, topics: Iterable[Topic]) -> None:
        """Unsubscribe topics and complete whoever has none left."""
        finished = self._router.revoke(topics)
        self._on_stream(lambda: self._router.complete(finished))

    def _is_observed(self) -> bool:
        return bool(
            self._router.has_observers
            or self._events.observers
            or self._messages.observers
            or self._messages.lists.observers
            or self._status.observers
        )

    def _reopen(self) -> None:
        """Accept observers again after an end."""
        self._router.reopen()
        self._events.reopen()
        self._messages.reopen()
        self._status.reopen()


class MarketStreams(ChannelMethods, Streams):
    """One cluster as hot Observables: a live connection or a replay.

    A pipeline that is to run on both takes one of these.

    Args:
        cluster: The cluster.
        normal: The normal form of a symbol.
        on_message: The user's handler of frames.
        on_close: The user's handler of ends of a connection.
        on_error: The user's handler of an error that ends the stream.
        log_to_stderr: Whether statuses are written to stderr too.
    """

    def __init__(
        self,
        cluster: StreamCluster,
        normal: Callable[[str], str],
        on_message: MessageHandler | None,
        on_close: CloseHandler | None,
        on_error: ErrorHandler | None,
        *,
        log_to_stderr: bool,
    ) -> None:
        self._cluster = cluster

        def make_handlers(is_observed: Callable[[], bool]) -> HandlerSet:
            return HandlerSet(
                self,
                on_message,
                on_close,
                on_error,
                is_observed,
                name=cluster.value,
                log_to_stderr=log_to_stderr,
            )

        super().__init__(event_types(cluster.market), normal, make_handlers)

    @property
    def cluster(self) -> StreamCluster:
        """The cluster whose data this is."""
        return self._cluster

    def _subscribe(self, channel: str, event: type[E], symbols: Symbols, upper: bool) -> Observable[E]:
        flag("force_uppercase_symbols", upper, " (several symbols are one list: ['AAPL', 'MSFT'])")
        row = channel_by_name(channel, self._cluster.market)
        topics = requested_topics(row, self._cluster.market, symbols, upper=upper)
        foreign = [topic for topic in topics if topic.prefix != row.prefix]
        if foreign:
            self._router.declare(Interest(foreign))
        return self._request(event, [topic for topic in topics if topic.prefix == row.prefix])

    def _unsubscribe(self, channel: str, symbols: Symbols) -> None:
        row = channel_by_name(channel, self._cluster.market)
        written = requested_topics(row, self._cluster.market, symbols, upper=False, naming=False)
        # As it was subscribed: in the letters written here, or forced to upper case.
        self._give_up(
            topic if self._router.is_wanted(topic) else Topic(topic.prefix, topic.symbol.upper())
            for topic in written
        )
