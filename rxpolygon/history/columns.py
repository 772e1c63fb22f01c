"""From the columns of a file to those that events are made of, a whole block at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from rxpolygon.events import Event
from rxpolygon.history.layouts import Column, Layout
from rxpolygon.history.packages import polars
from rxpolygon.recording.lines import LATEST_NS
from rxpolygon.replay.clusters import foreign_mark
from rxpolygon.symbols import normal_symbol

__all__ = ["NS", "Columns", "codes_of", "has_nanoseconds"]

NS: Final = "time of the event in ns"  # the name of no column of any file

_LARGEST_MS: Final = 10**14  # as for events: an instant says its unit by its size
_LARGEST_US: Final = 10**17
_NS_IN_MS: Final = 1_000_000
_NS_IN_US: Final = 1_000
_PIECE: Final = 8_192
_SHOWN: Final = 40
_CONTRACT: Final = re.compile(r"(O:.*|.*[0-9]{6}[CP][0-9]{8})", re.IGNORECASE)


class Columns:
    """What is made of a file's columns.

    Args:
        layout: The kind of file.
        there: The columns that there are; others of the layout stay None.
        market: Whose symbols they are.
        fields: The fields that are wanted; None for all.
    """

    # Any, throughout: polars frames and expressions; the package is optional.

    def __init__(
        self, layout: Layout, there: Iterable[str], market: str, fields: frozenset[str] | None = None
    ) -> None:
        self.layout = layout
        self._market = market
        names = set(there)
        self.symbol_column = "ticker" if "ticker" in names else "symbol"
        stamps = (layout.stamp, "timestamp_ns", "timestamp", "start", "time")
        self.stamp_column = next((name for name in stamps if name in names), layout.stamp)
        found: list[tuple[str, Column]] = []
        for column in layout.columns:
            name = next((name for name in (column.name, column.field) if name in names), None)
            if name is not None:
                found.append((name, column))
        self.chosen = [(name, column) for name, column in found if fields is None or column.field in fields]
        needed = (self.symbol_column, self.stamp_column)
        self.names = list(dict.fromkeys([*needed, *(name for name, _ in self.chosen)]))
        #: How the chosen columns are called in prepared frames.
        self.prepared_names = [f"{column.field}:{column.kind}" for _, column in self.chosen]
        given = {column.name for _, column in found} | (names & set(needed))
        aliases = {"ticker": self.symbol_column, layout.stamp: self.stamp_column}
        self.missing = [name for name in layout.needed if aliases.get(name, name) not in given]
        self._symbols: dict[str, str] = {}
        self._codes: dict[str | None, tuple[int, ...] | None] = {}
        self._build = _builder(layout, [column.field for _, column in self.chosen])

    def prepared(self, frame: Any) -> Any:
        """The frame with the columns of events, and their instant in ns."""
        pl = polars()
        schema = frame.schema
        return frame.select(
            _nanoseconds(pl, self.stamp_column, schema).alias(NS),
            pl.col(self.symbol_column).cast(pl.String),
            *(self._expression(pl, name, column, schema) for name, column in self.chosen),
        )

    def _expression(self, pl: Any, name: str, column: Column, schema: Any) -> Any:
        expression = pl.col(name)
        if column.kind == "float":
            # Who has no empty places, as pandas, writes nan there.
            expression = expression.cast(pl.Float64).fill_nan(None)
        elif column.kind == "int":
            expression = expression.cast(pl.Int64)
        elif column.kind == "instant":
            expression = _nanoseconds(pl, name, schema) // 1_000_000
        elif isinstance(schema[name], (pl.List, pl.Array)):
            lists = expression.arr.to_list() if isinstance(schema[name], pl.Array) else expression
            expression = lists.list.eval(pl.element().cast(pl.String)).list.join(",")
        else:
            expression = expression.cast(pl.String)
        return expression.alias(f"{column.field}:{column.kind}")

    def events(self, frame: Any) -> Iterator[tuple[int, Event]]:
        """Pairs of the instant at which an event is known, Unix ns, and the event."""
        for start in range(0, frame.height, _PIECE):
            piece = frame.slice(start, _PIECE)
            stamps, symbols, *values = (piece.to_series(place).to_list() for place in range(piece.width))
            lists = [
                self._converted(column, column_values)
                for (_, column), column_values in zip(self.chosen, values, strict=True)
            ]
            built = self._build(self._normal(symbols), stamps, lists)
            window_ns = self.layout.window_ns
            yield from zip([ns + window_ns for ns in stamps] if window_ns else stamps, built, strict=True)

    def _normal(self, symbols: list[str]) -> list[str]:
        known = self._symbols
        for symbol in set(symbols) - known.keys():
            known[symbol] = self.normal(symbol)
        return [known[symbol] for symbol in symbols]

    def normal(self, symbol: str) -> str:
        """The normal form of a symbol.

        Raises:
            ValueError: It is a symbol of another market.
        """
        problem = self.symbol_problem(symbol)
        if problem is not None:
            raise ValueError(problem)
        return normal_symbol(self._market, symbol)

    def symbol_problem(self, symbol: str) -> str | None:
        """What is wrong with a symbol of the file, for a person; None if nothing is."""
        if self._market == "options" and not _CONTRACT.fullmatch(symbol):
            return f"{symbol} is no option contract"
        return foreign_mark(self._market, symbol)

    def _converted(self, column: Column, values: list[Any]) -> list[Any]:
        if column.kind not in ("codes", "code"):
            return values
        known = self._codes
        for text in set(values) - known.keys():
            known[text] = codes_of(text)
        codes = [known[text] for text in values]
        return codes if column.kind == "codes" else [None if one is None else one[0] for one in codes]


def has_nanoseconds(instant: float) -> bool:
    """Whether an instant in ms, us or ns is one that an int64 of ns can tell.

    Example:
        >>> has_nanoseconds(1_700_000_000_000), has_nanoseconds(17_000_000_000_000)
        (True, False)
    """
    unit = _NS_IN_MS if instant < _LARGEST_MS else _NS_IN_US if instant < _LARGEST_US else 1
    return 0 <= instant * unit < LATEST_NS


def codes_of(text: str | None) -> tuple[int, ...] | None:
    """Codes as files have them, in text.

    Raises:
        ValueError: It holds something else.

    Example:
        >>> codes_of("14,37"), codes_of(None)
        ((14, 37), None)
    """
    if not text:
        return None
    try:
        return tuple(int(float(code)) for code in text.replace("[", "").replace("]", "").split(","))
    except (ValueError, OverflowError):
        raise ValueError(f"a column of codes holds something else: {text[:_SHOWN]!r}") from None


def _nanoseconds(pl: Any, name: str, schema: Any) -> Any:
    """An instant in ms, us or ns, maybe as decimal text, exactly in ns; None beyond the year 2262."""
    kind = schema[name]
    column = pl.col(name)
    if isinstance(kind, (pl.Datetime, pl.Date)):
        return column.cast(pl.Datetime("ns")).dt.epoch("ns")
    if kind.is_float() or kind == pl.String:
        column = column.cast(pl.Decimal(38, 6))

    def scaled(factor: int) -> Any:
        # None beyond what an int64 of ns can tell, which a product would silently be folded into.
        return pl.when(column <= LATEST_NS // factor).then((column * factor).cast(pl.Int64, strict=False))

    return (
        pl.when(column < _LARGEST_MS)
        .then(scaled(_NS_IN_MS))
        .when(column < _LARGEST_US)
        .then(scaled(_NS_IN_US))
        .otherwise(column.cast(pl.Int64, strict=False))
    )


def _builder(layout: Layout, fields: list[str]) -> Any:
    """A function of symbols, instants and the lists of columns that gives the list of events.

    It is written out for just these columns: an event costs one call with its own keywords, a third of what
    a dict of them costs.
    """
    is_bar = bool(layout.window_ns)
    stamps = "start=ns // 1_000_000" if is_bar else "timestamp=ns // 1_000_000, timestamp_ns=ns"
    names = [f"v{place}" for place in range(len(fields))]
    keywords = ", ".join(f"{field}={name}" for field, name in zip(fields, names, strict=True))
    columns = ", ".join(["symbols", "stamps", *(f"lists[{place}]" for place in range(len(fields)))])
    source = (
        f"lambda symbols, stamps, lists: [event(symbol=symbol, {stamps}, {keywords})"
        f" for symbol, ns, {', '.join(names)} in zip({columns}, strict=True)]"
    )
    return eval(source, {"event": layout.event})
