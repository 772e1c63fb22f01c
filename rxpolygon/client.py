"""``StreamClient``: one cluster of Polygon.io (Massive) as hot, typed Observables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rxpolygon.checks import flag
from rxpolygon.connection import Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER
from rxpolygon.handlers import CloseHandler, ErrorHandler, MessageHandler
from rxpolygon.live import LiveStreams, connection_options
from rxpolygon.market_hours import is_market_open
from rxpolygon.settings import api_key_from, base_url_from, cluster_from, data_limits_from, ping_from
from rxpolygon.streams import MarketStreams
from rxpolygon.symbols import normal_symbol
from rxpolygon.transport import TransportName
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster, StreamHost

__all__ = ["StreamClient"]

DEFAULT_RECONNECT: Final = Reconnect()


class StreamClient(LiveStreams, MarketStreams):
    """A connection to one cluster, as hot Observables.

    Subscribe, compose, start::

        client = StreamClient(cluster="stocks")
        bars = client.subscribe_stock_trades(["AAPL", "MSFT"]).pipe(rxo.time_bars("1m"))
        with client:  # or start_stream_thread(), which returns at once, and close_stream() at the end
            bars.pipe(ops.do_action(print)).run()

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
        key = api_key_from(api_key)
        codec = PolygonCodec(base_url_from(host), name, key)
        super().__init__(
            name,
            lambda symbol: normal_symbol(name.market, symbol),
            on_message,
            on_close,
            on_error,
            log_to_stderr=flag("enable_connection_logs", enable_connection_logs),
        )
        options = connection_options(
            transport=transport,
            reconnect=reconnect,
            overflow=overflow,
            max_buffer=max_buffer,
            data_timeout=data_limits_from(data_timeout, name.market),
            ca_certs=ca_certs,
            max_frame=max_frame,
            raw_data=raw_data,
        )
        self._set_up(
            codec,
            options,
            account=key,
            name=name.value,
            is_market_open=lambda: is_market_open(name.market),
        )

    def start_stream_thread(
        self,
        ping_interval: float = 21,
        ping_timeout: float = 20,
        ping_payload: str = "",
        skip_utf8_validation: bool = True,
    ) -> None:
        """Connect, log in and stream, in threads of the client's own. Returns at once.

        The threads are daemons: they end with the program, so a script must have something to wait for.
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
        self._start_threads(ping, check_utf8=not skip_utf8_validation)
