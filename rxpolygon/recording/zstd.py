"""Zstandard, where the package ``zstandard`` is installed (extra ``zstd``)."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from rxpolygon.errors import MissingPackageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ZSTD_SUFFIX", "Packer", "reader", "require"]

ZSTD_SUFFIX: Final = ".zst"
_BUFFER_BYTES: Final = 256 * 1024
_LEVEL: Final = 1  # 730 MB a second; 3 makes market data no smaller


def require() -> Any:  # Any: the package has no types of its own where it is not installed
    """The package.

    Raises:
        MissingPackageError: It is not installed.
    """
    try:
        return import_module("zstandard")
    except ImportError as error:
        raise MissingPackageError("a recording named .zst", "zstandard", "zstd") from error


def reader(file: BinaryIO) -> BinaryIO:
    """The unpacked content of a file. One that was cut ends without an error, maybe inside a line."""
    return io.BufferedReader(_Unpacked(file), _BUFFER_BYTES)


class _Unpacked(io.RawIOBase):
    """Turns the package's own error, which belongs to no family, into an OSError."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        package = require()
        self._error: type[Exception] = package.ZstdError
        self._stream = package.ZstdDecompressor().stream_reader(
            file, read_size=_BUFFER_BYTES, read_across_frames=True, closefd=False
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            return int(self._stream.readinto(buffer))
        except self._error as error:
            raise OSError(str(error)) from error


class Packer:
    """Packs what is written, and can end a block so that everything before it can be read."""

    def __init__(self) -> None:
        package = require()
        self._stream = package.ZstdCompressor(level=_LEVEL).compressobj()
        self._flush_block = package.COMPRESSOBJ_FLUSH_BLOCK

    def pack(self, data: bytes) -> bytes:
        """Packed data; some of it may be held back."""
        packed: bytes = self._stream.compress(data)
        return packed

    def flush(self) -> bytes:
        """What was held back."""
        packed: bytes = self._stream.flush(self._flush_block)
        return packed

    def finish(self) -> bytes:
        """The end of the file."""
        packed: bytes = self._stream.flush()
        return packed
