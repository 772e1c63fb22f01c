"""A connected socket, with TLS if need be, whose opening can be given up at any moment."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from websocket._socket import DEFAULT_SOCKET_OPTION
from websocket._url import get_proxy_info

from rxpolygon.transport.base import Endpoint, tls_context

__all__ = ["is_proxied", "open_socket"]

_STEP: Final = 0.05  # seconds between two looks at whether it is given up
_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN})


def is_proxied(url: str) -> bool:
    """Whether the environment has a proxy for this host."""
    parts = urlsplit(url)
    host, _, _ = get_proxy_info(parts.hostname or "", parts.scheme == "wss")
    return bool(host)


def open_socket(endpoint: Endpoint, is_given_up: Callable[[], bool], *, secure: bool = True) -> socket.socket:
    """Connect to an endpoint, without a proxy; the websocket's handshake is still to come.

    Args:
        endpoint: Where to. Its timeout holds for each address, for TLS, and for what is read after that.
        is_given_up: Asked while waiting. The search for the name alone cannot be given up.
        secure: Whether to begin TLS, where the URL says so.

    Raises:
        OSError: No connection came about, or it was given up.
    """
    parts = urlsplit(endpoint.url)
    host = parts.hostname or ""
    patience = _Patience(endpoint.connect_timeout, is_given_up)
    opened = _connected(host, parts.port or (443 if parts.scheme == "wss" else 80), patience)
    context = tls_context(endpoint) if secure else None
    if context is not None:
        opened = _secured(opened, context, host, patience)
    opened.settimeout(endpoint.connect_timeout)
    return opened


class _Patience:
    """Waits for a socket, but not for ever, and not once it is given up."""

    def __init__(self, seconds: float, is_given_up: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._is_given_up = is_given_up

    def check(self) -> None:
        """Raise if it is given up."""
        if self._is_given_up():
            raise OSError("closed by us")

    def limit(self) -> float:
        """Until when to wait for what begins now."""
        return time.monotonic() + self._seconds

    def wait(self, sock: socket.socket, event: int, limit: float) -> None:
        """Wait until the socket can be read or written."""
        with selectors.DefaultSelector() as selector:
            selector.register(sock, event)
            while not selector.select(_STEP):
                self.check()
                if time.monotonic() > limit:
                    raise TimeoutError(f"no answer within {self._seconds:g} s")


def _connected(host: str, port: int, patience: _Patience) -> socket.socket:
    problem = OSError(f"no address of {host}")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        patience.check()
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, address, patience)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem


def _connect(sock: socket.socket, address: object, patience: _Patience) -> None:
    sock.setblocking(False)
    for option in DEFAULT_SOCKET_OPTION:
        sock.setsockopt(*option)
    code = sock.connect_ex(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
    if code in _UNDER_WAY:
        patience.wait(sock, selectors.EVENT_WRITE, patience.limit())
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _secured(sock: socket.socket, context: ssl.SSLContext, host: str, patience: _Patience) -> ssl.SSLSocket:
    try:
        secured = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    limit = patience.limit()
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                patience.wait(secured, selectors.EVENT_READ, limit)
            except ssl.SSLWantWriteError:
                patience.wait(secured, selectors.EVENT_WRITE, limit)
            else:
                return secured
    except BaseException:
        secured.close()
        raise
