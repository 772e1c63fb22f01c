"""The clients that are measured, by name, held weakly."""

from __future__ import annotations

import threading
import weakref
from typing import Protocol, runtime_checkable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.stats import StreamStats
from rxpolygon.status import State

__all__ = ["ClientSet", "Measured"]


@runtime_checkable
class Measured(Protocol):
    """What can be measured: any client, live or of a replay."""

    @property
    def stats(self) -> StreamStats:
        """Figures of the present run, or of the last one."""

    @property
    def state(self) -> State:
        """Where the stream stands."""


class ClientSet:
    """Clients under names that are unique among them. Any thread.

    Args:
        clients: The first ones, under their usual names.
    """

    def __init__(self, *clients: Measured) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, weakref.ref[Measured]] = {}  # under the lock
        for client in clients:
            self.add(client)

    def add(self, client: Measured, name: str | None = None) -> None:
        """Measure another client.

        Args:
            client: It is not kept alive by this.
            name: What it is called in the figures; by default the name of its cluster, or that of its class
                if it has no cluster.

        Raises:
            InvalidArgumentError: Another client has this name.
            InvalidTypeError: This is no client, or its name no text.
        """
        if not isinstance(client, Measured):
            raise InvalidTypeError("client", client, "a client such as StreamClient")
        if name is not None and not isinstance(name, str):
            raise InvalidTypeError("name", name, "text, or None for its usual name")
        chosen = _usual_name(client) if name is None else name
        with self._lock:
            held = self._by_name.get(chosen)
            other = held() if held is not None else None
            if other is not None and other is not client:
                raise InvalidArgumentError("name", chosen, 'another client has it: add(client, "its name")')
            self._by_name[chosen] = weakref.ref(client)

    def remove(self, client: Measured) -> None:
        """Measure a client no more; nothing happens if it was not measured."""
        with self._lock:
            for name, held in list(self._by_name.items()):
                if held() is client:
                    del self._by_name[name]

    def clear(self) -> None:
        """Measure none of them any more."""
        with self._lock:
            self._by_name.clear()

    def present(self) -> list[tuple[str, Measured]]:
        """The clients that still exist, with their names, in the order in which they were added."""
        with self._lock:
            found = [(name, held()) for name, held in self._by_name.items()]
            self._by_name = {name: self._by_name[name] for name, client in found if client is not None}
        return [(name, client) for name, client in found if client is not None]


def _usual_name(client: Measured) -> str:
    cluster = getattr(client, "cluster", None)
    return type(client).__name__ if cluster is None else str(getattr(cluster, "value", cluster))
