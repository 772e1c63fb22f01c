"""``to_parquet``: a stream into files, by symbol and day."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SingleAssignmentDisposable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.frames._event_windows import EventWindows
from rxpolygon.frames._packages import pyarrow
from rxpolygon.frames._parts import PartFile, Parts
from rxpolygon.frames._plan import class_of
from rxpolygon.operators._checks import positive_whole
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._protocols import Timed
from rxpolygon.operators._silence import SilenceTimer
from rxpolygon.operators._turns import Turns

__all__ = ["Compression", "to_parquet"]

Compression = Literal["zstd", "snappy", "lz4", "gzip", "none"]

_log: Final = logging.getLogger("rxpolygon.frames")


def to_parquet(
    path: str | os.PathLike[str],
    *,
    every: str | timedelta | None = "1h",
    max_rows: int = 250_000,
    zone: str = "America/New_York",
    compression: Compression = "zstd",
    kind: object = None,
) -> Callable[[Observable[Timed]], Observable[PartFile]]:
    """Writes events, or bars, into Parquet files by symbol and day; emits what it has written.

    .. code-block:: text

        source   --A1--B1--A2--|--A3----A4--|         (A and B are symbols; | marks each hour of event time)
                 [ to_parquet("data")       ]
        output   --------------PA,PB--------PA|       (PA has A1 and A2, PB has B1; then PA has A3 and A4)

    The folders are named as hive does, which polars, pyarrow, DuckDB and Spark read as columns::

        data/symbol=AAPL/date=2013-10-07/part-20131007T133000.123Z-5f0c9a4d21b7.parquet
        data/symbol=O%3ASPY241220P00720000/date=2024-12-20/part-...

        polars.scan_parquet("data/**/*.parquet", hive_partitioning=True)

    The columns are those of :func:`to_frame`, but ``symbol``, which stands in the folder's name alone
    (percent-encoded, so that a currency pair is one folder). The day is that of the market: by default New
    York's calendar day, so that a session with its extended hours is one day; give ``zone="UTC"`` for crypto.
    An event that does not say its time, or by a number that is no time of this calendar, is of the day of the
    one before.

    A file is written at once when its rows are complete: at the end of each window of ``every`` (event time,
    ``[n * every, (n + 1) * every)`` since the Unix epoch), at the end of the stream, and before that, those
    with the most rows first, when ``max_rows`` wait. Rows are in order of arrival; late ones are in the next
    file of their day.

    - *Whole files*: each gets its name only when all of it is on the disk (``fsync``); a kill leaves none
      half under its name, and loses what waited in memory. No name is used twice: a restart adds files,
      and what is there is not touched.
    - *Memory*: at most ``max_rows`` events, and the columns of one file. *Open files*: one.
    - *Completion, error*: what waits is written and told, then the end.
    - *Silence*: what waits is written after one to two times ``every`` on the scheduler without an event.
    - *Dispose*: what waits is written, which nobody is told any more.
    - *A file that cannot be written* (the disk is full, say) is an ``OSError`` in ``on_error``; what waits is
      let go, and the log says how many rows. *Another kind of event* than the first is an
      ``InvalidTypeError`` there.
    - *Threads*: writing is done on the source's thread, some 5 ms a file. Put ``rxo.buffered(100_000)``
      before it, so that a live stream does not wait for the disk, and wait for ``on_completed`` before the
      program ends: that thread is a daemon. The observer is called one call at a time.

    Args:
        path: The folder; made when it is not there.
        every: The length of a window, as "15m", "1h", "1d" or a timedelta; None writes by rows alone.
        max_rows: The most rows that wait in memory, of all symbols together.
        zone: The time zone whose calendar days cut the files.
        compression: ``zstd``, ``snappy``, ``lz4``, ``gzip`` or ``none``.
        kind: The class of the events, by default that of the first one; see :func:`to_frame`.

    Returns:
        An operator; its Observable must be subscribed for anything to be written.

    Raises:
        InvalidArgumentError: A value that is not allowed, or an unknown time zone.
        InvalidTypeError: An argument of the wrong type.
        MissingPackageError: pyarrow is not installed (extra ``frames``).

    Example:
        >>> import tempfile
        >>> import reactivex as rx
        >>> from rxpolygon import frames
        >>> from rxpolygon.events import Trade
        >>> trades = [Trade(symbol=s, price=1, timestamp=1_700_000_000_000) for s in ("AAPL", "C:EUR/USD")]
        >>> folder = tempfile.mkdtemp()
        >>> def show(part):
        ...     print(part.path.removeprefix(folder)[:35], part.rows)
        >>> _ = rx.of(*trades).pipe(frames.to_parquet(folder)).subscribe(show)
        /symbol=AAPL/date=2023-11-14/part-2 1
        /symbol=C%3AEUR%2FUSD/date=2023-11- 1
        >>> import polars
        >>> table = polars.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
        >>> sorted(table["symbol"]), str(table["date"][0])
        (['AAPL', 'C:EUR/USD'], '2023-11-14')
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidTypeError("path", path, "the path of a folder")
    root = Path(path).expanduser()
    if root.exists() and not root.is_dir():
        raise InvalidArgumentError("path", str(path), "there is a file of that name; name a folder")
    every_ms = None if every is None else to_milliseconds("every", every)
    positive_whole("max_rows", max_rows)
    if compression not in get_args(Compression):
        raise InvalidArgumentError(
            "compression", compression, f"use one of {', '.join(get_args(Compression))}"
        )
    found = _zone(zone)
    pyarrow("parquet")
    if kind is not None:
        class_of(kind)
    return _writing(lambda: Parts(root, found, kind, compression), every_ms, max_rows)


def _zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise InvalidArgumentError("zone", zone, 'name a time zone, such as "America/New_York"') from error


def _writing(
    make_parts: Callable[[], Parts], every_ms: int | None, max_rows: int
) -> Callable[[Observable[Timed]], Observable[PartFile]]:
    def operator(source: Observable[Timed]) -> Observable[PartFile]:
        def subscribe(
            observer: abc.ObserverBase[PartFile], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            turns = Turns(observer)
            parts = make_parts()
            subscription = SingleAssignmentDisposable()
            windows = None if every_ms is None else EventWindows(every_ms)

            def write(most: int = 0) -> None:
                files = parts.write(most)
                while True:
                    try:
                        file = next(files, None)
                    except Exception as error:
                        fail(error)
                        return
                    if file is None:
                        return
                    turns.emit(file)

            def fail(error: Exception) -> None:
                # Not by the way of an observer that raises: nobody is at fault there.
                subscription.dispose()
                _log.error("%d rows could not be written: %s", parts.forget(), error)
                if not turns.is_over:
                    turns.end(error)

            def take(event: Any) -> None:
                if turns.is_over:
                    return
                if windows is not None and windows.ends_before(event):
                    write()
                    if turns.is_over:  # the disk refused, and what is there is not written at the dispose
                        return
                parts.add(event)
                if parts.rows >= max_rows:
                    write(max_rows // 2)

            def end(error: Exception | None) -> None:
                write()
                if not turns.is_over:
                    turns.end(error)

            def write_rest(_: object) -> None:
                write()

            def on_error(error: Exception) -> None:
                turns.run(end, error)

            def on_completed() -> None:
                turns.run(end, None)

            def release() -> None:
                subscription.dispose()
                turns.run(write_rest, None)

            disposables: list[abc.DisposableBase] = [Disposable(release)]
            handle: Callable[[Any], None] = take
            if every_ms is not None:
                timer = SilenceTimer(
                    every_ms / 1_000,
                    scheduler,
                    lambda: parts.rows,
                    lambda: turns.run_if_idle(write_rest, None),
                )
                handle = timer.watched(take)
                disposables.append(timer)
            subscription.disposable = source.subscribe(
                turns.entry(handle), on_error, on_completed, scheduler=scheduler
            )
            return CompositeDisposable(disposables)

        return Observable(subscribe)

    return operator
