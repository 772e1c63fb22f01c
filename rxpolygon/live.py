"""What every live client does, whatever venue it speaks to: it starts, streams, closes and starts again."""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, cast

from msgspec import Struct
from reactivex import Observable

from rxpolygon import running
from rxpolygon.checks import flag
from rxpolygon.connection import Carrier, FrameBuffer, Machine, Overflow, Reconnect
from rxpolygon.connection.buffer import OVERFLOW_POLICIES
from rxpolygon.connection.machine import Phase, Timing
from rxpolygon.delivery import Decoder, Delivery
from rxpolygon.errors import InvalidTypeError, RxPolygonError
from rxpolygon.raw import RawDelivery
from rxpolygon.settings import byte_limit, certificates_from, one_of, positive_number
from rxpolygon.stats import StreamStats, time_of
from rxpolygon.streams import Streams
from rxpolygon.topics import Topic
from rxpolygon.transport import Endpoint, Listener, Ping, Transport, TransportName, choose_transport
from rxpolygon.transport.choice import check_transport
from rxpolygon.venues.dialect import Dialect

__all__ = ["ConnectionOptions", "LiveDialect", "LiveStreams", "connection_options"]

_connection_log: Final = logging.getLogger("rxpolygon.connection")


class LiveDialect(Dialect, Decoder, Protocol):
    """A venue's protocol as the connection and the delivery need it."""


class ConnectionOptions(Struct, frozen=True, kw_only=True):
    """How to connect and deliver, checked. The attributes are those of the clients' arguments.

    Attributes:
        connect_timeout: Seconds for name, TCP, TLS and handshake, each.
    """

    transport: TransportName
    reconnect: Reconnect | None
    overflow: Overflow
    max_buffer: int
    data_timeout: float | Mapping[str, float] | None
    ca_certs: str | None
    max_frame: int
    raw_data: bool
    connect_timeout: float = 10.0


def connection_options(
    *,
    transport: TransportName,
    reconnect: Reconnect | None,
    overflow: Overflow,
    max_buffer: int,
    data_timeout: float | Mapping[str, float] | None,
    ca_certs: str | None,
    max_frame: int,
    raw_data: bool,
) -> ConnectionOptions:
    """The options that all clients have, checked; ``data_timeout`` is checked by the caller.

    Raises:
        InvalidArgumentError: A value is not allowed.
        InvalidTypeError: A value has the wrong type.
    """
    if reconnect is not None and not isinstance(reconnect, Reconnect):
        raise InvalidTypeError("reconnect", reconnect, "a Reconnect policy, or None")
    return ConnectionOptions(
        transport=transport,
        reconnect=reconnect,
        overflow=cast("Overflow", one_of("overflow", overflow, OVERFLOW_POLICIES)),
        max_buffer=byte_limit("max_buffer", max_buffer),
        data_timeout=data_timeout,
        ca_certs=certificates_from(ca_certs),
        max_frame=byte_limit("max_frame", max_frame),
        raw_data=flag("raw_data", raw_data),
    )


class LiveStreams(Streams):
    """A connection as hot Observables. A face calls :meth:`_set_up` once, in its constructor."""

    def _set_up(
        self,
        codec: LiveDialect,
        options: ConnectionOptions,
        *,
        account: str,
        name: str,
        is_market_open: Callable[[], bool],
    ) -> None:
        """Take the settings of this connection; nothing is opened yet.

        Args:
            codec: The venue's protocol.
            options: How to connect and deliver.
            account: The key or keys, which tell accounts apart; it is kept as a hash only.
            name: For the threads.
            is_market_open: Whether data may be expected now.
        """
        check_transport(options.transport, codec.url)
        self._codec = codec
        self._options = options
        self._account = hashlib.sha256(account.encode()).hexdigest()
        self._name = name
        self._is_market_open = is_market_open
        self._endpoint = Endpoint(
            codec.url,
            options.ca_certs,
            connect_timeout=options.connect_timeout,
            largest_frame=options.max_frame,
            headers=codec.headers,
            is_binary=codec.is_binary,
        )
        # Reentrant, for a handler of a signal may close the stream while it is being started.
        self._starting = threading.RLock()
        # Of the present run, or of the last one; replaced under that lock.
        self._carrier: Carrier | None = None
        self._machine: Machine | None = None
        self._is_over = False  # whether its end has been told to all; under _starting
        self._next_start: tuple[Ping, bool] | None = None  # asked for before that; under _starting
        self._closes = 0  # calls of close_stream; under _starting
        self._buffer = FrameBuffer(options.max_buffer, options.overflow)
        self._delivery = self._make_delivery(check_utf8=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._codec.url!r}, {self._status.state})"

    @property
    def url(self) -> str:
        """Where this client connects to."""
        return self._codec.url

    @property
    def is_streaming(self) -> bool:
        """Whether the threads run: from the start to the end of the close, or to an error."""
        return self._carrier is not None and self._carrier.is_alive

    @property
    def frame_lists(self) -> Observable[Sequence[bytes]]:
        """The same as :attr:`messages`, in the lists in which they are handed over; not to be changed.

        For what must cost the stream nearly nothing, such as a recording: one call for each list.
        """
        return self._messages.lists.observable

    @property
    def stats(self) -> StreamStats:
        """Figures of the present run, or of the last one."""
        delivery, carrier = self._delivery, self._carrier
        progress = delivery.progress
        # Against the order of counting: no event is told whose time, frame or connection is not.
        events, stamp = progress.events, progress.last_timestamp
        buffer = self._buffer.figures
        stats = StreamStats(
            frames=buffer.frames,
            events=events,
            bytes=buffer.bytes,
            buffered_bytes=buffer.size,
            dropped=buffer.dropped,
            malformed=progress.malformed,
            connections=carrier.connections if carrier is not None else 0,
            last_event_time=time_of(stamp),
            lag=delivery.lag,
            overflow=self._options.overflow,
        )
        return delivery.tally.added_to(stats)

    def _start_threads(self, ping: Ping, *, check_utf8: bool) -> None:
        """Start, or after an end that is still being told, start once it has been.

        Raises:
            AlreadyStreamingError: Another client streams from the same URL for the same account.
        """
        with self._starting:
            if not self.is_streaming or self._is_over:
                self._start(ping, check_utf8)
            elif self._machine is not None and self._machine.phase is Phase.ENDED:
                self._next_start = (ping, check_utf8)

    def _over(self, error: RxPolygonError | None) -> None:
        """The run is over: begin the next one, if it was asked for meanwhile. Dispatch thread."""
        with self._starting:
            self._is_over = True
            self._ended(error)
            if self._next_start is not None:
                self._start(*self._next_start)

    def _ended(self, error: RxPolygonError | None) -> None:
        """The run is over, and no other one has begun. Under the lock."""

    def _start(self, ping: Ping, check_utf8: bool) -> None:
        closes = self._closes
        running.register(self._codec.url, self._account, self)
        if self._carrier is not None:
            self._reopen()
        self._is_over, self._next_start = False, None
        self._buffer = FrameBuffer(self._options.max_buffer, self._options.overflow)
        self._delivery = self._make_delivery(check_utf8)
        self._machine = Machine(
            self._codec,
            Timing(ping=ping, data=self._options.data_timeout),
            self._options.reconnect,
            random.random,
            self._is_market_open,
        )
        self._carrier = Carrier(
            self._machine,
            self._codec,
            self._open_transport,
            self._buffer,
            self._delivery,
            self._router.is_wanted,
            f"rxpolygon-{self._name}",
            before=self._carrier,
        )
        self._carrier.changed(self._router.wanted)
        self._carrier.start()
        if self._closes != closes:
            self._carrier.close(0.0)  # the close may have found no carrier, or the last one

    def close_stream(self, timeout: float = 5.0) -> None:
        """Close the connection, end the threads and complete every Observable.

        Frames that wait for observers are let go; the last status says how many. From an observer or a
        handler it returns at once, and the rest happens when that returns.

        Args:
            timeout: Seconds to wait for the threads. An observer that does not return keeps its thread
                beyond that; everything else is over then.
        """
        positive_number("timeout", timeout, "seconds", zero=True)
        with self._starting:
            self._next_start = None
            self._closes += 1
            carrier = self._carrier
            if carrier is not None:
                self._delivery.mute()  # that of this carrier, and not of one that starts meanwhile
        if carrier is None:
            for observed in (self._router, self._events, self._messages, self._status):
                observed.end(None)
                observed.reopen()
        elif not carrier.close(timeout):
            _connection_log.warning("an observer has not returned within %g s of the close", timeout)

    def after_fork(self) -> None:
        """Called in a forked child: nothing runs there, and nobody observes, until it is started again."""
        if self._carrier is not None:
            self._carrier.abandon()
            self._carrier = None
        self._starting = threading.RLock()
        self._buffer.after_fork()
        self._router.after_fork()
        self._events.after_fork()
        self._messages.after_fork()
        self._status.after_fork()

    def _on_stream(self, action: Callable[[], None]) -> None:
        carrier = self._carrier
        if carrier is not None and self.is_streaming:
            carrier.call(action)
        else:
            action()

    def _topics_changed(self, topics: Sequence[Topic]) -> None:
        if self._carrier is not None:
            self._carrier.changed(topics)

    def _make_delivery(self, check_utf8: bool) -> Delivery:
        kind = RawDelivery if self._options.raw_data else Delivery
        return kind(
            self._codec,
            self._router,
            self._events,
            self._messages,
            self._status,
            self._handlers,
            check_utf8=check_utf8,
            when_over=self._over,
        )

    def _open_transport(self, listener: Listener) -> Transport:
        name = f"rxpolygon-{self._name}-read"
        return choose_transport(self._options.transport, self._endpoint, listener, name)
