"""The bars that Alpaca makes of stocks and of crypto, as methods."""

from __future__ import annotations

from reactivex import Observable

from rxpolygon.alpaca.handled import HandledStreams, Handler
from rxpolygon.events.alpaca import Bar

__all__ = ["BarChannels"]


class BarChannels(HandledStreams):
    """What the streams of stocks and of crypto have in common."""

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
        """Minute bars again, where late trades changed them; of stocks half a minute later.

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
        """Bars of the day so far; of stocks after each minute with trades.

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
