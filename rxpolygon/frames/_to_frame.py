"""``to_frame`` and ``to_arrow``: streams as dataframes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, overload

from reactivex import Observable

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.frames._batches import BatchBuilder, to_pandas, to_polars
from rxpolygon.frames._gathering import check_bounds, gathered
from rxpolygon.frames._packages import pandas, polars, pyarrow
from rxpolygon.frames._plan import class_of, plan_of
from rxpolygon.operators._protocols import Timed

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped,unused-ignore]  # it has no types of its own
    import polars as pl
    import pyarrow as pa

__all__ = ["Engine", "arrow_schema", "frame", "to_arrow", "to_frame"]

Engine = Literal["polars", "pandas"]

_ENGINES = {"polars": to_polars, "pandas": to_pandas}


@overload
def to_frame(
    count: int | None = None,
    every: str | timedelta | None = None,
    engine: Literal["polars"] = "polars",
    *,
    kind: object = None,
) -> Callable[[Observable[Timed]], Observable[pl.DataFrame]]: ...
@overload
def to_frame(
    count: int | None = None,
    every: str | timedelta | None = None,
    *,
    engine: Literal["pandas"],
    kind: object = None,
) -> Callable[[Observable[Timed]], Observable[pd.DataFrame]]: ...
def to_frame(
    count: int | None = None,
    every: str | timedelta | None = None,
    engine: Engine = "polars",
    *,
    kind: object = None,
) -> Callable[[Observable[Timed]], Observable[Any]]:
    """Gathers events, or bars, into dataframes: a row for each, in order of arrival.

    .. code-block:: text

        source   --a-b-c--d--e-------f--g-|
                 [   to_frame(count=3)    ]
        output   ------F----------------F-F|          (a b c, then d e f, then g)

        source   --a-b--|---c-----|--d----|           (| marks each minute of event time)
                 [   to_frame(every="1m") ]
        output   -----------F--------F----F|          (a b, then c, then d)

    A column for each field of the event, under the field's name:

    ===========================  ===================================  ==============================
    field                        polars                               pandas
    ===========================  ===================================  ==============================
    ``symbol``                   Categorical                          category
    ``timestamp`` and others     Datetime("ms", "UTC")                datetime64[ms, UTC]
    ``timestamp_ns``             Datetime("ns", "UTC")                datetime64[ns, UTC]
    prices and sizes             Float64                              float64 (empty: NaN)
    whole numbers                Int64                                Int64
    truth values                 Boolean                              boolean
    text                         String                               str or object
    enums, as ``side``           Categorical                          category
    codes, as ``conditions``     List(Int64)                          object (arrays)
    books                        List(List(Float64))                  object
    events within an event       Struct                               object (dicts)
    number or text               String                               str or object
    anything else                String, as JSON                      str or object
    ===========================  ===================================  ==============================

    A field that is None is null. Events whose instant may be finer than ms have the columns ``timestamp``
    and ``timestamp_ns``.

    With ``every``, event time is cut into windows ``[n * every, (n + 1) * every)`` since the Unix epoch, and
    a frame ends when the first event of a later window comes, of any symbol; an event that comes late is in
    the frame that is being gathered, and so is one whose timestamp is no time of this calendar. A window
    without events has no frame. With both bounds, whichever comes
    first ends a frame.

    - *Completion, error*: what is gathered is emitted, then the end is told.
    - *Silence*: with ``every``, what is gathered is emitted after one to two times ``every`` on the scheduler
      without an event.
    - *Dispose*: releases the source, the timer and what is gathered.
    - *Another kind of event* than the first is an ``InvalidTypeError`` in ``on_error``, after the source was
      released; a value that the column cannot hold is a ``UsageError`` there.
    - *Memory*: the events of one frame.
    - *Threads*: the observer is called on the source's thread or the scheduler's, one call at a time.

    Args:
        count: The most rows of a frame.
        every: The length of a window, as "1m", "1h" or a timedelta.
        engine: ``polars`` or ``pandas``.
        kind: The class of the events, by default that of the first one. A generic one tells the classes of
            its parts: ``AsOf[Trade, Quote]``; else the events of the first frame must tell them. What these
            leave open becomes JSON text, with a warning in the log. (Trades that :func:`join_quotes
            <rxpolygon.operators.join_quotes>` found no quote for need none: it is taken for one of theirs.)

    Returns:
        An operator that gathers.

    Raises:
        InvalidArgumentError: No bound, one that is not above zero, or an unknown engine.
        MissingPackageError: polars or pyarrow is not installed (extra ``frames``), or pandas.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon import frames
        >>> from rxpolygon.events import Trade
        >>> trades = [Trade(symbol="A", price=p, timestamp=at) for p, at in [(1.5, 0), (2, 900), (3, 60_000)]]
        >>> def show(frame):
        ...     print(frame["price"].to_list())
        >>> _ = rx.of(*trades).pipe(frames.to_frame(every="1m")).subscribe(show)
        [1.5, 2.0]
        [3.0]
    """
    every_ms = check_bounds(count, every)
    convert = _checked(engine, kind)
    return gathered(count, every_ms, lambda: _into(BatchBuilder(kind), convert))


def to_arrow(
    count: int | None = None, every: str | timedelta | None = None, *, kind: object = None
) -> Callable[[Observable[Timed]], Observable[pa.RecordBatch]]:
    """As :func:`to_frame`, but gives arrow's record batches, all with one schema.

    .. code-block:: text

        source   --a-b-c--d--e-------f--g-|
                 [   to_arrow(count=3)    ]
        output   ------B----------------B-B|

    ``pyarrow.Table.from_batches`` makes a table of them. Symbols and enums are dictionaries of strings.

    Args:
        count: The most rows of a batch.
        every: The length of a window, as "1m", "1h" or a timedelta.
        kind: The class of the events, by default that of the first one.

    Raises:
        InvalidArgumentError: No bound, or one that is not above zero.
        MissingPackageError: pyarrow is not installed (extra ``frames``).

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon import frames
        >>> from rxpolygon.events import Trade
        >>> trades = [Trade(symbol="A", price=price, timestamp=0) for price in (1, 2, 3)]
        >>> _ = rx.of(*trades).pipe(frames.to_arrow(2)).subscribe(lambda batch: print(batch.num_rows))
        2
        1
    """
    every_ms = check_bounds(count, every)
    pyarrow()
    if kind is not None:
        class_of(kind)
    return gathered(count, every_ms, lambda: BatchBuilder(kind).build)


@overload
def frame(events: Iterable[object], kind: object = None) -> pl.DataFrame: ...
@overload
def frame(events: Iterable[object], kind: object = None, *, engine: Literal["pandas"]) -> pd.DataFrame: ...
def frame(events: Iterable[object], kind: object = None, *, engine: Engine = "polars") -> Any:
    """A dataframe of events that are there already, with the columns of :func:`to_frame`.

    Args:
        events: Events or bars of one class.
        kind: The class, by default that of the first one.
        engine: ``polars`` or ``pandas``.

    Raises:
        InvalidArgumentError: There are no events and no ``kind``, or the engine is unknown.
        InvalidTypeError: An event is of another class.
        UsageError: A field has a value that its column cannot hold.
        MissingPackageError: polars or pyarrow is not installed (extra ``frames``), or pandas.

    Example:
        >>> from rxpolygon import frames
        >>> from rxpolygon.events import Trade
        >>> trades = frames.frame([Trade(symbol="A", price=10.5, size=100, timestamp=1_700_000_000_123)])
        >>> for name in ("symbol", "price", "timestamp", "conditions"):
        ...     print(name, trades.schema[name])
        symbol Categorical
        price Float64
        timestamp Datetime(time_unit='ms', time_zone='UTC')
        conditions List(Int64)
    """
    convert = _checked(engine, kind)
    rows = list(events)
    if not rows and kind is None:
        raise InvalidArgumentError("events", rows, "give at least one event, or their kind=")
    return convert(BatchBuilder(kind).build(rows))


def arrow_schema(kind: object) -> pa.Schema:
    """The columns of a class of events, as :func:`to_arrow` and :func:`to_parquet` have them.

    Args:
        kind: The class, as :class:`~rxpolygon.events.Trade`.

    Raises:
        InvalidTypeError: It is no class of events.
        MissingPackageError: pyarrow is not installed (extra ``frames``).

    Example:
        >>> from rxpolygon import frames
        >>> from rxpolygon.events import Trade
        >>> print(frames.arrow_schema(Trade).field("timestamp").type)
        timestamp[ms, tz=UTC]
    """
    class_of(kind)
    return pyarrow().schema([(column.name, column.kind.arrow) for column in plan_of(kind).columns])


def _checked(engine: Engine, kind: object) -> Callable[[Any], Any]:
    """What makes frames of batches, if its packages are there."""
    if engine not in _ENGINES:
        raise InvalidArgumentError("engine", engine, f"use one of {', '.join(_ENGINES)}")
    pyarrow()
    if engine == "polars":
        polars()
    else:
        pandas()
    if kind is not None:
        class_of(kind)
    return _ENGINES[engine]


def _into(builder: BatchBuilder, convert: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    return lambda events: convert(builder.build(events))
