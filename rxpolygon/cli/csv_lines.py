"""Events and bars as comma-separated values, as RFC 4180 has them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from rxpolygon.cli.json_lines import fields_of, json_value
from rxpolygon.text import printable

__all__ = ["CsvLines"]


class CsvLines:
    """Makes rows of values, under a heading that names the fields of all classes there may be.

    The columns are known before the first value and never change: ``type``, ``symbol``, ``timestamp``, then
    the other fields in the order of the classes. What a value has not is empty; lists and the like are JSON.
    Lines end in CR LF, as the RFC asks.

    Args:
        kinds: The classes.

    Example:
        >>> from rxpolygon.events import ForexQuote
        >>> lines = CsvLines([ForexQuote])
        >>> lines.heading
        b'type,symbol,timestamp,bid_price,ask_price,exchange\\r\\n'
        >>> lines(ForexQuote(symbol="EUR/USD", bid_price=1.0842, ask_price=1.0843, timestamp=1_700))
        b'ForexQuote,EUR/USD,1700,1.0842,1.0843,\\r\\n'
    """

    def __init__(self, kinds: Sequence[type[Struct]]) -> None:
        columns = [name for kind in kinds for name, _ in fields_of(kind)]
        self._columns = tuple(dict.fromkeys(columns))
        #: What stands over the first row.
        self.heading = _row(("type", *self._columns))

    def __call__(self, item: Struct) -> bytes:
        """The row of a value, its line end included."""
        values = {name: read(item) for name, read in fields_of(item.__class__)}
        return _row((type(item).__name__, *(_cell(values.get(name)) for name in self._columns)))


def _cell(value: Any) -> str:  # Any: a field of whichever class
    match value:
        case None:
            return ""
        case str():
            return printable(value, limit=len(value))
        case _:
            text = json_value(value).decode()
            return printable(text, limit=len(text))


def _row(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
