"""``nbbo``: the best bid and offer across exchanges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from reactivex import Observable, abc

from rxpolygon.operators._checks import unfit
from rxpolygon.operators._dated import Dated
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._protocols import OnExchange

__all__ = ["Nbbo", "nbbo"]

TQuote = TypeVar("TQuote", bound=OnExchange)

Exchange = int | str | None

_EXPECTED: Final = (
    "a quote of one exchange, as crypto's are (those of stocks and options are the best of all)"
)

# Before every timestamp.
_BEGINNING: Final = -(2**63)


class Nbbo(Dated, frozen=True, gc=False):
    """The best bid and offer of a symbol across exchanges.

    It has what a quote has, so that ``join_quotes`` and others take it. A side that no exchange quotes is
    None in all its fields.

    Attributes:
        symbol: The symbol.
        timestamp: The newest of the symbol's quotes so far, Unix ms UTC; it never goes back.
        bid_price: The highest bid.
        bid_size: Its size, on ``bid_exchange`` alone.
        bid_exchange: Who bids it: among equal prices the largest size, and among equals who already was
            best.
        ask_price: The lowest offer.
        ask_size: Its size, on ``ask_exchange`` alone.
        ask_exchange: Who offers it, chosen in the same way.
    """

    symbol: str
    timestamp: int
    bid_price: float
    bid_size: float
    bid_exchange: Exchange
    ask_price: float
    ask_size: float
    ask_exchange: Exchange

    @property
    def is_locked(self) -> bool:
        """Whether the best bid equals the best offer."""
        return self.bid_price is not None and self.bid_price == self.ask_price

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is above the best offer, as happens across exchanges."""
        if self.bid_price is None or self.ask_price is None:
            return False
        return self.bid_price > self.ask_price


class _Side(Generic[TQuote]):
    """One side of a symbol's market: who is best, of those whose quotes are given."""

    __slots__ = ("_rank", "best", "best_rank")

    def __init__(self, rank: Callable[[OnExchange], tuple[float, float] | None]) -> None:
        self._rank = rank
        self.best: TQuote | None = None
        self.best_rank: tuple[float, float] | None = None

    def replace(self, last: TQuote | None, quote: TQuote, quotes: dict[Exchange, TQuote]) -> None:
        """Takes an exchange's new quote in place of its last one; ``quotes`` has it already."""
        rank = self._rank(quote)
        is_better = rank is not None and (self.best_rank is None or rank > self.best_rank)
        was_best = last is not None and last is self.best
        if is_better or (was_best and rank == self.best_rank):
            self.best, self.best_rank = quote, rank
        elif was_best:
            self.rescan(quotes)

    def rescan(self, quotes: dict[Exchange, TQuote]) -> None:
        """Finds the best anew: among equals it stays the exchange that it was."""
        incumbent = None if self.best is None else quotes.get(self.best.exchange)
        self.best = self.best_rank = None
        for quote in quotes.values() if incumbent is None else (incumbent, *quotes.values()):
            rank = self._rank(quote)
            if rank is not None and (self.best_rank is None or rank > self.best_rank):
                self.best, self.best_rank = quote, rank


class _Market(Generic[TQuote]):
    """What the exchanges quote for one symbol."""

    __slots__ = ("_bids", "_max_age", "_newest", "_offers", "_quotes", "_shown")

    def __init__(self, max_age: int | None) -> None:
        self._max_age = max_age
        self._quotes: dict[Exchange, TQuote] = {}
        self._bids: _Side[TQuote] = _Side(_bid_rank)
        self._offers: _Side[TQuote] = _Side(_offer_rank)
        self._newest = _BEGINNING
        self._shown: tuple[Any, ...] = ()  # prices, sizes and exchanges, as the wire types them

    def update(self, quote: TQuote) -> Nbbo | None:
        """The best bid and offer after the quote; None if it is too old or changes nothing."""
        exchange, time = quote.exchange, quote.timestamp
        last = self._quotes.get(exchange)
        if time is not None:
            if last is not None and last.timestamp is not None and time < last.timestamp:
                return None
            self._newest = max(self._newest, time)
            if self._max_age is not None:
                oldest = self._newest - self._max_age
                if time < oldest:
                    return None
                # First, lest what is too old take the place of who is best.
                self._forget_old(oldest, exchange)
        self._quotes[exchange] = quote
        self._bids.replace(last, quote, self._quotes)
        self._offers.replace(last, quote, self._quotes)
        return self._changed(quote)

    def _forget_old(self, oldest: int, replaced: Exchange) -> None:
        old = [
            at
            for at, quote in self._quotes.items()
            if at != replaced and quote.timestamp is not None and quote.timestamp < oldest
        ]
        for exchange in old:
            del self._quotes[exchange]
        if old:
            self._bids.rescan(self._quotes)
            self._offers.rescan(self._quotes)

    def _changed(self, quote: TQuote) -> Nbbo | None:
        bid, offer = self._bids.best, self._offers.best
        shown = (
            *((None, None, None) if bid is None else (bid.bid_price, bid.bid_size, bid.exchange)),
            *((None, None, None) if offer is None else (offer.ask_price, offer.ask_size, offer.exchange)),
        )
        if shown == self._shown:
            return None
        self._shown = shown
        # Without any timestamp so far, None like the quote's own.
        time = quote.timestamp if self._newest == _BEGINNING else self._newest
        return Nbbo(quote.symbol, time, *shown)


def nbbo(*, max_age: str | timedelta | None = None) -> Callable[[Observable[TQuote]], Observable[Nbbo]]:
    """The best bid and offer of each symbol across exchanges, whenever price, size or exchange changes.

    .. code-block:: text

        source   --X:9/11----Y:10/12---X:9/13---X:9/13--|      (exchange: bid/offer)
                 [                nbbo()                ]
        output   --9/11------10/11-----10/12------------|

    For quotes with sizes that say which exchange they are from, as :class:`~rxpolygon.events.CryptoQuote`
    does (:class:`~rxpolygon.events.Quote` is the national best already). Each exchange
    counts with its newest quote by timestamp: an older one is left out, one of equal time replaces it. A
    side that is None, or 0 with size 0, withdraws the exchange from that side. Quotes without an exchange
    count as one exchange. A quote without ``timestamp`` counts as new.

    - *When*: at once with the quote that changes it. *Completion, error*: forwarded; nothing is held.
    - *Silence*: emits nothing. An exchange that fell silent keeps its last quote in force, perhaps long
      after it is true: see ``max_age``.
    - *Dispose*: releases the source and the quotes. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread.

    Args:
        max_age: Leave out an exchange whose quote is older than this, by the newest quote of the same
            symbol.

    Returns:
        An operator from quotes to :class:`Nbbo`.

    Raises:
        InvalidArgumentError: ``max_age`` cannot be read. Quotes that name no exchange are an
            ``InvalidTypeError``, to ``on_error``.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import CryptoQuote
        >>> from rxpolygon.operators import nbbo
        >>> def quote(exchange, bid, ask):
        ...     return CryptoQuote(
        ...         symbol="BTC-USD", exchange=exchange, bid_price=bid, bid_size=1, ask_price=ask, ask_size=1
        ...     )
        >>> best = rx.of(quote(1, 9, 11), quote(2, 10, 12), quote(1, 9, 13)).pipe(nbbo())
        >>> _ = best.subscribe(lambda it: print(it.bid_price, it.ask_price))
        9 11
        10 11
        10 12
    """
    max_age_ms = None if max_age is None else to_milliseconds("max_age", max_age)

    def operator(source: Observable[TQuote]) -> Observable[Nbbo]:
        def subscribe(
            observer: abc.ObserverBase[Nbbo], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            markets: dict[str, _Market[TQuote]] = {}

            def on_next(quote: TQuote) -> None:
                try:
                    try:
                        market = markets[quote.symbol]
                    except KeyError:
                        market = markets[quote.symbol] = _Market(max_age_ms)
                    best = market.update(quote)
                except AttributeError as error:
                    observer.on_error(unfit(quote, _EXPECTED, error))
                    return
                if best is not None:
                    observer.on_next(best)

            return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

        return Observable(subscribe)

    return operator


def _bid_rank(quote: OnExchange) -> tuple[float, float] | None:
    price, size = quote.bid_price, quote.bid_size
    if price is None or (price == 0 and size == 0):
        return None
    return price, 0 if size is None else size


def _offer_rank(quote: OnExchange) -> tuple[float, float] | None:
    price, size = quote.ask_price, quote.ask_size
    if price is None or (price == 0 and size == 0):
        return None
    return -price, 0 if size is None else size
