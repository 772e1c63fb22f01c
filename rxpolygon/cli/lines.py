"""Lines on their way to stdout: taken on the dispatch thread, written by the main one in large pieces."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Final

from rxpolygon.errors import RxPolygonError

__all__ = ["Lines"]

_PIECE: Final = 64 * 1024  # bytes that are worth a write at once
_FULL: Final = 1024 * 1024  # bytes that may wait; then the stream waits for the reader of stdout
_LONGEST_WAIT: Final = 0.1  # seconds that a line may wait for others


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
            self.write_waiting()
        self.write_waiting()

    def write_waiting(self) -> None:
        """Write the lines that wait now."""
        with self._changed:
            waiting, self._waiting, self._size = self._waiting, [], 0
            self._changed.notify_all()
        if waiting:
            _write(b"".join(waiting))

    def _wait(self, until: float | None) -> bool:
        """Wait until it is worth writing; False at the end."""
        wait = _LONGEST_WAIT if until is None else min(_LONGEST_WAIT, until - time.monotonic())
        with self._changed:
            if wait > 0 and self._size < _PIECE and not self._is_over:
                self._changed.wait(wait)
            return not self._is_over and (until is None or time.monotonic() < until)


def _write(data: bytes) -> None:
    # Not through Python's own buffer: after Ctrl-C it would insist on writing the rest to a reader that
    # may stand still.
    if sys.stdout is None:
        raise RxPolygonError("stdout is closed")
    output = sys.stdout.fileno()
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(output, view) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RxPolygonError(f"stdout cannot be written: {error.strerror}") from error
