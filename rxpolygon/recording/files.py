"""The files of a recording that is being made: their names, their packing, their turn."""

from __future__ import annotations

import os
import zlib
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path, PurePath
from typing import Final, Protocol

from rxpolygon.recording import zstd
from rxpolygon.recording.zstd import ZSTD_SUFFIX

__all__ = ["RecordingFiles"]

_GZIP_SUFFIX: Final = ".gz"
_GZIP_LEVEL: Final = 2  # 235 MB a second; 6 makes files a fourth smaller and takes four times as long
_GZIP_WINDOW: Final = 31  # a window of 32 KiB, with the header of gzip
_DAY_NS: Final = 86_400_000_000_000


class _Packer(Protocol):
    def pack(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def finish(self) -> bytes: ...


class _Plain:
    def pack(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""

    finish = flush


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)

    def pack(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def flush(self) -> bytes:
        return self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush()


class RecordingFiles:
    """Writes lines to a file, and to the next one when it is full or the day is over.

    No file is ever overwritten: where the name is taken, ``day.jsonl.gz`` becomes ``day.1.jsonl.gz``, and so
    on. With ``rotate_daily`` the day stands in the name: ``day.2026-11-22.jsonl.gz``.

    Args:
        path: The name.
        rotate_size: Bytes on the disk after which the next file begins; None for one file.
        rotate_daily: Whether a new file begins with each day (UTC).

    Raises:
        OSError: The first file cannot be made.
        MissingPackageError: The name ends in ``.zst`` and zstandard is not installed.
    """

    def __init__(self, path: Path, rotate_size: int | None, *, rotate_daily: bool) -> None:
        self._path = path
        self._rotate_size = rotate_size
        self._rotate_daily = rotate_daily
        self._day: int | None = None
        # Without a buffer: what is written can be read, and a fork has nothing to write a second time.
        self._file: FileIO | None = None
        self._packer: _Packer = _Plain()
        self._file_bytes = 0
        #: The files so far, in order.
        self.paths: list[Path] = []
        #: Bytes written to the disk, all files together.
        self.bytes = 0
        if path.name.endswith(ZSTD_SUFFIX):
            zstd.require()
        if not path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {path.parent}")
        if not rotate_daily:
            self._open()

    def are_together(self, one_ns: int, other_ns: int) -> bool:
        """Whether what was received at these times may be written in one go."""
        return not self._rotate_daily or one_ns // _DAY_NS == other_ns // _DAY_NS

    def write(self, lines: bytes, received_ns: int) -> None:
        """Whole lines that are together, the first of which was received at this time."""
        day = received_ns // _DAY_NS if self._rotate_daily else None
        is_full = self._rotate_size is not None and self._file_bytes >= self._rotate_size
        if self._file is None or is_full or day != self._day:
            self.close()
            self._day = day
            self._open()
        self._put(self._packer.pack(lines))

    def flush(self) -> None:
        """See to it that everything written so far can be read from the disk."""
        if self._file is not None:
            self._put(self._packer.flush())

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            with self._file:
                self._put(self._packer.finish())
            self._file = None

    def abandon(self) -> None:
        """Close the file as it is."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and self._file is not None:
            size = self._file.write(rest)
            self.bytes += size
            self._file_bytes += size
            rest = rest[size:]

    def _open(self) -> None:
        number = 0
        while True:
            path = self._named(number)
            try:
                self._file = path.open("xb", buffering=0)
            except FileExistsError:
                number += 1
            else:
                break
        self.paths.append(path)
        self._file_bytes = 0
        self._packer = _packer(path)

    def _named(self, number: int) -> Path:
        suffixes = _suffixes(self._path.name)
        parts = [self._path.name.removesuffix(suffixes)]
        if self._day is not None:
            parts.append(f"{datetime.fromtimestamp(self._day * _DAY_NS // 1_000_000_000, UTC):%Y-%m-%d}")
        if number:
            parts.append(str(number))
        return self._path.with_name(".".join(parts) + suffixes)


def _suffixes(name: str) -> str:
    """What a name ends in and must still end in: of ``BRK.B.jsonl.gz`` it is ``.jsonl.gz``."""
    packed = next((suffix for suffix in (_GZIP_SUFFIX, ZSTD_SUFFIX) if name.endswith(suffix)), "")
    kind = PurePath(name.removesuffix(packed)).suffix
    return (kind if kind[1:].isalpha() else "") + packed


def _packer(path: Path) -> _Packer:
    if path.suffix == _GZIP_SUFFIX:
        return _Gzip()
    if path.suffix == ZSTD_SUFFIX:
        return zstd.Packer()
    return _Plain()


def path_of(path: str | os.PathLike[str]) -> Path:
    """A user's path, with ``~`` for the home folder."""
    return Path(path).expanduser()
