"""The columns of a kind of event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_origin

from msgspec import NODEFAULT, Struct, inspect

from rxpolygon.errors import InvalidTypeError
from rxpolygon.events._base import FineEvent
from rxpolygon.events.instants import WIRE_FORMS, InstantEvent
from rxpolygon.frames._kinds import Kind, kind_of

__all__ = ["Column", "Plan", "class_of", "no_event", "plan_of"]

#: Of events whose instant may be finer than ms: read from the wire's own form, whatever that is.
_FINE: Final = ("timestamp", "timestamp_ns")


class Column(Struct, frozen=True):
    """One column.

    Attributes:
        name: Its name, and that of the event's attribute.
        kind: How values stand in it.
        is_field: Whether the event is made with it; otherwise it is computed, for the reader's convenience.
        is_needed: Whether the event cannot be made without it.
        default: What an empty place becomes.
    """

    name: str
    kind: Kind
    is_field: bool = True
    is_needed: bool = False
    default: Any = None  # a field's, of any type


class Plan(Struct, frozen=True):
    """The columns of one class of events.

    Attributes:
        cls: The class.
        columns: In order.
        instant_field: The field to give the exact instant to, where no column is that field.
    """

    cls: type[Struct]
    columns: tuple[Column, ...]
    instant_field: str | None = None


def class_of(kind: Any) -> type[Struct]:  # Any: a class, or a generic one with its parameters
    """The class of events that is meant.

    Raises:
        InvalidTypeError: It is no Struct.
    """
    cls = get_origin(kind) or kind
    if not (isinstance(cls, type) and issubclass(cls, Struct)):
        raise InvalidTypeError("kind", kind, "a class of events, such as rxpolygon.events.Trade")
    return cls


def no_event(value: object) -> InvalidTypeError:
    """The error for a value of the stream that has no columns."""
    return InvalidTypeError(
        "what becomes a row", value, "an event, a bar or another result of an operator, no raw data"
    )


def plan_of(kind: Any, sample: Sequence[object] = ()) -> Plan:  # Any: as above
    """The columns of a class of events.

    Args:
        kind: The class; a generic one may have its parameters, as in ``TradeWithQuote[Trade, Quote]``.
        sample: Events, which tell the classes of fields that the type leaves open.
    """
    cls = class_of(kind)
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    is_whole = issubclass(cls, InstantEvent)
    columns = [
        Column(
            field.name,
            kind_of(field.name, field.type, _first(sample, field)),
            is_needed=field.required,
            default=None if field.default is NODEFAULT else field.default,
        )
        for field in info.fields
        if not (is_whole and field.name in WIRE_FORMS)  # which are told whole by timestamp_ns
    ]
    names = {column.name for column in columns}
    if is_whole or issubclass(cls, FineEvent):
        columns[1:1] = _computed(*_FINE)
    elif hasattr(cls, "timestamp") and not names & {"timestamp", "start"}:
        columns[:0] = _computed("timestamp")
    if hasattr(cls, "symbol") and "symbol" not in names:
        columns[:0] = _computed("symbol")
    return Plan(cls, tuple(columns), "wire_timestamp" if is_whole else None)


def _computed(*names: str) -> list[Column]:
    nodes = [inspect.StrType() if name == "symbol" else inspect.IntType() for name in names]
    return [
        Column(name, kind_of(name, node), is_field=False) for name, node in zip(names, nodes, strict=True)
    ]


def _first(sample: Sequence[object], field: inspect.Field) -> object:
    """A value that tells the field's class, if the type does not."""
    types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    if not any(isinstance(one, inspect.CustomType) for one in types):
        return None
    values = (getattr(event, field.name) for event in sample)
    return next((value for value in values if value is not None), None)
