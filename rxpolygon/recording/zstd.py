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
_PACKED_BYTES: Final = 8 * 1024  # what is damaged costs no more than what came in the same read
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
    """The unpacked content of a file. One that was cut ends with EOFError, after all that can be unpacked."""
    return io.BufferedReader(_Unpacked(file), _BUFFER_BYTES)


class _Unpacked(io.RawIOBase):
    """Unpacks frame after frame, and misses the end of one that was cut.

    The package's own reader takes the end of the file for that of the frame. And its error belongs to no
    family: here it is an OSError.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        package = require()
        self._error: type[Exception] = package.ZstdError
        self._file = file
        self._unpacker = package.ZstdDecompressor()
        self._frame: Any = None  # the package's object for the present frame; None between frames
        self._packed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self._ready:
            if not self._packed and not (packed := self._file.read(_PACKED_BYTES)):
                if self._frame is not None:
                    raise EOFError("the last frame has no end")
                return 0
            self._ready = memoryview(self._unpack(self._packed or packed))
        size = min(len(view), len(self._ready))
        view[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _unpack(self, packed: bytes) -> bytes:
        if self._frame is None:
            self._frame = self._unpacker.decompressobj()
        try:
            data: bytes = self._frame.decompress(packed)
        except self._error as error:
            raise OSError(str(error)) from error
        self._packed = b""
        if self._frame.eof:
            self._packed = self._frame.unused_data
            self._frame = None
        return data


class Packer:
    """Packs what is written, and can end a block so that everything before it can be read."""

    def __init__(self) -> None:
        package = require()
        # Without a sum, as the package does by itself, a damaged digit in a line would not be noticed.
        self._stream = package.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
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
