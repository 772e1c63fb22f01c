"""``depth``: what waits on both sides of a book."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate
from typing import Any, Final, Protocol, cast

from reactivex import Observable, abc

from rxpolygon.events import Level2Book
from rxpolygon.notebook._chart import (
    DOWN,
    FIGURE_PACKAGES,
    MOST_PANELS,
    UP,
    Chart,
    FigureCanvas,
    LiveChart,
    axis,
    axis_key,
    panel_domain,
)
from rxpolygon.notebook._frame import Ending
from rxpolygon.notebook._numbers import counted, decimals_of, value_text
from rxpolygon.notebook._picture import Picture
from rxpolygon.notebook._table import Cell, Table
from rxpolygon.operators import BookChange, OrderBook, order_book
from rxpolygon.operators._checks import positive_whole
from rxpolygon.operators._protocols import Timed
from rxpolygon.text import printable

__all__ = ["depth"]

_TEXT_ROWS: Final = 5

Levels = tuple[tuple[float, float], ...]


class BookLike(Timed, Protocol):
    """A book of one symbol: an :class:`~rxpolygon.operators.OrderBook` or a vendor's."""

    @property
    def exchange(self) -> int | None:
        """The exchange's id."""

    @property
    def bids(self) -> Levels:
        """Pairs of price and size, the highest price first."""

    @property
    def asks(self) -> Levels:
        """Pairs of price and size, the lowest price first."""


class BooksPicture(Picture[OrderBook, "Depth"]):
    """The latest book of the first symbols and exchanges."""

    packages = FIGURE_PACKAGES
    shows = "an order book of either vendor"

    def __init__(self) -> None:
        self._books: dict[tuple[str, int | None], OrderBook] = {}
        self._others: set[tuple[str, int | None]] = set()

    def add(self, value: OrderBook) -> None:
        """A write into a dict."""
        key = (value.symbol, value.exchange)
        if key in self._books or len(self._books) < MOST_PANELS:
            self._books[key] = value
        else:
            self._others.add(key)

    def canvas(self, frame: Depth) -> FigureCanvas[Depth]:
        """A figure."""
        return FigureCanvas(frame)

    def frame(self, ending: Ending, now: float) -> Depth:
        """The books as they are."""
        return Depth(tuple(self._books.values()), len(self._others), ending)


class Depth(Chart):
    """Sizes summed up from the best price outwards, a panel for each book.

    Args:
        books: The books.
        others: How many books are not shown.
        ending: How the view stands.
    """

    def __init__(self, books: tuple[OrderBook, ...], others: int, ending: Ending) -> None:
        names = ", ".join(map(_name, books)) or "nothing yet"
        more = f" and {counted(others, 'more book')}" if others else ""
        super().__init__(names + more, len(books), ending)
        self.books = books

    def text(self) -> str:
        """The best levels of each book."""
        prices = decimals_of("price", [price for book in self.books for price, _ in book.bids + book.asks])
        sizes = decimals_of("size", [size for book in self.books for _, size in book.bids + book.asks])
        rows: list[tuple[Cell, ...]] = []
        for book in self.books:
            for place in range(min(_TEXT_ROWS, max(len(book.bids), len(book.asks)))):
                bid, ask = _level(book.bids, place), _level(book.asks, place)
                name = Cell("" if place else _name(book), 0, False)
                bid_cells = (Cell(value_text(bid[1], sizes)), Cell(value_text(bid[0], prices)))
                ask_cells = (Cell(value_text(ask[0], prices)), Cell(value_text(ask[1], sizes)))
                rows.append((name, *bid_cells, *ask_cells))
        titles = ("book", "bid size", "bid", "ask", "ask size")
        return Table(titles, tuple(rows), self.heading, self.ending).text()

    def traces(self) -> list[dict[str, object]]:
        """Bids and asks of each place."""
        places: list[OrderBook | None] = [*self.books, *[None] * (MOST_PANELS - self.panels)]
        found: list[dict[str, object]] = []
        for place, book in enumerate(places):
            found.append(_trace(place, "bids", () if book is None else book.bids, UP))
            found.append(_trace(place, "asks", () if book is None else book.asks, DOWN))
        return found

    def layout(self) -> dict[str, object]:
        """A price and a size axis for each place."""
        panels = max(1, self.panels)
        axes: dict[str, object] = {}
        for place in range(MOST_PANELS):
            name = _name(self.books[place]) if 1 < self.panels > place else "size, summed up"
            is_used = place < panels
            axes[axis_key("x", place)] = {
                "anchor": axis(place),
                "visible": is_used,
                "title": {"text": "price" if place == panels - 1 else ""},
            }
            axes[axis_key("y", place)] = {
                "domain": list(panel_domain(place, panels)),
                "anchor": axis(place, "x"),
                "rangemode": "tozero",
                "visible": is_used,
                "title": {"text": name},
            }
        return axes

    def paint(self, figure: Any) -> None:  # Any: a matplotlib Figure, which need not be installed
        """The same with matplotlib."""
        axes = figure.subplots(self.panels, 1, squeeze=False)[:, 0]
        for panel, book in zip(axes, self.books, strict=True):
            for levels, colour in ((book.bids, UP), (book.asks, DOWN)):
                prices, sums = _steps(levels)
                panel.step(prices, sums, where="post", color=colour, linewidth=1.3)
                panel.fill_between(prices, sums, step="post", color=colour, alpha=0.35, linewidth=0)
            panel.set_ylim(bottom=0)
            panel.set_ylabel(_name(book) if self.panels > 1 else "size, summed up", color="#555555")
            self.tidy(panel)
        axes[-1].set_xlabel("price", fontsize=8, color="#555555")


def _trace(place: int, side: str, levels: Levels, colour: str) -> dict[str, object]:
    prices, sums = _steps(levels)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": side,
        "visible": bool(prices),
        "x": prices,
        "y": sums,
        "line": {"shape": "hv", "color": colour, "width": 1.5},
        "fill": "tozeroy",
        "xaxis": axis(place, "x"),
        "yaxis": axis(place),
    }


def _name(book: OrderBook) -> str:
    symbol = printable(book.symbol)
    return symbol if book.exchange is None else f"{symbol} on exchange {book.exchange}"


def _level(levels: Levels, place: int) -> tuple[float | None, float | None]:
    return levels[place] if place < len(levels) else (None, None)


def _steps(levels: Levels) -> tuple[list[float], list[float]]:
    """Prices from the best one outwards, and what waits up to each of them; from 0 at the best price."""
    prices = [price for price, _ in levels]
    sums = list(accumulate(size for _, size in levels))
    return [*prices[:1], *prices], [0.0, *sums] if sums else []


def depth(
    book: Observable[BookLike | BookChange],
    *,
    levels: int | None = 25,
    every: str | timedelta = "250ms",
    scheduler: abc.SchedulerBase | None = None,
) -> LiveChart:
    """A chart of the depth of a book: sizes summed up from the best price outwards.

    Each symbol and exchange has a panel, up to six; the heading counts the others. Books that come out of
    order or change nothing are passed over, see :func:`~rxpolygon.operators.order_book`. The latest book of
    each panel is kept.

    Args:
        book: Order books, the level-2 books of the crypto cluster, or Alpaca's order books.
        levels: How many levels of each side to show; None shows all.
        every: The least time between two redraws, at least 100 ms.
        scheduler: Whose time drives the redraws; by default the clock's.

    Returns:
        The view; see :class:`LiveView` for its end. Its ``figure`` is a plotly ``FigureWidget``. A picture of
        it is drawn by matplotlib.

    Raises:
        InvalidArgumentError: An argument has a value that is not allowed.
        InvalidTypeError: An argument has the wrong type.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Level2Book
        >>> from rxpolygon.notebook import depth
        >>> book = Level2Book(
        ...     symbol="BTC-USD", bids=((99.5, 3.0), (98.0, 2.0)), asks=((101.0, 1.5),), timestamp=1_000
        ... )
        >>> print(depth(rx.of(book)))
        book     bid size    bid     ask  ask size
        BTC-USD         3  99.50  101.00       1.5
                        2  98.00
        (BTC-USD · completed)
    """
    if levels is not None:
        positive_whole("levels", levels)
    if not isinstance(book, Observable):
        return LiveChart(book, BooksPicture(), every, scheduler)  # it refuses what is no Observable
    # Every book has what the operator reads of one that is whole.
    books = cast("Observable[Level2Book | BookChange]", book).pipe(order_book(levels))
    return LiveChart(books, BooksPicture(), every, scheduler)
