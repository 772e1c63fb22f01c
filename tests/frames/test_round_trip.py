"""Events into a frame and back: nothing is lost."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
import reactivex as rx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from rxpolygon import frames
from rxpolygon.events import Quote, Trade
from rxpolygon.history import table
from rxpolygon.operators import Side, TradeWithQuote
from tests.frames.everything import KINDS, event_lists, in_time_order


def stream(frame: Any, kind: Any) -> list[Any]:
    taken: list[Any] = []
    errors: list[Exception] = []
    frames.from_frame(frame, kind).subscribe(taken.append, errors.append)
    assert errors == []
    return taken


every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind}"[-40:])
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
thorough = settings(
    deadline=None, max_examples=10, phases=PHASES, suppress_health_check=[HealthCheck.too_slow]
)


@every_kind
@thorough
@given(data=st.data())
def test_polars(kind: Any, data: st.DataObject) -> None:
    rows = data.draw(event_lists(kind))
    assert stream(frames.frame(rows, kind), kind) == in_time_order(rows)


@every_kind
@thorough
@given(data=st.data(), count=st.integers(1, 4))
def test_arrow_in_batches_of_one_schema(kind: Any, data: st.DataObject, count: int) -> None:
    import pyarrow as pa

    rows = data.draw(event_lists(kind))
    batches: list[pa.RecordBatch] = []
    rx.from_iterable(rows).pipe(frames.to_arrow(count, kind=kind)).subscribe(batches.append)
    assert [batch.num_rows for batch in batches] == [
        len(rows[at : at + count]) for at in range(0, len(rows), count)
    ]
    assert all(batch.schema == frames.arrow_schema(kind) for batch in batches)
    assert stream(pa.Table.from_batches(batches), kind) == in_time_order(rows)
    assert stream(
        pl.concat([pl.DataFrame(pl.from_arrow(batch)) for batch in batches]), kind
    ) == in_time_order(rows)


# Whole numbers of an event within an event pass through floats in pandas: no more than 53 bits there.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if isinstance(kind, type)], ids=str)
@thorough
@given(data=st.data())
def test_pandas(kind: Any, data: st.DataObject) -> None:
    pytest.importorskip("pandas")
    rows = data.draw(event_lists(kind))
    assert stream(frames.frame(rows, kind, engine="pandas"), kind) == in_time_order(rows)


def test_pandas_with_events_within_events() -> None:
    pytest.importorskip("pandas")
    kind = TradeWithQuote[Trade, Quote]
    sale = Trade(symbol="A", timestamp=1_700_000_000_123, conditions=(12, 37), sequence_number=7)
    quote = Quote(symbol="A", bid_price=9.5, timestamp=1_700_000_000_001)
    rows = [TradeWithQuote(sale, it, 1.5, None, Side.BUY, False) for it in (quote, None, quote)]
    assert stream(frames.frame(rows, engine="pandas"), kind) == rows


real_trades = st.builds(
    Trade,
    symbol=st.sampled_from(["AAPL", "BRK.B"]),
    price=st.floats(0.01, 1e6),
    size=st.integers(1, 10**6).map(float),
    timestamp=st.integers(1_000_000_000_000, 1_900_000_000_000),
    exchange=st.integers(1, 20),
    id=st.none() | st.integers(1, 10**9).map(str),
    tape=st.sampled_from([1, 2, 3]),
    conditions=st.none() | st.lists(st.integers(0, 60), min_size=1, max_size=3).map(tuple),
    sequence_number=st.none() | st.integers(0, 10**9),
    participant_timestamp=st.none() | st.integers(1_000_000_000_000, 1_900_000_000_000),
)


@given(st.lists(real_trades, min_size=1, max_size=10))
@settings(deadline=None, max_examples=25)
def test_history_reads_a_frame_of_trades_as_its_own(rows: list[Trade]) -> None:
    found = list(table(frames.frame(rows), "stocks"))
    assert [astuple(event)[:-1] for event in found] == [astuple(row) for row in in_time_order(rows)]
    assert [event.timestamp_ns for event in found] == [row.timestamp_ns for row in in_time_order(rows)]
