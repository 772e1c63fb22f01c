"""Accepts connections, and knows each one from the first moment, so that none outlives the server."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

__all__ = ["Listener"]

_LOG: Final = logging.getLogger("rxpolygon.simulator")
_BACKLOG: Final = 128


class Listener:
    """A listening socket. Every method belongs to the event loop's thread; the loop must be a selector's.

    ``loop.create_server`` would do, but when it is closed it forgets connections that were accepted a moment
    before, and those in the middle of a TLS handshake: their sockets stay open and their clients wait.
    """

    def __init__(self, protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None) -> None:
        self._protocol = protocol
        self._tls = tls
        self._socket: socket.socket | None = None
        self._joining: dict[asyncio.Task[None], socket.socket] = {}

    def open(self, port: int) -> int:
        """Listen on 127.0.0.1; the port is returned.

        Raises:
            OSError: The port is taken.
        """
        self._socket = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._accept)
        bound: int = self._socket.getsockname()[1]
        return bound

    async def close(self) -> None:
        """Listen no more, and end the connections that have not joined yet."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        joining = dict(self._joining)
        for task in joining:
            task.cancel()
        await asyncio.gather(*joining, return_exceptions=True)
        for accepted in joining.values():
            # A task that is cancelled before it began closes nothing.
            accepted.close()

    def _accept(self) -> None:
        assert self._socket is not None
        try:
            accepted, _ = self._socket.accept()
        except OSError as error:
            # The client has gone again, or the system has no more sockets: the next call will tell.
            _LOG.debug("no connection was accepted: %s", error)
            return
        accepted.setblocking(False)
        # asyncio does this only for sockets whose protocol number is set, and these have 0.
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.get_running_loop().create_task(self._join(accepted))
        self._joining[task] = accepted
        task.add_done_callback(self._joining.pop)

    async def _join(self, accepted: socket.socket) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(self._protocol, accepted, ssl=self._tls)
        except OSError as error:
            # A client that does not trust the certificate, or speaks no TLS.
            _LOG.debug("a connection did not come about: %s", error)
            accepted.close()
