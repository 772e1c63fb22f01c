"""``StreamClient``: one cluster of Polygon.io (Massive) as hot, typed Observables."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar, cast

from rxpolygon import running
from rxpolygon.connection import Carrier, FrameBuffer, Machine, Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER, OVERFLOW_POLICIES
from rxpolygon.connection.machine import Phase, Timing
from rxpolygon.delivery import Delivery
from rxpolygon.errors import InvalidTypeError
from rxpolygon.events import Event
from rxpolygon.handlers import CloseHandler, ErrorHandler, MessageHandler
from rxpolygon.market_hours import is_market_open
from rxpolygon.raw import RawDelivery
from rxpolygon.settings import (
    api_key_from,
    base_url_from,
    certificates_from,
    cluster_from,
    data_limits_from,
    flag,
    one_of,
    ping_from,
    positive_number,
)
from rxpolygon.stats import StreamStats, time_of
from rxpolygon.streams import MarketStreams
from rxpolygon.symbols import normal_symbol
from rxpolygon.topics import Topic
from rxpolygon.transport import Endpoint, Listener, Ping, Transport, TransportName, choose_transport
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.transport.choice import check_transport
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster, StreamHost

__all__ = ["StreamClient"]

E = TypeVar("E", bound=Event)

DEFAULT_RECONNECT: Final = Reconnect()
_connection_log: Final = logging.getLogger("rxpolygon.connection")


class StreamClient(MarketStreams):
    """A connection to one cluster, as hot Observables.

    Subscribe, compose, start::

        client = StreamClient(cluster="stocks")
        trades = client.subscribe_stock_trades(["AAPL", "MSFT"])
        trades.pipe(rxo.time_bars("1m")).subscribe(print)
        client.start_stream_thread()

    Observers and handlers are called on one thread of the client's own, the dispatch thread; another thread
    reads the socket, so a slow observer does not make the server cut the connection. An observer that raises
    gets its own exception in its ``on_error``; nobody else is hurt. All methods may be called from any
    thread, observers included.

    Args:
        api_key: The key; by default ``$POLYGON_API_KEY``, else ``$MASSIVE_API_KEY``. It is never shown.
        cluster: A :class:`StreamCluster` or its name.
        host: A :class:`StreamHost`, a host name (reached by TLS), or a ``ws://`` or ``wss://`` URL to which
            ``/<cluster>`` is added.
        on_message: Called with each frame's text, ``(ws, text)`` or ``(text)``; ``ws`` is this client. When
            it is None and nothing was ever observed, statuses and events are written to the standard output.
        on_close: Called at each end of a connection, ``(ws, code, message)`` or ``(code, message)``.
        on_error: Called when the stream ends by an error, ``(ws, exception)`` or ``(exception)``.
        enable_connection_logs: Whether to write this connection's life to stderr. With or without it, it
            goes to the logger ``rxpolygon.connection``.
        raw_data: Whether Observables carry the wire's dicts instead of typed events.
        transport: ``default`` (pure Python), ``fast`` (picows, the extra ``fast``) or ``auto``: fast over
            TLS, if it is installed and no proxy stands between.
        reconnect: What to do after a loss, see :class:`Reconnect`; None ends the stream with the first one.
        overflow: What to do when observers are too slow and the buffer is full: ``block`` (stop reading),
            ``drop_oldest``, ``drop_newest`` or ``error``. Drops are counted and told on :attr:`status`.
        max_buffer: The most bytes that may wait for observers.
        data_timeout: Seconds without any data, while the market is open by its usual hours, after which a
            connection counts as mute and is replaced; or a dict of channels (``{"stock_trades": 30}``) to
            watch each for itself. None, the default, waits for ever.
        ca_certs: A file of certificates (PEM) to trust instead of the system's.
        max_frame: The largest message that is accepted, in bytes.

    Raises:
        InvalidArgumentError: An argument has a value that is not allowed; the message says what is.
        InvalidTypeError: An argument has the wrong type.
        MissingPackageError: ``transport="fast"`` without picows.

    Example:
        >>> from reactivex import operators as ops
        >>> from rxpolygon.simulator import Simulator
        >>> with Simulator(seed=1, speed=60) as server, StreamClient("demo", host=server.url) as client:
        ...     trade = client.subscribe_stock_trades(["AAPL"]).pipe(ops.first()).run()
        >>> trade.symbol
        'AAPL'
    """

    def __init__(
        self,
        api_key: str | None = None,
        cluster: StreamCluster | str = StreamCluster.STOCKS,
        host: StreamHost | str = StreamHost.REAL_TIME,
        on_message: MessageHandler | None = None,
        on_close: CloseHandler | None = None,
        on_error: ErrorHandler | None = None,
        enable_connection_logs: bool = False,
        *,
        raw_data: bool = False,
        transport: TransportName = "auto",
        reconnect: Reconnect | None = DEFAULT_RECONNECT,
        overflow: Overflow = "block",
        max_buffer: int = DEFAULT_BUFFER,
        data_timeout: float | Mapping[str, float] | None = None,
        ca_certs: str | None = None,
        max_frame: int = LARGEST_FRAME,
    ) -> None:
        name = cluster_from(cluster)
        self._api_key = api_key_from(api_key)
        self._codec = PolygonCodec(base_url_from(host), name, self._api_key)
        check_transport(transport)
        if reconnect is not None and not isinstance(reconnect, Reconnect):
            raise InvalidTypeError("reconnect", reconnect, "a Reconnect policy, or None")
        super().__init__(
            name,
            lambda symbol: normal_symbol(name.market, symbol),
            on_message,
            on_close,
            on_error,
            log_to_stderr=flag("enable_connection_logs", enable_connection_logs),
        )
        self._transport_name = transport
        self._reconnect = reconnect
        self._data_timeout = data_limits_from(data_timeout, name.market)
        self._overflow = cast("Overflow", one_of("overflow", overflow, OVERFLOW_POLICIES))
        self._max_buffer = int(positive_number("max_buffer", max_buffer, "bytes"))
        self._endpoint = Endpoint(
            self._codec.url,
            certificates_from(ca_certs),
            largest_frame=int(positive_number("max_frame", max_frame, "bytes")),
        )
        self._raw_data = flag("raw_data", raw_data)
        self._starting = threading.Lock()
        # Of the present run, or of the last one; replaced under that lock.
        self._carrier: Carrier | None = None
        self._machine: Machine | None = None
        self._is_over = False  # whether its end has been told to all; under _starting
        self._next_start: tuple[Ping, bool] | None = None  # asked for before that; under _starting
        self._buffer = FrameBuffer(self._max_buffer, self._overflow)
        self._delivery = self._make_delivery(check_utf8=False)

    def __repr__(self) -> str:
        return f"StreamClient({self._codec.url!r}, {self._status.state})"

    @property
    def url(self) -> str:
        """Where this client connects to."""
        return self._codec.url

    @property
    def is_streaming(self) -> bool:
        """Whether the threads run: from the start to the end of the close, or to an error."""
        return self._carrier is not None and self._carrier.is_alive

    @property
    def stats(self) -> StreamStats:
        """Figures of the present run, or of the last one."""
        buffer, delivery, carrier = self._buffer, self._delivery, self._carrier
        progress = delivery.progress
        stamp = progress.last_timestamp
        stats = StreamStats(
            frames=buffer.received_frames,
            events=progress.events,
            bytes=buffer.received_bytes,
            buffered_bytes=buffer.size,
            dropped=buffer.dropped,
            malformed=progress.malformed,
            connections=carrier.connections if carrier is not None else 0,
            last_event_time=time_of(stamp),
            lag=delivery.lag,
            overflow=self._overflow,
        )
        return delivery.tally.added_to(stats)

    def start_stream_thread(
        self,
        ping_interval: float = 21,
        ping_timeout: float = 20,
        ping_payload: str = "",
        skip_utf8_validation: bool = True,
    ) -> None:
        """Connect, log in and stream, in threads of the client's own. Returns at once.

        Does nothing while the stream runs. After its end it starts anew: subscribe again. In a callback of
        the end, such as ``on_error``, it starts once the end has been told to all.

        Args:
            ping_interval: Seconds between pings; 0 for none.
            ping_timeout: Seconds without a byte after a ping, until the connection counts as dead; 0 waits
                for ever.
            ping_payload: What the pings carry, at most 125 bytes.
            skip_utf8_validation: False checks the whole text of each frame, and not only what is decoded.

        Raises:
            InvalidArgumentError: A number is negative, or the payload too long.
            InvalidTypeError: An argument has the wrong type.
            AlreadyStreamingError: Another client of this process streams from the same URL with the same
                key; the server would drop it.
        """
        ping = ping_from(ping_interval, ping_timeout, ping_payload)
        flag("skip_utf8_validation", skip_utf8_validation)
        with self._starting:
            if not self.is_streaming or self._is_over:
                self._start(ping, check_utf8=not skip_utf8_validation)
            elif self._machine is not None and self._machine.phase is Phase.ENDED:
                self._next_start = (ping, not skip_utf8_validation)

    def _start_next(self) -> None:
        """The run is over: begin the next one, if it was asked for meanwhile."""
        with self._starting:
            self._is_over = True
            if self._next_start is not None:
                self._start(*self._next_start)

    def _start(self, ping: Ping, check_utf8: bool) -> None:
        running.register(self._codec.url, self._api_key, self)
        if self._carrier is not None:
            self._reopen()
        self._is_over, self._next_start = False, None
        self._buffer = FrameBuffer(self._max_buffer, self._overflow)
        self._delivery = self._make_delivery(check_utf8)
        self._machine = Machine(
            self._codec,
            Timing(ping=ping, data=self._data_timeout),
            self._reconnect,
            random.random,
            lambda: is_market_open(self._cluster.market),
        )
        self._carrier = Carrier(
            self._machine,
            self._codec,
            self._open_transport,
            self._buffer,
            self._delivery,
            self._router.is_wanted,
            f"rxpolygon-{self._cluster.value}",
        )
        self._carrier.changed(self._router.wanted)
        self._carrier.start()

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
            carrier = self._carrier
        if carrier is not None:
            self._delivery.mute()
            if not carrier.close(timeout):
                _connection_log.warning("an observer has not returned within %g s of the close", timeout)
        else:
            for observed in (self._router, self._events, self._messages, self._status):
                observed.end(None)
                observed.reopen()

    def after_fork(self) -> None:
        """Called in a forked child: nothing runs there, and nobody observes, until it is started again."""
        if self._carrier is not None:
            self._carrier.abandon()
            self._carrier = None
        self._starting = threading.Lock()
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
        kind = RawDelivery if self._raw_data else Delivery
        return kind(
            self._codec,
            self._router,
            self._events,
            self._messages,
            self._status,
            self._handlers,
            check_utf8=check_utf8,
            when_over=self._start_next,
        )

    def _open_transport(self, listener: Listener) -> Transport:
        name = f"rxpolygon-{self._cluster.value}-read"
        return choose_transport(self._transport_name, self._endpoint, listener, name)
