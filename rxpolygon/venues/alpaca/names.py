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

    @property
    def path(self) -> str:
        """Where the feed is, behind the host."""
        return f"/v1beta1/{self.value}" if self in _OVERNIGHT else f"/v2/{self.value}"

    @property
    def is_overnight(self) -> bool:
        """Whether it streams while the exchanges are closed."""
        return self in _OVERNIGHT


_OVERNIGHT: Final = frozenset({DataFeed.BOATS, DataFeed.OVERNIGHT})


class CryptoFeed(StrEnum):
    """Where crypto data comes from."""

    #: The vendor's own exchange in the United States.
    US = "us"

    @property
    def path(self) -> str:
        """Where the feed is, behind the host."""
        return f"/v1beta3/crypto/{self.value}"


class OptionsFeed(StrEnum):
    """Where option data comes from."""

    #: All US option exchanges; needs a subscription.
    OPRA = "opra"
    #: Derived data; free.
    INDICATIVE = "indicative"

    @property
    def path(self) -> str:
        """Where the feed is, behind the host."""
        return f"/v1beta1/{self.value}"
