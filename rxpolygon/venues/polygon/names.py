"""The names that the vendor gives to its clusters, hosts and channels."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["StreamCluster", "StreamHost", "StreamServicePrefix"]


class StreamCluster(StrEnum):
    """The market that a connection is made to.

    Example:
        >>> StreamCluster("futures/cme").market
        'futures'
    """

    STOCKS = "stocks"
    OPTIONS = "options"
    FOREX = "forex"
    CRYPTO = "crypto"
    INDICES = "indices"
    FUTURES = "futures"
    FUTURES_CME = "futures/cme"
    FUTURES_CBOT = "futures/cbot"
    FUTURES_NYMEX = "futures/nymex"
    FUTURES_COMEX = "futures/comex"

    @property
    def market(self) -> str:
        """The market without the exchange: ``futures`` for ``futures/cme``."""
        return self.value.partition("/")[0]


class StreamHost(StrEnum):
    """The hosts that serve the clusters. Any other host may be given as text."""

    REAL_TIME = "socket.polygon.io"
    DELAYED = "delayed.polygon.io"
    BUSINESS = "business.polygon.io"
    MASSIVE_REAL_TIME = "socket.massive.com"
    MASSIVE_DELAYED = "delayed.massive.com"
    MASSIVE_BUSINESS = "business.massive.com"


class StreamServicePrefix(StrEnum):
    """The name of a channel on the wire, before the dot of ``T.AAPL``.

    The same prefix on another cluster is another channel; such names are aliases of one member.
    """

    STOCK_TRADES = "T"
    STOCK_QUOTES = "Q"
    STOCK_MINUTE_AGGREGATES = "AM"
    STOCK_SECOND_AGGREGATES = "A"
    STOCK_LIMIT_UP_LIMIT_DOWN = "LULD"
    STOCK_IMBALANCES = "NOI"
    OPTION_TRADES = "T"
    OPTION_QUOTES = "Q"
    OPTION_MINUTE_AGGREGATES = "AM"
    OPTION_SECOND_AGGREGATES = "A"
    FOREX_QUOTES = "C"
    FOREX_MINUTE_AGGREGATES = "CA"
    FOREX_SECOND_AGGREGATES = "CAS"
    CRYPTO_TRADES = "XT"
    CRYPTO_QUOTES = "XQ"
    CRYPTO_MINUTE_AGGREGATES = "XA"
    CRYPTO_SECOND_AGGREGATES = "XAS"
    CRYPTO_LEVEL2_BOOK = "XL2"
    INDEX_VALUE = "V"
    INDICES_MINUTE_AGGREGATES = "AM"
    INDICES_SECOND_AGGREGATES = "A"
    FUTURES_TRADES = "T"
    FUTURES_QUOTES = "Q"
    FUTURES_MINUTE_AGGREGATES = "AM"
    FUTURES_SECOND_AGGREGATES = "A"
    FAIR_MARKET_VALUE = "FMV"
    LAUNCHPAD_VALUE = "LV"
    LAUNCHPAD_MINUTE_AGGREGATES = "AM"
