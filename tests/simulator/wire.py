"""A plain client of Polygon's wire for tests: it knows JSON and no more."""

from __future__ import annotations

import json
from typing import Any, Self

from tests.wire import PATIENCE, Ended, Message, PlainClient

__all__ = ["PATIENCE", "Client", "Ended", "trade"]


class Client(PlainClient):
    """One connection; use it in a ``with`` block."""

    def __init__(self, url: str, cluster: str = "stocks", **options: Any) -> None:
        super().__init__(f"{url}/{cluster}", **options)

    def frame(self) -> list[Message]:
        """The next frame that is an array of objects."""
        return list(json.loads(self.raw()[1]))

    def send(self, action: str, params: object) -> None:
        """Send a command."""
        self.socket.send(json.dumps({"action": action, "params": params}))

    def log_in(self, key: str = "demo") -> Self:
        """Log in, and check that it worked."""
        assert self.next()["status"] == "connected"
        self.send("auth", key)
        status = self.next()
        assert status["status"] == "auth_success", status
        return self

    def subscribe(self, params: str) -> list[Message]:
        """Subscribe, and return the answers."""
        self.send("subscribe", params)
        return self.frame()

    def unsubscribe(self, params: str) -> list[Message]:
        """Unsubscribe, and return the answers."""
        self.send("unsubscribe", params)
        return self.until(lambda seen: bool(seen) and seen[-1]["ev"] == "status")[-1:]


def trade(symbol: str, **fields: object) -> Message:
    """A trade as the wire has it."""
    return {"ev": "T", "sym": symbol, "p": 10.5, "s": 100, "c": [], "t": 1_700_000_000_000, "q": 1, **fields}
