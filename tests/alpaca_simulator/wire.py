"""A plain client of Alpaca's wire for tests: it knows JSON, msgpack by its reference package, and no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final, Self

import websocket

from tests.alpaca_simulator.packed import Timestamp, pack, unpack
from tests.wire import PATIENCE, Ended, Message, PlainClient

__all__ = ["FORMATS", "PATIENCE", "Client", "Ended", "Message", "nanoseconds"]

#: The two encodings, as tests name them.
FORMATS: Final = ("json", "msgpack")


class Client(PlainClient):
    """One connection; use it in a ``with`` block."""

    def __init__(self, url: str, form: str = "json", headers: dict[str, str] | None = None) -> None:
        self._is_msgpack = form == "msgpack"
        sent = {"Content-Type": f"application/{form}"} | (headers or {})
        super().__init__(url, [f"{name}: {value}" for name, value in sent.items()])

    def frame(self) -> list[Message]:
        """The next frame, which must be of the right sort."""
        opcode, data = self.raw()
        if self._is_msgpack:
            assert opcode == websocket.ABNF.OPCODE_BINARY
            return list(unpack(data))
        assert opcode == websocket.ABNF.OPCODE_TEXT
        return list(json.loads(data))

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
