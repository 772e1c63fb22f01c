"""The names that the vendor gives to its feeds, and where they are."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["STREAM_URL", "CryptoFeed", "DataFeed", "OptionsFeed"]

STREAM_URL: Final = "wss://stream.data.alpaca.markets"


class DataFeed(StrEnum):
    """Where stock data comes from. The test stream, of the symbol FAKEPACA, has a URL of its own.

    Example:
        >>> DataFeed("sip") is DataFeed.SIP
        True
    """

    #: The exchange IEX alone; free.
    IEX = "iex"
    #: All US exchanges, the consolidated tapes; needs a subscription.
    SIP = "sip"
    #: The same 15 minutes late.
    DELAYED_SIP = "delayed_sip"
    #: Over the counter.
    OTC = "otc"
    #: Blue Ocean, trading overnight.
    BOATS = "boats"
    #: Derived data of trading overnight.
    OVERNIGHT = "overnight"


class CryptoFeed(StrEnum):
    """Where crypto data comes from."""

    US = "us"


class OptionsFeed(StrEnum):
    """Where option data comes from."""

    #: All US option exchanges; needs a subscription.
    OPRA = "opra"
    #: Derived data; free.
    INDICATIVE = "indicative"
