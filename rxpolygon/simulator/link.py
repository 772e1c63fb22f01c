"""One accepted TCP connection that speaks websocket, with full control over every byte.

The protocol itself is the sans-I/O server of the ``websockets`` package. This shell around it can do what
a polite server never does: stop in the middle of a frame, reset, fall silent or stop reading.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from typing import TYPE_CHECKING, Final, Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Link", "LinkHandler", "websocket_frame"]

_LOG: Final = logging.getLogger("rxpolygon.simulator")
_LARGEST_MESSAGE: Final = 16 * 2**20
_HIGH_WATER_BYTES: Final = 512 * 1024
_CLOSE_SECONDS: Final = 3.0
# What a slow reader takes of the system's buffer is not seen here; our own goes down in jumps of megabytes.
_DRAIN_SECONDS: Final = 30.0
_FIN: Final = 0x80
_SHORT: Final = 126
_MEDIUM: Final = 2**16
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


def websocket_frame(payload: bytes, opcode: int = Opcode.TEXT) -> bytes:
    """A whole unmasked websocket frame, as servers send them.

    Example:
        >>> websocket_frame(b"[]")
        b'\\x81\\x02[]'
    """
    length = len(payload)
    if length < _SHORT:
        return bytes((_FIN | opcode, length)) + payload
    if length < _MEDIUM:
        return struct.pack("!BBH", _FIN | opcode, _SHORT, length) + payload
    return struct.pack("!BBQ", _FIN | opcode, _SHORT + 1, length) + payload


class LinkHandler(Protocol):
    """What a link tells its owner, always on the thread of the event loop."""

    def on_connect(self) -> None:
        """A client connected; nothing was said yet."""

    def on_request(self, path: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """A handshake came in. Return an HTTP status and text to refuse it, None to accept.

        Names of headers are in lower case.
        """

    def on_open(self) -> None:
        """The handshake is done."""

    def on_message(self, message: str | bytes) -> None:
        """A whole message came in."""

    def on_end(self) -> None:
        """The connection is gone."""


class Link(asyncio.Protocol):
    """A websocket connection on the server's side. Every method belongs to the event loop's thread.

    Attributes:
        answer_pings: Whether pings are answered.
        is_frozen: Whether the link neither reads nor writes any more.
    """

    def __init__(self, handler: LinkHandler) -> None:
        self.answer_pings = True
        self.is_frozen = False
        self._handler = handler
        self._protocol = ServerProtocol(max_size=_LARGEST_MESSAGE, logger=_LOG)
        self._protocol.debug = False  # it would log whole messages, the key of a login among them
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._is_cut = False
        self._reset_when_empty = False
        self._room: asyncio.Event = asyncio.Event()
        self._room.set()
        self._ended = asyncio.Event()

    # What the owner reads.

    @property
    def is_open(self) -> bool:
        """Whether frames can still be sent."""
        transport = self._transport
        is_up = transport is not None and not self._is_cut and not transport.is_closing()
        return is_up and self._protocol.state is State.OPEN

    @property
    def unread_bytes(self) -> int:
        """How much of what was sent the system has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    @property
    def is_full(self) -> bool:
        """Whether the client reads so slowly that a patient sender should wait."""
        return not self._room.is_set() and not self.is_frozen

    async def room(self) -> None:
        """Wait until the client has read enough, or the link ended or froze."""
        await self._room.wait()

    async def ended(self) -> None:
        """Wait until the connection is gone."""
        await self._ended.wait()

    # What the owner does.

    def send(self, payload: bytes, *, binary: bool = False) -> int:
        """Send one message; the bytes on the wire are returned."""
        return self.send_bytes(websocket_frame(payload, Opcode.BINARY if binary else Opcode.TEXT))

    def send_all(self, payloads: Sequence[bytes], *, binary: bool = False) -> int:
        """Send messages with one write; the bytes on the wire are returned."""
        opcode = Opcode.BINARY if binary else Opcode.TEXT
        return self.send_bytes(b"".join([websocket_frame(payload, opcode) for payload in payloads]))

    def send_bytes(self, data: bytes) -> int:
        """Put raw bytes on the wire, whole frames or not; the number is returned."""
        if not self.is_open or self.is_frozen or self._transport is None:
            return 0
        self._transport.write(data)
        return len(data)

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; the socket follows within three seconds.

        A client that reads slowly has half a minute for each part of what still waits here, then those three.
        """
        if self.is_frozen or self._is_cut or self._transport is None:
            self.abort()
            return
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()
        self._abort_unless_read(None)

    def _abort_unless_read(self, before: int | None) -> None:
        """End the connection, but for one whose client has gone on reading since the last look."""
        left = self.unread_bytes
        if before is not None and (not before or left >= before):
            self.abort()
            return
        wait = _DRAIN_SECONDS if left else _CLOSE_SECONDS
        asyncio.get_running_loop().call_later(wait, self._abort_unless_read, left)

    def finish(self) -> None:
        """End the TCP stream with FIN after what was sent, without a closing handshake."""
        self._is_cut = True
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """End the TCP connection with RST as soon as the system has taken what was sent."""
        self._is_cut = True
        self._reset_when_empty = True
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=0)
            if self.unread_bytes == 0:
                self.abort(reset=True)

    def abort(self, *, reset: bool = False) -> None:
        """End the TCP connection now; what was not sent is lost."""
        self._is_cut = True
        if self._transport is None:
            return
        if reset:
            plain: socket.socket | None = self._transport.get_extra_info("socket")
            if plain is not None:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def freeze(self) -> None:
        """Neither read nor write any more, and leave the socket open: a half-open connection."""
        self.is_frozen = True
        self._room.set()
        if self._transport is not None:
            self._transport.pause_reading()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
        self._handler.on_connect()

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._is_cut or self.is_frozen:
            return
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._answer_request(event)
            elif isinstance(event, Frame):
                self._take_frame(event)
        self._flush()

    def eof_received(self) -> bool:
        """The client will send nothing more; the transport closes itself."""
        self._protocol.receive_eof()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, by whichever side."""
        self._is_cut = True
        self._transport = None
        self._room.set()
        self._ended.set()
        self._handler.on_end()

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        if not self.is_frozen:
            self._room.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._room.set()
        if self._reset_when_empty:
            self.abort(reset=True)

    def _answer_request(self, request: Request) -> None:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        refusal = self._handler.on_request(request.path, headers)
        protocol = self._protocol
        response = protocol.accept(request) if refusal is None else protocol.reject(*refusal)
        self._protocol.send_response(response)
        self._flush()
        if self._protocol.state is State.OPEN:
            self._handler.on_open()

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            self._handler.on_message(message.decode("utf-8", "replace") if self._is_text else message)

    _is_text = True

    def _flush(self) -> None:
        writes = self._protocol.data_to_send()
        if self._transport is None or self.is_frozen or self._transport.is_closing():
            return
        if not self.answer_pings and self._protocol.state is State.OPEN:
            return  # while the connection is open all that waits here is pongs
        for data in writes:
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
                return
