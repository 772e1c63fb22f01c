from __future__ import annotations

import pytest

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Quote, Trade
from rxpolygon.operators import SequenceGap
from tests.operators.streams import Hot, Lab, Watch, push_through, trade

HOUR = 3_600_000


def gaps(*rows: tuple[int | None, int], threshold: int = 1) -> list[tuple[int, int, int]]:
    events = [trade(q=q, at=at) for q, at in rows]
    found = push_through(rxo.sequence_gaps(threshold), events)
    return [(it.after, it.before, it.missing) for it in found if isinstance(it, SequenceGap)]


def test_sequence_gaps_rising_by_one_has_none() -> None:
    assert gaps((5, 1), (6, 2), (7, 3)) == []


def test_sequence_gaps_hole_is_reported_with_the_event_after_it() -> None:
    lab = Lab()
    source = lab.hot("-a--b-|", a=trade(q=3, at=10), b=trade(q=7, at=20))
    watch = lab.watch(source.pipe(rxo.sequence_gaps()))
    lab.run()
    assert watch.seen == [(4, SequenceGap("A", 20, 3, 10, 7, 3)), (6, "|")]


@pytest.mark.parametrize(("threshold", "expected"), [(3, [(3, 7, 3)]), (4, [])])
def test_sequence_gaps_below_threshold_is_passed_over(threshold: int, expected: list[object]) -> None:
    assert gaps((3, 1), (7, 2), threshold=threshold) == expected


def test_sequence_gaps_repeated_or_lower_number_proves_nothing() -> None:
    assert gaps((5, 1), (5, 1), (4, 2), (6, 3), (3, 4), (7, 5)) == []


def test_sequence_gaps_events_without_number_are_passed_over() -> None:
    assert gaps((5, 1), (None, 2), (6, 3)) == []


def test_sequence_gaps_symbols_do_not_mix() -> None:
    events = [trade("A", q=1), trade("B", q=9), trade("A", q=2), trade("B", q=10)]
    assert push_through(rxo.sequence_gaps(), events) == []


def test_sequence_gaps_trades_and_quotes_have_numbers_of_their_own() -> None:
    source: Hot[Trade | Quote] = Hot()
    watch = Watch[SequenceGap]().of(source.pipe(rxo.sequence_gaps()))
    source.send(Trade(symbol="A", sequence_number=1), Quote(symbol="A", sequence_number=50))
    source.send(Trade(symbol="A", sequence_number=2), Quote(symbol="A", sequence_number=52))
    assert [(it.after, it.before) for it in watch.values] == [(50, 52)]


@pytest.mark.parametrize(
    ("last", "now"), [(HOUR, 9 * HOUR), (23 * HOUR, 24 * HOUR), (24 * HOUR - 1, 24 * HOUR), (HOUR, 2 * HOUR)]
)
def test_sequence_gaps_lower_number_in_another_session_starts_anew(last: int, now: int) -> None:
    assert gaps((900, last), (1, now), (2, now + 1), (4, now + 2)) == [(2, 4, 1)]


def test_sequence_gaps_higher_number_on_the_next_day_is_a_gap() -> None:
    assert gaps((10, HOUR), (20, 30 * HOUR)) == [(10, 20, 9)]


def test_sequence_gaps_wrong_threshold_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="threshold"):
        rxo.sequence_gaps(0)
