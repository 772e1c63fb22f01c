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
        self.subscription: abc.DisposableBase | None = None


class Desk:
    """The handlers of one channel.

    A symbol has one handler, the last that was given for it. That of ``*`` gets the symbols that have none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: dict[str, Seat] = {}  # under the lock; single reads without

    def has(self, seat: Seat, symbol: str) -> bool:
        """Whether a symbol's events are for this handler."""
        seats = self._seats
        return (seats.get(symbol) or seats.get(EVERY_SYMBOL)) is seat

    def take(self, seat: Seat, symbols: Iterable[str]) -> None:
        """From now on the symbols are this handler's; one that has none left is unsubscribed."""
        with self._lock:
            left = [self._leave(symbol) for symbol in symbols]
            for symbol in symbols:
                self._seats[symbol] = seat
                seat.symbols.add(symbol)
        for other in left:
            if other is not None and other is not seat and not other.symbols and other.subscription:
                other.subscription.dispose()

    def leave(self, seat: Seat) -> None:
        """A handler gets nothing any more: its symbols are for that of ``*`` again."""
        with self._lock:
            for symbol in [symbol for symbol in seat.symbols if self._seats.get(symbol) is seat]:
                self._leave(symbol)

    def clear(self, symbols: Iterable[str]) -> None:
        """The symbols have no handler any more; ``*`` stands for all."""
        with self._lock:
            names = list(symbols)
            for symbol in list(self._seats) if EVERY_SYMBOL in names else names:
                self._leave(symbol)

    def _leave(self, symbol: str) -> Seat | None:
        seat = self._seats.pop(symbol, None)
        if seat is not None:
            seat.symbols.discard(symbol)
        return seat
