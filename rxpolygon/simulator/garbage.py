"""Frames that are no proper array of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rxpolygon.simulator.faults import GarbageKind

__all__ = ["garbage_frame"]

_TRADE: Final = b'{"ev":"T","sym":"GARBAGE","x":4,"i":"1","p":10.5,"s":100,"c":[],"t":1700000000000,"q":1}'

_FRAMES: Final[Mapping[GarbageKind, bytes]] = {
    GarbageKind.NOT_JSON: b"<html>502 Bad Gateway</html>",
    GarbageKind.CUT_JSON: b"[" + _TRADE + b"," + _TRADE[:40],
    GarbageKind.NOT_UTF8: b'[{"ev":"T","sym":"\xff\xfe\x80","p":1}]',
    GarbageKind.NOT_AN_ARRAY: _TRADE,
    GarbageKind.EMPTY: b"",
    GarbageKind.EMPTY_ARRAY: b"[]",
    GarbageKind.NOT_OBJECTS: b'[1,"text",null,[]]',
    GarbageKind.UNKNOWN_EVENT: b'[{"ev":"ZZZ","sym":"GARBAGE","t":1700000000000}]',
    GarbageKind.NULL_FIELDS: b'[{"ev":"T","sym":"GARBAGE","p":null,"s":null,"t":null,"c":null}]',
    GarbageKind.NO_SYMBOL: b'[{"ev":"T","p":10.5,"s":100,"t":1700000000000}]',
    GarbageKind.WRONG_TYPES: b'[{"ev":"T","sym":"GARBAGE","p":{},"s":[],"t":"soon"}]',
    GarbageKind.BINARY: b"\x00\x01\x02\x03",
}


def garbage_frame(kind: GarbageKind) -> tuple[bytes, bool]:
    """A frame of a kind, and whether it is sent as binary.

    Example:
        >>> garbage_frame(GarbageKind.EMPTY_ARRAY)
        (b'[]', False)
    """
    return _FRAMES[kind], kind is GarbageKind.BINARY
