"""``StockDataStream``: Alpaca's stock data as hot, typed Observables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rxpolygon.alpaca.arguments import feed_from, url_of
from rxpolygon.alpaca.stock_channels import StockChannels
from rxpolygon.alpaca.stream import DEFAULT_RECONNECT, DataStream
from rxpolygon.connection import Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER
from rxpolygon.handlers import CloseHandler, ErrorHandler
from rxpolygon.transport import TransportName
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.venues.alpaca.codec import Encoding
from rxpolygon.venues.alpaca.names import DataFeed

__all__ = ["StockDataStream"]


class StockDataStream(StockChannels, DataStream):
    """Alpaca's stock data, as hot Observables and with the methods of the vendor's own class.

    Subscribe, compose, run::

        stream = StockDataStream()
        stream.subscribe_trades("AAPL", "MSFT").pipe(rxo.time_bars("1m")).subscribe(print)
        stream.run()

    or with handlers, as programs for the vendor's package do::

        async def on_quote(quote):
            print(quote.symbol, quote.bid_price)

        stream.subscribe_quotes(on_quote, "AAPL")

    **Subscribing.** ``subscribe_*`` asks the server for the symbols at once, or as soon as the connection is
    up, and returns a hot Observable of their events. It holds until its last observer is disposed, or until
    ``unsubscribe_*``; what nobody ever observed holds until ``unsubscribe_*``. A handler is an observer. Each
    symbol has one handler a channel, the last one given; that of ``"*"`` gets the symbols without one.

    **Threads.** Observers and handlers are called on one thread of the stream's own, the dispatch thread;
    another one reads the socket. A coroutine handler runs on the event loop that ran when it was subscribed,
    else on one in a thread of the stream's own; it gets its events one after another. All methods may be
    called from any thread, observers and handlers included.

    **Errors.** An observer or handler that raises gets its own exception in ``on_error`` and is detached;
    nobody else is hurt. Observables end with ``on_error`` when the server refuses their symbols, or when the
    stream ends by an error that no retry mends. What ends a handler goes to stderr, as an exception in a
    thread does; the error that ends the stream only where neither :meth:`run` nor the argument ``on_error``
    tells it.

    Args:
        api_key: The id of the key; by default ``$APCA_API_KEY_ID``. It is never shown.
        secret_key: The secret; by default ``$APCA_API_SECRET_KEY``. It is never shown.
        raw_data: Whether Observables and handlers get the wire's dicts instead of typed events. Their instant
            ``t`` is a text of RFC 3339 in both encodings.
        feed: A :class:`DataFeed` or its name.
        websocket_params: ``ping_interval``, ``ping_timeout``, ``open_timeout`` (seconds), ``max_size``
            (bytes), ``max_queue`` (how many events may wait for a coroutine handler) and
            ``additional_headers`` or ``extra_headers``.
        url_override: The whole URL to connect to, such as that of the test stream,
            ``wss://stream.data.alpaca.markets/v2/test``.
        encoding: ``msgpack``, which costs less, or ``json``.
        transport: ``default`` (pure Python), ``fast`` (picows, the extra ``fast``) or ``auto``: fast over
            TLS, if it is installed and no proxy stands between.
        reconnect: What to do after a loss, see :class:`~rxpolygon.Reconnect`; None ends the stream with the
            first one.
        overflow: What to do when observers are too slow and the buffer is full: ``block`` (stop reading),
            ``drop_oldest``, ``drop_newest`` or ``error``. Drops are counted and told on :attr:`status`.
        max_buffer: The most bytes that may wait for observers.
        data_timeout: Seconds without any data, while the market is open by its usual hours, after which a
            connection counts as mute and is replaced; or a dict of channels (``{"trades": 30}``).
        ca_certs: A file of certificates (PEM) to trust instead of the system's.
        max_frame: The largest message that is accepted, in bytes.
        on_close: Called at each end of a connection, ``(stream, code, message)`` or ``(code, message)``.
        on_error: Called when the stream ends by an error, ``(stream, exception)`` or ``(exception)``.

    Raises:
        InvalidArgumentError: An argument has a value that is not allowed; the message says what is.
        InvalidTypeError: An argument has the wrong type.
        MissingPackageError: ``transport="fast"`` without picows.

    Example:
        >>> from reactivex import operators as ops
        >>> from rxpolygon.simulator import Simulator
        >>> with Simulator(venue="alpaca", seed=1, speed=60) as server:
        ...     with StockDataStream("demo", "secret", url_override=server.url) as stream:
        ...         trade = stream.subscribe_trades("AAPL").pipe(ops.first()).run()
        >>> trade.symbol
        'AAPL'
    """

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        raw_data: bool = False,
        feed: DataFeed | str = DataFeed.IEX,
        websocket_params: Mapping[str, Any] | None = None,  # Any: whatever the package websockets takes there
        url_override: str | None = None,
        *,
        encoding: Encoding = "msgpack",
        transport: TransportName = "auto",
        reconnect: Reconnect | None = DEFAULT_RECONNECT,
        overflow: Overflow = "block",
        max_buffer: int = DEFAULT_BUFFER,
        data_timeout: float | Mapping[str, float] | None = None,
        ca_certs: str | None = None,
        max_frame: int = LARGEST_FRAME,
        on_close: CloseHandler | None = None,
        on_error: ErrorHandler | None = None,
    ) -> None:
        chosen = feed_from(DataFeed, feed)
        super().__init__(
            "stocks",
            url_of(chosen.path, url_override),
            api_key,
            secret_key,
            websocket_params,
            raw_data=raw_data,
            encoding=encoding,
            is_open=(lambda: True) if chosen.is_overnight else None,
            transport=transport,
            reconnect=reconnect,
            overflow=overflow,
            max_buffer=max_buffer,
            data_timeout=data_timeout,
            ca_certs=ca_certs,
            max_frame=max_frame,
            on_close=on_close,
            on_error=on_error,
        )
