"""What the dispatch thread looks up while another thread closes the stream."""

from __future__ import annotations

import threading
from typing import Any

from rxpolygon.events import Trade
from rxpolygon.gaps import GapWatch
from rxpolygon.router import Router
from rxpolygon.status import Gap
from rxpolygon.symbol_table import Front, SymbolTable, Tables, nobody
from rxpolygon.topics import Topic


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
    assert front[Trade].every is nobody


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
    assert front[Trade].every is nobody
    front.unmute()
    assert front[Trade] is own


def test_loss_that_is_heard_of_after_a_close_is_told_with_the_last_event_before_it() -> None:
    def time_of(event: Any) -> int:  # Any: as the watch has it
        return int(event.timestamp)

    router = Router({"T": Trade}, str, lambda topics: None)
    told: list[Gap] = []
    watch = GapWatch(router, told.append, time_of)
    router.tables[Trade].last = Trade(symbol="AAPL", timestamp=1_700_000_000_000)
    router.mute()
    watch.open([Topic("T", "AAPL")], "reconnect", None)
    watch.close()
    assert told == [Gap("T", ("AAPL",), 1_700_000_000_000, None, "reconnect")]
