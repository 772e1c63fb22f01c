from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import FuturesTrade, Trade, alpaca
from tests.operators.streams import ERROR, Hot, Lab, Watch, push_through, trade


def test_deduplicate_same_symbol_exchange_and_id_passes_once() -> None:
    lab = Lab()
    a, b = trade(id="1", at=1), trade(id="2", at=2)
    source = lab.hot("-a-b-a-b-|", a=a, b=b)
    watch = lab.watch(source.pipe(rxo.deduplicate()))
    lab.run()
    assert watch.seen == [(1, a), (3, b), (9, "|")]


@pytest.mark.parametrize(
    "other", [trade("B", id="1"), trade(id="2"), trade(id="1", exchange=5), trade(id="1", exchange=None)]
)
def test_deduplicate_other_symbol_exchange_or_id_is_another_trade(other: Trade) -> None:
    assert push_through(rxo.deduplicate(), [trade(id="1"), other]) == [trade(id="1"), other]


def test_deduplicate_same_sequence_number_is_no_duplicate() -> None:
    twice = [trade(id="1", q=7), trade(id="2", q=7)]
    assert push_through(rxo.deduplicate(), twice) == twice


def test_deduplicate_trades_without_id_always_pass() -> None:
    bare = [trade(), trade(), Trade(symbol="A"), Trade(symbol="A")]
    assert push_through(rxo.deduplicate(), bare) == bare


@pytest.mark.parametrize("at", [1, 1_000, 1_001])
def test_deduplicate_within_the_span_is_recognised(at: int) -> None:
    events = [trade(id="1", at=1), trade(id="2", at=at), trade(id="1", at=at)]
    assert push_through(rxo.deduplicate("1s"), events) == events[:2]


def test_deduplicate_forgets_after_two_spans() -> None:
    events = [trade(id="1", at=1), trade(id="2", at=1_500), trade(id="3", at=3_000), trade(id="1", at=3_000)]
    assert push_through(rxo.deduplicate("1s"), events) == events


def test_deduplicate_capacity_bounds_what_is_remembered() -> None:
    events = [trade(id=str(number)) for number in (1, 2, 3, 4, 5, 1)]
    assert push_through(rxo.deduplicate(capacity=2), [*events, trade(id="5")]) == events


def test_deduplicate_key_of_ones_own_identifies() -> None:
    def number(event: FuturesTrade) -> int | None:
        return event.sequence_number

    operator = rxo.deduplicate(key=number)
    events = [FuturesTrade(symbol="A", sequence_number=q) for q in (1, 2, 2, None, None)]
    source: Hot[FuturesTrade] = Hot()
    watch = Watch[FuturesTrade]().of(source.pipe(operator))
    source.send(*events)
    assert [event.sequence_number for event in watch.values] == [1, 2, None, None]


def test_deduplicate_tells_each_duplicate() -> None:
    told: list[Trade] = []
    push_through(rxo.deduplicate(on_duplicate=told.append), [trade(id="1"), trade(id="1"), trade(id="1")])
    assert told == [trade(id="1")] * 2


def test_deduplicate_without_listener_logs_the_number(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "rxpolygon.operators"):
        push_through(rxo.deduplicate(), [trade(id="1")] * 4)
    assert "3 events were left out as duplicates" in caplog.messages


@pytest.mark.parametrize("raising", ["key", "on_duplicate"])
def test_deduplicate_user_function_that_raises_goes_to_on_error(raising: str) -> None:
    def fail(_: Trade) -> None:
        raise ERROR

    source: Hot[Trade] = Hot()
    operator = rxo.deduplicate(key=fail) if raising == "key" else rxo.deduplicate(on_duplicate=fail)
    watch = Watch[Trade]().of(source.pipe(operator))
    source.send(trade(id="1"), trade(id="1"))
    assert watch.end is ERROR
    assert not source.observers


def test_deduplicate_wrong_capacity_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="capacity"):
        rxo.deduplicate(capacity=0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), max_size=80))
def test_deduplicate_never_drops_new_and_never_passes_recent(rows: list[tuple[int, int]]) -> None:
    """In event time order: what passes is new for the span, what is left out was seen within two."""
    events = [trade(id=str(number), at=at) for number, at in sorted(rows, key=lambda row: row[1])]
    left_out: list[Trade] = []
    passed = push_through(rxo.deduplicate("100ms", on_duplicate=left_out.append), events)
    originals: dict[str | None, int] = {}
    for event in events:
        original = originals.get(event.id)
        if any(event is it for it in passed):
            assert original is None or event.timestamp - original > 100
            originals[event.id] = event.timestamp
        else:
            assert original is not None
            assert event.timestamp - original <= 200
    assert len(passed) + len(left_out) == len(events)


def test_deduplicate_lets_each_cancel_and_correction_pass_once() -> None:
    """A cancel has the symbol, the exchange and the id of its trade."""
    sale = alpaca.Trade(symbol="A", price=1.0, size=5, exchange="V", id=7, wire_timestamp=1_000)
    cancel = alpaca.TradeCancel(symbol="A", exchange="V", id=7, wire_timestamp=2_000)
    right = alpaca.TradeCorrection(symbol="A", exchange="V", original_id=7, wire_timestamp=3_000)
    events: list[Any] = [sale, cancel, sale, right, cancel, right]
    assert push_through(rxo.deduplicate(), events) == [sale, cancel, right]


def test_deduplicate_takes_joined_trades() -> None:
    trades = [trade(id="1"), trade(id="1"), trade(id="2")]
    joined = push_through(lambda them: them.pipe(rxo.join_quotes(Hot()), rxo.deduplicate()), trades)
    assert [it.trade.id for it in joined if isinstance(it, rxo.TradeWithQuote)] == ["1", "2"]
