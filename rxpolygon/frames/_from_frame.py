"""``from_frame``: a dataframe as a stream."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from reactivex import Observable

from rxpolygon.cold import cold
from rxpolygon.errors import InvalidTypeError, UsageError
from rxpolygon.frames._packages import polars, pyarrow
from rxpolygon.frames._plan import INSTANTS, class_of, plan_of
from rxpolygon.frames._rows import Reader

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped,unused-ignore]  # it has no types of its own
    import polars as pl
    import pyarrow as pa

__all__ = ["from_frame"]

E = TypeVar("E", bound=Struct)


def from_frame(
    data: pl.DataFrame | pl.LazyFrame | pd.DataFrame | pa.Table | pa.RecordBatch, kind: type[E]
) -> Observable[E]:
    """The rows of a dataframe as events, in the order of time: the way back from :func:`to_frame`.

    .. code-block:: text

        frame    rows c a b
                 [ from_frame(frame, Trade) ]
        output   a-b-c-|

    Columns are taken by the names of the event's fields, in any order; other columns are passed over, and a
    field without a column, or an empty place, gets its default. Instants may be datetimes (of any unit and
    zone, without one UTC; finer ones are floored) or Unix numbers, which tell ms, us and ns by their size.

    Rows are sorted by ``timestamp_ns``, ``timestamp`` or ``start``, whichever is there first; equal instants
    stay in their order, and a row without one stays behind the row before it. What :func:`to_frame` made of
    events gives equal events again. (Not quite of pandas: its NaN is None here, and
    whole numbers of an event within an event have 53 bits there.)

    The Observable is cold: every observer gets all events, on the thread of its subscription, then the end.
    For the vendor's files, which are larger than memory, use :func:`rxpolygon.history.flat_file`; to replay
    with the pace of time, :class:`~rxpolygon.ReplayClient`.

    Args:
        data: A polars or pandas dataframe, or an arrow table or batch. A lazy frame is collected at the call.
        kind: The class of the events, as :class:`~rxpolygon.events.Trade`; a generic one with its parameters.

    Raises:
        InvalidTypeError: ``data`` is no frame, or ``kind`` no class of events.
        UsageError: A column that the events cannot do without is missing, or all their prices and sizes are,
            as in a frame of trades with ``kind=Quote``, or the time stands in a column that is not theirs. (A
            column that holds something else is a ``UsageError`` in ``on_error``, after the rows before.)
        MissingPackageError: polars or pyarrow is not installed (extra ``frames``).

    Example:
        >>> import polars
        >>> from rxpolygon import frames
        >>> from rxpolygon.events import Trade
        >>> frame = polars.DataFrame({"symbol": ["A", "B"], "price": [2.0, 1.0], "timestamp": [2_000, 1_000]})
        >>> _ = frames.from_frame(frame, Trade).subscribe(lambda trade: print(trade.symbol, trade.price))
        B 1.0
        A 2.0
    """
    class_of(kind)
    polars()
    table = _table(data)
    plan = plan_of(kind)
    reader = Reader(plan, table.schema)  # now, so that a wrong frame is told at the call
    # A column that holds something else is told where it is read.
    return cold(lambda: reader.events(_sorted(table)), UsageError)


def _table(data: Any) -> Any:
    """An arrow table of whatever kind of frame."""
    pa = pyarrow()
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, polars().LazyFrame):
        data = data.collect()
    if isinstance(data, polars().DataFrame):
        return data.to_arrow()
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns"):
        with warnings.catch_warnings():
            # Arrow 23 asks pandas 3 for the values of times in a way that pandas will change.
            warnings.simplefilter("ignore", DeprecationWarning)
            return pa.Table.from_pandas(data, preserve_index=False)
    raise InvalidTypeError(
        "data",
        data,
        "a frame of polars or pandas, or an arrow Table or RecordBatch",
    )


def _sorted(table: Any) -> Any:
    """The rows in the order of time."""
    pl, names = polars(), set(table.column_names)
    column = next((name for name in INSTANTS if name in names), None)
    if column is None:
        return table
    times = pl.from_arrow(table.column(column).combine_chunks()).to_physical().forward_fill()
    if times.is_sorted(nulls_last=False):
        return table
    rows = pl.DataFrame({"time": times, "row": pl.int_range(len(times), eager=True)})
    # arg_sort of a Series is not stable for equal times; this is.
    return table.take(rows.sort("time", maintain_order=True)["row"].to_arrow())
