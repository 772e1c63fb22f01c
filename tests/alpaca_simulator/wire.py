"""A plain client of Alpaca's wire for tests: it knows JSON, msgpack by its reference package, and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import websocket

from tests.alpaca_simulator.packed import Timestamp, pack, unpack

__all__ = ["FORMATS", "PATIENCE", "Client", "Ended", "Message", "nanoseconds"]

#: How long a test waits for what must come, in seconds; only failures pay it.
PATIENCE: Final = 30.0
#: The two encodings, as tests name them.
FORMATS: Final = ("json", "msgpack")

Message = dict[str, Any]


class Ended(Exception):
    """The server ended the connection; ``code`` is the close code, None if there was no closing handshake."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"ended with {code}")
        self.code = code


class Client:
    """One connection; use it in a ``with`` block."""

    def __init__(self, url: str, form: str = "json", headers: dict[str, str] | None = None) -> None:
        self._is_msgpack = form == "msgpack"
        sent = {"Content-Type": f"application/{form}"} | (headers or {})
        lines = [f"{name}: {value}" for name, value in sent.items()]
        self.socket = websocket.create_connection(url, timeout=PATIENCE, header=lines)
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

    def frame(self) -> list[Message]:
        """The next frame, which must be of the right sort."""
        opcode, data = self.raw()
        if self._is_msgpack:
            assert opcode == websocket.ABNF.OPCODE_BINARY
            return list(unpack(data))
        assert opcode == websocket.ABNF.OPCODE_TEXT
        return list(json.loads(data))

    def next(self) -> Message:
        """The next message of a frame."""
        while not self._waiting:
            self._waiting = self.frame()
        return self._waiting.pop(0)

    def take(self, count: int) -> list[Message]:
        """The next messages."""
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

    def send(self, action: str, **fields: object) -> None:
        """Send a command."""
        message = {"action": action, **fields}
        if self._is_msgpack:
            self.socket.send_binary(pack(message))
        else:
            self.socket.send(json.dumps(message))

    def log_in(self, key: str = "demo", secret: str = "secret") -> Self:
        """Log in, and check that it worked."""
        assert self.frame() == [{"T": "success", "msg": "connected"}]
        self.send("auth", key=key, secret=secret)
        assert self.frame() == [{"T": "success", "msg": "authenticated"}]
        return self

    def subscribe(self, **channels: list[str]) -> Message:
        """Subscribe, and return the answer."""
        self.send("subscribe", **channels)
        (answer,) = self.frame()
        return answer

    def unsubscribe(self, **channels: list[str]) -> Message:
        """Unsubscribe, and return the answer."""
        self.send("unsubscribe", **channels)
        (answer,) = self.frame()
        return answer


def nanoseconds(stamp: Any) -> int:
    """Unix nanoseconds of a stamp of either encoding."""
    if isinstance(stamp, Timestamp):
        return int(stamp.to_unix_nano())
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    seconds = datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0"))
