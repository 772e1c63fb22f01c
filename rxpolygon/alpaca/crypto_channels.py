"""The channels of Alpaca's crypto data, as methods."""

from __future__ import annotations

from reactivex import Observable

from rxpolygon.alpaca.bar_channels import BarChannels
from rxpolygon.alpaca.handled import Handler
from rxpolygon.events.alpaca import CryptoQuote, CryptoTrade, Orderbook

__all__ = ["CryptoChannels"]


class CryptoChannels(BarChannels):
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
