"""The channels of Alpaca's stock data, as methods."""

from __future__ import annotations

from reactivex import Observable

from rxpolygon.alpaca.bar_channels import BarChannels
from rxpolygon.alpaca.handled import Handler
from rxpolygon.events.alpaca import (
    Imbalance,
    LimitUpLimitDown,
    Quote,
    Trade,
    TradeCancel,
    TradeCorrection,
    TradingStatus,
)

__all__ = ["StockChannels"]


class StockChannels(BarChannels):
    """Alpaca's stock data, live or replayed: what a pipeline takes that is to run on both."""

    def subscribe_trades(self, first: Handler[Trade] | str, /, *symbols: str) -> Observable[Trade]:
        """Trades.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.Trade`. Channel ``trades``.
        """
        return self._subscribe("trades", Trade, first, symbols)

    def unsubscribe_trades(self, *symbols: str) -> None:
        """Give up trades and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("trades", symbols)

    def subscribe_quotes(self, first: Handler[Quote] | str, /, *symbols: str) -> Observable[Quote]:
        """The best bid and offer.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.Quote`. Channel ``quotes``.
        """
        return self._subscribe("quotes", Quote, first, symbols)

    def unsubscribe_quotes(self, *symbols: str) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("quotes", symbols)

    def subscribe_trading_statuses(
        self, first: Handler[TradingStatus] | str, /, *symbols: str
    ) -> Observable[TradingStatus]:
        """Halts and resumptions of trading.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.TradingStatus`. Channel ``statuses``.
        """
        return self._subscribe("trading_statuses", TradingStatus, first, symbols)

    def unsubscribe_trading_statuses(self, *symbols: str) -> None:
        """Give up trading statuses and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("trading_statuses", symbols)

    def subscribe_lulds(
        self, first: Handler[LimitUpLimitDown] | str, /, *symbols: str
    ) -> Observable[LimitUpLimitDown]:
        """Limit up, limit down: the price bands that stocks may trade in.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.LimitUpLimitDown`. Channel ``lulds``.
        """
        return self._subscribe("lulds", LimitUpLimitDown, first, symbols)

    def unsubscribe_lulds(self, *symbols: str) -> None:
        """Give up lulds and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("lulds", symbols)

    def subscribe_imbalances(
        self, first: Handler[Imbalance] | str, /, *symbols: str
    ) -> Observable[Imbalance]:
        """Orders out of balance before auctions and in halts.

        Args:
            first: A handler (a function or a coroutine function of an event), or the first symbol.
            symbols: Tickers; ``"*"`` for every symbol.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.Imbalance`. Channel ``imbalances``.
        """
        return self._subscribe("imbalances", Imbalance, first, symbols)

    def unsubscribe_imbalances(self, *symbols: str) -> None:
        """Give up imbalances and complete their Observables.

        Args:
            symbols: Which; ``"*"`` for all of the channel.
        """
        self._unsubscribe("imbalances", symbols)

    def register_trade_cancels(self, handler: Handler[TradeCancel] | None = None) -> Observable[TradeCancel]:
        """Trades that are taken back, of all symbols whose trades are subscribed: they come with those.

        Args:
            handler: A function or a coroutine function of an event.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.TradeCancel`; merged into the trades it makes
            ``time_bars(..., corrections=True)`` revise its bars.
        """
        return self._register("trade_cancels", TradeCancel, handler)

    def unregister_trade_cancels(self) -> None:
        """Complete the Observables of :meth:`register_trade_cancels` and forget the handler."""
        self._unregister("trade_cancels")

    def register_trade_corrections(
        self, handler: Handler[TradeCorrection] | None = None
    ) -> Observable[TradeCorrection]:
        """Trades that are corrected, of all symbols whose trades are subscribed: they come with those.

        Args:
            handler: A function or a coroutine function of an event.

        Returns:
            A hot Observable of :class:`~rxpolygon.alpaca.TradeCorrection`; merged into the trades it makes
            ``time_bars(..., corrections=True)`` revise its bars.
        """
        return self._register("trade_corrections", TradeCorrection, handler)

    def unregister_trade_corrections(self) -> None:
        """Complete the Observables of :meth:`register_trade_corrections` and forget the handler."""
        self._unregister("trade_corrections")
