"""Lines on their way to stdout: taken on the dispatch thread, written by the main one in large pieces."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from typing import Final

from rxpolygon.errors import RxPolygonError

__all__ = ["Lines"]

_PIECE: Final = 64 * 1024  # bytes that are worth a write at once
_FULL: Final = 1024 * 1024  # bytes that may wait; then the stream waits for the reader of stdout
_LONGEST_WAIT: Final = 0.1  # seconds that a line may wait for others
_NEVER_BLOCKS: Final = 512  # bytes that a pipe takes at once if it takes any (POSIX)
_REST_PATIENCE: Final = 0.5  # seconds that stdout's reader has for the last lines, after Ctrl-C


class Lines:
    """Collects lines until :meth:`end`, and writes them.

    Writing is the main thread's, because Ctrl-C can interrupt it even when stdout's reader stands still.

    Args:
        limit: How many lines there may be; None for no limit.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._left = limit  # under the lock
        self._waiting: list[bytes] = []  # under the lock
        self._size = 0  # under the lock
        self._is_over = limit == 0  # under the lock
        self._changed = threading.Condition()
        self._is_writing = False  # main thread only

    def put(self, line: bytes) -> None:
        """Add a line, its newline included. Waits while stdout is too slow; after the end it is dropped."""
        with self._changed:
            while self._size >= _FULL and not self._is_over:
                self._changed.wait()
            if self._is_over:
                return
            self._waiting.append(line)
            self._size += len(line)
            if self._left is not None:
                self._left -= 1
                self._is_over = self._left == 0
            if self._is_over or self._size >= _PIECE:
                self._changed.notify_all()

    def end(self) -> None:
        """Take no more lines."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def write(self, seconds: float | None = None) -> None:
        """Write lines to stdout until the end, or for so long.

        Raises:
            BrokenPipeError: Nobody reads stdout any more.
            RxPolygonError: It cannot be written.
        """
        until = None if seconds is None else time.monotonic() + seconds
        while self._wait(until):
            self._write_waiting()
        self._write_waiting()

    def write_rest(self) -> None:
        """After Ctrl-C: write the lines that wait, unless stdout's reader stands still."""
        if not self._is_writing:  # a piece that was interrupted may have ended within a line
            self._write_waiting(_REST_PATIENCE)

    def _write_waiting(self, patience: float | None = None) -> None:
        with self._changed:
            waiting, self._waiting, self._size = self._waiting, [], 0
            self._changed.notify_all()
        if waiting:
            self._is_writing = True
            _write(b"".join(waiting), patience)
            self._is_writing = False

    def _wait(self, until: float | None) -> bool:
        """Wait until it is worth writing; False at the end."""
        wait = _LONGEST_WAIT if until is None else min(_LONGEST_WAIT, until - time.monotonic())
        with self._changed:
            if wait > 0 and self._size < _PIECE and not self._is_over:
                self._changed.wait(wait)
            return not self._is_over and (until is None or time.monotonic() < until)


def _write(data: bytes, patience: float | None) -> None:
    # Not through Python's own buffer: after Ctrl-C it would insist on writing the rest to a reader that
    # may stand still.
    if sys.stdout is None:
        raise RxPolygonError("stdout is closed")
    output = sys.stdout.fileno()
    view = memoryview(data)
    try:
        while view:
            if patience is not None and not _takes_some(output, patience):
                return
            view = view[os.write(output, view if patience is None else view[:_NEVER_BLOCKS]) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RxPolygonError(f"stdout cannot be written: {error.strerror}") from error


def _takes_some(output: int, patience: float) -> bool:
    try:
        return bool(select.select([], [output], [], patience)[1])
    except OSError:  # not a thing that can be asked, on Windows
        return True
