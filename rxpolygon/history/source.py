"""Files and tables as sources of a replay, and as plain Observables."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from reactivex import Observable

from rxpolygon.cold import cold
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, RecordingError, RxPolygonError
from rxpolygon.events import Event
from rxpolygon.history.bars import FIELDS as BAR_FIELDS
from rxpolygon.history.bars import BarColumns, BarSettings
from rxpolygon.history.inputs import CsvInput, FrameInput, Input, LazyInput, ParquetInput
from rxpolygon.history.packages import polars, pyarrow
from rxpolygon.history.sorting import RUN_ROWS, sorted_frames
from rxpolygon.operators import Bar, SaleRules, Session
from rxpolygon.settings import cluster_from
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = ["HistoryBars", "HistorySource", "flat_file", "table"]

E = TypeVar("E", bound=Event)
T = TypeVar("T")

# Any, in this file: frames of optional packages.


class _Feed:
    """One reading, in the order of time."""

    line: int | None = None  # sorted, rows have no place in the file any more

    def __init__(self, source: Input, run_rows: int) -> None:
        self.columns, self._frames = source.read()
        self.kind: type[Event] | None = self.columns.layout.kind
        self._run_rows = run_rows
        self._size = source.size
        self._name = source.name
        self._rows = 0
        self._given = 0

    @property
    def position(self) -> int:
        """The share of the rows that were given, in bytes."""
        return self._size * self._given // max(1, self._rows)

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        problems: list[RecordingError] = []
        for frame in sorted_frames(self._counted(_until_error(self._frames, problems)), self._run_rows):
            try:
                yield from self.columns.events(frame)
            except ValueError as error:
                raise RecordingError(self._name, None, str(error)) from error
            self._given += frame.height
        if problems:
            raise problems[0]

    def _counted(self, frames: Iterable[Any]) -> Iterator[Any]:
        for frame in frames:
            self._rows += frame.height
            yield frame


class HistorySource(Generic[E]):
    """Events of a file or a table, in the order of time.

    A source for :class:`~rxpolygon.ReplayClient`, beside recordings and others; or observe it as it is.
    Iterating it, observing it and replaying it each read anew.
    """

    def __init__(self, source: Input, run_rows: int = RUN_ROWS) -> None:
        self._input = source
        self._run_rows = run_rows

    def __repr__(self) -> str:
        return f"HistorySource({self.name!r})"

    @property
    def market(self) -> str:
        """Whose data it is: ``stocks``, ``crypto``, ..."""
        return self._input.market

    @property
    def name(self) -> str:
        """The path, or what stands for it."""
        return self._input.name

    @property
    def size(self) -> int:
        """The file's bytes; 0 for a table in memory."""
        return self._input.size

    def open(self) -> _Feed:
        """Read it from its beginning."""
        return _Feed(self._input, self._run_rows)

    def __iter__(self) -> Iterator[E]:
        """The events, in the order of time."""
        for _, event in self.open():
            yield cast("E", event)

    @property
    def events(self) -> Observable[E]:
        """The events as a cold Observable: every observer gets all of them, then the end or the error."""

        return cold(self.__iter__, RxPolygonError)

    def bars(
        self,
        every: str | timedelta,
        *,
        sales: SaleRules[Any] = SaleRules.SIP,
        offset: str | timedelta = "0s",
        session: Session | None = None,
    ) -> HistoryBars:
        """Bars of trades (or of the mid price of quotes), made of whole columns instead of events.

        They are the bars that :func:`~rxpolygon.operators.time_bars` makes of :attr:`events` (a vwap may
        differ in its last digit), in a fraction of the time. They come once the file has been read, in the
        order of their start, then of their symbol.

        Args:
            every: A window's length, as for ``time_bars``, and so the rest.
            sales: Which trades may change which figures: the rules of the tapes, ``EVERY_TRADE``, or rules
                ``from_table``.
            offset: Shifts all windows; not with a session.
            session: The hours that count.

        Returns:
            The bars: iterate them, or observe them. Where the file is broken, the bars that had been closed
            come, then the error.

        Raises:
            InvalidArgumentError: A length, a combination or rules that are not allowed.

        Example:
            >>> import polars
            >>> frame = polars.DataFrame(
            ...     {"symbol": ["A", "A"], "price": [10.5, 11], "size": [100, 300], "timestamp": [0, 59_999]}
            ... )
            >>> [(bar.open, bar.close, bar.volume) for bar in table(frame, "stocks").bars("1m")]
            [(10.5, 11.0, 400.0)]
        """
        return HistoryBars(self._input, BarSettings.of(every, offset, session, sales), self._run_rows)


class HistoryBars:
    """Bars of a file or a table, in the order of time. Iterating and observing them each read anew."""

    def __init__(self, source: Input, settings: BarSettings, run_rows: int = RUN_ROWS) -> None:
        self._input = source
        self._run_rows = run_rows
        self._settings = settings

    def __repr__(self) -> str:
        return f"HistoryBars({self._input.name!r})"

    def __iter__(self) -> Iterator[Bar]:
        """The bars, in the order of their start, then of their symbol."""
        columns, frames = self._input.read(BAR_FIELDS)
        if not {"price", "bid_price"} & {column.field for _, column in columns.chosen}:
            raise InvalidArgumentError("bars()", columns.layout.name, "a file of trades or of quotes")
        problems: list[RecordingError] = []
        maker = BarColumns(columns, self._settings)
        try:
            for bar in maker.bars(_until_error(frames, problems), self._run_rows):
                if not problems or (maker.newest is not None and bar.end <= maker.newest):
                    yield bar
        except ValueError as error:
            raise RecordingError(self._input.name, None, str(error)) from error
        if problems:
            raise problems[0]

    @property
    def events(self) -> Observable[Bar]:
        """The bars as a cold Observable: every observer gets all of them, then the end or the error."""
        return cold(self.__iter__, RxPolygonError)


def _until_error(frames: Iterable[Any], problems: list[RecordingError]) -> Iterator[Any]:
    """Frames; an error is kept until everything that was read before it has been given."""
    try:
        yield from frames
    except RecordingError as error:
        problems.append(error)


def flat_file(path: str | os.PathLike[str], cluster: StreamCluster | str) -> HistorySource[Any]:
    """The vendor's flat file of a day: trades, quotes or minutes, told by its columns.

    Columns are taken by name; others are passed over, and what is empty is None. The events are those of the
    live stream, trades and quotes with the exact ``timestamp_ns``. These files are sorted by ticker; the
    events come sorted by time (that of the tape; of forex and crypto the exchange's; minutes when they end),
    equal times in the order of the file. That takes one pass over the file and a temporary copy on the disk
    (``$TMPDIR``) before the first event comes, and bounded memory however large the file is.

    Args:
        path: A CSV file, plain or ``.gz``.
        cluster: Whose data it is: ``stocks``, ``options``, ``forex``, ``crypto``, ``indices``, ``futures``.

    Returns:
        A source for :class:`~rxpolygon.ReplayClient`; its ``events`` are a plain Observable. A broken file is
        a :class:`~rxpolygon.errors.RecordingError` with the line, after every row before it.

    Raises:
        MissingPackageError: polars or pyarrow is not installed (extra ``frames``).
        RecordingError: The file is not there.
        InvalidArgumentError: It is a Parquet file, or one of days (``day_aggs_v1``).

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "2023-03-28.csv"
        >>> _ = path.write_text(
        ...     "ticker,conditions,price,size,sip_timestamp\\n"
        ...     'MSFT,"12,37",276.16,55,1679990400018381329\\n'
        ...     "AAPL,,158.1,100,1679990400011000001\\n"
        ... )
        >>> for trade in flat_file(path, "stocks"):
        ...     print(trade.symbol, trade.price, trade.conditions, trade.timestamp, trade.timestamp_ns)
        AAPL 158.1 None 1679990400011 1679990400011000001
        MSFT 276.16 (12, 37) 1679990400018 1679990400018381329
    """
    name = _existing(path)
    if name.lower().endswith(".parquet"):
        raise InvalidArgumentError("path", name, "a CSV file; for Parquet there is table()")
    if "day_aggs" in name:  # they have the columns of minutes, and would be taken for such
        raise InvalidArgumentError("path", name, "trades, quotes or minutes; the live stream has no days")
    polars()
    pyarrow("csv")
    return HistorySource(CsvInput(name, cluster_from(cluster).market))


def table(data: Any, cluster: StreamCluster | str) -> HistorySource[Any]:
    """A polars frame, lazy or not, or a Parquet file as events, in the order of time.

    The columns have the names of :func:`flat_file`, or those of the events' fields: ``symbol``, ``price``,
    ``size``, ``timestamp_ns`` (or ``timestamp``: ms, us, ns, a date or a datetime, UTC unless it has a zone),
    and so on. A nan counts as an empty place.

    Args:
        data: A ``polars.DataFrame``, a ``polars.LazyFrame``, which is collected batch by batch, or the path
            of a Parquet file, which is read piece by piece.
        cluster: Whose data it is.

    Raises:
        InvalidTypeError: It is neither.
        MissingPackageError: polars or pyarrow is not installed (extra ``frames``).
        RecordingError: The file is not there.

    Example:
        >>> import polars
        >>> frame = polars.DataFrame({"symbol": ["A"], "price": [10.5], "size": [100], "timestamp": [1_000]})
        >>> [(trade.price, trade.timestamp) for trade in table(frame, "stocks")]
        [(10.5, 1000)]
    """
    market = cluster_from(cluster).market
    if isinstance(data, (str, os.PathLike)):
        name = _existing(data)
        pyarrow("parquet")
        return HistorySource(ParquetInput(name, market))
    if isinstance(data, polars().LazyFrame):
        return HistorySource(LazyInput(data, market))
    if not isinstance(data, polars().DataFrame):
        expected = "a polars.DataFrame, a polars.LazyFrame, or the path of a Parquet file"
        raise InvalidTypeError("data", data, expected)
    return HistorySource(FrameInput(data, market))


def _existing(path: str | os.PathLike[str]) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidTypeError("path", path, "the path of a file")
    found = Path(path).expanduser()
    if found.is_dir():
        raise RecordingError(str(found), None, "this is a folder: name a file in it")
    if not found.is_file():
        raise RecordingError(str(found), None, "there is no such file")
    return str(found)
