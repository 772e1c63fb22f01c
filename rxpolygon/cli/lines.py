"""Lines on their way to stdout: taken on the dispatch thread, written by the main one in large pieces."""

from __future__ import annotations

import os
import select
import stat
import sys
import threading
import time
from typing import Final

from rxpolygon.cli.interrupts import undivided
from rxpolygon.errors import RxPolygonError

__all__ = ["Lines"]

_PIECE: Final = 64 * 1024  # bytes that are worth a write at once
_FULL: Final = 1024 * 1024  # bytes that may wait; then the stream waits for the reader of stdout
_LONGEST_WAIT: Final = 0.1  # seconds that a line may wait for others
_PATIENCE: Final = 0.5  # seconds that stdout's reader has for the last lines
# Bytes that a pipe takes at once if it takes any; without that promise (Windows) as much as there is.
_PIPE_PIECE: Final = getattr(select, "PIPE_BUF", _PIECE)


class Lines:
    """Collects lines until :meth:`end`, and writes them.

    Writing is the main thread's, because Ctrl-C can interrupt it even when stdout's reader stands still.

    Args:
        limit: How many lines there may be; None for no limit.
        heading: What stands before them, beyond the limit.

    Raises:
        RxPolygonError: There is no stdout.
    """

    def __init__(self, limit: int | None = None, heading: bytes = b"") -> None:
        self._left = limit  # under the lock
        self._waiting: list[bytes] = [heading]  # under the lock
        self._size = len(heading)  # under the lock
        self._is_over = limit == 0  # under the lock
        self._changed = threading.Condition()
        self._out = _Stdout()  # main thread only

    def put(self, line: bytes) -> bool:
        """Add a line, its newline included. Waits while stdout is too slow.

        Returns:
            Whether it will be written: after the end it is dropped.
        """
        with self._changed:
            while self._size >= _FULL and not self._is_over:
                self._changed.wait()
            if self._is_over:
                return False
            self._waiting.append(line)
            self._size += len(line)
            if self._left is not None:
                self._left -= 1
                self._is_over = self._left == 0
            if self._is_over or self._size >= _PIECE:
                self._changed.notify_all()
            return True

    def end(self) -> None:
        """Take no more lines."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def write(self, seconds: float | None = None) -> None:
        """Write lines to stdout until the end, or for so long, and then take no more.

        Raises:
            BrokenPipeError: Nobody reads stdout any more.
            RxPolygonError: It cannot be written.
        """
        until = None if seconds is None else time.monotonic() + seconds
        while self._wait(until):
            self._write_waiting(until)
        self.end()  # before the last look, so that what was taken is written
        self._write_waiting(None if until is None else until + _PATIENCE)

    def write_rest(self) -> None:
        """After Ctrl-C: take no more, and write the lines that wait, unless stdout's reader stands still."""
        self.end()
        self._write_waiting(time.monotonic() + _PATIENCE)

    def _wait(self, until: float | None) -> bool:
        """Wait until it is worth writing; False at the end."""
        wait = _LONGEST_WAIT if until is None else min(_LONGEST_WAIT, until - time.monotonic())
        with self._changed:
            if wait > 0 and self._size < _PIECE and not self._is_over:
                self._changed.wait(wait)
            return not self._is_over and (until is None or time.monotonic() < until)

    def _write_waiting(self, until: float | None) -> None:
        if not self._out.write(until):
            return
        undivided(self._take_waiting)  # an interrupt in between would lose the lines
        self._out.write(until)

    def _take_waiting(self) -> None:
        with self._changed:
            waiting, self._waiting, self._size = self._waiting, [], 0
            self._changed.notify_all()
        self._out.piece = memoryview(b"".join(waiting))


class _Stdout:
    """Stdout without Python's own buffer, which would insist on writing to a reader that stands still.

    Attributes:
        piece: What is to be written; after Ctrl-C, what is left of it.
    """

    def __init__(self) -> None:
        if sys.stdout is None:
            raise RxPolygonError("stdout is closed")
        self.piece = memoryview(b"")
        self._file = sys.stdout.fileno()
        self._is_file = stat.S_ISREG(os.fstat(self._file).st_mode)

    def write(self, until: float | None) -> bool:
        """Write the piece; False if the reader did not take it in time."""
        most = len(self.piece) if self._is_file else _PIPE_PIECE
        try:
            while self.piece:
                if not self._takes_some(until):
                    return False
                undivided(lambda: self._write_some(most))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise RxPolygonError(f"stdout cannot be written: {error.strerror}") from error
        return True

    def _write_some(self, most: int) -> None:
        self.piece = self.piece[os.write(self._file, self.piece[:most]) :]

    def _takes_some(self, until: float | None) -> bool:
        if self._is_file:
            return True
        wait = None if until is None else max(until - time.monotonic(), 0.0)
        try:
            return bool(select.select([], [self._file], [], wait)[1])
        except OSError:  # Windows cannot ask pipes
            return True
