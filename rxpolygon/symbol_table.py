"""Who gets an event, by its class and its symbol."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from rxpolygon.subscriber import OnNext, Subscriber
from rxpolygon.topics import EVERY_SYMBOL

__all__ = ["Front", "SymbolTable", "Tables", "nobody"]


class Owner(Protocol):
    """What a table needs of its router."""

    @property
    def lock(self) -> threading.RLock:
        """Guards everything but the lookups."""

    def fail(self, subscriber: Subscriber, error: BaseException) -> None:
        """A subscriber raised."""


class SymbolTable(dict[str, OnNext]):
    """For one class of events: what to call with an event of a symbol.

    That is the observer's own function where there is a single one. The keys are symbols as servers spell
    them: a spelling that was not seen before is looked up under its normal form once; from then on it is a
    plain dict lookup.

    Attributes:
        every: What to call with any event of the class, where all symbols have the same observers; None: look
            the symbol up. Who observes the whole market has thousands of symbols, and is spared a lookup that
            costs the more the more there are.
        last: The newest event of the class, whatever its kind; dispatch thread only.
    """

    __slots__ = ("_normal", "_odd_spellings", "_router", "_subscribers", "every", "last")

    def __init__(self, router: Owner, normal: Callable[[str], str]) -> None:
        super().__init__()
        self.every: OnNext | None = nobody
        self.last: Any = None
        self._router = router
        self._normal = normal
        # By normal form, one place for each spelling that a subscriber asked for; under the router's lock.
        self._subscribers: dict[str, tuple[Subscriber, ...]] = {}
        self._odd_spellings: dict[str, set[str]] = {}  # keys that are not in normal form, by it; the same

    def __missing__(self, symbol: str) -> OnNext:
        with self._router.lock:
            normal = self._normal(symbol)
            if symbol != normal:
                self._odd_spellings.setdefault(normal, set()).add(symbol)
            on_next = self[symbol] = self._callable_for(self.subscribers_of(symbol))
            return on_next

    def subscribers_of(self, symbol: str) -> tuple[Subscriber, ...]:
        """Everyone who gets the symbol's events, each once. Under the router's lock."""
        named = self.named(symbol)
        every = self._subscribers.get(EVERY_SYMBOL, ())
        return tuple(dict.fromkeys((*named, *every))) if named else every

    def named(self, symbol: str) -> tuple[Subscriber, ...]:
        """Everyone who asked for the symbol by name, or for ``*``. Under the router's lock."""
        return self._subscribers.get(self._normal(symbol), ())

    def _callable_for(self, subscribers: tuple[Subscriber, ...]) -> OnNext:
        if not subscribers:
            return nobody
        if len(subscribers) == 1:
            return subscribers[0].on_next
        return partial(_call_all, self._router, subscribers)

    def add(self, symbol: str, subscriber: Subscriber) -> None:
        """Let a subscriber get a symbol's events. Under the router's lock."""
        # Interned, so that the tables of all channels share one key: lookups are bound by memory.
        normal = sys.intern(self._normal(symbol))
        self._subscribers[normal] = (*self._subscribers.get(normal, ()), subscriber)
        self._forget(normal)
        if normal != EVERY_SYMBOL:
            # At once and not with the first event: keys made one after another lie side by side in memory.
            self[normal] = self._callable_for(self.subscribers_of(normal))
        self._settle()

    def remove(self, symbol: str, subscriber: Subscriber) -> None:
        """Undo :meth:`add`. Under the router's lock."""
        normal = self._normal(symbol)
        rest = list(self._subscribers.get(normal, ()))
        if subscriber in rest:
            rest.remove(subscriber)  # once: it may have asked for the symbol in another spelling, too
        if rest:
            self._subscribers[normal] = tuple(rest)
        else:
            self._subscribers.pop(normal, None)
        self._forget(normal)
        self._settle()

    def _settle(self) -> None:
        every = self._subscribers.get(EVERY_SYMBOL, ())
        named = len(self._subscribers) - (EVERY_SYMBOL in self._subscribers)
        self.every = None if named else self._callable_for(every)

    def _forget(self, normal: str) -> None:
        if normal == EVERY_SYMBOL:
            self.clear()
            self._odd_spellings.clear()
        self.pop(normal, None)
        for spelling in self._odd_spellings.pop(normal, ()):
            self.pop(spelling, None)


def nobody(event: object) -> None:
    """What is called with events that nobody asked for."""


def _call_all(router: Owner, subscribers: tuple[Subscriber, ...], event: object) -> None:
    for subscriber in subscribers:
        if not subscriber.is_detached:
            try:
                subscriber.on_next(event)
            except BaseException as error:
                router.fail(subscriber, error)


class Tables(dict[type, SymbolTable]):
    """A table for each class of events, made when it is first needed."""

    def __init__(self, router: Owner, normal: Callable[[str], str]) -> None:
        super().__init__()
        self._router = router
        self._normal = normal

    def __missing__(self, event: type) -> SymbolTable:
        with self._router.lock:  # a subscription and the first event may come at the same time
            return self.setdefault(event, SymbolTable(self._router, self._normal))


class Front(dict[type, SymbolTable]):
    """The tables as the dispatch thread sees them."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self._tables = tables
        self._is_mute = False

    def __missing__(self, event: type) -> SymbolTable:
        self[event] = self._tables[event]
        return self[event]

    def __setitem__(self, event: type, table: SymbolTable) -> None:
        super().__setitem__(event, table)
        if self._is_mute:  # asked after the entry, or one that is made while the muting clears would stay
            super().__setitem__(event, _MuteTable())

    def behind(self, event: type) -> SymbolTable:
        """The table itself, also while nothing is given to anybody."""
        return self._tables[event]

    def mute(self) -> None:
        """Give nothing to anybody from now on. Any thread."""
        self._is_mute = True
        self.clear()

    def unmute(self) -> None:
        """Give events to their observers again, while no dispatch thread runs."""
        self._is_mute = False
        self.clear()


class _MuteTable(SymbolTable):
    """Calls nobody."""

    __slots__ = ()

    def __init__(self) -> None:
        dict.__init__(self)
        self.every = nobody
        self.last = None

    def __missing__(self, symbol: str) -> OnNext:
        return nobody
