"""The channels of Alpaca's crypto data, as methods."""

from __future__ import annotations

from reactivex import Observable

from rxpolygon.alpaca.handled import HandledStreams, Handler
from rxpolygon.events.alpaca import Bar, CryptoQuote, CryptoTrade, Orderbook

__all__ = ["CryptoChannels"]


class CryptoChannels(HandledStreams):
    """Alpaca's crypto data, live or replayed: what a pipeline takes that is to run on both."""

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
