"""A plain websocket client for tests of the simulator: it knows nothing of this library."""

from __future__ import annotations

import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import websocket

__all__ = ["PATIENCE", "Ended", "Message", "PlainClient"]

#: How long a test waits for what must come, in seconds; only failures pay it.
PATIENCE: Final = 30.0

Message = dict[str, Any]


class Ended(Exception):
    """The server ended the connection; ``code`` is the close code, None if there was no closing handshake."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"ended with {code}")
        self.code = code


class PlainClient(ABC):
    """One connection, whatever is spoken on it; use it in a ``with`` block."""

    def __init__(self, url: str, headers: Sequence[str] = (), **options: Any) -> None:
        # The package looks at each byte of a text in Python, which costs seconds where there are megabytes.
        options = {"skip_utf8_validation": True} | options
        self.socket = websocket.create_connection(url, timeout=PATIENCE, header=list(headers), **options)
        self._waiting: list[Message] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.shutdown()  # type: ignore[no-untyped-call]  # the package is untyped here

    @property
    def plain(self) -> socket.socket:
        """The TCP socket below."""
        assert self.socket.sock is not None
        return self.socket.sock

    def raw(self) -> tuple[int, bytes]:
        """The next message: its opcode and bytes.

        Raises:
            Ended: The connection is over.
        """
        try:
            opcode, data = self.socket.recv_data(control_frame=False)
        except (websocket.WebSocketConnectionClosedException, ConnectionError) as error:
            raise Ended(None) from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise Ended(int.from_bytes(data[:2], "big") if data else None)
        return opcode, data

    @abstractmethod
    def frame(self) -> list[Message]:
        """The next frame, decoded."""

    def next(self) -> Message:
        """The next event or status."""
        while not self._waiting:
            self._waiting = self.frame()
        return self._waiting.pop(0)

    def take(self, count: int) -> list[Message]:
        """The next events and statuses."""
        return [self.next() for _ in range(count)]

    def until(self, enough: Callable[[list[Message]], bool]) -> list[Message]:
        """Everything up to where it is enough."""
        limit = time.monotonic() + PATIENCE
        seen: list[Message] = []
        while not enough(seen):
            assert time.monotonic() < limit, f"not enough after {PATIENCE} s: {seen[-3:]}"
            seen.append(self.next())
        return seen

    def end(self) -> int | None:
        """Read until the server ends the connection; the close code."""
        while True:
            try:
                self.raw()
            except Ended as ended:
                return ended.code
