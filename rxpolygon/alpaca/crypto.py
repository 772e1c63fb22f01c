"""``CryptoDataStream``: Alpaca's crypto data as hot, typed Observables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactivex import Observable

from rxpolygon.alpaca.arguments import feed_from, url_of
from rxpolygon.alpaca.stream import DEFAULT_RECONNECT, DataStream, Handler
from rxpolygon.connection import Overflow, Reconnect
from rxpolygon.connection.buffer import DEFAULT_BUFFER
from rxpolygon.events.alpaca import Bar, CryptoQuote, CryptoTrade, Orderbook
from rxpolygon.handlers import CloseHandler, ErrorHandler
from rxpolygon.transport import TransportName
from rxpolygon.transport.base import LARGEST_FRAME
from rxpolygon.venues.alpaca.codec import Encoding
from rxpolygon.venues.alpaca.names import CryptoFeed

__all__ = ["CryptoDataStream"]


class CryptoDataStream(DataStream):
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

    def subscribe_trades(
        self, first: Handler[CryptoTrade] | str, /, *symbols: str
    ) -> Observable[CryptoTrade]:
        """Trades.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.CryptoTrade`. Channel ``trades``.
        """
        return self._subscribe("trades", CryptoTrade, first, symbols)

    def unsubscribe_trades(self, *symbols: str) -> None:
        """Give up trades and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("trades", symbols)

    def subscribe_quotes(
        self, first: Handler[CryptoQuote] | str, /, *symbols: str
    ) -> Observable[CryptoQuote]:
        """The best bid and offer.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.CryptoQuote`. Channel ``quotes``.
        """
        return self._subscribe("quotes", CryptoQuote, first, symbols)

    def unsubscribe_quotes(self, *symbols: str) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("quotes", symbols)

    def subscribe_bars(self, first: Handler[Bar] | str, /, *symbols: str) -> Observable[Bar]:
        """Minute bars, each when its minute is over.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.Bar`. Channel ``bars``.
        """
        return self._subscribe("bars", Bar, first, symbols)

    def unsubscribe_bars(self, *symbols: str) -> None:
        """Give up bars and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("bars", symbols)

    def subscribe_updated_bars(self, first: Handler[Bar] | str, /, *symbols: str) -> Observable[Bar]:
        """Minute bars again, where late trades changed them.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.Bar`. Channel ``updatedBars``.
        """
        return self._subscribe("updated_bars", Bar, first, symbols)

    def unsubscribe_updated_bars(self, *symbols: str) -> None:
        """Give up updated bars and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("updated_bars", symbols)

    def subscribe_daily_bars(self, first: Handler[Bar] | str, /, *symbols: str) -> Observable[Bar]:
        """Bars of the day so far.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.Bar`. Channel ``dailyBars``.
        """
        return self._subscribe("daily_bars", Bar, first, symbols)

    def unsubscribe_daily_bars(self, *symbols: str) -> None:
        """Give up daily bars and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("daily_bars", symbols)

    def subscribe_orderbooks(
        self, first: Handler[Orderbook] | str, /, *symbols: str
    ) -> Observable[Orderbook]:
        """The order book: whole at first, then what changes in it.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.Orderbook`. Channel ``orderbooks``.
        """
        return self._subscribe("orderbooks", Orderbook, first, symbols)

    def unsubscribe_orderbooks(self, *symbols: str) -> None:
        """Give up orderbooks and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("orderbooks", symbols)
