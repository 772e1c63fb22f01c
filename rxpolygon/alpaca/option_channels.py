"""The channels of Alpaca's option data, as methods."""

from __future__ import annotations

from reactivex import Observable

from rxpolygon.alpaca.handled import HandledStreams, Handler
from rxpolygon.events.alpaca import OptionQuote, OptionTrade

__all__ = ["OptionChannels"]


class OptionChannels(HandledStreams):
    """Alpaca's option data, live or replayed: what a pipeline takes that is to run on both."""

    def subscribe_trades(
        self, first: Handler[OptionTrade] | str, /, *symbols: str
    ) -> Observable[OptionTrade]:
        """Trades.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.OptionTrade`. Channel ``trades``.
        """
        return self._subscribe("trades", OptionTrade, first, symbols)

    def unsubscribe_trades(self, *symbols: str) -> None:
        """Give up trades and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("trades", symbols)

    def subscribe_quotes(
        self, first: Handler[OptionQuote] | str, /, *symbols: str
    ) -> Observable[OptionQuote]:
        """The best bid and offer, by the contracts' names.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; contracts by name, for there is no ``"*"`` here.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.OptionQuote`. Channel ``quotes``.
        """
        return self._subscribe("quotes", OptionQuote, first, symbols)

    def unsubscribe_quotes(self, *symbols: str) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("quotes", symbols)
