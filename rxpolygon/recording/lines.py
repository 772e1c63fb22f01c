"""The lines of a recording: one for each frame, written in lists and read one by one."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Final

import orjson

from rxpolygon.errors import RecordingError

__all__ = ["LATEST_NS", "frame_of", "lines_of", "parsed"]

#: Beyond what an int64 of ns can tell, in the year 2262.
LATEST_NS: Final = 2**63 - 1

_EXPECTED: Final = "expected [<receive time in Unix ns>,<frame>]"
_TEXT: Final = b"[{"  # how JSON begins that a venue sends
_NO_TEXT: Final = 0x80  # no JSON begins with this byte or a higher one
_QUOTE: Final = b'"'
_SHOWN: Final = 40
_PACKED: Final = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_END: Final = b"]\n"


def lines_of(received: Sequence[tuple[int, Sequence[bytes]]]) -> bytes:
    """The lines of frames, given in lists with the time at which each list was received.

    A frame of text stands in its line as it came, except that line breaks between JSON's tokens become
    spaces. A binary frame (MessagePack) stands there in base64, as a JSON string.

    Example:
        >>> lines_of([(5, [b'[{"ev":"T"}]', bytes([0x91, 0x0a])])])
        b'[5,[{"ev":"T"}]]\\n[5,"kQo="]\\n'
    """
    parts: list[bytes] = []
    begins: list[bytes] = []
    for received_ns, frames in received:
        start = b"[%d," % received_ns
        for frame in frames:
            begins.append(frame[:1])
            parts += (start, frame, _END)
    lines = b"".join(parts)
    if b"".join(begins).strip(_TEXT) or lines.count(b"\n") != len(begins):
        parts[1::3] = [_one_line(frame) for frame in parts[1::3]]
        lines = b"".join(parts)
    return lines


def _one_line(frame: bytes) -> bytes:
    if frame[:1] == _QUOTE or frame[:1] >= bytes([_NO_TEXT]):
        return _QUOTE + binascii.b2a_base64(frame, newline=False) + _QUOTE
    return frame.replace(b"\r", b" ").replace(b"\n", b" ")


def frame_of(written: bytes) -> bytes:
    """A frame as it was received, from how it stands in its line.

    Example:
        >>> frame_of(b'"kQo="')
        b'\\x91\\n'
    """
    if written[:1] != _QUOTE:
        return written
    try:
        return binascii.a2b_base64(written[1:-1], strict_mode=True)
    except binascii.Error:
        return written


def parsed(line: bytes, name: str, number: int) -> tuple[int, bytes]:
    """Receive time and frame of a line that does not look as usual at first sight.

    Raises:
        RecordingError: It is no line of a recording, or is cut off.
    """
    start, comma, rest = line.partition(b",")
    is_whole = line.endswith(b"\n")
    stamp, rest = start[1:].strip(), rest.strip()
    if not comma or not start.startswith(b"[") or not stamp.isdigit() or not rest.endswith(b"]"):
        problem = _EXPECTED if is_whole else f"the file is cut off here, or is no recording: {_EXPECTED}"
        suffix = next((suffix for magic, suffix in _PACKED.items() if line.startswith(magic)), None)
        if suffix is not None and number == 1:
            problem = f"the file is packed: let its name end in {suffix}"
        raise RecordingError(name, number, problem)
    if not is_whole:
        # A cut may leave something that ends like a line; only here is it worth a full look.
        try:
            orjson.loads(line)
        except orjson.JSONDecodeError:
            raise RecordingError(name, number, "the file is cut off here") from None
    if len(stamp) > len(str(LATEST_NS)) or int(stamp) >= LATEST_NS:
        told = stamp[:_SHOWN].decode()
        raise RecordingError(name, number, f"the receive time {told} is beyond the year 2262: {_EXPECTED}")
    return int(stamp), frame_of(rest[:-1].rstrip())
