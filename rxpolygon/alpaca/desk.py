"""Who handles which symbol: one handler for each, as in the vendor's own class."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from reactivex import abc

from rxpolygon.topics import EVERY_SYMBOL

__all__ = ["Desk", "Seat"]


class Seat:
    """One handler's place: the symbols that it handles, and its subscription."""

    def __init__(self) -> None:
        self.symbols: set[str] = set()  # under the desk's lock
        self.is_new = True  # until it has taken its symbols; written under the desk's lock, as the next
        self.has_left = False
        self.subscription: abc.DisposableBase | None = None


class Desk:
    """The handlers of one channel.

    A symbol has one handler, the last that was given for it. That of ``*`` gets the symbols that have none.

    Attributes:
        given: The event that a handler has been given last; dispatch thread only. A handler may give up its
            symbol, or raise, in the middle of an event, which is then not for that of ``*`` too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: dict[str, Seat] = {}  # under the lock; single reads without
        self.given: object = None

    def has(self, seat: Seat, symbol: str) -> bool:
        """Whether a symbol's events are for this handler.

        A new one, which is subscribed before it takes its symbols, gets those that nobody has.
        """
        seats = self._seats
        holder = seats.get(symbol) or seats.get(EVERY_SYMBOL)
        return holder is seat or (holder is None and seat.is_new)

    def take(self, seat: Seat, symbols: Iterable[str]) -> None:
        """From now on the symbols are this handler's; one that has none left is unsubscribed.

        A handler whose subscription has ended already takes nothing.
        """
        left: list[Seat | None] = []
        with self._lock:
            for symbol in () if seat.has_left else symbols:
                # Replaced and not removed first, for readers take no lock.
                other = self._seats.get(symbol)
                self._seats[symbol] = seat
                if other is not None:
                    other.symbols.discard(symbol)
                seat.symbols.add(symbol)
                left.append(other)
            seat.is_new = False
        for other in left:
            if other is not None and other is not seat and not other.symbols and other.subscription:
                other.subscription.dispose()

    def leave(self, seat: Seat) -> None:
        """A handler gets nothing any more: its symbols are for that of ``*`` again."""
        with self._lock:
            seat.has_left = True
            for symbol in [symbol for symbol in seat.symbols if self._seats.get(symbol) is seat]:
                self._leave(symbol)

    def clear(self, symbols: Iterable[str]) -> None:
        """The symbols have no handler any more; ``*`` stands for all."""
        with self._lock:
            names = list(symbols)
            for symbol in list(self._seats) if EVERY_SYMBOL in names else names:
                self._leave(symbol)

    def _leave(self, symbol: str) -> None:
        seat = self._seats.pop(symbol, None)
        if seat is not None:
            seat.symbols.discard(symbol)
