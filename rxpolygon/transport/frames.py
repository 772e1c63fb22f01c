"""Websocket frames out of a stream of bytes: RFC 6455, section 5, the client's side.

The hot path of the pure-Python transport: a data frame costs two or three subscripts and a slice.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLOSE", "PING", "PONG", "FrameError", "FrameSplitter"]

CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_CONTINUATION: Final = 0x0
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_FINAL: Final = 0x80
_MASKED: Final = 0x80
_RESERVED: Final = 0x70
_WHOLE_DATA: Final = frozenset({_FINAL | _TEXT, _FINAL | _BINARY})
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
_LONGEST_CONTROL: Final = 125


class FrameError(Exception):
    """The bytes are not what a websocket server may send.

    Attributes:
        too_large: Whether a frame exceeded the limit.
    """

    def __init__(self, problem: str, *, too_large: bool = False) -> None:
        super().__init__(problem)
        self.too_large = too_large


class FrameSplitter:
    """Turns chunks of bytes into whole messages and control frames.

    Attributes:
        error: What broke the stream, None while it is sound.

    Args:
        largest: The largest message that is accepted, in bytes.

    Example:
        >>> splitter = FrameSplitter(largest=1000)
        >>> splitter.feed(b"\\x81\\x02hi\\x81")
        [b'hi']
        >>> splitter.feed(b"\\x02ho\\x89\\x00"), splitter.take_controls()
        ([b'ho'], [(9, b'')])
    """

    def __init__(self, largest: int) -> None:
        self.error: FrameError | None = None
        self._largest = largest
        self._pending: list[bytes] = []  # bytes of a frame that is not whole yet
        self._pending_size = 0
        self._needed = 2  # how many bytes there must be before another look is worth it
        self._fragments: list[bytes] = []
        self._fragments_size = 0
        self._in_message = False
        self._controls: list[tuple[int, bytes]] = []

    def take_controls(self) -> list[tuple[int, bytes]]:
        """Control frames since the last call, as opcode and payload."""
        controls, self._controls = self._controls, []
        return controls

    def feed(self, chunk: bytes) -> list[bytes]:
        """The messages that the chunk completes, in order.

        Where the stream is broken, the messages before the fault are returned, :attr:`error` says what is
        wrong, and nothing more can be read.
        """
        if self.error is not None:
            return []
        if self._pending:
            self._pending.append(chunk)
            self._pending_size += len(chunk)
            if self._pending_size < self._needed:
                return []
            chunk = b"".join(self._pending)
            self._pending = []
        messages: list[bytes] = []
        try:
            end = self._split(chunk, messages)
        except FrameError as error:
            self.error = error
            return messages
        if end < len(chunk):
            rest = chunk[end:] if end else chunk
            self._pending = [rest]
            self._pending_size = len(rest)
        return messages

    def _split(self, data: bytes, messages: list[bytes]) -> int:
        position = 0
        size = len(data)
        append = messages.append
        while position + 2 <= size:
            head = data[position]
            length = data[position + 1]
            if length < _LENGTH_16:
                start = position + 2
            elif length == _LENGTH_16:
                start = position + 4
                if start > size:
                    self._needed = 4
                    return position
                length = data[position + 2] << 8 | data[position + 3]
                self._check_length(length)
            else:
                start, length = self._long_header(data, position, length)
                if start > size:
                    self._needed = 10
                    return position
                self._check_length(length)
            end = start + length
            if end > size:
                self._needed = end - position
                return position
            if head in _WHOLE_DATA and not self._in_message:
                append(data[start:end])
            else:
                self._unusual(head, data[start:end], messages)
            position = end
        self._needed = 2
        return position

    def _long_header(self, data: bytes, position: int, length: int) -> tuple[int, int]:
        if length & _MASKED:
            raise FrameError("the server sent a masked frame")
        length = int.from_bytes(data[position + 2 : position + 10], "big")
        return position + 10, length

    def _check_length(self, length: int) -> None:
        if length + self._fragments_size > self._largest:
            raise FrameError(
                f"a message of {length + self._fragments_size} bytes exceeds the limit of {self._largest}",
                too_large=True,
            )

    def _unusual(self, head: int, payload: bytes, messages: list[bytes]) -> None:
        opcode = head & 0x0F
        final = bool(head & _FINAL)
        if head & _RESERVED:
            raise FrameError(f"a frame with reserved bits (first byte {head:#04x})")
        if opcode in (CLOSE, PING, PONG):
            if not final or len(payload) > _LONGEST_CONTROL:
                raise FrameError("a control frame that is too long or in fragments")
            self._controls.append((opcode, payload))
            return
        if opcode == _CONTINUATION:
            if not self._in_message:
                raise FrameError("a continuation without a beginning")
        elif opcode in (_TEXT, _BINARY):
            if self._in_message:
                raise FrameError("a new message inside a fragmented one")
            self._in_message = True
        else:
            raise FrameError(f"a frame of unknown kind {opcode}")
        self._check_length(len(payload))
        self._fragments.append(payload)
        self._fragments_size += len(payload)
        if final:
            messages.append(b"".join(self._fragments))
            self._fragments, self._fragments_size, self._in_message = [], 0, False
