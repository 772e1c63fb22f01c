"""A TLS socket that one thread may read while others write.

OpenSSL's objects are not made for two threads at once: a blocking read beside a write corrupts the stream
(seen with CPython 3.11). Here every call into TLS is short, made on a non-blocking socket and under a lock;
the waiting is done outside of it.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from typing import Final

__all__ = ["TlsStream"]

_LARGEST_RECORD: Final = 16_384


class TlsStream:
    """The part of a socket that the transport needs, over TLS.

    Args:
        sock: A TLS socket whose handshake is done; it becomes non-blocking and is owned from here on.
        timeout: Seconds that a write may wait for a peer that does not read.
    """

    def __init__(self, sock: ssl.SSLSocket, timeout: float) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._timeout = timeout
        self._tls = threading.Lock()  # around each call into OpenSSL
        self._writing = threading.Lock()  # around one whole message
        self._reader = selectors.DefaultSelector()  # used by the reading thread only
        self._reader.register(sock, selectors.EVENT_READ)

    def recv(self, size: int) -> bytes:
        """Wait for bytes and return up to about ``size`` of them; empty at the end of the stream."""
        while True:
            chunk, ended = self._available(size)
            if chunk or ended:
                return chunk
            self._reader.select()

    def _available(self, size: int) -> tuple[bytes, bool]:
        records: list[bytes] = []
        total = 0
        with self._tls:
            try:
                while total < size:
                    record = self._sock.recv(_LARGEST_RECORD)
                    if not record:
                        return b"".join(records), True
                    records.append(record)
                    total += len(record)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError:
                if not records:
                    raise
        return b"".join(records), False

    def sendall(self, data: bytes) -> None:
        """Write everything.

        Raises:
            TimeoutError: The peer does not read.
            OSError: The connection is gone.
        """
        rest = memoryview(data)
        with self._writing:
            while rest:
                rest = rest[self._send(rest) :]

    def _send(self, data: memoryview) -> int:
        with self._tls:
            try:
                return self._sock.send(data)
            except ssl.SSLWantWriteError:
                event = selectors.EVENT_WRITE
            except ssl.SSLWantReadError:
                event = selectors.EVENT_READ
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, event)
            if not selector.select(self._timeout):
                raise TimeoutError("the server does not read")
        return 0

    def shutdown(self, how: int) -> None:
        """Cut the connection, which wakes the reading thread."""
        # The method of SSLSocket would also drop its TLS state under the reading thread's feet.
        socket.socket.shutdown(self._sock, how)

    def close(self) -> None:
        """Free the socket; by the reading thread."""
        self._reader.close()
        self._sock.close()
