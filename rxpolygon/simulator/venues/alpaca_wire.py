"""How Alpaca writes messages: JSON text with RFC 3339 stamps, or msgpack with its own timestamps.

Nanoseconds are kept in both. It shares nothing with the client's codec, so that an error in either one shows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
import orjson

from rxpolygon.simulator.venues.base import Encoding

__all__ = ["decoded", "encoded", "is_json", "msgpack_stamp", "parsed_stamp", "rfc_3339", "rewritten"]

_NANOSECONDS: Final = 1_000_000_000
#: The extension type of msgpack's timestamps: https://github.com/msgpack/msgpack/blob/master/spec.md
_TIMESTAMP: Final = -1
_SECONDS_ONLY: Final = struct.Struct(">I")
_PACKED: Final = struct.Struct(">Q")
_LONG: Final = struct.Struct(">Iq")
_SECONDS_BITS: Final = 34
# What holds a stamp in messages of any kind.
_STAMP: Final = "t"

_PACK: Final = msgspec.msgpack.Encoder()
# A value that may be anything would get its timestamps as datetimes, which know no nanoseconds.
_Object = dict[str, msgspec.msgpack.Ext | str | int | float | bool | list[Any] | dict[str, Any] | None]
_UNPACK: Final = msgspec.msgpack.Decoder(list[_Object] | _Object)


@lru_cache(maxsize=4_096)
def _whole_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rfc_3339(at_ns: int) -> str:
    """An instant, Unix nanoseconds, as JSON messages have it: no zeros at the end of its fraction.

    Example:
        >>> rfc_3339(1_614_009_104_208_000_000), rfc_3339(1_614_021_300_000_000_000)
        ('2021-02-22T15:51:44.208Z', '2021-02-22T19:15:00Z')
    """
    seconds, fraction = divmod(at_ns, _NANOSECONDS)
    if not fraction:
        return _whole_seconds(seconds) + "Z"
    return f"{_whole_seconds(seconds)}.{fraction:09d}".rstrip("0") + "Z"


def parsed_stamp(text: str) -> int | None:
    """Unix nanoseconds of an RFC 3339 stamp in UTC; None if it is none.

    Example:
        >>> parsed_stamp("2021-02-22T15:51:44.208Z")
        1614009104208000000
    """
    whole, _, fraction = text.removesuffix("Z").partition(".")
    try:
        seconds = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()
        return int(seconds) * _NANOSECONDS + int(fraction.ljust(9, "0")[:9])
    except ValueError:
        return None


def msgpack_stamp(at_ns: int) -> msgspec.msgpack.Ext:
    """An instant, Unix nanoseconds, as msgpack has it: 4 bytes for whole seconds, else 8, or 12 far away.

    Example:
        >>> msgpack_stamp(1_614_021_300_000_000_000).data.hex()
        '603402b4'
    """
    seconds, fraction = divmod(at_ns, _NANOSECONDS)
    if seconds >> _SECONDS_BITS:
        return msgspec.msgpack.Ext(_TIMESTAMP, _LONG.pack(fraction, seconds))
    packed = fraction << _SECONDS_BITS | seconds
    if packed >> 32:
        return msgspec.msgpack.Ext(_TIMESTAMP, _PACKED.pack(packed))
    return msgspec.msgpack.Ext(_TIMESTAMP, _SECONDS_ONLY.pack(packed))


def _unpacked_stamp(data: bytes) -> int:
    match len(data):
        case 4:
            return int(_SECONDS_ONLY.unpack(data)[0]) * _NANOSECONDS
        case 8:
            packed = int(_PACKED.unpack(data)[0])
            return (packed & (1 << _SECONDS_BITS) - 1) * _NANOSECONDS + (packed >> _SECONDS_BITS)
        case _:
            fraction, seconds = _LONG.unpack(data)
            return int(seconds) * _NANOSECONDS + int(fraction)


def encoded(events: Sequence[object], encoding: Encoding) -> bytes:
    """A message."""
    return _PACK.encode(events) if encoding is Encoding.MSGPACK else orjson.dumps(events)


def is_json(message: bytes) -> bool:
    """Whether a message can be JSON only: no array or map of msgpack begins so.

    Example:
        >>> is_json(b' [{"T":"t"}]'), is_json(bytes([0x91, 0x80]))
        (True, False)
    """
    return message.lstrip()[:1] in (b"[", b"{")


def decoded(message: bytes) -> Any:  # Any: whatever the message holds
    """What a message of either kind holds, stamps as JSON has them.

    Raises:
        ValueError: It is neither.
    """
    if is_json(message):
        return orjson.loads(message)
    try:
        return _readable(_UNPACK.decode(message))
    except (msgspec.DecodeError, struct.error, OverflowError, OSError, RecursionError) as error:
        # Not msgpack, or a timestamp of a wrong length or beyond the calendar, or nested too deeply.
        raise ValueError(str(error)) from error


def _readable(value: Any) -> Any:  # Any: whatever the message holds
    if isinstance(value, msgspec.msgpack.Ext):
        return rfc_3339(_unpacked_stamp(bytes(value.data)))
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    return value


def rewritten(event: Mapping[str, object], encoding: Encoding) -> Mapping[str, object]:
    """An event that is written as in JSON, for an encoding; a stamp that is none stays as it is.

    Example:
        >>> rewritten({"T": "b", "t": "2021-02-22T19:15:00Z"}, Encoding.MSGPACK)["t"].data.hex()
        '603402b4'
    """
    stamp = event.get(_STAMP)
    if encoding is not Encoding.MSGPACK or not isinstance(stamp, str):
        return event
    at_ns = parsed_stamp(stamp)
    return event if at_ns is None else {**event, _STAMP: msgpack_stamp(at_ns)}
