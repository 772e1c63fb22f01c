"""msgpack frames: instants kept to the nanosecond, and objects found in damaged frames.

msgspec reads a msgpack timestamp as a datetime, which has no nanoseconds, or as an Ext, which can be neither
hashed nor encoded again. So timestamps become plain integers before the decoding: ``t`` with an extension of
8 (or 4) bytes becomes ``_`` with an unsigned integer of the same 8 (or 4) bytes. That is two replacements of
bytes for a whole frame.

The four bytes that are replaced are no valid UTF-8, so they cannot stand in a text; they may stand in a
number, once in some billions of them. Each replacement takes one byte out, so the number swallows the first
byte of the next field's name, what is left of that is no text, and the decoder refuses the frame; which is
then read object by object as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import msgspec

from rxpolygon.events.instants import PACKED_KEY, packed_nanoseconds
from rxpolygon.venues.dialect import Broken

__all__ = ["instants_as_numbers", "instants_as_text", "numbers_decoder", "packed_items", "rfc3339"]

_KEY: Final = b"\xa1t"
_NEW_KEY: Final = b"\xa1" + PACKED_KEY.encode()
_LONG: Final = _KEY + b"\xd7\xff"  # fixext 8, type -1
_SHORT: Final = _KEY + b"\xd6\xff"  # fixext 4, type -1
_LONG_NUMBER: Final = _NEW_KEY + b"\xcf"  # uint 64
_SHORT_NUMBER: Final = _NEW_KEY + b"\xce"  # uint 32

_NANOSECONDS: Final = 1_000_000_000
_DEEPEST: Final = 64
_EXTENSIONS: Final = (b"\xc7", b"\xc8", b"\xc9", b"\xd4", b"\xd5", b"\xd6", b"\xd7", b"\xd8")
_LONGEST: Final = 12  # bytes of a timestamp: 32 bits of nanoseconds before 64 of seconds

# Names must be text: that tells a frame in whose numbers the replaced bytes stood.
_Object: TypeAlias = dict[str, Any]  # Any: whatever the wire has
_PROBLEMS: Final = (msgspec.MsgspecError, ValueError, TypeError, RecursionError, OverflowError)


def numbers_decoder(decode: Callable[[bytes], list[object]]) -> Callable[[bytes], list[object]]:
    """A decoder of frames, made from one that takes instants as numbers.

    The short form is that of whole seconds: bars have it, trades and quotes hardly ever. So it is looked for
    only where the decoder met one.
    """

    def decode_frame(frame: bytes) -> list[object]:
        data = _LONG_NUMBER.join(frame.split(_LONG))  # faster than replace()
        try:
            return decode(data)
        except msgspec.ValidationError:
            return decode(data.replace(_SHORT, _SHORT_NUMBER))

    return decode_frame


def instants_as_numbers(frame: bytes) -> bytes:
    """The frame with its ``t`` as ``_``, the same bits as a number."""
    return frame.replace(_LONG, _LONG_NUMBER).replace(_SHORT, _SHORT_NUMBER)


def instants_as_text(item: dict[str, Any]) -> dict[str, Any]:
    """An object with its instant as the JSON streams have it: ``t``, a time of RFC 3339."""
    packed = item.get(PACKED_KEY)
    if not isinstance(packed, int) or packed < 0:
        return item
    rest = {key: value for key, value in item.items() if key != PACKED_KEY}
    return {**rest, "t": rfc3339(packed_nanoseconds(packed))}


def rfc3339(instant_ns: int) -> str:
    """Unix nanoseconds as a time of RFC 3339, without trailing zeros.

    Example:
        >>> rfc3339(1_700_000_000_120_000_000)
        '2023-11-14T22:13:20.12Z'
    """
    seconds, rest = divmod(instant_ns, _NANOSECONDS)
    try:
        moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (OverflowError, ValueError, OSError):  # beyond the calendar
        return str(instant_ns)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{moment}{fraction}Z"


def packed_items(frame: bytes) -> Iterator[object]:
    """The items of a frame, with a :class:`Broken` in each place where none could be read. Never raises."""
    position, count = _array(frame)
    if count is None:
        yield Broken(frame, "expected an array of events" if frame else "the frame is empty")
        return
    try:
        whole = msgspec.msgpack.decode(instants_as_numbers(frame), type=list[_Object])
    except _PROBLEMS:
        whole = []
    if whole and not any(_has_datetime(item) for item in whole):
        yield from whole
        return
    for _ in range(count):
        end = _skip(frame, position)
        if end is None:
            yield Broken(frame[position:], "the frame is cut off, or not msgpack")
            return
        yield _item(frame[position:end])
        position = end
    if position < len(frame):
        yield Broken(frame[position:], "bytes after the end of the array")


def _item(data: bytes) -> object:
    for read in (_with_instant_as_number, _field_by_field, msgspec.msgpack.decode):
        try:
            return read(data)
        except _PROBLEMS as error:
            problem = error
    return Broken(data, str(problem))


def _with_instant_as_number(data: bytes) -> object:
    item = msgspec.msgpack.decode(instants_as_numbers(data), type=_Object)
    if _has_datetime(item):
        raise ValueError("the instant has the longest form")
    return item


def _has_datetime(item: _Object) -> bool:
    """Whether the instant was read without its nanoseconds."""
    return isinstance(item.get("t"), datetime)


def _field_by_field(data: bytes) -> object:
    """An object in whose numbers the replaced bytes stand, or whose instant has the longest form."""
    fields = msgspec.msgpack.decode(data, type=dict[str, msgspec.Raw])
    stamp = fields.get("t", b"")
    item: dict[str, Any] = {name: msgspec.msgpack.decode(raw) for name, raw in fields.items()}
    if bytes(stamp)[:1] in _EXTENSIONS:
        extension = msgspec.msgpack.decode(stamp, type=msgspec.msgpack.Ext)
        if extension.code == -1:
            item["t"] = rfc3339(_nanoseconds(bytes(extension.data)))
    return item


def _nanoseconds(data: bytes) -> int:
    if len(data) != _LONGEST:
        return packed_nanoseconds(int.from_bytes(data))
    return int.from_bytes(data[4:], signed=True) * _NANOSECONDS + int.from_bytes(data[:4])


def _array(frame: bytes) -> tuple[int, int | None]:
    """Where the items of the outermost array begin, and how many there are; None if it is no array."""
    head = frame[0] if frame else 0
    if 0x90 <= head <= 0x9F:
        return 1, head & 0x0F
    if head == 0xDC and len(frame) >= 3:
        return 3, int.from_bytes(frame[1:3])
    if head == 0xDD and len(frame) >= 5:
        return 5, int.from_bytes(frame[1:5])
    return 0, None


# By the first byte: how many bytes of length follow, and how many bytes beside those (msgpack specification).
_LENGTHS: Final = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0),  # bin
    0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),  # ext, with its type
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),  # str
}  # fmt: skip
_FIXED: Final = {
    0xC0: 0, 0xC2: 0, 0xC3: 0,  # nil, false, true
    0xCA: 4, 0xCB: 8,  # float
    0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,  # int
    0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17,  # fixext, with its type
}  # fmt: skip
_CONTAINERS: Final = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}  # array, map


def _skip(frame: bytes, position: int) -> int | None:
    """Where the value at a position ends; None if that is not in the frame, or no value."""
    waiting = [1]  # how many values are left at each level
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            continue
        waiting[-1] -= 1
        step = _step(frame, position)
        if step is None or len(waiting) > _DEEPEST:
            return None
        position, inside = step
        if inside:
            waiting.append(inside)
    return position


def _step(frame: bytes, position: int) -> tuple[int, int] | None:
    """Where the value's own bytes end, and how many values it holds; None if there is none."""
    if position >= len(frame):
        return None
    head = frame[position]
    inside = 0
    size: int | None = 0
    if head <= 0x7F or head >= 0xE0:  # small integers
        pass
    elif head <= 0x8F:  # fixmap
        inside = (head & 0x0F) * 2
    elif head <= 0x9F:  # fixarray
        inside = head & 0x0F
    elif head <= 0xBF:  # fixstr
        size = head & 0x1F
    elif head in _CONTAINERS:
        size, times = _CONTAINERS[head]
        inside = int.from_bytes(frame[position + 1 : position + 1 + size]) * times
    elif head in _LENGTHS:
        width, more = _LENGTHS[head]
        size = width + more + int.from_bytes(frame[position + 1 : position + 1 + width])
    else:
        size = _FIXED.get(head)
    if size is None or position + 1 + size > len(frame):
        return None
    return position + 1 + size, inside
