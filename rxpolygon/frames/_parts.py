"""Rows that wait for their files, and files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from msgspec import Struct

from rxpolygon.frames._batches import BatchBuilder
from rxpolygon.frames._packages import pyarrow
from rxpolygon.frames._plan import no_event
from rxpolygon.stats import time_of

__all__ = ["PartFile", "Parts", "write_whole"]

#: How hive's readers spell a value that is missing.
_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PartFile(Struct, frozen=True, kw_only=True):
    """A file that :func:`to_parquet` has written.

    It has ``symbol`` and ``timestamp`` as an event has.

    Attributes:
        path: Where it is.
        symbol: Whose rows it has.
        date: Of which day, ``2013-10-07``; empty if no row says its time.
        rows: How many.
        bytes: Its size.
        start: The earliest instant of its rows, Unix ms UTC; None if no row says its time. (A number that is
            no time of this calendar says none.)
        end: The latest one.
    """

    path: str
    symbol: str
    date: str
    rows: int
    bytes: int
    start: int | None
    end: int | None

    @property
    def timestamp(self) -> int | None:
        """The latest instant of its rows, Unix ms UTC."""
        return self.end


class Parts:
    """Events of each symbol and day, in memory, and the way to their files. One thread at a time.

    Args:
        root: The folder of all files.
        zone: Whose calendar days they are.
        kind: The class of the events; None for that of the first one.
        compression: How parquet packs them.
    """

    def __init__(self, root: Path, zone: ZoneInfo, kind: object, compression: str) -> None:
        self.rows = 0
        self._root = root
        self._zone = zone
        self._compression = compression
        self._builder = BatchBuilder(kind)
        self._is_settled = False
        self._held: dict[tuple[str, str], list[Any]] = {}  # Any: events of one class
        self._day = ""
        self._day_start = self._day_end = 0

    def add(self, event: Any) -> None:  # Any: an event of the stream
        """One more event waits.

        Raises:
            InvalidTypeError: It is no event.
        """
        try:
            symbol, at = event.symbol, event.timestamp
        except AttributeError:
            raise no_event(event) from None
        # An event that does not say its time is of the day of the one before it.
        if at is not None and not self._day_start <= at < self._day_end:
            self._turn_to(at)
        self._held.setdefault((symbol, self._day), []).append(event)
        self.rows += 1

    def write(self, most: int = 0) -> Iterator[PartFile]:
        """Write files, those with the most rows first, until at most so many rows wait.

        Raises:
            OSError: The disk cannot take them.
            UsageError: A column cannot hold its values.
            InvalidTypeError: There are events of several classes.
        """
        self._settle_columns()
        for key in sorted(self._held, key=lambda key: len(self._held[key]), reverse=True):
            if self.rows <= most:
                return
            events = self._held[key]
            part = self._written(*key, events)
            del self._held[key]
            self.rows -= len(events)
            yield part

    def _settle_columns(self) -> None:
        """By the events of all symbols: those of one may lack what tells a class, such as quotes."""
        if self._held and not self._is_settled:
            self._builder.planned([event for events in self._held.values() for event in events])
            self._is_settled = True

    def forget(self) -> int:
        """Let go what waits; says how many rows."""
        rows, self.rows = self.rows, 0
        self._held.clear()
        return rows

    def _turn_to(self, at: int) -> None:
        def midnight(of: date) -> int:
            return (datetime.combine(of, time.min, self._zone) - _EPOCH) // timedelta(milliseconds=1)

        # A number that is no time of this calendar says none.
        with contextlib.suppress(OverflowError):
            day = (_EPOCH + timedelta(milliseconds=at)).astimezone(self._zone).date()
            bounds = midnight(day), midnight(day + timedelta(days=1))
            self._day_start, self._day_end = bounds
            self._day = day.isoformat()

    def _written(self, symbol: str, day: str, events: list[Any]) -> PartFile:
        batch = self._builder.build(events)
        # The folder's name says the symbol, and readers of such folders make a column of it.
        table = pyarrow().Table.from_batches([batch]).drop_columns(["symbol"])
        folder = self._root / f"symbol={quote(symbol, safe='') or _NO_VALUE}" / f"date={day or _NO_VALUE}"
        start, end = _extent(events)
        path = folder / f"part-{_stamp(start)}-{secrets.token_hex(6)}.parquet"
        size = write_whole(table, path, self._compression)
        return PartFile(
            path=str(path),
            symbol=symbol,
            date=day,
            rows=len(events),
            bytes=size,
            start=start,
            end=end,
        )


def write_whole(table: Any, path: Path, compression: str) -> int:  # Any: a table of an optional package
    """Write a parquet file that has its name only once all of it is on the disk; gives its size.

    A kill leaves at most a file with a name that no reader of ``*.parquet`` takes. A file of that name is not
    replaced.

    Raises:
        OSError: The disk cannot take it, or there is such a file.
    """
    _make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            pyarrow("parquet").write_table(table, file, compression=compression)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        if path.exists():
            raise FileExistsError(f"{path} is there already, and is not replaced")
        os.rename(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    _sync_folder(path.parent)
    return size


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk, too, where a folder can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _extent(events: list[Any]) -> tuple[int | None, int | None]:
    """The first and the last instant."""
    times = [at for event in events if (at := event.timestamp) is not None]
    if times and (time_of(min(times)) is None or time_of(max(times)) is None):
        times = [at for at in times if time_of(at) is not None]
    return min(times, default=None), max(times, default=None)


def _stamp(at: int | None) -> str:
    """An instant as files' names have it, so that they sort by time."""
    if at is None:
        return "unknown"
    moment = _EPOCH + timedelta(milliseconds=at)
    return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1_000:03}Z"
