"""Sorting by time in bounded memory: sorted runs on the disk, then a merge of all of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from rxpolygon.errors import RecordingError
from rxpolygon.history.columns import NS
from rxpolygon.history.packages import polars, pyarrow

__all__ = ["sorted_frames"]

# Any, throughout: polars frames; the package is optional.

RUN_ROWS: Final = 131_072  # some 15 MB of trades, and as much again three times while they are sorted
_BLOCK_ROWS: Final = 2_048  # the least that is read of a run
_MERGED_ROWS: Final = 131_072  # of all runs together, read in one go while merging


def sorted_frames(frames: Iterable[Any], run_rows: int = RUN_ROWS) -> Iterator[Any]:
    """The rows of frames in order of time, in new frames; rows of equal time stay in their order.

    What fits into one run is sorted in memory; else each run is sorted and written to a temporary folder,
    which is as large as the unpacked columns and is removed at the end. In memory there is one run, or twice
    what is merged in one go, which grows with the number of runs only beyond 64 of them.

    Args:
        frames: Frames with a column of instants.
        run_rows: Rows that are sorted at once.

    Raises:
        RecordingError: The temporary folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="rxpolygon-sort-") as folder:
        runs: list[Path] = []
        last: Any = None
        for gathered in _gathered(frames, run_rows):
            if last is not None:
                runs.append(_written(last, Path(folder) / f"{len(runs)}.arrow"))
            last = gathered.sort(NS, maintain_order=True)
        if not runs:
            if last is not None:
                yield last
            return
        runs.append(_written(last, Path(folder) / f"{len(runs)}.arrow"))
        del last
        blocks = max(1, min(run_rows, _MERGED_ROWS) // _BLOCK_ROWS // len(runs))
        yield from _merged([_Run(path, blocks) for path in runs])


def _gathered(frames: Iterable[Any], rows: int) -> Iterator[Any]:
    pl = polars()
    held: list[Any] = []
    count = 0
    for frame in frames:
        held.append(frame)
        count += frame.height
        if count >= rows:
            yield pl.concat(held)
            held, count = [], 0
    if held:
        yield pl.concat(held)


def _written(frame: Any, path: Path) -> Path:
    ipc = pyarrow("ipc")
    table = frame.to_arrow()
    options = ipc.IpcWriteOptions(compression="lz4")
    try:
        with ipc.new_file(str(path), table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=_BLOCK_ROWS)
    except (OSError, pyarrow("lib").ArrowException) as error:  # the disk is full, say
        problem = f"the temporary copy that is sorted cannot be written (another folder: $TMPDIR): {error}"
        raise RecordingError(str(path), None, problem) from error
    return path


class _Run:
    """A sorted run, read some blocks at a time."""

    def __init__(self, path: Path, blocks: int) -> None:
        self._path = str(path)
        self._blocks = blocks
        self._next = 0
        self._count = 1
        self.frame: Any = None
        self.more()

    @property
    def last(self) -> int | None:
        """The newest instant in memory; None when nothing follows it on the disk."""
        return None if self._next >= self._count else int(self.frame[NS][-1])

    def more(self) -> None:
        """Take more blocks into memory."""
        pl, lib = polars(), pyarrow("lib")
        # Opened anew each time: hundreds of runs would hold as many files open.
        with pyarrow("ipc").open_file(self._path) as reader:
            self._count = reader.num_record_batches
            end = min(self._next + self._blocks, self._count)
            table = lib.Table.from_batches([reader.get_batch(place) for place in range(self._next, end)])
        self._next = end
        read = pl.from_arrow(table)
        self.frame = read if self.frame is None or not self.frame.height else pl.concat([self.frame, read])

    def until(self, instant: int | None) -> Any:
        """Take out the rows before an instant, or all."""
        place = self.frame.height if instant is None else self.frame[NS].search_sorted(instant, side="left")
        taken = self.frame.slice(0, place)
        self.frame = self.frame.slice(place)
        return taken


def _merged(runs: list[_Run]) -> Iterator[Any]:
    pl = polars()
    while runs:
        known = [last for run in runs if (last := run.last) is not None]
        # Later rows of a run may share the newest instant that is known of it, but none is before it.
        limit = min(known, default=None)
        taken = pl.concat([run.until(limit) for run in runs])
        if taken.height:
            yield taken.sort(NS, maintain_order=True)
        for run in runs:
            if run.last is not None and (run.frame.height < _BLOCK_ROWS or run.last == limit):
                run.more()
        runs = [run for run in runs if run.frame.height or run.last is not None]
