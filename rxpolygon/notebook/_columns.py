"""Which columns events of a kind have, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Final

from msgspec import Struct

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["checked_columns", "columns_of", "value_of"]

# Of kinds that are known, what a trader looks for first; of others the first fields.
_KNOWN: Final = (
    (("price", "size"), ("price", "size", "side")),
    (("bid_price", "ask_price"), ("bid_size", "bid_price", "ask_price", "ask_size")),
    (("open", "high", "low", "close"), ("open", "high", "low", "close", "volume", "vwap")),
)
_MOST_OTHERS: Final = 8
_ELSEWHERE: Final = frozenset({"symbol", "timestamp", "time"})  # they have columns of their own


def columns_of(kind: type) -> tuple[str, ...]:
    """The columns of a class of events, without symbol and time.

    Example:
        >>> from rxpolygon.events import IndexValue, Trade
        >>> columns_of(Trade), columns_of(IndexValue)
        (('price', 'size'), ('value',))
    """
    for needed, columns in _KNOWN:
        if all(hasattr(kind, name) or name in _fields(kind) for name in needed):
            return tuple(name for name in columns if hasattr(kind, name) or name in _fields(kind))
    others = [name for name in _fields(kind) if name not in _ELSEWHERE and not name.endswith("timestamp")]
    return tuple(others[:_MOST_OTHERS])


def _fields(kind: type) -> tuple[str, ...]:
    if issubclass(kind, Struct):
        return kind.__struct_fields__
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    return tuple(getattr(kind, "_fields", ()))  # of a named tuple


def checked_columns(columns: Sequence[str] | None) -> tuple[str, ...] | None:
    """Names of attributes, as given by a user."""
    if columns is None:
        return None
    is_sequence = isinstance(columns, Sequence) and not isinstance(columns, str)
    if not is_sequence or not all(isinstance(name, str) for name in columns):
        raise InvalidTypeError("columns", columns, "a list of names of attributes, or None")
    if not columns or len(set(columns)) != len(columns):
        raise InvalidArgumentError("columns", columns, "name at least one attribute, and each only once")
    return tuple(columns)


def value_of(events: Iterable[object], column: str) -> object:
    """The value of the first event that has one."""
    for event in events:
        value = event.get(column) if isinstance(event, Mapping) else getattr(event, column, None)
        if value is not None:
            return value
    return None
