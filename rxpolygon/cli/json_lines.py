"""Events and bars as JSON lines, by our field names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from rxpolygon.events.instants import WIRE_FORMS

__all__ = ["fields_of", "json_line", "json_value"]

# First on each line, whatever the class.
_LEADING: Final = ("symbol", "timestamp")


def json_line(item: Struct) -> bytes:
    """An event or a bar as a line of JSON: its class as ``type``, then its fields; absent ones are left out.

    Every line has ``timestamp`` (Unix ms UTC), also where a class derives it.

    Example:
        >>> from rxpolygon.events import Trade
        >>> json_line(Trade(symbol="IBM", price=10.5, size=100.0, timestamp=1_700_000_000_000))
        b'{"type":"Trade","symbol":"IBM","timestamp":1700000000000,"price":10.5,"size":100.0}\\n'
    """
    head, names, values_of = _plan(item.__class__)
    fields = {name: value for name, value in zip(names, values_of(item), strict=True) if value is not None}
    try:
        line = head + orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)[1:]
    except TypeError:
        line = head + _with_large_numbers(fields)[1:] + b"\n"
    return line if line.isascii() and b"\x7f" not in line else _harmless(line)


@cache
def fields_of(kind: type[Struct]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """The names of what a line tells of a class, in order, and how to read each. Any: an item, a field."""
    _, names, _ = _plan(kind)
    return tuple((name, attrgetter(name)) for name in names)


@cache
def _plan(kind: type[Struct]) -> tuple[bytes, tuple[str, ...], Callable[[Struct], tuple[Any, ...]]]:
    fields = [name for name in kind.__struct_fields__ if name not in (*_LEADING, *WIRE_FORMS)]
    if not WIRE_FORMS.isdisjoint(kind.__struct_fields__):
        fields.insert(0, "timestamp_ns")
    names = (*_LEADING, *fields)
    return b'{"type":"%s",' % kind.__name__.encode(), names, attrgetter(*names)


def json_value(value: Any) -> bytes:  # Any: a field of whichever class
    """The JSON of a field.

    Example:
        >>> json_value((14, 2**64))
        b'[14,18446744073709551616]'
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return _with_large_numbers(value)


def _with_large_numbers(value: Any) -> bytes:
    """JSON with whole numbers beyond 64 bits, which events may have and orjson refuses."""
    return msgspec.json.encode(value)


def _harmless(line: bytes) -> bytes:
    """The same JSON with what could steer a terminal escaped, which JSON allows but does not demand."""
    text = line.decode().removesuffix("\n")
    if text.isprintable():
        return line
    return "".join(char if char.isprintable() else _escaped(char) for char in text).encode() + b"\n"


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
