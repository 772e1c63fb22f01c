"""Recordings: files of websocket frames with the times at which they were received.

JSON Lines, compressed with gzip where the name ends in ``.gz``: one line a frame,
``[<receive time, Unix ns>,<the frame as received>]``. A frame is bytes to be passed on, never re-encoded.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

import orjson

from rxpolygon.errors import RecordingError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["RecordedFrame", "RecordingError", "read_frames"]

_BUFFER_BYTES: Final = 256 * 1024
_EXPECTED: Final = "expected [<receive time in Unix ns>,<frame>]"


class RecordedFrame(NamedTuple):
    """One line of a recording.

    Attributes:
        received_ns: When the frame was received, Unix nanoseconds UTC.
        frame: The frame as it came over the wire.
    """

    received_ns: int
    frame: bytes


def read_frames(path: str | os.PathLike[str]) -> Iterator[RecordedFrame]:
    """The frames of a recording, in order, read as they are asked for.

    A file that was cut off in the middle gives every whole line first, and then the error.

    Args:
        path: The file; a name that ends in ``.gz`` is decompressed.

    Raises:
        RecordingError: The file cannot be opened, is empty, is cut, or a line is no recorded frame. The error
            names file and line.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "day.jsonl"
        >>> _ = path.write_bytes(b'[1700000000000000000,[{"ev":"V","T":"I:SPX","val":1}]]\\n')
        >>> next(read_frames(path)).received_ns
        1700000000000000000
    """
    name = os.fspath(path)
    number = 0
    try:
        with _open(name) as lines:
            for number, line in enumerate(lines, 1):
                yield _parsed(line, name, number)
    except EOFError:
        raise RecordingError(name, number + 1, "the file is cut off here") from None
    except (OSError, zlib.error) as error:
        place = number + 1 if number else None
        raise RecordingError(name, place, f"the file cannot be read: {error}") from error
    if number == 0:
        raise RecordingError(name, 1, "the file is empty")


def _open(name: str) -> BinaryIO:
    if name.endswith(".gz"):
        return io.BufferedReader(_Inflated(name), _BUFFER_BYTES)
    return open(name, "rb", _BUFFER_BYTES)


class _Inflated(io.RawIOBase):
    """A gzip file for a buffered reader on top, which finds lines much faster than GzipFile does.

    It reads piece by piece: GzipFile under a buffered reader drops, at a cut, all that was inflated in the
    last read.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._file = gzip.GzipFile(name, "rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._file.read1(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _parsed(line: bytes, name: str, number: int) -> RecordedFrame:
    stamp, comma, rest = line.partition(b",")
    is_whole = line.endswith(b"\n")
    rest = rest.rstrip()
    if not comma or not stamp.startswith(b"[") or not stamp[1:].isdigit() or not rest.endswith(b"]"):
        problem = _EXPECTED if is_whole else f"the file is cut off here, or is no recording: {_EXPECTED}"
        raise RecordingError(name, number, problem)
    if not is_whole:
        # A cut may leave something that ends like a line; only here is it worth a full look.
        try:
            orjson.loads(line)
        except orjson.JSONDecodeError:
            raise RecordingError(name, number, "the file is cut off here") from None
    return RecordedFrame(int(stamp[1:]), rest[:-1])
