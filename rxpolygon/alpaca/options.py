"""``OptionDataStream``: Alpaca's option data as hot, typed Observables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rxpolygon.alpaca.arguments import feed_from, url_of
from rxpolygon.alpaca.option_channels import OptionChannels
from rxpolygon.alpaca.stream import DEFAULT_RECONNECT, DataStream
from rxpolygon.connection import Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER
from rxpolygon.handlers import CloseHandler, ErrorHandler
from rxpolygon.transport import TransportName
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.venues.alpaca.names import OptionsFeed

__all__ = ["OptionDataStream"]


class OptionDataStream(OptionChannels, DataStream):
    """Alpaca's option data, as hot Observables and with the methods of the vendor's own class.

    Symbols are contracts such as ``AAPL240315C00172500``. The stream speaks msgpack only. Everything else is
    as in :class:`~rxpolygon.alpaca.StockDataStream`.

    Args:
        api_key: The id of the key; by default ``$APCA_API_KEY_ID``.
        secret_key: The secret; by default ``$APCA_API_SECRET_KEY``.
        raw_data: Whether Observables and handlers get the wire's dicts instead of typed events.
        feed: An :class:`OptionsFeed` or its name.
        websocket_params: As for :class:`~rxpolygon.alpaca.StockDataStream`, and all that follows.
        url_override: The whole URL to connect to.

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
        feed: OptionsFeed | str = OptionsFeed.INDICATIVE,
        websocket_params: Mapping[str, Any] | None = None,  # Any: whatever the package websockets takes there
        url_override: str | None = None,
        *,
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
            "options",
            url_of(feed_from(OptionsFeed, feed).path, url_override),
            api_key,
            secret_key,
            websocket_params,
            raw_data=raw_data,
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
