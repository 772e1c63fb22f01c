"""Reading CSV files and tables in blocks, with the line of whatever is wrong."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from rxpolygon.errors import RecordingError
from rxpolygon.history.columns import Columns
from rxpolygon.history.layouts import layout_of
from rxpolygon.history.packages import polars, pyarrow
from rxpolygon.recording.reader import unpacked

__all__ = ["CsvReader", "columns_from"]

_BLOCK_BYTES: Final = 1024 * 1024  # pyarrow reads up to 32 blocks ahead
_FRAME_ROWS: Final = 65_536
_CAREFUL_LINES: Final = 20_000
_SHOWN: Final = 40

# Any, throughout: frames and types of optional packages.


def columns_from(names: list[str], market: str, path: str, fields: frozenset[str] | None = None) -> Columns:
    """What is made of these columns, or of those that fill certain fields.

    Raises:
        RecordingError: They are those of no file of the market, or some are missing.
    """
    layout = layout_of(names, market)
    if layout is None:
        raise RecordingError(
            path, 1, f"wrong columns: {', '.join(names)[:200]} are no trades, quotes or minutes of {market!r}"
        )
    columns = Columns(layout, names, market, fields)
    if columns.missing:
        # Besides the vendor's names, those of events will do.
        others = {"ticker": "ticker (or symbol)", layout.stamp: f"{layout.stamp} (or timestamp)"}
        missing = ", ".join(others.get(name, name) for name in columns.missing)
        raise RecordingError(path, 1, f"wrong columns for {layout.name} of {market!r}: {missing} is missing")
    return columns


class CsvReader:
    """A CSV file, plain or packed, as prepared frames.

    It reads with pyarrow as long as all is well. At the first problem it goes over that block again line by
    line, so that every row before the problem is given and the error names the line.

    Args:
        path: The file.
        market: Whose data it is.
        fields: The fields of events that are wanted; None for all.

    Raises:
        RecordingError: The file cannot be read, is empty, or its columns are wrong.
    """

    def __init__(self, path: str, market: str, fields: frozenset[str] | None = None) -> None:
        self._path = path
        #: How many bytes of the file have been read.
        self.position = 0
        self.columns = columns_from(self._header(), market, path, fields)
        self._never_empty = (self.columns.symbol_column, self.columns.stamp_column)

    def _header(self) -> list[str]:
        try:
            with open(self._path, "rb") as file, unpacked(file, self._path) as lines:
                first = lines.readline().decode("utf-8-sig", "replace")
        except (OSError, EOFError, zlib.error) as error:
            raise RecordingError(self._path, 1, f"the file cannot be read: {error}") from error
        if not first.strip():
            raise RecordingError(self._path, 1, "the file is empty")
        return next(csv.reader([first.rstrip("\r\n")]))

    def frames(self) -> Iterator[Any]:
        """The rows, in blocks.

        Raises:
            RecordingError: After the rows before the problem.
        """
        rows = 0
        try:
            with open(self._path, "rb") as file:
                for frame in self._fast(file):
                    if any(frame[name].null_count() for name in self._never_empty):
                        raise OSError("a row without a symbol or a time")
                    self.position = file.tell()
                    yield self.columns.prepared(frame)
                    rows += frame.height
        except (OSError, pyarrow("lib").ArrowException):
            yield from self._careful(rows)

    def _fast(self, file: BinaryIO) -> Iterator[Any]:
        pl, arrow_csv, lib = polars(), pyarrow("csv"), pyarrow("lib")
        source = lib.PythonFile(file, mode="r")
        if self._path.endswith((".gz", ".zst")):
            source = lib.CompressedInputStream(source, "gzip" if self._path.endswith(".gz") else "zstd")
        types = {name: self._type(lib, name) for name in self.columns.names}
        with arrow_csv.open_csv(
            source,
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=self.columns.names,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        ) as reader:
            held: list[Any] = []
            count = 0
            problem: Exception | None = None
            try:
                for batch in reader:
                    held.append(batch)
                    count += batch.num_rows
                    if count >= _FRAME_ROWS:
                        yield pl.from_arrow(lib.Table.from_batches(held))
                        held, count = [], 0
            except (OSError, lib.ArrowException) as error:
                problem = error
            if count:
                yield pl.from_arrow(lib.Table.from_batches(held))
            if problem is not None:
                raise problem

    def _type(self, lib: Any, name: str) -> Any:
        columns = self.columns
        if name == columns.stamp_column and columns.layout.stamp != "timestamp":
            return lib.int64()
        kind = next((column.kind for chosen, column in columns.chosen if chosen == name), "text")
        if kind == "instant" and columns.layout.stamp != "timestamp":  # those of futures have fractions
            return lib.int64()
        return {"float": lib.float64(), "int": lib.int64()}.get(kind, lib.string())

    def _careful(self, given: int) -> Iterator[Any]:
        """The rows after those that were given, looked at one by one."""
        problem: str | None = None
        number = 1
        held: list[list[str]] = []
        try:
            with open(self._path, "rb") as file, unpacked(file, self._path) as lines:
                header = next(csv.reader([lines.readline().decode("utf-8-sig").rstrip("\r\n")]))
                for line in lines:
                    number += 1
                    if number <= given + 1:
                        continue
                    row = next(csv.reader([line.decode("utf-8", "replace").rstrip("\r\n")]), [])
                    problem = self._problem(header, row)
                    if problem is not None:
                        if not line.endswith(b"\n"):
                            problem = f"the file is cut off here ({problem})"
                        break
                    held.append(row)
                    if len(held) == _CAREFUL_LINES:
                        self.position = file.tell()
                        yield self._frame(header, held)
                        held = []
        except (OSError, EOFError, zlib.error) as error:
            number += 1
            problem = (
                "the file is cut off here" if isinstance(error, EOFError) else f"it cannot be read: {error}"
            )
        if held:
            yield self._frame(header, held)
        if problem is not None:
            raise RecordingError(self._path, number, problem)

    def _problem(self, header: list[str], row: list[str]) -> str | None:
        if len(row) != len(header):
            return f"expected {len(header)} columns, got {len(row)}"
        kinds = {name: column.kind for name, column in self.columns.chosen}
        for name, text in zip(header, row, strict=True):
            kind = "instant" if name == self.columns.stamp_column else kinds.get(name, "text")
            if not text and name in self._never_empty:
                return f"{name} is empty"
            if text and not _PATTERNS[kind].fullmatch(text):
                return f"{name} is {text[:_SHOWN]!r}, which is no {_SAID[kind]}"
        return None

    def _frame(self, header: list[str], rows: list[list[str]]) -> Any:
        pl = polars()
        frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
        frame = frame.select(pl.col(name).replace("", None) for name in self.columns.names)
        whole = [name for name, column in self.columns.chosen if column.kind == "int"]
        frame = frame.with_columns(pl.col(name).cast(pl.Float64) for name in whole)
        return self.columns.prepared(frame)


_NUMBER: Final = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_PATTERNS: Final = {
    "text": re.compile(r"(?s).*"),
    "float": _NUMBER,
    "int": _NUMBER,
    "instant": re.compile(r"\d+(\.\d*)?"),
    "codes": re.compile(r"\s*\d+(\s*,\s*\d+)*\s*"),
    "code": re.compile(r"\s*\d+(\s*,\s*\d+)*\s*"),
}
_SAID: Final = {
    "text": "text",
    "float": "number",
    "int": "number",
    "instant": "time",
    "codes": "list of codes",
    "code": "code",
}
