"""Events into a frame and back: nothing is lost."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
import reactivex as rx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rxpolygon import frames
from rxpolygon.events import Trade
from rxpolygon.history import table
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
    deadline=None, max_examples=15, phases=PHASES, suppress_health_check=[HealthCheck.too_slow]
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


@every_kind
@thorough
@given(data=st.data())
def test_pandas(kind: Any, data: st.DataObject) -> None:
    pytest.importorskip("pandas")
    rows = data.draw(event_lists(kind))
    assert stream(frames.frame(rows, kind, engine="pandas"), kind) == in_time_order(rows)


@given(event_lists(Trade))
@settings(deadline=None, max_examples=25)
def test_history_reads_a_frame_of_trades_as_its_own(rows: list[Trade]) -> None:
    rows = [row for row in rows if row.timestamp is not None]
    found = list(table(frames.frame(rows, Trade), "stocks"))
    names = [name for name in Trade.__struct_fields__ if name != "fractional_size"]  # no file has it
    assert [[getattr(event, name) for name in names] for event in found] == [
        [getattr(event, name) or None if name == "conditions" else getattr(event, name) for name in names]
        for event in in_time_order(rows)
    ]
