"""``order_book``: the book of each pair, kept up to date, with its measures."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from msgspec import Struct
from reactivex import Observable, abc

from rxpolygon.events import Level2Book
from rxpolygon.operators._changing_book import ChangingBook
from rxpolygon.operators._checks import positive_whole, unfit
from rxpolygon.operators._dated import Dated
from rxpolygon.operators._losses import Losses, counted
from rxpolygon.operators._protocols import BookChange
from rxpolygon.operators._rounding import ROUNDING

__all__ = ["BookDepth", "OrderBook", "order_book"]

Level = tuple[float, float]


class BookDepth(Struct, frozen=True, gc=False):
    """What waits on both sides of a book, in units of the first currency.

    Attributes:
        bid_size: All that bids ask for.
        ask_size: All that offers hold.
    """

    bid_size: float
    ask_size: float


class OrderBook(Dated, frozen=True, gc=False):
    """The order book of a pair on one exchange at an instant; never changes.

    Attributes:
        symbol: The pair.
        exchange: The exchange's id.
        timestamp: The exchange's instant of the last change, Unix ms UTC.
        bids: Pairs of price and size, the highest price first.
        asks: Pairs of price and size, the lowest price first.

    A measure that needs a side which is empty is None.

    Example:
        >>> book = OrderBook("BTC-USD", 1, 1_000, ((99.0, 3.0), (98.0, 2.0)), ((101.0, 1.0), (103.0, 9.0)))
        >>> book.mid, book.spread, book.micro_price
        (100.0, 2.0, 100.5)
        >>> book.imbalance(), book.depth(2).ask_size, book.depth(within=1.5).ask_size
        (0.5, 10.0, 1.0)
    """

    symbol: str
    exchange: int | None
    timestamp: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def bid_price(self) -> float | None:
        """The best bid."""
        return self.bids[0][0] if self.bids else None

    @property
    def bid_size(self) -> float | None:
        """The best bid's size."""
        return self.bids[0][1] if self.bids else None

    @property
    def ask_price(self) -> float | None:
        """The best offer."""
        return self.asks[0][0] if self.asks else None

    @property
    def ask_size(self) -> float | None:
        """The best offer's size."""
        return self.asks[0][1] if self.asks else None

    @property
    def mid(self) -> float | None:
        """Half of best bid plus best offer."""
        return (self.bids[0][0] + self.asks[0][0]) / 2 if self.bids and self.asks else None

    @property
    def spread(self) -> float | None:
        """Best offer less best bid."""
        return self.asks[0][0] - self.bids[0][0] if self.bids and self.asks else None

    @property
    def micro_price(self) -> float | None:
        """The mid weighted by the sizes of the *other* side: nearer to the side that is about to give way.

        ``(bid * ask_size + ask * bid_size) / (bid_size + ask_size)``, the size-weighted mid. Stoikov, "The
        micro-price: a high-frequency estimator of future prices", Quantitative Finance 18, 2018, starts
        from it; his own estimator adds terms that must be fitted to history.
        """
        if not (self.bids and self.asks):
            return None
        (bid, bid_size), (ask, ask_size) = self.bids[0], self.asks[0]
        return (bid * ask_size + ask * bid_size) / (bid_size + ask_size)

    def depth(self, levels: int | None = None, *, within: float | None = None) -> BookDepth:
        """What waits on the best ``levels`` of each side, or not farther than ``within`` from the mid.

        Args:
            levels: How many levels of each side count; None: all.
            within: The greatest distance from the mid, in price; None: any. With one side empty there is no
                mid and the distance is measured from the other side's best price.
        """
        reference = self.mid
        if reference is None:
            best = self.bids or self.asks
            reference = best[0][0] if best else 0.0
        reach = inf if within is None else within + ROUNDING * (abs(reference) + abs(within))
        lowest, highest = reference - reach, reference + reach
        return BookDepth(
            sum((size for price, size in self.bids[:levels] if price >= lowest), 0.0),
            sum((size for price, size in self.asks[:levels] if price <= highest), 0.0),
        )

    def imbalance(self, levels: int | None = 1) -> float | None:
        """``(bid_size - ask_size) / (bid_size + ask_size)`` over the best levels, from -1 (only offers) to 1.

        Args:
            levels: How many levels of each side count; None: all.
        """
        depth = self.depth(levels)
        total = depth.bid_size + depth.ask_size
        return (depth.bid_size - depth.ask_size) / total if total else None


def order_book(
    levels: int | None = None,
) -> Callable[[Observable[Level2Book | BookChange]], Observable[OrderBook]]:
    """The book of each pair and exchange, kept up to date, as an :class:`OrderBook` after each change.

    .. code-block:: text

        source   --A1--B1--A3--A2--A3'--|       (A2 is older than A3, A3' equal to A3)
                 [    order_book()      ]
        output   --A1--B1--A3-----------|

    It takes the books of either vendor:

    - Polygon's are whole, up to 100 levels a side, and may come out of order or without a side. The newest by
      exchange time is kept for each (symbol, exchange): an older one is left out, one of equal time replaces
      it, a side that the wire left out stays as it was. A book without ``timestamp`` counts as new.
    - Alpaca's are whole once (``reset``), then come what changes, in order. Changes of a book that did not
      come whole before are left out, and logged as a warning: observe before the stream starts, or let
      several observers share what this operator gives. After a reconnection it comes whole again; a frame
      that was dropped (``overflow``) leaves the book wrong until then.

    A book that changes nothing emits nothing. Levels of no size are removed.

    - *When*: at once with the event. *Completion, error*: forwarded; nothing is held.
    - *Silence*: emits nothing. The timestamp says how old a book is.
    - *Cost*: that of its levels for each book; of changes, that of the levels which are kept.
    - *Dispose*: releases the source and the books. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread.

    Args:
        levels: How many levels of each side to give; None: all.

    Returns:
        An operator from :class:`~rxpolygon.events.Level2Book` or :class:`rxpolygon.alpaca.Orderbook` to
        :class:`OrderBook`.

    Raises:
        InvalidArgumentError: ``levels`` is below one.
        InvalidTypeError: ``levels`` is no int. To ``on_error`` for an event that is no book.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Level2Book
        >>> from rxpolygon.operators import order_book
        >>> update = Level2Book(symbol="BTC-USD", bids=((99.0, 3.0),), asks=((101.0, 1.0),), timestamp=1_000)
        >>> _ = rx.of(update).pipe(order_book()).subscribe(lambda book: print(book.micro_price))
        100.5

        A book of Alpaca's, and what changes in it:

        >>> from rxpolygon.alpaca import Orderbook, OrderbookQuote
        >>> bids, asks = (OrderbookQuote(99.0, 3.0),), (OrderbookQuote(101.0, 1.0),)
        >>> whole = Orderbook(symbol="BTC/USD", bids=bids, asks=asks, reset=True)
        >>> change = Orderbook(symbol="BTC/USD", bids=(OrderbookQuote(100.0, 1.0),))
        >>> _ = rx.of(whole, change).pipe(order_book()).subscribe(lambda book: print(book.bids))
        ((99.0, 3.0),)
        ((100.0, 1.0), (99.0, 3.0))
    """
    if levels is not None:
        positive_whole("levels", levels)

    def operator(source: Observable[Level2Book | BookChange]) -> Observable[OrderBook]:
        def subscribe(
            observer: abc.ObserverBase[OrderBook], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            losses: Losses[object] = Losses("changed a book that did not come whole before", None)
            keeper = _Keeper(levels, losses.add)

            def on_next(update: Level2Book | BookChange) -> None:
                try:
                    book = keeper.take(update)
                except AttributeError as error:
                    observer.on_error(unfit(update, "a Level2Book or an Orderbook", error))
                    return
                if book is not None:
                    observer.on_next(book)

            return counted(source, losses, on_next, observer.on_error, observer.on_completed, scheduler)

        return Observable(subscribe)

    return operator


class _Keeper:
    """The books of one subscription."""

    def __init__(self, levels: int | None, leave_out: Callable[[object], None]) -> None:
        self._levels = levels
        self._leave_out = leave_out
        self._books: dict[tuple[str, int | None], OrderBook] = {}
        self._changing: dict[str, ChangingBook] = {}

    def take(self, update: Any) -> OrderBook | None:  # Any: read by attributes
        """The book after an update; None if that is too old, or changes nothing."""
        if hasattr(update, "reset"):  # not by class: whatever has the attributes fits
            return self._take_change(update)
        key = (update.symbol, update.exchange)
        bids, asks = _side(update.bids, self._levels), _side(update.asks, self._levels)
        last, time = self._books.get(key), update.timestamp
        if last is not None and None not in (time, last.timestamp) and time < last.timestamp:
            return None
        return self._note(key, last, time, bids, asks)

    def _take_change(self, update: BookChange) -> OrderBook | None:
        book = self._changing.get(update.symbol)
        if book is None:
            book = self._changing[update.symbol] = ChangingBook()
        if not (book.is_whole or update.reset):
            self._leave_out(update)
            return None
        book.take(update)
        key = (update.symbol, None)
        return self._note(key, self._books.get(key), update.timestamp, *book.sides(self._levels))

    def _note(
        self,
        key: tuple[str, int | None],
        last: OrderBook | None,
        time: int | None,
        bids: tuple[Level, ...] | None,
        asks: tuple[Level, ...] | None,
    ) -> OrderBook | None:
        if last is None:
            book = OrderBook(*key, time, bids or (), asks or ())  # type: ignore[arg-type]  # time: see Timed
            is_changed = True
        else:
            bids = last.bids if bids is None else bids
            asks = last.asks if asks is None else asks
            is_changed = bids != last.bids or asks != last.asks
            book = OrderBook(*key, last.timestamp if time is None else time, bids, asks)
        # Unchanged too: what comes now and is older than this must be left out.
        self._books[key] = book
        return book if is_changed else None


def _side(side: tuple[Level, ...] | None, levels: int | None) -> tuple[Level, ...] | None:
    if side is None:
        return None
    for _, size in side:
        if not size:
            side = tuple(level for level in side if level[1])
            break
    return side if levels is None else side[:levels]
