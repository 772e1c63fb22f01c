"""Frames that are no proper array of Alpaca's events, in both encodings."""

from __future__ import annotations

from typing import Final

from rxpolygon.simulator.faults import GarbageKind
from rxpolygon.simulator.venues.alpaca_wire import encoded, msgpack_stamp, rfc_3339
from rxpolygon.simulator.venues.base import Encoding

__all__ = ["garbage_frame"]

_AT_NS: Final = 1_700_000_000_000_000_001
_NOT_A_FRAME: Final = b"<html>502 Bad Gateway</html>"
_CUT: Final = 20


def _trade(encoding: Encoding, **fields: object) -> dict[str, object]:
    stamp = msgpack_stamp(_AT_NS) if encoding is Encoding.MSGPACK else rfc_3339(_AT_NS)
    event = {
        "T": "t",
        "S": "GARBAGE",
        "i": 1,
        "x": "V",
        "p": 10.5,
        "s": 100,
        "c": ["@"],
        "t": stamp,
        "z": "C",
    }
    return {**event, **fields}


def _payload(kind: GarbageKind, encoding: Encoding) -> bytes:
    match kind:
        case GarbageKind.NOT_JSON:
            return _NOT_A_FRAME
        case GarbageKind.CUT_JSON:
            return encoded([_trade(encoding), _trade(encoding)], encoding)[:-_CUT]
        case GarbageKind.NOT_UTF8:
            return encoded([_trade(encoding)], encoding).replace(b"GARBAGE", b"GAR\xff\xfe\x80E")
        case GarbageKind.NOT_AN_ARRAY:
            return encoded([_trade(encoding)], encoding)[1:].removesuffix(b"]")
        case GarbageKind.EMPTY:
            return b""
        case GarbageKind.EMPTY_ARRAY:
            return encoded([], encoding)
        case GarbageKind.NOT_OBJECTS:
            return encoded([1, "text", None, []], encoding)
        case GarbageKind.UNKNOWN_EVENT:
            return encoded([{**_trade(encoding), "T": "zzz"}], encoding)
        case GarbageKind.NULL_FIELDS:
            return encoded([_trade(encoding, p=None, s=None, t=None, c=None)], encoding)
        case GarbageKind.NO_SYMBOL:
            return encoded([{key: value for key, value in _trade(encoding).items() if key != "S"}], encoding)
        case GarbageKind.WRONG_TYPES:
            return encoded([_trade(encoding, p={}, s=[], t="soon")], encoding)
        case GarbageKind.BINARY:
            return b"\x00\x01\x02\x03"


def garbage_frame(kind: GarbageKind, encoding: Encoding) -> tuple[bytes, bool]:
    """A frame of a kind, and whether it is sent as binary.

    ``BINARY`` is junk in a frame of the other sort: a binary one among text, a text one among binary.

    Example:
        >>> garbage_frame(GarbageKind.EMPTY_ARRAY, Encoding.MSGPACK)
        (b'\\x90', True)
    """
    is_other = kind is GarbageKind.BINARY
    return _payload(kind, encoding), encoding.is_binary is not is_other
