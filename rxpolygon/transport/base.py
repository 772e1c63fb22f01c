"""The seam between a connection and the ways to carry its frames."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Mapping
from typing import Final, Literal, Protocol

from msgspec import Struct

__all__ = [
    "LARGEST_FRAME",
    "Endpoint",
    "Listener",
    "Loss",
    "LossKind",
    "Ping",
    "Transport",
    "bytes_received",
    "connect_failure",
    "has_peer_ended",
    "tls_context",
]

#: The largest frame that is accepted, in bytes, where nothing else is said.
LARGEST_FRAME = 64 * 1024 * 1024

# In the struct tcp_info of linux/tcp.h: tcpi_state and tcpi_bytes_received.
_STATE: Final = 0
_BYTES_RECEIVED: Final = slice(128, 136)
# TCP_CLOSE_WAIT, after FIN, and TCP_CLOSE, after RST; include/net/tcp_states.h
_ENDED: Final = frozenset({8, 7})

LossKind = Literal["connect", "handshake", "closed", "network", "protocol", "too_large", "local"]


class Ping(Struct, frozen=True):
    """How a quiet connection is probed.

    Attributes:
        interval: Seconds between pings; 0 for none.
        timeout: Seconds without a single byte after a ping, until the connection counts as dead; 0 to
            wait for ever.
        payload: What the pings carry, at most 125 bytes.
    """

    interval: float = 21.0
    timeout: float = 20.0
    payload: bytes = b""


class Endpoint(Struct, frozen=True):
    """Where and how to connect.

    Attributes:
        url: ``ws://`` or ``wss://`` with the path.
        ca_certs: A file of certificates to trust instead of the system's.
        connect_timeout: Seconds for name, TCP, TLS and handshake, each.
        largest_frame: Bytes; a larger frame ends the connection.
        headers: What the handshake says besides the usual.
        is_binary: Whether what is sent goes as binary messages, and not as text.
    """

    url: str
    ca_certs: str | None = None
    connect_timeout: float = 10.0
    largest_frame: int = LARGEST_FRAME
    headers: Mapping[str, str] = {}
    is_binary: bool = False


class Loss(Struct, frozen=True):
    """Why a transport ended.

    Attributes:
        kind: ``connect`` (nothing answered), ``handshake`` (an HTTP status instead of a websocket),
            ``closed`` (the server closed), ``network`` (it broke), ``protocol`` (not a websocket
            frame), ``too_large``, or ``local`` (we ended it).
        reason: The text of it, without a key.
        code: The close code, or the HTTP status of a failed handshake.
        is_final: Whether another attempt can hardly end otherwise: the name does not exist, or the
            certificate is not trusted.
        remedy: What could be done about it, where that is plain.
    """

    kind: LossKind
    reason: str
    code: int | None = None
    is_final: bool = False
    remedy: str = ""


class Listener(Protocol):
    """What a transport tells, always on its own thread: once open, many times frames, once the loss."""

    def on_open(self) -> None:
        """The websocket is open."""

    def on_frames(self, frames: list[bytes]) -> None:
        """Whole messages, in order. May block, which holds back the reading."""

    def on_loss(self, loss: Loss) -> None:
        """The end; nothing follows."""


class Transport(Protocol):
    """One websocket, from its opening to its loss. Not used again after that."""

    def start(self) -> None:
        """Start the thread, which connects and reads."""

    def send(self, message: bytes) -> None:
        """Send a message. Errors show as the loss."""

    def ping(self, payload: bytes) -> None:
        """Send a ping. Errors show as the loss."""

    @property
    def reads(self) -> int:
        """A number that changes whenever any byte was read: liveness."""

    def close(self, code: int = 1000) -> None:
        """Say goodbye; the server's answer ends the connection, or :meth:`abort` does."""

    def abort(self) -> None:
        """Cut the connection, or the attempt to make one, at once."""

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; whether it has ended."""


def connect_failure(error: BaseException) -> Loss:
    """The loss for an exception of an attempt to connect."""
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = f"the server's certificate is not trusted: {error.verify_message}"
        remedy = "check the host, or give the file of the certificates to trust as ca_certs"
        return Loss("connect", problem, is_final=True, remedy=remedy)
    if isinstance(error, ssl.SSLError):
        return Loss("connect", str(error), remedy="a port without TLS needs a ws:// URL")
    # websocket-client wraps the resolver's error in one of its own.
    inner = error.args[0] if error.args else None
    cause = inner if isinstance(inner, OSError) else error
    missing = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME
    return Loss("connect", str(error) or type(error).__name__, is_final=missing)


def tls_context(endpoint: Endpoint) -> ssl.SSLContext | None:
    """The TLS settings of an endpoint: certificates and host names are always verified."""
    if not endpoint.url.startswith("wss:"):
        return None
    return ssl.create_default_context(cafile=endpoint.ca_certs)


def bytes_received(connected: socket.socket | None) -> int:
    """What the kernel of Linux has received; 0 elsewhere, and once the socket is closed.

    It counts while our own thread gets no turn to read, because another one computes.
    """
    told = _tcp_info(connected)
    return int.from_bytes(told[_BYTES_RECEIVED], sys.byteorder) if told else 0


def has_peer_ended(connected: socket.socket | None) -> bool:
    """Whether the peer has sent its last byte, read or not. False where the system does not tell."""
    told = _tcp_info(connected)
    return bool(told) and told[_STATE] in _ENDED


def _tcp_info(connected: socket.socket | None) -> bytes:
    if connected is None or sys.platform != "linux":
        return b""
    try:
        return connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED.stop)
    except OSError:
        return b""
