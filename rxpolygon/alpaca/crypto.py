"""``CryptoDataStream``: Alpaca's crypto data as hot, typed Observables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rxpolygon.alpaca.arguments import feed_from, url_of
from rxpolygon.alpaca.crypto_channels import CryptoChannels
from rxpolygon.alpaca.stream import DEFAULT_RECONNECT, DataStream
from rxpolygon.connection import Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER
from rxpolygon.handlers import CloseHandler, ErrorHandler
from rxpolygon.transport import TransportName
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.venues.alpaca.codec import Encoding
from rxpolygon.venues.alpaca.names import CryptoFeed

__all__ = ["CryptoDataStream"]


class CryptoDataStream(CryptoChannels, DataStream):
    """Alpaca's crypto data, as hot Observables and with the methods of the vendor's own class.

    Symbols are pairs such as ``BTC/USD``. Everything else is as in
    :class:`~rxpolygon.alpaca.StockDataStream`; ``url_override`` comes before ``websocket_params``, as in the
    vendor's class.

    Args:
        api_key: The id of the key; by default ``$APCA_API_KEY_ID``.
        secret_key: The secret; by default ``$APCA_API_SECRET_KEY``.
        raw_data: Whether Observables and handlers get the wire's dicts instead of typed events.
        feed: A :class:`CryptoFeed` or its name.
        url_override: The whole URL to connect to.
        websocket_params: As for :class:`~rxpolygon.alpaca.StockDataStream`, and all that follows.

    Raises:
        InvalidArgumentError: An argument has a value that is not allowed; the message says what is.
        InvalidTypeError: An argument has the wrong type.
        MissingPackageError: ``transport="fast"`` without picows.
    """

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        raw_data: bool = False,
        feed: CryptoFeed | str = CryptoFeed.US,
        url_override: str | None = None,
        websocket_params: Mapping[str, Any] | None = None,  # Any: whatever the package websockets takes there
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
        super().__init__(
            "crypto",
            url_of(feed_from(CryptoFeed, feed).path, url_override),
            api_key,
            secret_key,
            websocket_params,
            raw_data=raw_data,
            encoding=encoding,
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
