"""A websocket server as bare as can be, for bytes that no proper server sends."""

from __future__ import annotations

import base64
import hashlib
import socket
from typing import Final

__all__ = ["accept"]

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


def accept(server: socket.socket) -> socket.socket:
    """Accept a client and answer its handshake; whatever is sent then is up to the test."""
    peer, _ = server.accept()
    request = b""
    while b"\r\n\r\n" not in request and (data := peer.recv(4_096)):
        request += data
    headers = dict(line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line)
    key = {name.lower(): value for name, value in headers.items()}[b"sec-websocket-key"]
    answer = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    peer.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + answer + b"\r\n\r\n"
    )
    return peer
