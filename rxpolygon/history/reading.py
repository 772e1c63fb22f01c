"""Reading CSV files and tables in blocks, with the line of whatever is wrong."""

from __future__ import annotations

import csv
import math
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, Final

from rxpolygon.errors import RecordingError
from rxpolygon.history.columns import NS, Columns, codes_of, has_nanoseconds
from rxpolygon.history.layouts import layout_of
from rxpolygon.history.packages import polars, pyarrow
from rxpolygon.recording.reader import unpacked

__all__ = ["CsvReader", "columns_from"]

_BLOCK_BYTES: Final = 1024 * 1024  # pyarrow reads up to 32 blocks ahead
_FRAME_ROWS: Final = 65_536
_CAREFUL_ROWS: Final = 20_000
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
        self.columns = columns_from(self._header(), market, path, fields)
        self._never_empty = (self.columns.symbol_column, self.columns.stamp_column)
        # What was looked at already, by column, and is as it should be.
        self._known: dict[str, set[str | None]] = {}

    def _header(self) -> list[str]:
        try:
            with open(self._path, "rb") as file, unpacked(file, self._path) as lines:
                first = lines.readline().decode("utf-8-sig", "replace")
        except (OSError, EOFError, zlib.error) as error:
            raise RecordingError(self._path, 1, f"the file cannot be read: {error}") from error
        if not first.strip():
            raise RecordingError(self._path, 1, "the file is empty")
        try:
            return next(csv.reader([first.rstrip("\r\n")]))
        except csv.Error as error:  # lines that end in CR alone, for example
            raise RecordingError(self._path, 1, f"it is no row of a CSV file: {error}") from error

    def frames(self) -> Iterator[Any]:
        """The rows, in blocks.

        Raises:
            RecordingError: After the rows before the problem.
        """
        rows = 0
        try:
            with open(self._path, "rb") as file:
                for frame in self._fast(file):
                    prepared = self.columns.prepared(frame) if self._is_sound(frame) else None
                    if prepared is None or self._loses_instants(frame, prepared):
                        raise ValueError("a row that is to be found")
                    yield prepared
                    rows += frame.height
        except (OSError, ValueError, pyarrow("lib").ArrowException, polars().exceptions.PolarsError):
            yield from self._careful(rows)

    def _loses_instants(self, frame: Any, prepared: Any) -> bool:
        instants = [(self.columns.stamp_column, NS)]
        instants += [
            (name, f"{column.field}:{column.kind}")
            for name, column in self.columns.chosen
            if column.kind == "instant"
        ]
        return any(frame[name].null_count() != prepared[made].null_count() for name, made in instants)

    def _is_sound(self, frame: Any) -> bool:
        """Whether values of the right type are also values that there can be."""
        if any(frame[name].null_count() for name in self._never_empty):
            return False
        stamps = frame[self.columns.stamp_column]
        if stamps.dtype.is_integer() and stamps.min() < 0:
            return False
        for name, column in self.columns.chosen:
            if column.kind == "float" and not frame[name].is_finite().all():
                return False
            if column.kind in ("codes", "code") and not self._are_known(name, column.kind, frame):
                return False
        return self._are_known(self.columns.symbol_column, "symbol", frame)

    def _are_known(self, name: str, kind: str, frame: Any) -> bool:
        known = self._known.setdefault(name, {None})
        new = set(frame[name].unique().to_list()) - known
        known |= new
        return all(self._value_problem(kind, text) is None for text in new)

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
        held: list[list[str]] = []
        rows: _Rows | None = None
        try:
            with open(self._path, "rb") as file, unpacked(file, self._path) as lines:
                rows = _Rows(lines)
                header, *_ = islice(rows, 1)
                for row in islice(rows, given, None):
                    problem = self._problem(header, row)
                    if problem is not None:
                        if rows.is_cut:
                            problem = f"the file is cut off here ({problem})"
                        break
                    held.append(row)
                    if len(held) == _CAREFUL_ROWS:
                        yield self._frame(header, held)
                        held = []
        except EOFError:
            problem = "the file is cut off here"
        except UnicodeDecodeError:
            problem = "bytes that are no UTF-8"
        except csv.Error as error:  # a field that is too long: the quotation mark at its end is missing
            problem = f"it is no row of a CSV file: {error}"
        except (OSError, zlib.error) as error:
            problem = f"it cannot be read: {error}"
        if held:
            yield self._frame(header, held)
        if problem is not None:
            raise RecordingError(self._path, rows.number if rows is not None else 1, problem)

    def _problem(self, header: list[str], row: list[str]) -> str | None:
        if len(row) != len(header):
            return f"expected {len(header)} columns, got {len(row)}"
        kinds: dict[str, str] = {name: column.kind for name, column in self.columns.chosen}
        kinds |= {self.columns.symbol_column: "symbol", self.columns.stamp_column: "instant"}
        for name, text in zip(header, row, strict=True):
            if not text and name in self._never_empty:
                return f"{name} is empty"
            problem = self._value_problem(kinds.get(name, "text"), text) if text else None
            if problem is not None:
                return f"{name} is {text[:_SHOWN]!r}: {problem}"
        return None

    def _value_problem(self, kind: str, text: str) -> str | None:
        """Why a column of this kind cannot hold this text; None if it can."""
        if kind == "symbol":
            return self.columns.symbol_problem(text)
        if kind in ("codes", "code"):
            try:
                codes_of(text)
            except ValueError:
                return "expected codes such as 12,37"
        if kind in ("float", "int") and not (_NUMBER.fullmatch(text) and abs(float(text)) < _LARGEST[kind]):
            return "expected a number"
        if kind == "instant" and not (_INSTANT.fullmatch(text) and has_nanoseconds(float(text))):
            return "expected a time, in whole ns or in ms"
        return None

    def _frame(self, header: list[str], rows: list[list[str]]) -> Any:
        pl = polars()
        frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
        kinds = {name: column.kind for name, column in self.columns.chosen}
        numbers = {name for name, kind in kinds.items() if kind in ("float", "int", "instant")}
        numbers.add(self.columns.stamp_column)
        frame = frame.select(
            (pl.col(name).str.strip_chars() if name in numbers else pl.col(name)).replace("", None)
            for name in self.columns.names
        )
        whole = [name for name, column in self.columns.chosen if column.kind == "int"]
        # A float, as in 12.0, has not the digits of a large whole number, such as a sequence number of 17.
        frame = frame.with_columns(
            pl.coalesce(
                pl.col(name).cast(pl.Int64, strict=False), pl.col(name).cast(pl.Float64).cast(pl.Int64)
            )
            for name in whole
        )
        return self.columns.prepared(frame)


_NUMBER: Final = re.compile(r"[ \t]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?[ \t]*")
_INSTANT: Final = re.compile(r"[ \t]*[0-9]+(\.[0-9]*)?[ \t]*")
_LARGEST: Final = {"float": math.inf, "int": 2.0**63}


class _Rows:
    """The rows of a CSV file, without blank lines, as its fast reader counts them."""

    def __init__(self, lines: BinaryIO) -> None:
        self._lines = lines
        self._reader = csv.reader(self._texts())
        #: The line at which the row begins that was read last, or is being read.
        self.number = 1
        #: Whether the last line that was read has no end.
        self.is_cut = False

    def _texts(self) -> Iterator[str]:
        encoding = "utf-8-sig"
        for line in self._lines:
            self.is_cut = not line.endswith(b"\n")
            yield line.decode(encoding)
            encoding = "utf-8"

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            self.number = self._reader.line_num + 1
            row = next(self._reader, None)
            if row is None:
                return
            if row:
                yield row
