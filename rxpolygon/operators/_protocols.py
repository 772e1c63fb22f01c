"""What an event must have so that an operator can use it.

Every operator names the least it needs: the structs of :mod:`rxpolygon.events`, the results of other
operators and a user's own classes all fit by their attributes alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

__all__ = [
    "BookChange",
    "Identified",
    "OnExchange",
    "PriceAndSize",
    "Priced",
    "QuoteLike",
    "Sequenced",
    "Timed",
    "TradeLike",
]


class Timed(Protocol):
    """An event of a symbol at an instant.

    ``timestamp`` is Unix milliseconds UTC. At run time it is None where the server left it out; operators
    then place the event at the newest timestamp they have seen.
    """

    @property
    def symbol(self) -> str:
        """The instrument."""

    @property
    def timestamp(self) -> int:
        """The event's instant, Unix milliseconds UTC."""


class Priced(Timed, Protocol):
    """An event with one price."""

    @property
    def price(self) -> float:
        """The price, in the quote currency."""


class TradeLike(Priced, Protocol):
    """A trade of any cluster or venue."""

    @property
    def size(self) -> float:
        """Shares, contracts or units of the first currency."""


class QuoteLike(Timed, Protocol):
    """A two-sided quote of any cluster or venue."""

    @property
    def bid_price(self) -> float:
        """The best bid."""

    @property
    def ask_price(self) -> float:
        """The best offer."""


class OnExchange(QuoteLike, Protocol):
    """A quote with sizes that says which exchange it is from."""

    @property
    def bid_size(self) -> float:
        """The bid's size."""

    @property
    def ask_size(self) -> float:
        """The offer's size."""

    @property
    def exchange(self) -> int | str | None:
        """The exchange's id."""


class PriceAndSize(Protocol):
    """A level of a book."""

    @property
    def price(self) -> float:
        """The price, in the second currency."""

    @property
    def size(self) -> float:
        """All that waits at the price."""


class BookChange(Timed, Protocol):
    """A whole book, or what changed in it."""

    @property
    def bids(self) -> Iterable[PriceAndSize]:
        """Bids, each with the whole size at its price; of size 0 nothing is left there."""

    @property
    def asks(self) -> Iterable[PriceAndSize]:
        """Offers, likewise."""

    @property
    def reset(self) -> bool:
        """Whether this is the whole book; otherwise it is what changed."""


class Identified(Timed, Protocol):
    """A trade that carries its exchange and its id there."""

    @property
    def exchange(self) -> int | str | None:
        """The exchange's id."""

    @property
    def id(self) -> int | str | None:
        """The trade's id, unique with symbol and exchange on one day."""


class Sequenced(Timed, Protocol):
    """An event with the server's sequence number."""

    @property
    def sequence_number(self) -> int | None:
        """Rises per symbol and channel, with holes."""
