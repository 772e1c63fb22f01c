"""What the streams of stocks, crypto and options have in common."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar

from msgspec.structs import replace
from reactivex import Observable

from rxpolygon import isolation
from rxpolygon.alpaca.arguments import (
    KEY_VARIABLE,
    SECRET_VARIABLE,
    data_limits,
    key_from,
    topics_of,
    websocket_params_from,
)
from rxpolygon.alpaca.desk import Desk, Seat
from rxpolygon.connection import Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER
from rxpolygon.coroutines import CoroutineHandlers, is_coroutine_function
from rxpolygon.errors import InvalidTypeError, RxPolygonError
from rxpolygon.events import Event
from rxpolygon.handlers import CloseHandler, ErrorHandler, HandlerSet
from rxpolygon.live import LiveStreams, connection_options
from rxpolygon.market_hours import is_market_open
from rxpolygon.settings import one_of
from rxpolygon.subscriber import Subscriber
from rxpolygon.topics import EVERY_SYMBOL, Topic
from rxpolygon.transport import Ping, TransportName
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.venues.alpaca.channels import channels_of
from rxpolygon.venues.alpaca.codec import AlpacaCodec, Encoding

__all__ = ["DEFAULT_RECONNECT", "DataStream", "Handler"]

E = TypeVar("E", bound=Event)

#: A function of an event, or a coroutine function.
Handler: TypeAlias = Callable[[E], object]

DEFAULT_RECONNECT: Final = Reconnect()

_log: Final = logging.getLogger("rxpolygon.observers")


class DataStream(LiveStreams):
    """A connection to one of the vendor's streams. See :class:`~rxpolygon.alpaca.StockDataStream`."""

    def __init__(
        self,
        market: str,
        url: str,
        api_key: str | None,
        secret_key: str | None,
        websocket_params: Mapping[str, Any] | None,  # Any: whatever the package websockets takes there
        *,
        raw_data: bool,
        encoding: Encoding = "msgpack",
        is_open: Callable[[], bool] | None = None,
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
        key = key_from("api_key", api_key, KEY_VARIABLE)
        secret = key_from("secret_key", secret_key, SECRET_VARIABLE)
        params = websocket_params_from(websocket_params)
        one_of("encoding", encoding, ("msgpack", "json"))
        options = connection_options(
            transport=transport,
            reconnect=reconnect,
            overflow=overflow,
            max_buffer=max_buffer,
            data_timeout=data_limits(data_timeout, channels_of(market)),
            ca_certs=ca_certs,
            max_frame=max_frame if params.max_size is None else params.max_size,
            raw_data=raw_data,
        )
        self._channels = channels_of(market)
        self._ping = params.ping
        self._desks: defaultdict[str, Desk] = defaultdict(Desk)
        self._finished = threading.Event()
        self._error: RxPolygonError | None = None  # what ended the last run; before _finished is set
        self._coroutines = CoroutineHandlers(f"rxpolygon-alpaca-{market}", params.max_queue)
        super().__init__(
            {channel.field: channel.event for channel in self._channels.values()},
            str.upper,
            lambda is_observed: HandlerSet(
                self, None, on_close, on_error, lambda: True, name=f"alpaca {market}"
            ),
        )
        self._set_up(
            AlpacaCodec(url, market, key, secret, encoding, params.headers),
            replace(options, connect_timeout=params.open_timeout),
            account=f"{key}:{secret}",
            name=f"alpaca-{market}",
            is_market_open=is_open or (lambda: is_market_open(market)),
        )

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

    def start_stream_thread(self) -> None:
        """Connect, log in and stream, in threads of the stream's own. Returns at once.

        Does nothing while it runs. After its end it starts anew: subscribe again.

        Raises:
            AlreadyStreamingError: Another stream of this process has the same URL and keys; the server would
                refuse this one.
        """
        self._start_threads(self._ping, check_utf8=False)

    def run(self) -> None:
        """Stream until :meth:`stop`, Ctrl-C or an error that no retry mends. Blocks.

        Inside a running event loop (a notebook) it blocks that loop too, so coroutine handlers then run in a
        thread; :meth:`start_stream_thread` leaves the loop free.

        Raises:
            RxPolygonError: The error that ended the stream, such as
                :class:`~rxpolygon.errors.AuthenticationError` for wrong keys.
            AlreadyStreamingError: As for :meth:`start_stream_thread`.
        """
        self.start_stream_thread()
        try:
            with self._coroutines.blocking():
                self._finished.wait()
                self._coroutines.join(None)
        except KeyboardInterrupt:
            _log.info("interrupted: the stream is closed")
            self.close_stream()
            return
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the stream; :meth:`run` then returns. From any thread, handlers included."""
        self.close_stream()

    async def close(self) -> None:
        """End the stream, without blocking the event loop."""
        # A handler on our own loop may be who asks: its end is not waited for.
        waits = not self._coroutines.owns(asyncio.get_running_loop())
        await asyncio.to_thread(self._close, 5.0, waits)

    async def stop_ws(self) -> None:
        """The same as :meth:`close`."""
        await self.close()

    def close_stream(self, timeout: float = 5.0) -> None:
        """Close the connection, end the threads and complete every Observable.

        What waits for observers and handlers is let go. From an observer or a handler it returns at once, and
        the rest happens when that returns.

        Args:
            timeout: Seconds to wait for the threads, and for a coroutine handler in a thread of ours, which
                is cancelled then.
        """
        self._close(timeout, True)

    def _close(self, timeout: float, waits_for_coroutines: bool) -> None:
        waiting = self._coroutines.release()
        if waiting:
            _log.info("%d events that waited for coroutine handlers were let go", waiting)
        super().close_stream(timeout)
        self._coroutines.end()
        if waits_for_coroutines:
            self._coroutines.join(timeout)

    def after_fork(self) -> None:
        """Called in a forked child: nothing runs there, and nobody observes, until it is started again."""
        super().after_fork()
        self._coroutines.after_fork()

    def _start(self, ping: Ping, check_utf8: bool) -> None:
        self._finished.clear()
        super()._start(ping, check_utf8)

    def _over(self, error: RxPolygonError | None) -> None:
        self._coroutines.end()
        self._error = error
        self._finished.set()
        super()._over(error)

    def _subscribe(
        self, channel: str, event: type[E], first: Handler[E] | str, symbols: tuple[str, ...]
    ) -> Observable[E]:
        row = self._channels[channel]
        if isinstance(first, str):
            return self._request(event, topics_of(row, (first, *symbols)))
        if not callable(first):
            raise InvalidTypeError(
                "the first argument", first, "a handler (a function of an event) or a symbol"
            )
        return self._handled(event, topics_of(row, symbols), first)

    def _register(self, channel: str, event: type[E], handler: Handler[E] | None) -> Observable[E]:
        """Observe a channel that comes with another one."""
        topics = [Topic(self._channels[channel].field, EVERY_SYMBOL)]
        if handler is None:
            return self._request(event, topics)
        if not callable(handler):
            raise InvalidTypeError("handler", handler, "a function of an event, or None")
        return self._handled(event, topics, handler)

    def _handled(self, event: type[E], topics: list[Topic], handler: Handler[E]) -> Observable[E]:
        _check_takes_event(handler)
        observable = self._request(event, topics)
        desk, seat = self._desks[topics[0].prefix], Seat()
        symbols = [topic.symbol for topic in topics]
        deliver = self._delivering(handler, seat)

        def on_next(value: Any) -> None:  # Any: an event, or a dict where raw data is delivered
            if desk.has(seat, value.get("S", "") if isinstance(value, dict) else value.symbol):
                deliver(value)

        def on_error(error: Exception) -> None:
            desk.leave(seat)
            _tell_end(error)

        seat.subscription = observable.subscribe(on_next, on_error, lambda: desk.leave(seat))
        desk.take(seat, symbols)
        return observable

    def _delivering(self, handler: Handler[E], seat: Seat) -> Callable[[E], object]:
        if not is_coroutine_function(handler):
            return handler

        def failed(error: BaseException) -> None:
            subscription = seat.subscription
            if isinstance(subscription, Subscriber):
                self._router.fail(subscription, error)
            else:
                isolation.uncaught(error)

        return self._coroutines.feed(handler, failed).put

    def _unsubscribe(self, channel: str, symbols: tuple[str, ...]) -> None:
        topics = topics_of(replace(self._channels[channel], wildcard=True), symbols)
        self._desks[topics[0].prefix].clear(topic.symbol for topic in topics)
        self._give_up(topics)

    def _unregister(self, channel: str) -> None:
        self._unsubscribe(channel, (EVERY_SYMBOL,))


def _check_takes_event(handler: Callable[..., object]) -> None:
    try:
        inspect.signature(handler).bind(object())
    except TypeError:
        raise InvalidTypeError(
            "handler", handler, "a function that takes one event; this signature does not fit"
        ) from None
    except ValueError:  # some built-in functions have no signature
        return


def _tell_end(error: Exception) -> None:
    """The end of a handler's subscription by an error."""
    if not isinstance(error, RxPolygonError):
        raise error  # the handler's own: nobody else handles it
    _log.error("a handler gets no more events: %s", error)
