"""Events of every class, at random, made from their fields' types alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from rxpolygon import events
from rxpolygon.events import alpaca
from rxpolygon.events._base import FineEvent
from rxpolygon.events.instants import InstantEvent
from rxpolygon.operators import Bar, Nbbo, TradeWithQuote

__all__ = ["KINDS", "event_lists", "in_time_order"]

#: Every class of events, results of operators, and a generic one with its parts.
KINDS: list[Any] = [
    *sorted(
        {
            found
            for module in (events, alpaca)
            for name in module.__all__
            if isinstance(found := getattr(module, name), type)
            and issubclass(found, events.Event)
            and "symbol" in found.__struct_fields__
        },
        key=lambda cls: (cls.__module__, cls.__name__),
    ),
    Bar,
    Nbbo,
    TradeWithQuote[events.Trade, events.Quote],
]

MS = st.integers(1_000_000_000_000, 1_900_000_000_000)
NS = st.integers(1_000_000_000_000_000_000, 1_900_000_000_000_000_000)
TEXT = st.text(max_size=5)


def of_type(name: str, node: Any, owner: type) -> st.SearchStrategy[Any]:
    if name == "wire_timestamp":
        micro = st.integers(1_000_000_000_000_000, 1_900_000_000_000_000)
        return NS if issubclass(owner, InstantEvent) else MS | micro | NS
    if name == "packed_timestamp":
        return st.just(-1)
    if isinstance(node, inspect.UnionType):
        return st.one_of([of_type(name, one, owner) for one in node.types])
    if isinstance(node, inspect.NoneType):
        return st.none()
    if isinstance(node, inspect.FloatType):
        return st.floats(allow_nan=False)
    if isinstance(node, inspect.IntType):
        is_time = name in ("start", "end") or name.endswith("timestamp")
        return MS if is_time else st.integers(-(2**63), 2**63 - 1)
    return of_other_type(name, node, owner)


def of_other_type(name: str, node: Any, owner: type) -> st.SearchStrategy[Any]:
    if isinstance(node, inspect.StrType):
        # Of a column that may hold numbers too, digits come back as a number.
        return st.sampled_from(["AAPL", "BRK.B", "C:EUR/USD", "É", "V"]) if owner is Nbbo else TEXT
    if isinstance(node, inspect.BoolType):
        return st.booleans()
    if isinstance(node, inspect.EnumType):
        return st.sampled_from(list(node.cls))
    if isinstance(node, inspect.VarTupleType):
        return st.lists(of_type("", node.item_type, owner), max_size=3).map(tuple)
    if isinstance(node, inspect.TupleType):
        return st.tuples(*[of_type("", one, owner) for one in node.item_types])
    if isinstance(node, inspect.StructType):
        return of_class(node)
    assert isinstance(node, inspect.DictType), node
    return st.dictionaries(TEXT, st.none() | st.integers(0, 9) | TEXT | st.lists(st.booleans()), max_size=2)


def of_class(info: inspect.StructType) -> st.SearchStrategy[Any]:
    fields = {}
    for field in info.fields:
        values = of_type(field.name, field.type, info.cls)
        # A field that the server may leave out is None then, whatever its type says.
        if not field.required and field.default is None:
            values = st.none() | values
        fields[field.name] = values
    return st.fixed_dictionaries(fields).map(lambda found: info.cls(**found))


def event_lists(kind: Any) -> st.SearchStrategy[list[Any]]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return st.lists(of_class(info), min_size=1, max_size=8)


def in_time_order(rows: Sequence[Any]) -> list[Any]:
    """What a frame of these events is as a stream, found by plain means."""
    is_fine = isinstance(rows[0], FineEvent | InstantEvent)
    keys = []
    last = -1
    for row in rows:
        stamp = getattr(row, "timestamp_ns" if is_fine else "timestamp")
        last = last if stamp is None else stamp
        keys.append(last)
    return [
        row for _, _, row in sorted(zip(keys, range(len(rows)), rows, strict=True), key=lambda it: it[:2])
    ]
