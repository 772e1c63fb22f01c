"""Files and tables, read into frames of one form."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

from rxpolygon.errors import RecordingError
from rxpolygon.history.columns import NS, Columns
from rxpolygon.history.packages import polars, pyarrow
from rxpolygon.history.reading import CsvReader, columns_from

__all__ = ["CsvInput", "FrameInput", "Input", "LazyInput", "ParquetInput"]

Fields = frozenset[str] | None

_TABLE_ROWS: Final = 65_536

# Any, in this file: frames of optional packages.


class CsvInput:
    """A CSV file, packed or not."""

    def __init__(self, path: str, market: str) -> None:
        self.name = path
        self.market = market

    @property
    def size(self) -> int:
        """In bytes."""
        return os.path.getsize(self.name)

    def read(self, fields: Fields = None) -> tuple[Columns, Iterator[Any]]:
        """Its columns, and its rows in prepared frames."""
        reader = CsvReader(self.name, self.market, fields)
        return reader.columns, reader.frames()


class ParquetInput:
    """A Parquet file."""

    def __init__(self, path: str, market: str) -> None:
        self.name = path
        self.market = market

    @property
    def size(self) -> int:
        """In bytes."""
        return os.path.getsize(self.name)

    def read(self, fields: Fields = None) -> tuple[Columns, Iterator[Any]]:
        """Its columns, and its rows in prepared frames."""
        try:
            file = pyarrow("parquet").ParquetFile(self.name)
        except (OSError, pyarrow("lib").ArrowException) as error:
            raise RecordingError(self.name, None, f"the file cannot be read: {error}") from error
        columns = columns_from(list(file.schema_arrow.names), self.market, self.name, fields)
        return columns, self._frames(file, columns)

    def _frames(self, file: Any, columns: Columns) -> Iterator[Any]:
        with file:
            try:
                for batch in file.iter_batches(batch_size=_TABLE_ROWS, columns=columns.names):
                    yield _prepared(columns, polars().from_arrow(batch), self.name)
            except (OSError, pyarrow("lib").ArrowException) as error:
                raise RecordingError(self.name, None, f"the file cannot be read: {error}") from error


class FrameInput:
    """A polars frame."""

    name = "a table"
    size = 0

    def __init__(self, frame: Any, market: str) -> None:
        self._frame = frame
        self.market = market

    def read(self, fields: Fields = None) -> tuple[Columns, Iterator[Any]]:
        """Its columns, and its rows in prepared frames."""
        columns = columns_from(list(self._frame.columns), self.market, self.name, fields)
        return columns, (
            _prepared(columns, part, self.name)
            for part in self._frame.select(columns.names).iter_slices(_TABLE_ROWS)
        )


class LazyInput:
    """A lazy one, which is collected batch by batch."""

    name = "a lazy table"
    size = 0

    def __init__(self, frame: Any, market: str) -> None:
        self._frame = frame
        self.market = market

    def read(self, fields: Fields = None) -> tuple[Columns, Iterator[Any]]:
        """Its columns, and its rows in prepared frames."""
        try:
            names = self._frame.collect_schema().names()
        except (OSError, polars().exceptions.PolarsError) as error:
            raise RecordingError(self.name, None, f"it cannot be read: {error}") from error
        columns = columns_from(names, self.market, self.name, fields)
        return columns, self._frames(columns)

    def _frames(self, columns: Columns) -> Iterator[Any]:
        chosen = self._frame.select(columns.names)
        try:
            if hasattr(chosen, "collect_batches"):
                batches = chosen.collect_batches(chunk_size=_TABLE_ROWS)
            else:  # polars before 1.34 gives all or nothing
                batches = chosen.collect(engine="streaming").iter_slices(_TABLE_ROWS)
            for batch in batches:
                yield _prepared(columns, batch, self.name)
        except (OSError, polars().exceptions.PolarsError) as error:
            raise RecordingError(self.name, None, f"it cannot be read: {error}") from error


def _prepared(columns: Columns, frame: Any, name: str) -> Any:
    for needed in (columns.symbol_column, columns.stamp_column):
        if frame[needed].null_count():
            raise RecordingError(name, None, f"the column {needed} has empty places")
    try:
        prepared = columns.prepared(frame)
    except polars().exceptions.PolarsError as error:
        told = str(error).partition("\n")[0]
        raise RecordingError(name, None, f"a column has values of another kind: {told}") from error
    if prepared[NS].null_count():
        raise RecordingError(name, None, f"the column {columns.stamp_column} has times beyond the year 2262")
    if frame.height and prepared[NS].min() < 0:  # replays begin at 0, and would pass them over
        raise RecordingError(name, None, f"the column {columns.stamp_column} has times before 1970")
    return prepared


#: What a source is made of; read anew as often as it is asked.
Input = CsvInput | ParquetInput | FrameInput | LazyInput
