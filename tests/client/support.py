"""The words in which the tests of the client speak: observers that remember, and a wire to look at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from reactivex import Observable, abc

from rxpolygon import StreamClient
from rxpolygon.simulator import Simulator
from tests.support import wait_for

__all__ = [
    "NOW",
    "Connect",
    "Recorder",
    "commands",
    "numbers",
    "push_numbers",
    "push_until",
    "raiser",
    "topics",
    "trade",
    "wait_for_topics",
]

T = TypeVar("T")
Connect = Callable[..., StreamClient]

#: 2023-11-14 22:13:20 UTC.
NOW: Final = 1_700_000_000_000


def trade(symbol: str = "AAPL", number: int = 1, **fields: object) -> dict[str, object]:
    """A trade as the wire has it; ``number`` is its sequence number."""
    return {"ev": "T", "sym": symbol, "p": 10.5, "s": 100, "c": [], "t": NOW + number, "q": number, **fields}


class Recorder(Generic[T]):
    """An observer that remembers what it was told, and on which threads."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self.errors: list[Exception] = []
        self.completions = 0
        self.threads: set[str] = set()
        self.subscription: abc.DisposableBase | None = None

    @classmethod
    def of(cls, observable: Observable[T]) -> Recorder[T]:
        """A recorder that observes something already."""
        recorder: Recorder[T] = cls()
        recorder.subscription = observable.subscribe(
            recorder.on_next, recorder.on_error, recorder.on_completed
        )
        return recorder

    def on_next(self, value: T) -> None:
        self.threads.add(threading.current_thread().name)
        self.values.append(value)

    def on_error(self, error: Exception) -> None:
        self.threads.add(threading.current_thread().name)
        self.errors.append(error)

    def on_completed(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.completions += 1

    def dispose(self) -> None:
        """Stop observing."""
        assert self.subscription is not None
        self.subscription.dispose()

    def wait(self, count: int = 1) -> list[T]:
        """Wait for so many values and return all that there are."""
        wait_for(
            lambda: len(self.values) >= count, message=lambda: f"{count} values; there are {self.values}"
        )
        return self.values

    def wait_for_end(self) -> Exception | None:
        """Wait for the completion, or for an error, which is returned."""
        wait_for(lambda: self.completions or self.errors)
        assert self.completions + len(self.errors) == 1, (self.completions, self.errors)
        return self.errors[0] if self.errors else None

    @property
    def is_over(self) -> bool:
        """Whether the end was told."""
        return bool(self.completions or self.errors)


def numbers(recorder: Recorder[Any]) -> list[int]:
    """The sequence numbers of what was observed."""
    return [event.sequence_number for event in recorder.values]


def raiser(error: BaseException) -> Callable[[object], None]:
    """An observer's function that raises."""

    def raise_it(value: object) -> None:
        raise error

    return raise_it


def topics(server: Simulator) -> set[str]:
    """What the server's connections have subscribed to."""
    return {topic for held in server.subscriptions.values() for topic in held}


def wait_for_topics(server: Simulator, *expected: str, connection: int | None = None) -> None:
    """Wait until the server holds exactly these topics, on the connection of that number if one is given.

    After a reconnect or another start the server may still hold the old connection, with the same topics.
    """

    def is_so() -> bool:
        if connection is not None:
            return server.subscriptions == {connection: frozenset(expected)}
        return topics(server) == set(expected)

    wait_for(is_so, message=lambda: f"{expected}; there are {server.subscriptions}")


def commands(server: Simulator) -> list[tuple[str, str]]:
    """What clients asked for, without the logins."""
    return [(entry.action, entry.params) for entry in server.received if entry.action != "auth"]


def push_numbers(server: Simulator, *sequence: int, symbol: str = "AAPL") -> None:
    """Send trades with these numbers, each in a frame of its own."""
    for number in sequence:
        server.push("stocks", trade(symbol, number))


def push_until(server: Simulator, condition: Callable[[], bool], symbol: str = "AAPL") -> None:
    """Send trades until a condition holds: until an observer that comes at some time has seen one."""

    def push_and_look() -> bool:
        push_numbers(server, 1, symbol=symbol)
        return condition()

    wait_for(push_and_look)
