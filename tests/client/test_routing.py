"""Who gets an event, while observers of one symbol, of several and of all come and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from reactivex import abc

from rxpolygon.delivery import Delivery
from rxpolygon.events import Event, Trade
from rxpolygon.fan import Fan, FrameFan, StatusFan
from rxpolygon.router import Router
from rxpolygon.subscriber import Interest, KeyedObservable
from rxpolygon.topics import Topic
from rxpolygon.venues.polygon.channels import event_types
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster
from tests.support import NoHandlers

FRAME = (
    b'[{"ev":"T","sym":"A","p":1},{"ev":"T","sym":"B","p":2},'
    b'{"ev":"Q","sym":"A","bp":3},{"ev":"T","sym":"C","p":4}]'
)

Asked = frozenset[str]


class _Stream:
    """The way from frames to observers, without a connection."""

    def __init__(self) -> None:
        self.router = Router(event_types("stocks"), str, lambda topics: None)
        codec = PolygonCodec("ws://x", StreamCluster.STOCKS, "key")
        self._delivery = Delivery(codec, self.router, Fan[Event](), FrameFan(), StatusFan(), NoHandlers())

    def observe(self, symbols: Asked, seen: list[str]) -> abc.DisposableBase:
        interest = Interest([Topic("T", symbol) for symbol in sorted(symbols)])
        trades: KeyedObservable[Trade] = KeyedObservable(self.router, interest)
        return trades.subscribe(lambda trade: seen.append(trade.symbol))

    def send(self) -> None:
        self._delivery.frames([FRAME])


requests = st.one_of(st.just(frozenset("*")), st.frozensets(st.sampled_from("ABC"), min_size=1))


@given(st.lists(st.tuples(requests, st.integers(0, 3)), min_size=1, max_size=12))
def test_each_observer_gets_its_symbols_and_no_others_whoever_comes_and_goes(
    steps: list[tuple[Asked, int]],
) -> None:
    stream = _Stream()
    here: list[tuple[Asked, list[str], abc.DisposableBase]] = []
    gone: list[list[str]] = []
    for symbols, leaving in steps:
        seen: list[str] = []
        here.append((symbols, seen, stream.observe(symbols, seen)))
        if leaving < len(here):
            _, heard, observer = here.pop(leaving)
            observer.dispose()
            gone.append(heard)
        for heard in (*gone, *(heard for _, heard, _ in here)):
            heard.clear()
        stream.send()
        for asked, heard, _ in here:
            assert heard == [symbol for symbol in "ABC" if symbol in asked or "*" in asked]
        assert not any(gone)


def test_events_of_the_whole_market_are_looked_up_by_symbol_only_while_one_is_asked_for_by_name() -> None:
    stream = _Stream()
    table = stream.router.tables[Trade]
    every = stream.observe(frozenset("*"), [])
    stream.send()
    assert not table
    named = stream.observe(frozenset("B"), [])
    stream.send()
    assert set(table) == set("ABC")
    named.dispose()
    assert table.every is not None
    every.dispose()
    stream.send()
    assert not table
