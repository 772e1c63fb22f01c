"""Gaps in the data: known when it is lost, told when the first event after it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from rxpolygon.router import Router
from rxpolygon.status import Gap
from rxpolygon.subscriber import OnNext
from rxpolygon.symbol_table import SymbolTable
from rxpolygon.topics import Topic

__all__ = ["GapWatch"]


class GapWatch:
    """Keeps the gaps that wait for their first event. Dispatch thread only.

    A class of events whose channel has a gap gets a stand-in for its table, which catches the first event.
    So gaps cost nothing while there are none.

    Args:
        router: Whose tables are watched.
        tell: Told each gap, before the event that ends it is delivered.
        timestamp: The Unix milliseconds of an event, None if it has none.
    """

    def __init__(
        self, router: Router, tell: Callable[[Gap], None], timestamp: Callable[[Any], int | None]
    ) -> None:
        self._router = router
        self._tell = tell
        self._timestamp = timestamp
        self._pending: dict[type, _StandIn] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether any gap waits for its first event."""
        return bool(self._pending)

    def open(self, topics: Iterable[Topic], cause: str, dropped: int | None) -> None:
        """Data of these topics was lost after the last event that was delivered."""
        by_channel: dict[str, list[str]] = {}
        for topic in topics:
            by_channel.setdefault(topic.prefix, []).append(topic.symbol)
        for channel, symbols in by_channel.items():
            kind = self._router.types.get(channel)
            if kind is not None:
                self._open_channel(kind, channel, symbols, cause, dropped)

    def _open_channel(
        self, kind: type, channel: str, symbols: list[str], cause: str, dropped: int | None
    ) -> None:
        stand_in = self._pending.get(kind)
        if stand_in is None:
            table = self._router.tables.behind(kind)
            after = None if table.last is None else self._timestamp(table.last)
            gap = Gap(channel, (), after, None, cause)
            stand_in = _StandIn(table, gap, lambda symbol: self._ended(kind, symbol))
            self._pending[kind] = self._router.tables[kind] = stand_in
        stand_in.gather(symbols, dropped)

    def _ended(self, kind: type, symbol: str) -> OnNext:
        """The first event after a gap: :attr:`_StandIn.last` is it."""
        stand_in = self._pending[kind]
        self.end(kind, stand_in.last)
        return self._router.tables[kind][symbol]

    def end(self, kind: type, event: object) -> None:
        """An event of a class is about to be delivered: it ends the gap of its channel."""
        stand_in = self._pending.pop(kind, None)
        if stand_in is not None:
            self._router.tables[kind] = stand_in.table
            stand_in.table.last = event
            self._tell(stand_in.whole_gap(self._timestamp(event)))

    def close(self) -> None:
        """The stream is over: tell the gaps that no event ended."""
        for kind, stand_in in list(self._pending.items()):
            del self._pending[kind]
            self._router.tables[kind] = stand_in.table
            self._tell(stand_in.whole_gap(None))


class _StandIn(SymbolTable):
    """Stands before a table until the first event of its class, and gathers what was lost till then."""

    __slots__ = ("_caught", "_dropped", "_gap", "_symbols", "table")

    def __init__(self, table: SymbolTable, gap: Gap, caught: Callable[[str], OnNext]) -> None:
        dict.__init__(self)
        self.every = None
        self.last = None
        self.table = table
        self._gap = gap
        self._symbols: dict[str, None] = {}
        self._dropped: int | None = None
        self._caught = caught

    def __missing__(self, symbol: str) -> OnNext:
        return self._caught(symbol)

    def gather(self, symbols: Iterable[str], dropped: int | None) -> None:
        """Data of these was lost, too: so many frames, None when nobody can know."""
        self._symbols |= dict.fromkeys(symbols)
        if dropped is not None:
            self._dropped = dropped + (self._dropped or 0)

    def whole_gap(self, before: int | None) -> Gap:
        """The gap, up to the first event after it."""
        return replace(self._gap, symbols=tuple(self._symbols), before=before, dropped=self._dropped)
