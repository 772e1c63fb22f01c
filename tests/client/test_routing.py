"""Who gets an event, while observers of one symbol, of several and of all come and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from reactivex import abc

from rxpolygon.events import Trade
from tests.bare_stream import BareStream

FRAME = (
    b'[{"ev":"T","sym":"A","p":1},{"ev":"T","sym":"B","p":2},'
    b'{"ev":"Q","sym":"A","bp":3},{"ev":"T","sym":"C","p":4}]'
)

Asked = frozenset[str]


def observed(stream: BareStream, symbols: Asked, seen: list[str]) -> abc.DisposableBase:
    return stream.observable("T", sorted(symbols)).subscribe(lambda trade: seen.append(trade.symbol))


requests = st.one_of(st.just(frozenset("*")), st.frozensets(st.sampled_from("ABC"), min_size=1))


@given(st.lists(st.tuples(requests, st.integers(0, 3)), min_size=1, max_size=12))
def test_each_observer_gets_its_symbols_and_no_others_whoever_comes_and_goes(
    steps: list[tuple[Asked, int]],
) -> None:
    stream = BareStream()
    here: list[tuple[Asked, list[str], abc.DisposableBase]] = []
    gone: list[list[str]] = []
    for symbols, leaving in steps:
        seen: list[str] = []
        here.append((symbols, seen, observed(stream, symbols, seen)))
        if leaving < len(here):
            _, heard, observer = here.pop(leaving)
            observer.dispose()
            gone.append(heard)
        for heard in (*gone, *(heard for _, heard, _ in here)):
            heard.clear()
        stream.send([FRAME])
        for asked, heard, _ in here:
            assert heard == [symbol for symbol in "ABC" if symbol in asked or "*" in asked]
        assert not any(gone)


def test_events_of_the_whole_market_are_looked_up_by_symbol_only_while_one_is_asked_for_by_name() -> None:
    stream = BareStream()
    table = stream.router.tables[Trade]
    every = observed(stream, frozenset("*"), [])
    stream.send([FRAME])
    assert not table
    named = observed(stream, frozenset("B"), [])
    stream.send([FRAME])
    assert set(table) == set("ABC")
    named.dispose()
    assert table.every is not None
    every.dispose()
    stream.send([FRAME])
    assert not table
