"""From events to arrow's record batches, and from those to the frames that people use."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct

from rxpolygon.errors import InvalidTypeError, UsageError
from rxpolygon.frames._packages import pandas, polars, pyarrow
from rxpolygon.frames._plan import Column, Plan, class_of, no_event, plan_of

__all__ = ["BatchBuilder", "to_pandas", "to_polars"]

# Any, throughout: frames of optional packages.

_log: Final = logging.getLogger("rxpolygon.frames")


class BatchBuilder:
    """Makes record batches of events of one class, all with one schema.

    A column is built at once from the attribute of all events, which costs a fifth of a dict for each event.

    Args:
        kind: The class of the events; by default that of the first one.
    """

    def __init__(self, kind: Any = None) -> None:
        self._kind = kind
        if kind is not None:
            class_of(kind)
        self._plan: Plan | None = None

    def planned(self, sample: Sequence[Any]) -> Plan:
        """The columns of all batches, settled by the first events that are asked about.

        Raises:
            InvalidTypeError: The first of them is no Struct.
        """
        if self._plan is None:
            if self._kind is None and not isinstance(sample[0], Struct):
                raise no_event(sample[0])
            self._plan = plan_of(type(sample[0]) if self._kind is None else self._kind, sample)
            if self._plan.untold and sample:
                _log.warning(
                    "the first %d events do not tell what %s has in %s, which becomes JSON text: give kind= "
                    "with the classes of its parts, as in TradeWithQuote[Trade, Quote]",
                    len(sample),
                    self._plan.cls.__name__,
                    ", ".join(self._plan.untold),
                )
        return self._plan

    def build(self, events: Sequence[Any]) -> Any:
        """The batch, a row for each event.

        Raises:
            InvalidTypeError: An event is of another class, or no Struct.
            UsageError: A field has a value that its type does not allow.
        """
        plan = self.planned(events)
        cls = plan.cls
        for other in set(map(type, events)) - {cls}:
            if not issubclass(other, cls):
                expected = f"a {cls.__name__} like others of its frame (a stream of several kinds needs one "
                other_event = next(event for event in events if type(event) is other)
                raise InvalidTypeError("event", other_event, f"{expected}operator for each)")
        pa = pyarrow()
        return pa.RecordBatch.from_arrays(
            [_array(pa, column, events, cls) for column in plan.columns],
            schema=pa.schema([(column.name, column.kind.arrow) for column in plan.columns]),
        )


def _array(pa: Any, column: Column, events: Sequence[Any], cls: type) -> Any:
    values = list(map(attrgetter(column.name), events))
    kind = column.kind
    try:
        if kind.encode is not None:
            encode = kind.encode
            values = [None if value is None else encode(value) for value in values]
        if pa.types.is_dictionary(kind.arrow):
            return pa.array(values, kind.arrow.value_type).dictionary_encode()
        return pa.array(values, kind.arrow)
    except (pa.ArrowException, TypeError, ValueError, KeyError, OverflowError) as error:
        raise UsageError(
            f"the column {column.name!r} of {cls.__name__} cannot hold its values as {kind.arrow}: {error}"
        ) from error


def to_polars(batch: Any) -> Any:
    """A polars frame of a batch."""
    return polars().from_arrow(batch)


def to_pandas(batch: Any) -> Any:
    """A pandas frame of a batch, whole numbers and truth values with pandas' own types, which know NA."""
    pd, pa = pandas(), pyarrow()
    types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return batch.to_pandas(types_mapper=types.get)
