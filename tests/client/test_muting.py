"""What the dispatch thread looks up while another thread closes the stream."""

from __future__ import annotations

import threading

from rxpolygon.events import Trade
from rxpolygon.symbol_table import Front, SymbolTable, Tables, nobody


class _Owner:
    """A router that knows nobody."""

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def fail(self, subscriber: object, error: BaseException) -> None:
        raise error


class _ClosedMeanwhile(Tables):
    """Tables behind which the stream is closed while one is looked for."""

    front: Front

    def __getitem__(self, event: type) -> SymbolTable:
        table = super().__getitem__(event)
        self.front.mute()
        return table


def test_lookup_in_the_middle_of_a_close_finds_nobody() -> None:
    tables = _ClosedMeanwhile(_Owner(), str)
    front = tables.front = Front(tables)
    seen: list[object] = []
    tables.setdefault(Trade, SymbolTable(_Owner(), str))["AAPL"] = seen.append
    assert front[Trade]["AAPL"] is nobody
    assert front[Trade]["AAPL"] is nobody


def test_table_that_is_put_back_after_a_close_is_not_looked_at_until_the_next_start() -> None:
    tables = Tables(_Owner(), str)
    front = Front(tables)
    seen: list[object] = []
    tables[Trade]["AAPL"] = seen.append
    own = front[Trade]
    assert own["AAPL"] == seen.append
    front.mute()
    front[Trade] = own  # as the first event after a gap does
    assert front[Trade]["AAPL"] is nobody
    front.unmute()
    assert front[Trade] is own
