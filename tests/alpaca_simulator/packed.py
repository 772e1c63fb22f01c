"""The reference package of msgpack with types; the vendor's own client stands on it."""

from __future__ import annotations

from typing import Any, cast

import msgpack  # type: ignore[import-untyped]  # it has no types of its own

__all__ = ["Timestamp", "pack", "stamp", "unpack"]

Timestamp = msgpack.Timestamp


def pack(value: object) -> bytes:
    """A value as bytes."""
    return cast(bytes, msgpack.packb(value))


def unpack(data: bytes) -> Any:  # Any: whatever the bytes hold
    """The value of some bytes.

    Raises:
        ValueError: They hold none, or more than one.
    """
    return msgpack.unpackb(data)


def stamp(at_ns: int) -> object:
    """A timestamp, from Unix nanoseconds."""
    return Timestamp.from_unix_nano(at_ns)
