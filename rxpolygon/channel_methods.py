"""The ``subscribe_`` and ``unsubscribe_`` methods: a typed pair for each row of the channel table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from reactivex import Observable

from rxpolygon import events
from rxpolygon.events import Event

__all__ = ["ChannelMethods", "Symbols"]

E = TypeVar("E", bound=Event)

#: ``None``, ``[]``, ``"*"`` and ``"all"`` mean every symbol. A plain str may hold several, with commas, and
#: may hold topics as the wire has them (``"T.AAPL,T.MSFT"``), which are sent exactly so.
Symbols: TypeAlias = str | Iterable[str] | None


class ChannelMethods(ABC):
    """The methods of all channels. What they share:

    ``subscribe_*`` asks the server for the symbols at once, or as soon as the connection is up, and returns a
    hot Observable of their events. It holds until its last observer is disposed, or until ``unsubscribe_*``;
    what nobody ever observed holds until ``unsubscribe_*``. Observing again subscribes again. Observers are
    called on the dispatch thread. They end with ``on_completed`` when the stream is closed or the symbols are
    unsubscribed, and with ``on_error`` when the server refuses the channel or the stream ends by an error.

    All of them raise :class:`~rxpolygon.errors.WrongClusterError` on a connection to another cluster,
    :class:`~rxpolygon.errors.InvalidArgumentError` for an empty symbol, and
    :class:`~rxpolygon.errors.InvalidTypeError` for symbols that are not text.
    """

    @abstractmethod
    def _subscribe(self, channel: str, event: type[E], symbols: Symbols, upper: bool) -> Observable[E]:
        """Ask for a channel's symbols."""

    @abstractmethod
    def _unsubscribe(self, channel: str, symbols: Symbols) -> None:
        """Give up a channel's symbols."""

    def subscribe_stock_trades(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Trade]:
        """Trades in stocks.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Trade`. Channel ``T``, cluster stocks.
        """
        return self._subscribe("stock_trades", events.Trade, symbols, force_uppercase_symbols)

    def unsubscribe_stock_trades(self, symbols: Symbols = None) -> None:
        """Give up trades and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("stock_trades", symbols)

    def subscribe_stock_quotes(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Quote]:
        """The national best bid and offer of stocks.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Quote`. Channel ``Q``, cluster stocks.
        """
        return self._subscribe("stock_quotes", events.Quote, symbols, force_uppercase_symbols)

    def unsubscribe_stock_quotes(self, symbols: Symbols = None) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("stock_quotes", symbols)

    def subscribe_stock_minute_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Aggregate]:
        """Stocks' minutes, summed up by the server. The same start again is a revision.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Aggregate`. Channel ``AM``, cluster stocks.
        """
        return self._subscribe("stock_minute_aggregates", events.Aggregate, symbols, force_uppercase_symbols)

    def unsubscribe_stock_minute_aggregates(self, symbols: Symbols = None) -> None:
        """Give up minute aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("stock_minute_aggregates", symbols)

    def subscribe_stock_second_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Aggregate]:
        """Stocks' seconds, summed up by the server, about 2 s late. The same start again is a revision.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Aggregate`. Channel ``A``, cluster stocks.
        """
        return self._subscribe("stock_second_aggregates", events.Aggregate, symbols, force_uppercase_symbols)

    def unsubscribe_stock_second_aggregates(self, symbols: Symbols = None) -> None:
        """Give up second aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("stock_second_aggregates", symbols)

    def subscribe_stock_limit_up_limit_down(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.LimitUpLimitDown]:
        """The price bands that stocks must trade in.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.LimitUpLimitDown`. Channel ``LULD``, cluster stocks.
        """
        return self._subscribe(
            "stock_limit_up_limit_down", events.LimitUpLimitDown, symbols, force_uppercase_symbols
        )

    def unsubscribe_stock_limit_up_limit_down(self, symbols: Symbols = None) -> None:
        """Give up price bands and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("stock_limit_up_limit_down", symbols)

    def subscribe_stock_imbalances(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Imbalance]:
        """Order imbalances of stocks before auctions.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Imbalance`. Channel ``NOI``, cluster stocks.
        """
        return self._subscribe("stock_imbalances", events.Imbalance, symbols, force_uppercase_symbols)

    def unsubscribe_stock_imbalances(self, symbols: Symbols = None) -> None:
        """Give up imbalances and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("stock_imbalances", symbols)

    def subscribe_option_trades(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Trade]:
        """Trades in option contracts.

        Args:
            symbols: For example ``["O:SPY241220P00720000"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Trade`. Channel ``T``, cluster options.
        """
        return self._subscribe("option_trades", events.Trade, symbols, force_uppercase_symbols)

    def unsubscribe_option_trades(self, symbols: Symbols = None) -> None:
        """Give up trades and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("option_trades", symbols)

    def subscribe_option_quotes(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Quote]:
        """Best bid and offer of option contracts: by name, at most 1,000 on a connection, never all.

        Args:
            symbols: For example ``["O:SPY241220P00720000"]``.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Quote`. Channel ``Q``, cluster options.
        """
        return self._subscribe("option_quotes", events.Quote, symbols, force_uppercase_symbols)

    def unsubscribe_option_quotes(self, symbols: Symbols = None) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("option_quotes", symbols)

    def subscribe_option_minute_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Aggregate]:
        """Option contracts' minutes, summed up by the server. The same start again is a revision.

        Args:
            symbols: For example ``["O:SPY241220P00720000"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Aggregate`. Channel ``AM``, cluster options.
        """
        return self._subscribe("option_minute_aggregates", events.Aggregate, symbols, force_uppercase_symbols)

    def unsubscribe_option_minute_aggregates(self, symbols: Symbols = None) -> None:
        """Give up minute aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("option_minute_aggregates", symbols)

    def subscribe_option_second_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Aggregate]:
        """Option contracts' seconds, summed up by the server. The same start again is a revision.

        Args:
            symbols: For example ``["O:SPY241220P00720000"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Aggregate`. Channel ``A``, cluster options.
        """
        return self._subscribe("option_second_aggregates", events.Aggregate, symbols, force_uppercase_symbols)

    def unsubscribe_option_second_aggregates(self, symbols: Symbols = None) -> None:
        """Give up second aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("option_second_aggregates", symbols)

    def subscribe_forex_quotes(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.ForexQuote]:
        """Quotes of currency pairs.

        Args:
            symbols: For example ``["USD/CNH"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.ForexQuote`. Channel ``C``, cluster forex.
        """
        return self._subscribe("forex_quotes", events.ForexQuote, symbols, force_uppercase_symbols)

    def unsubscribe_forex_quotes(self, symbols: Symbols = None) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("forex_quotes", symbols)

    def subscribe_forex_minute_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.ForexAggregate]:
        """Currency pairs' minutes, summed up by the server.

        Args:
            symbols: For example ``["USD/CNH"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.ForexAggregate`. Channel ``CA``, cluster forex.
        """
        return self._subscribe(
            "forex_minute_aggregates", events.ForexAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_forex_minute_aggregates(self, symbols: Symbols = None) -> None:
        """Give up minute aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("forex_minute_aggregates", symbols)

    def subscribe_forex_second_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.ForexAggregate]:
        """Currency pairs' seconds, summed up by the server.

        Args:
            symbols: For example ``["USD/CNH"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.ForexAggregate`. Channel ``CAS``, cluster forex.
        """
        return self._subscribe(
            "forex_second_aggregates", events.ForexAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_forex_second_aggregates(self, symbols: Symbols = None) -> None:
        """Give up second aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("forex_second_aggregates", symbols)

    def subscribe_crypto_trades(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.CryptoTrade]:
        """Trades in crypto pairs.

        Args:
            symbols: For example ``["BTC-USD"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.CryptoTrade`. Channel ``XT``, cluster crypto.
        """
        return self._subscribe("crypto_trades", events.CryptoTrade, symbols, force_uppercase_symbols)

    def unsubscribe_crypto_trades(self, symbols: Symbols = None) -> None:
        """Give up trades and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("crypto_trades", symbols)

    def subscribe_crypto_quotes(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.CryptoQuote]:
        """Best bid and offer of crypto pairs, for each exchange.

        Args:
            symbols: For example ``["BTC-USD"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.CryptoQuote`. Channel ``XQ``, cluster crypto.
        """
        return self._subscribe("crypto_quotes", events.CryptoQuote, symbols, force_uppercase_symbols)

    def unsubscribe_crypto_quotes(self, symbols: Symbols = None) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("crypto_quotes", symbols)

    def subscribe_crypto_minute_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.CryptoAggregate]:
        """Crypto pairs' minutes, summed up by the server.

        Args:
            symbols: For example ``["BTC-USD"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.CryptoAggregate`. Channel ``XA``, cluster crypto.
        """
        return self._subscribe(
            "crypto_minute_aggregates", events.CryptoAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_crypto_minute_aggregates(self, symbols: Symbols = None) -> None:
        """Give up minute aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("crypto_minute_aggregates", symbols)

    def subscribe_crypto_second_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.CryptoAggregate]:
        """Crypto pairs' seconds, summed up by the server.

        Args:
            symbols: For example ``["BTC-USD"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.CryptoAggregate`. Channel ``XAS``, cluster crypto.
        """
        return self._subscribe(
            "crypto_second_aggregates", events.CryptoAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_crypto_second_aggregates(self, symbols: Symbols = None) -> None:
        """Give up second aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("crypto_second_aggregates", symbols)

    def subscribe_crypto_level2_book(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Level2Book]:
        """Order books of crypto pairs, up to 100 prices a side, for each exchange.

        Args:
            symbols: For example ``["BTC-USD"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Level2Book`. Channel ``XL2``, cluster crypto.
        """
        return self._subscribe("crypto_level2_book", events.Level2Book, symbols, force_uppercase_symbols)

    def unsubscribe_crypto_level2_book(self, symbols: Symbols = None) -> None:
        """Give up order books and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("crypto_level2_book", symbols)

    def subscribe_index_value(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.IndexValue]:
        """Values of indices.

        Args:
            symbols: For example ``["I:SPX"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.IndexValue`. Channel ``V``, cluster indices.
        """
        return self._subscribe("index_value", events.IndexValue, symbols, force_uppercase_symbols)

    def unsubscribe_index_value(self, symbols: Symbols = None) -> None:
        """Give up values and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("index_value", symbols)

    def subscribe_indices_minute_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.IndexAggregate]:
        """Indices' minutes, summed up by the server. No volume.

        Args:
            symbols: For example ``["I:SPX"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.IndexAggregate`. Channel ``AM``, cluster indices.
        """
        return self._subscribe(
            "indices_minute_aggregates", events.IndexAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_indices_minute_aggregates(self, symbols: Symbols = None) -> None:
        """Give up minute aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("indices_minute_aggregates", symbols)

    def subscribe_indices_second_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.IndexAggregate]:
        """Indices' seconds, summed up by the server. No volume.

        Args:
            symbols: For example ``["I:SPX"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.IndexAggregate`. Channel ``A``, cluster indices.
        """
        return self._subscribe(
            "indices_second_aggregates", events.IndexAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_indices_second_aggregates(self, symbols: Symbols = None) -> None:
        """Give up second aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("indices_second_aggregates", symbols)

    def subscribe_futures_trades(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.FuturesTrade]:
        """Trades in futures contracts.

        Args:
            symbols: For example ``["ESZ5"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.FuturesTrade`. Channel ``T``, cluster futures.
        """
        return self._subscribe("futures_trades", events.FuturesTrade, symbols, force_uppercase_symbols)

    def unsubscribe_futures_trades(self, symbols: Symbols = None) -> None:
        """Give up trades and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("futures_trades", symbols)

    def subscribe_futures_quotes(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.FuturesQuote]:
        """Best bid and offer of futures contracts.

        Args:
            symbols: For example ``["ESZ5"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.FuturesQuote`. Channel ``Q``, cluster futures.
        """
        return self._subscribe("futures_quotes", events.FuturesQuote, symbols, force_uppercase_symbols)

    def unsubscribe_futures_quotes(self, symbols: Symbols = None) -> None:
        """Give up quotes and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("futures_quotes", symbols)

    def subscribe_futures_minute_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.FuturesAggregate]:
        """Futures contracts' minutes, summed up by the server.

        Args:
            symbols: For example ``["ESZ5"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.FuturesAggregate`. Channel ``AM``, cluster futures.
        """
        return self._subscribe(
            "futures_minute_aggregates", events.FuturesAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_futures_minute_aggregates(self, symbols: Symbols = None) -> None:
        """Give up minute aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("futures_minute_aggregates", symbols)

    def subscribe_futures_second_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.FuturesAggregate]:
        """Futures contracts' seconds, summed up by the server.

        Args:
            symbols: For example ``["ESZ5"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.FuturesAggregate`. Channel ``A``, cluster futures.
        """
        return self._subscribe(
            "futures_second_aggregates", events.FuturesAggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_futures_second_aggregates(self, symbols: Symbols = None) -> None:
        """Give up second aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("futures_second_aggregates", symbols)

    def subscribe_fair_market_value(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.FairMarketValue]:
        """The vendor's fair values, on any cluster.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.FairMarketValue`. Channel ``FMV``, cluster any.
        """
        return self._subscribe("fair_market_value", events.FairMarketValue, symbols, force_uppercase_symbols)

    def unsubscribe_fair_market_value(self, symbols: Symbols = None) -> None:
        """Give up fair values and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("fair_market_value", symbols)

    def subscribe_launchpad_value(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.LaunchpadValue]:
        """Values of the vendor's Launchpad product, on any cluster.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.LaunchpadValue`. Channel ``LV``, cluster any.
        """
        return self._subscribe("launchpad_value", events.LaunchpadValue, symbols, force_uppercase_symbols)

    def unsubscribe_launchpad_value(self, symbols: Symbols = None) -> None:
        """Give up values and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("launchpad_value", symbols)

    def subscribe_launchpad_minute_aggregates(
        self, symbols: Symbols = None, force_uppercase_symbols: bool = True
    ) -> Observable[events.Aggregate]:
        """Minutes of the vendor's Launchpad product, on any cluster.

        Indices and futures carry their own minutes on this channel: there the events are
        :class:`~rxpolygon.events.IndexAggregate` and :class:`~rxpolygon.events.FuturesAggregate`.

        Args:
            symbols: For example ``["AAPL"]``; None for every symbol.
            force_uppercase_symbols: Whether to make symbols upper case.

        Returns:
            A hot Observable of :class:`~rxpolygon.events.Aggregate`. Channel ``AM``, cluster any.
        """
        return self._subscribe(
            "launchpad_minute_aggregates", events.Aggregate, symbols, force_uppercase_symbols
        )

    def unsubscribe_launchpad_minute_aggregates(self, symbols: Symbols = None) -> None:
        """Give up minute aggregates and complete their Observables.

        Args:
            symbols: Which; None for all of the channel.
        """
        self._unsubscribe("launchpad_minute_aggregates", symbols)
