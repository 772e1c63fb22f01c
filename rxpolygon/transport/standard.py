"""The transport that is always there: websocket-client opens and writes, and we read in large pieces.

websocket-client reads a frame in three small steps. Each gives up the interpreter's lock, and while another
thread computes it takes milliseconds to get it back: a busy program would read a few thousand frames a
second and be cut off as a slow consumer. So once the websocket is open, this transport reads up to a
mebibyte at a time and splits it into frames itself.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from typing import Final

import websocket

from rxpolygon.transport.base import Endpoint, Listener, Loss, bytes_received, connect_failure, tls_context
from rxpolygon.transport.frames import CLOSE, PING, FrameError, FrameSplitter
from rxpolygon.transport.opening import is_proxied, open_socket
from rxpolygon.transport.tls import TlsStream

__all__ = ["StandardTransport"]

_SMALLEST_READ: Final = 64 * 1024
_LARGEST_READ: Final = 1024 * 1024
_NO_CLOSE_CODE: Final = 1005  # RFC 6455, 7.4.1: a close frame without a code
_PROTOCOL_FAULT: Final = 1002
_TOO_LARGE: Final = 1009
_TRY_FOR: Final = 10.0  # seconds that a send may wait for a server that does not read


class StandardTransport:
    """A websocket on a blocking socket, with a thread that reads.

    Args:
        endpoint: Where and how to connect.
        listener: Who is told, on the reading thread.
        name: The thread's name.
    """

    def __init__(self, endpoint: Endpoint, listener: Listener, name: str) -> None:
        self._endpoint = endpoint
        self._listener = listener
        self._opcode = websocket.ABNF.OPCODE_BINARY if endpoint.is_binary else websocket.ABNF.OPCODE_TEXT
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._connection = websocket.WebSocket(skip_utf8_validation=True)
        self._stream: socket.socket | TlsStream | None = None  # set once by the thread, when open
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._reads = 0  # written by the thread only

    @property
    def reads(self) -> int:
        """How often the socket gave bytes, and where the system tells it, how many bytes came."""
        return self._reads + bytes_received(self._connection.sock)

    def start(self) -> None:
        """Start the thread, which connects and reads."""
        self._thread.start()

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; whether it has ended."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def send(self, message: bytes) -> None:
        """Send a message. Errors show as the loss."""
        self._write(message, self._opcode)

    def ping(self, payload: bytes) -> None:
        """Send a ping. Errors show as the loss."""
        self._write(payload, websocket.ABNF.OPCODE_PING)

    def close(self, code: int = 1000) -> None:
        """Say goodbye; the server's answer, or :meth:`abort`, ends the thread."""
        self._closing.set()
        if self._stream is None:
            self._cut()  # there is nobody yet to say it to
        self._write(code.to_bytes(2, "big"), websocket.ABNF.OPCODE_CLOSE)

    def abort(self) -> None:
        """Cut the connection, or the attempt to make one, which ends the thread.

        Only a search for the name, and a proxy that is waited for, end by their own timeouts.
        """
        self._closing.set()
        self._cut()

    def _cut(self) -> None:
        stream, opening = self._stream, self._connection.sock
        with contextlib.suppress(OSError, ValueError):
            if stream is not None:
                stream.shutdown(socket.SHUT_RDWR)
            elif opening is not None:
                # The method of SSLSocket would also drop its TLS state under the thread's feet.
                socket.socket.shutdown(opening, socket.SHUT_RDWR)

    def _write(self, payload: bytes, opcode: int) -> None:
        stream = self._stream
        if stream is None:
            return
        frame: bytes = websocket.ABNF.create_frame(payload, opcode).format()
        try:
            with self._writing:
                stream.sendall(frame)
        except (OSError, ValueError):
            self._cut()  # the reading thread then sees the end of its socket, and tells it once

    def _run(self) -> None:
        loss = self._connect()
        if loss is None and self._stream is not None:
            self._listener.on_open()
            loss = self._read(self._stream)
        if loss is None:
            loss = Loss("network", "the socket is closed")
        if self._closing.is_set() and loss.kind == "network":
            loss = Loss("local", "closed by us")
        self._listener.on_loss(loss)

    def _connect(self) -> Loss | None:
        connection = self._connection
        endpoint = self._endpoint
        try:
            opened = None
            if is_proxied(endpoint.url):
                connection.sock_opt.sslopt = {"context": tls_context(endpoint)}
            else:
                # Known to _cut from here on, and not only once websocket-client has it.
                connection.sock = opened = open_socket(endpoint, self._closing.is_set)
                if self._closing.is_set():
                    self._cut()
            connection.connect(  # type: ignore[no-untyped-call]  # it has no annotations
                endpoint.url,
                header=[f"{name}: {value}" for name, value in endpoint.headers.items()],
                timeout=endpoint.connect_timeout,
                redirect_limit=0,
                socket=opened,
            )
            if connection.sock is None:
                raise OSError("the socket closed while it was opened")
            self._stream = _stream(connection.sock)
        except websocket.WebSocketBadStatusException as error:
            status = error.status_code
            return Loss("handshake", f"HTTP status {status}", status)
        except Exception as error:  # other people's code on anybody's bytes: whatever it is, it is told
            return connect_failure(error)
        if self._closing.is_set():
            self._cut()
        return None

    def _read(self, stream: socket.socket | TlsStream) -> Loss:
        try:
            return self._read_frames(stream)
        except (OSError, ValueError) as error:
            return Loss("network", str(error) or type(error).__name__)
        finally:
            with contextlib.suppress(OSError):
                stream.close()

    def _read_frames(self, stream: socket.socket | TlsStream) -> Loss:
        splitter = FrameSplitter(self._endpoint.largest_frame)
        size = _SMALLEST_READ
        while chunk := stream.recv(size):
            self._reads += 1
            frames = splitter.feed(chunk)
            if frames:
                self._listener.on_frames(frames)
            if splitter.error is not None:
                return self._broken_frame(splitter.error)
            for opcode, payload in splitter.take_controls():
                if opcode == CLOSE:
                    return self._closed_by_server(payload)
                if opcode == PING:
                    self._write(payload, websocket.ABNF.OPCODE_PONG)
            # A full read says that more waits: ask for more, so that one wait for the interpreter's
            # lock brings more frames. Small reads keep the memory small.
            size = min(size * 2, _LARGEST_READ) if len(chunk) == size else max(size // 2, _SMALLEST_READ)
        return Loss("network", "the connection ended without a close frame", 1006)

    def _broken_frame(self, error: FrameError) -> Loss:
        code = _TOO_LARGE if error.too_large else _PROTOCOL_FAULT
        self._write(code.to_bytes(2, "big"), CLOSE)
        return Loss("too_large" if error.too_large else "protocol", str(error))

    def _closed_by_server(self, payload: bytes) -> Loss:
        if not self._closing.is_set():
            self._write(payload[:2], CLOSE)
        code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else _NO_CLOSE_CODE
        reason = payload[2:].decode("utf-8", "replace") or "closed by the server"
        return Loss("local" if self._closing.is_set() else "closed", reason, code)


def _stream(sock: socket.socket) -> socket.socket | TlsStream:
    if isinstance(sock, ssl.SSLSocket):
        return TlsStream(sock, _TRY_FOR)
    # A timeout of Python's own would wait in poll() before each read, and give up the interpreter's lock
    # twice. In the kernel, reads wait for ever and writes for a while.
    sock.settimeout(None)
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(_TRY_FOR), 0))
    return sock
