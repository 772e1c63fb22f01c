"""What the streams of stocks, crypto and options have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from rxpolygon.alpaca.arguments import (
    KEY_VARIABLE,
    SECRET_VARIABLE,
    data_limits,
    key_from,
    websocket_params_from,
)
from rxpolygon.alpaca.handled import HandledStreams, Run
from rxpolygon.connection import Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER
from rxpolygon.errors import RxPolygonError
from rxpolygon.handlers import CloseHandler, ErrorHandler
from rxpolygon.live import LiveStreams, connection_options
from rxpolygon.market_hours import is_market_open
from rxpolygon.settings import one_of
from rxpolygon.transport import Ping, TransportName
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.venues.alpaca.channels import channels_of
from rxpolygon.venues.alpaca.codec import AlpacaCodec, Encoding

__all__ = ["DEFAULT_RECONNECT", "DataStream"]

DEFAULT_RECONNECT: Final = Reconnect()


class DataStream(HandledStreams, LiveStreams):
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
        self._ping = params.ping
        self._next_run = Run()  # what is or will be asked for; under _starting, as _run
        super().__init__(market, str.upper, params.max_queue, on_close, on_error)
        self._set_up(
            AlpacaCodec(url, market, key, secret, encoding, params.headers),
            replace(options, connect_timeout=params.open_timeout),
            account=f"{key}:{secret}",
            name=f"alpaca-{market}",
            is_market_open=is_open or (lambda: is_market_open(market)),
        )

    def start_stream_thread(self) -> None:
        """Connect, log in and stream, in threads of the stream's own. Returns at once.

        The threads are daemons: they end with the program. :meth:`run` waits instead.
        Does nothing while it runs. After its end it starts anew: subscribe again.

        Raises:
            AlreadyStreamingError: Another stream of this process has the same URL and keys; the server would
                refuse this one.
        """
        self._start_threads(self._ping, check_utf8=False)

    def _begin_run(self) -> Run:
        self.start_stream_thread()
        with self._starting:
            return self._run if self._next_start is None else self._next_run

    def _end_stream(self, timeout: float) -> None:
        with self._starting:
            given_up, self._next_run = self._next_run, Run()
        given_up.finish(None)
        LiveStreams.close_stream(self, timeout)

    def after_fork(self) -> None:
        """Called in a forked child: nothing runs there, and nobody observes, until it is started again."""
        super().after_fork()
        self._coroutines.after_fork()
        self._desks = self._new_desks()
        self._in_run.clear()  # the threads are the parent's
        self._run, self._next_run = Run(), Run()

    def _start(self, ping: Ping, check_utf8: bool) -> None:
        self._run, self._next_run = self._next_run, Run()
        try:
            super()._start(ping, check_utf8)
        except RxPolygonError as error:
            self._run.finish(error)
            raise

    def _over(self, error: RxPolygonError | None) -> None:
        self._coroutines.end()
        super()._over(error)

    def _ended(self, error: RxPolygonError | None) -> None:
        self._run.finish(error)
