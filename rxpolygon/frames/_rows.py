"""From record batches back to events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from rxpolygon.errors import UsageError
from rxpolygon.events import to_milliseconds, to_nanoseconds
from rxpolygon.frames._kinds import is_instant
from rxpolygon.frames._packages import polars, pyarrow
from rxpolygon.frames._plan import INSTANTS, Column, Plan

__all__ = ["Reader"]

# Any, throughout: tables of an optional package, and values of any type.

_PIECE: Final = 8_192


class Reader:
    """Makes events of a table's rows.

    Args:
        plan: What the events are made of.
        schema: The table's columns; others than the plan's are passed over.

    Raises:
        UsageError: These are no columns of such events, see :func:`_check`.
    """

    def __init__(self, plan: Plan, schema: Any) -> None:
        self._plan = plan
        self._types = dict(zip(schema.names, schema.types, strict=True))
        _check(plan, self._types)
        there = [column for column in plan.columns if column.name in self._types]
        self.columns = [column for column in there if column.is_field]
        names = {column.name for column in there}
        #: The column from which an instant is taken that has no column of its own, and its field.
        self._instant = next((name for name in ("timestamp_ns", "timestamp") if name in names), "")
        field = plan.instant_field
        if field is None and "wire_timestamp" in {column.name for column in plan.columns}:
            field = None if "wire_timestamp" in names else "wire_timestamp"
        self._instant_field = field if self._instant else None
        fields = [column.name for column in self.columns]
        self._build = _builder(plan.cls, [*fields, self._instant_field] if self._instant_field else fields)

    def events(self, table: Any) -> Iterator[Any]:
        """The rows, in their order."""
        for start in range(0, table.num_rows, _PIECE):
            piece = table.slice(start, _PIECE)
            lists = [self._values(piece, column) for column in self.columns]
            if self._instant_field:
                lists.append(self._instants(piece))
            yield from self._build(lists)

    def _instants(self, piece: Any) -> list[int | None]:
        column = next(column for column in self._plan.columns if column.name == self._instant)
        values = self._values(piece, column)
        if column.name == "timestamp_ns":  # as is: a number tells its unit by its size
            return values
        return [None if value is None else value * 1_000_000 for value in values]

    def _values(self, piece: Any, column: Column) -> list[Any]:
        pa, kind, name = pyarrow(), column.kind, column.name
        array = piece.column(name).combine_chunks()
        try:
            if kind.is_list:
                return _tuples(pa, array.cast(kind.plain))
            told = _in_unit(pa, array, kind.arrow)
            values = _list(told.cast(kind.plain))
            if kind.decode is not None:
                decode = kind.decode
                values = [None if value is None else decode(value) for value in values]
        except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
            cls = self._plan.cls.__name__
            if pa.types.is_struct(array.type) and not pa.types.is_struct(kind.arrow):
                raise UsageError(
                    f"the column {name!r} holds whole events, and {cls} alone does not tell which: give "
                    "kind with the classes of its parts, as in TradeWithQuote[Trade, Quote]"
                ) from error
            raise UsageError(
                f"the column {name!r} holds {array.type}, which is no {column.name} of {cls}: {error}"
            ) from error
        if is_instant(name) and pa.types.is_integer(array.type):
            change = to_nanoseconds if name.endswith("_ns") else to_milliseconds
            values = [None if value is None else change(value) for value in values]
        if column.default is not None:
            default = column.default
            values = [default if value is None else value for value in values]
        return values


def _check(plan: Plan, names: Collection[str]) -> None:
    """Whether a frame of such columns may be one of such events.

    Raises:
        UsageError: A column is missing that they cannot do without; or all prices are, or the time is told
            by a column that they do not have: events of another class, of which all but a few fields were
            None.
    """
    cls, has = plan.cls.__name__, f"it has {', '.join(map(repr, names)) or 'no column'}"
    known = {column.name for column in plan.columns}
    needed = [column.name for column in plan.columns if column.is_needed and column.name not in names]
    if needed:
        raise UsageError(f"the frame has no column {', '.join(map(repr, needed))}, which {cls} needs; {has}")
    figures = [column.name for column in plan.columns if _is_figure(column)]
    if figures and not set(figures) & set(names) and not known >= set(names):
        raise UsageError(
            f"the frame has none of the columns {', '.join(map(repr, figures))} of {cls}, so its rows seem "
            f"to be of another kind; {has}. Choose their class, or rename its columns"
        )
    told = [name for name in INSTANTS if name in names]
    own = next((name for name in ("timestamp", "start") if name in known), None)
    if told and own is not None and not known & set(told):
        raise UsageError(
            f"the frame tells its times by {told[0]!r}, and {cls} tells them by {own!r}: rename the column"
        )


def _is_figure(column: Column) -> bool:
    """Whether it has prices, sizes or the levels of a book, which make an event of what it is."""
    types, stored = pyarrow().types, column.kind.arrow
    return bool(types.is_floating(stored) or (types.is_list(stored) and types.is_nested(stored.value_type)))


def _in_unit(pa: Any, array: Any, stored: Any) -> Any:
    """Instants in the unit of the field, floored as all instants here are; other values as they are."""
    if pa.types.is_struct(stored):
        return array.cast(stored, safe=False)  # which has instants within
    if pa.types.is_timestamp(stored) and pa.types.is_timestamp(array.type) and array.type.unit != stored.unit:
        unit = {"ms": "millisecond", "ns": "nanosecond"}[stored.unit]
        floored = pyarrow("compute").floor_temporal(array, unit=unit)
        return floored.cast(pa.timestamp(stored.unit, array.type.tz))
    return array


def _list(array: Any) -> list[Any]:
    values: list[Any] = polars().from_arrow(array).to_list()  # several times as fast as arrow's to_pylist
    return values


def _tuples(pa: Any, array: Any) -> list[tuple[Any, ...] | None]:
    """A column of lists as tuples: the values of all at once, then cut."""
    inner = array.values
    flat = _tuples(pa, inner) if pa.types.is_list(inner.type) else _list(inner)
    ends = _list(array.offsets)
    cut = [tuple(flat[start:end]) for start, end in pairwise(ends)]
    if not array.null_count:
        return cut  # type: ignore[return-value]  # list is invariant
    there = _list(array.is_valid())
    return [values if is_there else None for values, is_there in zip(cut, there, strict=True)]


def _builder(cls: type, fields: Sequence[str]) -> Any:
    """A function of the columns' lists that gives the list of events.

    It is written out for just these fields: a call with its own keywords costs a third of one with a dict.
    """
    names = [f"v{place}" for place in range(len(fields))]
    keywords = ", ".join(f"{field}={name}" for field, name in zip(fields, names, strict=True))
    source = f"lambda lists: [event({keywords}) for {', '.join(names)}, in zip(*lists, strict=True)]"
    return eval(source, {"event": cls})
