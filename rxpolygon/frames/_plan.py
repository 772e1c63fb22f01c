"""The columns of a kind of event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_origin

from msgspec import NODEFAULT, Struct, inspect

from rxpolygon import events
from rxpolygon.errors import InvalidTypeError
from rxpolygon.events import alpaca
from rxpolygon.events._base import FineEvent
from rxpolygon.events.instants import WIRE_FORMS, InstantEvent
from rxpolygon.frames._kinds import Kind, kind_of
from rxpolygon.operators import TradeWithQuote

__all__ = ["INSTANTS", "Column", "Plan", "class_of", "no_event", "plan_of"]

#: The columns that tell when something was, the best one first.
INSTANTS: Final = ("timestamp_ns", "timestamp", "start")

#: Of events whose instant may be finer than ms: read from the wire's own form, whatever that is.
_FINE: Final = ("timestamp", "timestamp_ns")

#: The quotes that trades are joined with as a rule: the first trades of a day may have none to tell it.
_QUOTES: Final[Mapping[type, type[Struct]]] = {
    events.Trade: events.Quote,
    events.CryptoTrade: events.CryptoQuote,
    events.FuturesTrade: events.FuturesQuote,
    alpaca.Trade: alpaca.Quote,
    alpaca.CryptoTrade: alpaca.CryptoQuote,
    alpaca.OptionTrade: alpaca.OptionQuote,
}


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
        untold: Fields for events whose class neither the type nor the sample tells.
    """

    cls: type[Struct]
    columns: tuple[Column, ...]
    instant_field: str | None = None
    untold: tuple[str, ...] = ()


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
    # But for the wire's forms, which are told whole by timestamp_ns.
    fields = [field for field in info.fields if not (is_whole and field.name in WIRE_FORMS)]
    parts = {field.name: _class_in(sample, field) for field in fields if _is_open(field)}
    columns = [
        Column(
            field.name,
            kind_of(field.name, field.type, parts.get(field.name)),
            is_needed=field.required,
            default=None if field.default is NODEFAULT else field.default,
        )
        for field in fields
    ]
    names = {column.name for column in columns}
    if is_whole or issubclass(cls, FineEvent):
        columns[1:1] = _computed(*_FINE)
    elif hasattr(cls, "timestamp") and not names & {"timestamp", "start"}:
        columns[:0] = _computed("timestamp")
    if hasattr(cls, "symbol") and "symbol" not in names:
        columns[:0] = _computed("symbol")
    untold = tuple(name for name, told in parts.items() if told is None)
    return Plan(cls, tuple(columns), "wire_timestamp" if is_whole else None, untold)


def _computed(*names: str) -> list[Column]:
    nodes = [inspect.StrType() if name == "symbol" else inspect.IntType() for name in names]
    return [
        Column(name, kind_of(name, node), is_field=False) for name, node in zip(names, nodes, strict=True)
    ]


def _is_open(field: inspect.Field) -> bool:
    """Whether its type leaves the class of its values open."""
    types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    return any(isinstance(one, inspect.CustomType) for one in types)


def _class_in(sample: Sequence[object], field: inspect.Field) -> type[Struct] | None:
    """The class that events of the sample have in a field, or would have if there were a quote."""
    values = (getattr(event, field.name) for event in sample)
    value = next((value for value in values if value is not None), None)
    if isinstance(value, Struct):
        return type(value)
    if value is None and sample and isinstance(sample[0], TradeWithQuote) and field.name == "quote":
        return _QUOTES.get(type(sample[0].trade))
    return None
