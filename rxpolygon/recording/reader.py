"""Reading recordings."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

from rxpolygon.errors import RecordingError
from rxpolygon.recording import zstd
from rxpolygon.recording.lines import LATEST_NS, parsed
from rxpolygon.recording.zstd import ZSTD_SUFFIX

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["RecordedFrame", "Recording", "read_frames", "unpacked"]

_BUFFER_BYTES: Final = 256 * 1024
_OPENING: Final = ord("[")
_LONGEST_STAMP: Final = 20  # where the comma stands after the nineteen digits of our age


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
        path: The file; a name that ends in ``.gz`` or ``.zst`` is decompressed.

    Raises:
        RecordingError: The file cannot be opened, is empty, is cut, or a line is no recorded frame. The error
            names file and line.
        MissingPackageError: It ends in ``.zst`` and zstandard is not installed.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "day.jsonl"
        >>> _ = path.write_bytes(b'[1700000000000000000,[{"ev":"V","T":"I:SPX","val":1}]]\\n')
        >>> next(read_frames(path)).received_ns
        1700000000000000000
    """
    for received_ns, frame in Recording(path):
        yield RecordedFrame(received_ns, frame)


class Recording:
    """A recording that is read once, by iterating it, and says how far it has come.

    Args:
        path: The file, as for :func:`read_frames`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Final = os.fspath(path)
        #: The number of the line that was read last, from 1; 0 before the first.
        self.line = 0
        self._file: BinaryIO | None = None
        self._position = 0

    @property
    def size(self) -> int:
        """The file's size in bytes, as it lies on the disk; 0 if it is not there."""
        try:
            return os.path.getsize(self.path)
        except OSError:
            return 0

    @property
    def position(self) -> int:
        """How many of these bytes have been read."""
        if self._file is not None and not self._file.closed:
            self._position = self._file.tell()
        return self._position

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Pairs of receive time in Unix nanoseconds and frame."""
        try:
            with open(self.path, "rb") as self._file, unpacked(self._file, self.path) as lines:
                for line in lines:
                    self.line += 1
                    comma = line.find(b",")
                    if (
                        1 < comma <= _LONGEST_STAMP
                        and line.endswith(b"]\n")
                        and line[0] == line[comma + 1] == _OPENING
                        and (stamp := line[1:comma]).isdigit()
                        and (received_ns := int(stamp)) < LATEST_NS
                    ):
                        yield received_ns, line[comma + 1 : -2]
                    else:
                        yield parsed(line, self.path, self.line)
        except EOFError:
            raise RecordingError(self.path, self.line + 1, "the file is cut off here") from None
        except (OSError, zlib.error) as error:
            place = self.line + 1 if self.line else None
            raise RecordingError(self.path, place, f"the file cannot be read: {error}") from error
        self._position = self.size
        if self.line == 0:
            raise RecordingError(self.path, 1, "the file is empty")


def unpacked(file: BinaryIO, name: str) -> BinaryIO:
    """The content of an open file, unpacked by its name, for reading lines."""
    if name.endswith(".gz"):
        return io.BufferedReader(_Inflated(file), _BUFFER_BYTES)
    if name.endswith(ZSTD_SUFFIX):
        return zstd.reader(file)
    return io.BufferedReader(cast("io.FileIO", file), _BUFFER_BYTES)


class _Inflated(io.RawIOBase):
    """A gzip file for a buffered reader on top, which finds lines much faster than GzipFile does.

    It reads piece by piece: GzipFile under a buffered reader drops, at a cut, all that was inflated in the
    last read.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = gzip.GzipFile(fileobj=file, mode="rb")

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
