"""A faulty server, a client that must survive it, and a log of both events and statuses in their order."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from rxpolygon import Reconnect, StreamClient
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Fault
from rxpolygon.status import Closed, Status, Subscribed
from tests.client.support import NOW, trade
from tests.support import PATIENCE, wait_for

__all__ = ["QUICK", "Log", "Rig", "push", "time_of", "wait_subscribed"]

#: Reconnects at once, or nearly.
QUICK: Final = Reconnect(initial=0.01, maximum=0.05, cap_cooldown=0.05)

S = TypeVar("S", bound=Status)


def time_of(number: int) -> int:
    """The time of the trade with a number."""
    return NOW + number


def push(server: Simulator, *numbers: int, symbol: str = "AAPL") -> None:
    """Send trades with these numbers, each in a frame of its own."""
    for number in numbers:
        server.push("stocks", trade(symbol, number))


class Log:
    """Everything that a client told, in order: trades by their numbers, statuses as they are."""

    def __init__(self, client: StreamClient) -> None:
        self.client = client
        self.entries: list[int | Status] = []
        self.errors: list[Exception] = []
        client.status.subscribe(self.entries.append)

    def trades(self, *symbols: str) -> Self:
        """Observe trades too."""
        self.client.subscribe_stock_trades(symbols or ["AAPL"]).subscribe(
            lambda event: self.entries.append(event.sequence_number or 0), self.errors.append
        )
        return self

    @property
    def numbers(self) -> list[int]:
        """The trades so far."""
        return [entry for entry in self.entries if isinstance(entry, int)]

    def of(self, kind: type[S]) -> list[S]:
        """The statuses of a kind so far."""
        return [entry for entry in self.entries if isinstance(entry, kind)]

    def kinds(self) -> list[str]:
        """The names of what was told, trades as their numbers."""
        return [str(entry) if isinstance(entry, int) else type(entry).__name__ for entry in self.entries]

    def wait(self, kind: type[S], count: int = 1, timeout: float = PATIENCE) -> S:
        """Wait for so many statuses of a kind; the last of them."""
        return wait_for(lambda: self.of(kind)[count - 1 :], timeout, message=lambda: str(self.kinds()))[0]

    def wait_number(self, number: int) -> None:
        """Wait for a trade."""
        wait_for(lambda: number in self.numbers, message=lambda: f"{number}; there are {self.kinds()}")

    def wait_end(self) -> Closed:
        """Wait for the end, and until it has been told to every observer."""
        closed = self.wait(Closed)
        wait_for(lambda: not self.client.is_streaming)
        return closed


class Rig:
    """Makes simulators and clients, and ends them.

    Args:
        transport: The clients'.
        certificate: For TLS, with its key.
    """

    def __init__(self, transport: str, certificate: tuple[Path, Path] | None) -> None:
        self.transport = transport
        self.certificate = certificate
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def server(self, *faults: Fault, **options: Any) -> Simulator:
        """A simulator that sends what is pushed, unless told otherwise."""
        usual: dict[str, Any] = {"market": False, "keep_sent": True, "second_connection": "allow"}
        return self._stack.enter_context(Simulator(faults=faults, tls=self.certificate, **usual | options))

    def client(self, server: Simulator | str, cluster: str = "stocks", **options: Any) -> StreamClient:
        """A client that is not started yet."""
        host = server if isinstance(server, str) else server.url
        usual: dict[str, Any] = {"reconnect": QUICK, "transport": self.transport}
        if self.certificate is not None:
            usual["ca_certs"] = str(self.certificate[0])
        client = StreamClient("demo", cluster, host, **usual | options)
        self._stack.callback(client.close_stream, PATIENCE)
        return client

    def stream(self, server: Simulator, **options: Any) -> Log:
        """A client that streams the trades of AAPL already, and was told so; its log."""
        start = {name: options.pop(name) for name in ("ping_interval", "ping_timeout") if name in options}
        log = Log(self.client(server, **options)).trades()
        log.client.start_stream_thread(**start)
        wait_subscribed(server)
        log.wait(Subscribed)  # and all that was told before
        return log


def wait_subscribed(server: Simulator, topic: str = "T.AAPL") -> None:
    """Wait until a connection that is open has a topic."""
    wait_for(lambda: any(topic in topics for topics in server.subscriptions.values()))
