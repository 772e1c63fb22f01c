"""What clients did and what they were sent, for tests to look at and to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from rxpolygon.simulator.venues.base import Command

__all__ = ["Journal", "Received"]

T = TypeVar("T")


class Received(Struct, frozen=True):
    """A command that a client sent.

    Attributes:
        connection: The number of the connection, from 1.
        cluster: The cluster that it is connected to.
        action: The vendor's word: ``auth``, ``subscribe``, ``unsubscribe``; empty if it was unreadable.
        params: The parameters as sent; a key is masked.
    """

    connection: int
    cluster: str
    action: str
    params: str


class Journal:
    """Written by the event loop's thread, read by any; everything under one lock."""

    def __init__(self, *, keep_sent: bool) -> None:
        self._changed = threading.Condition()
        self._keep_sent = keep_sent
        self._connections = 0
        self._frames = 0
        self._open: dict[int, str] = {}
        self._received: list[Received] = []
        self._subscriptions: dict[int, frozenset[str]] = {}
        self._sent: dict[int, list[bytes]] = {}
        self._playing = 0
        #: Set while at least one playback has come to its end and none is going on.
        self.finished = threading.Event()

    @property
    def keeps_sent(self) -> bool:
        """Whether frames are kept."""
        return self._keep_sent

    # Written by the event loop's thread.

    def connected(self, cluster: str) -> int:
        """A connection opened; its number is returned."""
        with self._changed:
            self._connections += 1
            self._open[self._connections] = cluster
            self._changed.notify_all()
            return self._connections

    def ended(self, number: int) -> None:
        """A connection is gone."""
        with self._changed:
            self._open.pop(number, None)
            self._subscriptions.pop(number, None)
            self._changed.notify_all()

    def took(self, number: int, cluster: str, command: Command) -> None:
        """A command came in."""
        with self._changed:
            self._received.append(Received(number, cluster, command.action, command.params))
            self._changed.notify_all()

    def subscribed(self, number: int, topics: frozenset[str]) -> None:
        """A connection's subscriptions changed."""
        with self._changed:
            self._subscriptions[number] = topics
            self._changed.notify_all()

    def sent(self, number: int, frames: list[bytes]) -> None:
        """Data frames are about to be handed to the system, whole."""
        with self._changed:
            self._frames += len(frames)
            if self._keep_sent:
                self._sent.setdefault(number, []).extend(frames)
            self._changed.notify_all()

    def playback_began(self) -> None:
        """A playback to a connection began."""
        with self._changed:
            self._playing += 1
            self.finished.clear()
            self._changed.notify_all()

    def playback_ended(self, *, is_over: bool) -> None:
        """A playback came to its end, or was broken off."""
        with self._changed:
            self._playing -= 1
            if is_over and self._playing == 0:
                self.finished.set()
            self._changed.notify_all()

    def touch(self) -> None:
        """Something else changed that may be waited for."""
        with self._changed:
            self._changed.notify_all()

    # Read by any thread.

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._connections

    @property
    def open_connections(self) -> dict[int, str]:
        """The numbers of the connections that are open, with their clusters."""
        with self._changed:
            return dict(self._open)

    @property
    def frames(self) -> int:
        """How many data frames were sent, over all connections."""
        return self._frames

    @property
    def received(self) -> list[Received]:
        """Every command, in order."""
        with self._changed:
            return list(self._received)

    @property
    def subscriptions(self) -> dict[int, frozenset[str]]:
        """Each open connection's topics."""
        with self._changed:
            return dict(self._subscriptions)

    @property
    def sent_frames(self) -> dict[int, list[bytes]]:
        """Each connection's data frames, if they are kept."""
        with self._changed:
            return {number: list(frames) for number, frames in self._sent.items()}

    def wait_for(self, condition: Callable[[], T], timeout: float) -> T:
        """Wait until a condition holds and return its value.

        Raises:
            TimeoutError: It did not in time; the message tells what there was.
        """
        limit = time.monotonic() + timeout
        with self._changed:
            while not (value := condition()):
                if time.monotonic() >= limit:
                    raise TimeoutError(f"the simulator waited {timeout:g} s in vain: {self._summary()}")
                self._changed.wait(limit - time.monotonic())
            return value

    def _summary(self) -> str:
        commands = [f"{entry.connection}:{entry.action} {entry.params}"[:80] for entry in self._received[-5:]]
        return (
            f"connections so far {self._connections}, open {sorted(self._open)}, "
            f"data frames sent {self._frames}, last commands {commands}"
        )
