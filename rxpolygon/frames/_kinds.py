"""What column a field becomes: one rule for each kind of type, for the way there and the way back."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import Struct, inspect

from rxpolygon.events.instants import WIRE_FORMS
from rxpolygon.frames._packages import pyarrow

__all__ = ["Kind", "is_instant", "kind_of"]

# Any, throughout: arrow types (the package is optional), and values of any type.

Change = Callable[[Any], Any]


class Kind(Struct, frozen=True):
    """How values of one type stand in a column.

    Attributes:
        arrow: The column's arrow type.
        plain: The arrow type in which values are read: numbers for instants, text for categories.
        encode: Makes of a value what arrow takes; None where arrow takes the value itself.
        decode: Makes the value of what the plain column has; None where it is the value itself.
        is_list: Whether it is a list of what needs no ``decode``, which there is a faster way for.
    """

    arrow: Any
    plain: Any
    encode: Change | None = None
    decode: Change | None = None
    is_list: bool = False


def is_instant(name: str) -> bool:
    """Whether a field is a Unix instant, by its name; ms, or ns where the name ends so.

    The wire's own forms are none: their unit is told by their size, if they are numbers at all.
    """
    if name in WIRE_FORMS:
        return False
    return name in ("start", "end") or name.removesuffix("_ns").endswith("timestamp")


def kind_of(name: str, node: Any, told: type[Struct] | None = None) -> Kind:
    """The kind of a field.

    Args:
        name: The field's name, which tells instants and symbols.
        node: Its type, as msgspec describes it.
        told: The class of its values, where the type leaves it open (a protocol, say).
    """
    pa = pyarrow()
    node = _without_none(node)
    if isinstance(node, inspect.FloatType):
        return Kind(pa.float64(), pa.float64())
    if isinstance(node, inspect.IntType):
        stored = pa.timestamp("ns" if name.endswith("_ns") else "ms", "UTC")
        return Kind(stored if is_instant(name) else pa.int64(), pa.int64())
    if isinstance(node, inspect.BoolType):
        return Kind(pa.bool_(), pa.bool_())
    if isinstance(node, inspect.StrType):
        return Kind(_category(pa) if name == "symbol" else pa.string(), pa.string())
    if isinstance(node, inspect.EnumType):
        return _of_enum(pa, node.cls)
    return _of_many(pa, node, told)


def _of_many(pa: Any, node: Any, told: type[Struct] | None) -> Kind:
    """Kinds that hold other values, and the rest."""
    if isinstance(node, inspect.VarTupleType):
        return _of_tuple(pa, kind_of("", node.item_type))
    if isinstance(node, inspect.TupleType) and all(one == node.item_types[0] for one in node.item_types):
        return _of_tuple(pa, kind_of("", node.item_types[0]))
    if isinstance(node, inspect.StructType):
        return _of_struct(pa, node)
    if isinstance(node, inspect.CustomType) and told is not None:
        node = inspect.type_info(told)
        assert isinstance(node, inspect.StructType)
        return _of_struct(pa, node)
    if isinstance(node, inspect.UnionType) and {type(one) for one in node.types} == _NUMBER_OR_TEXT:
        return Kind(pa.string(), pa.string(), str, _number_or_text)
    return Kind(pa.string(), pa.string(), _to_json, msgspec.json.decode)


_NUMBER_OR_TEXT: Final = {inspect.IntType, inspect.StrType}


def _without_none(node: Any) -> Any:
    if isinstance(node, inspect.UnionType):
        types = tuple(one for one in node.types if not isinstance(one, inspect.NoneType))
        return types[0] if len(types) == 1 else inspect.UnionType(types)
    return node


def _category(pa: Any) -> Any:
    return pa.dictionary(pa.int32(), pa.string())


def _of_enum(pa: Any, cls: type[Enum]) -> Kind:
    is_text = all(isinstance(member.value, str) for member in cls)
    texts = {member: member.value if is_text else member.name for member in cls}
    members = {text: member for member, text in texts.items()}
    return Kind(_category(pa), pa.string(), texts.__getitem__, members.__getitem__)


def _of_tuple(pa: Any, item: Kind) -> Kind:
    encode, decode = item.encode, item.decode
    arrow, plain = pa.list_(_inner(pa, item)), pa.list_(item.plain)
    if encode is None and decode is None:
        return Kind(arrow, plain, None, tuple, is_list=True)

    def each(values: Any, change: Change | None) -> Any:
        return values if change is None else [None if one is None else change(one) for one in values]

    return Kind(arrow, plain, lambda values: each(values, encode), lambda values: tuple(each(values, decode)))


def _of_struct(pa: Any, node: inspect.StructType) -> Kind:
    cls = node.cls
    kinds = {field.name: kind_of(field.name, field.type) for field in node.fields}

    def encode(value: Any) -> dict[str, object]:
        if not isinstance(value, cls):
            raise TypeError(f"a {cls.__name__} was expected, not a {type(value).__name__}")
        told: dict[str, object] = {}
        for name, kind in kinds.items():
            one = getattr(value, name)
            told[name] = one if one is None or kind.encode is None else kind.encode(one)
        return told

    def decode(told: dict[str, Any]) -> Any:
        fields: dict[str, object] = {}
        for name, kind in kinds.items():
            one = told.get(name)
            fields[name] = one if one is None or kind.decode is None else kind.decode(one)
        return cls(**fields)

    return Kind(
        pa.struct([(name, _inner(pa, kind)) for name, kind in kinds.items()]),
        pa.struct([(name, kind.plain) for name, kind in kinds.items()]),
        encode,
        decode,
    )


def _inner(pa: Any, kind: Kind) -> Any:
    """The arrow type within another. Categories are text there: arrow 23 fails over those in null structs."""
    return kind.plain if pa.types.is_dictionary(kind.arrow) else kind.arrow


def _number_or_text(text: str) -> int | str:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() else text


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
