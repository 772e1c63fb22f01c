"""``from_frame``: what frames it takes, and in what order the events come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon import frames
from rxpolygon.errors import InvalidTypeError, UsageError
from rxpolygon.events import FairMarketValue, Imbalance, Level2Book, MinuteAggregate, Quote, Trade, alpaca
from rxpolygon.operators import Bar, Side, TradeWithQuote
from tests.still_time import StillTime

NOW = 1_700_000_000_123
TIME = datetime(2023, 11, 14, 22, 13, 20, 123_456, UTC)


def stream(data: Any, kind: Any = Trade) -> list[Any]:
    taken: list[Any] = frames.from_frame(data, kind).pipe(ops.to_list()).run()
    return taken


def test_rows_come_in_the_order_of_time_and_equal_times_in_their_own() -> None:
    frame = pl.DataFrame(
        {"symbol": ["c", "a", "d", "b"], "timestamp": [3, 1, 3, 2], "price": [1.0, 2.0, 3.0, 4.0]}
    )
    assert [row.symbol for row in stream(frame)] == ["a", "b", "c", "d"]


def test_a_row_without_a_time_stays_behind_the_one_before_it() -> None:
    frame = pl.DataFrame({"symbol": ["z", "c", "x", "a"], "timestamp": [None, 3, None, 1]})
    assert [row.symbol for row in stream(frame)] == ["z", "a", "c", "x"]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_datetimes_of_any_unit_are_the_instant(unit: Any, zone: str | None) -> None:
    column = pl.Series("timestamp", [TIME.replace(tzinfo=None)], pl.Datetime(unit)).dt.replace_time_zone(
        "UTC"
    )
    column = column.dt.replace_time_zone(None) if zone is None else column.dt.convert_time_zone(zone)
    [row] = stream(pl.DataFrame({"symbol": ["A"]}).with_columns(column))
    assert row.timestamp == NOW


def test_finer_instants_before_1970_are_floored_too() -> None:
    before = datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)
    [row] = stream(pl.DataFrame({"symbol": ["A"], "timestamp": [before]}))
    assert row.timestamp == -1


@pytest.mark.parametrize("number", [NOW, NOW * 1_000 + 456, NOW * 1_000_000 + 456_789])
def test_numbers_tell_their_unit_by_their_size(number: int) -> None:
    [row] = stream(pl.DataFrame({"symbol": ["A"], "timestamp": [number]}))
    assert row.timestamp == NOW


@pytest.mark.parametrize("kind", [Imbalance, FairMarketValue, alpaca.Trade])
def test_a_fine_instant_is_taken_from_whatever_column_has_it(kind: Any) -> None:
    fine = pl.DataFrame({"symbol": ["A"], "timestamp_ns": [NOW * 1_000_000 + 456_789]})
    [row] = stream(fine, kind)
    assert row.timestamp_ns == NOW * 1_000_000 + 456_789
    [row] = stream(pl.DataFrame({"symbol": ["A"], "timestamp": [TIME]}), kind)
    assert (row.timestamp, row.timestamp_ns) == (NOW, NOW * 1_000_000)


def test_other_columns_are_passed_over_and_missing_ones_get_their_default() -> None:
    frame = pl.DataFrame({"volume": [5.0], "symbol": ["A"], "start": [NOW], "colour": ["red"]})
    [bar] = stream(frame, MinuteAggregate)
    assert bar == MinuteAggregate(symbol="A", volume=5.0, start=NOW)
    assert bar.end == NOW + 60_000
    assert bar.otc is False


def test_an_empty_place_gets_the_default() -> None:
    frame = pl.DataFrame({"symbol": ["A"], "otc": [None], "close": [None], "start": [1]})
    [bar] = stream(frame, MinuteAggregate)
    assert bar.otc is False


def test_whole_numbers_may_stand_for_prices_and_narrow_types_for_wide_ones() -> None:
    frame = pl.DataFrame(
        {"symbol": ["A"], "price": [3], "exchange": [4], "conditions": [[1, 2]]},
        schema_overrides={"exchange": pl.UInt8, "conditions": pl.List(pl.Int16)},
    )
    [row] = stream(frame)
    assert (row.price, row.exchange, row.conditions) == (3.0, 4, (1, 2))
    assert isinstance(row.price, float)


def test_slices_and_arrow_tables_are_frames_too() -> None:
    rows = [Trade(symbol=f"S{at}", timestamp=at, conditions=(at,) * (at % 3)) for at in range(20_000)]
    frame = frames.frame(rows)
    assert stream(frame) == rows
    assert stream(frame[8_000:8_500]) == rows[8_000:8_500]
    table = frame.to_arrow()
    assert isinstance(table, pa.Table)
    assert stream(table.slice(100, 50)) == rows[100:150]
    assert stream(table.to_batches()[0]) == rows
    assert stream(frame.lazy().filter(pl.col("symbol") == "S7")) == rows[7:8]


def test_a_frame_may_be_observed_again_and_disposed_early() -> None:
    rows = [Trade(symbol="A", timestamp=at) for at in range(100)]
    trades = frames.from_frame(frames.frame(rows), Trade)
    assert trades.pipe(ops.take(3), ops.to_list()).run() == rows[:3]
    assert trades.pipe(ops.count()).run() == 100


@pytest.mark.parametrize("make", [frames.frame, lambda rows, kind: pl.DataFrame({"symbol": []}).to_arrow()])
def test_a_frame_without_rows_is_an_empty_stream(make: Any) -> None:
    assert stream(make([], Trade)) == []


def test_operators_run_over_a_frame_as_over_a_live_stream() -> None:
    rows = [Trade(symbol="A", price=float(n), size=1, timestamp=NOW + n * 1_000) for n in range(200)]
    source = frames.from_frame(frames.frame(rows).sample(fraction=1, shuffle=True, seed=1), Trade)
    bars = source.pipe(rxo.time_bars("1m"), ops.to_list()).run(StillTime())
    assert sum(bar.volume for bar in bars) == 200
    frame = frames.frame(bars)
    assert stream(frame, Bar) == bars


def test_a_missing_column_is_told_at_the_call() -> None:
    with pytest.raises(UsageError, match="has no column 'symbol', which Trade needs; it has 'price'"):
        frames.from_frame(pl.DataFrame({"price": [1.0]}), Trade)


def test_rows_of_another_kind_are_told_at_the_call() -> None:
    trades = frames.frame([Trade(symbol="A", price=1.0, timestamp=NOW)])
    with pytest.raises(UsageError, match=r"none of the columns 'bid_price', .* of Quote.* it has .*'price'"):
        frames.from_frame(trades, Quote)
    with pytest.raises(UsageError, match=r"none of the columns 'bids', 'asks' of Level2Book"):
        frames.from_frame(trades, Level2Book)


def test_a_time_in_a_column_of_another_name_is_told_at_the_call() -> None:
    frame = pl.DataFrame({"symbol": ["A"], "timestamp": [NOW], "close": [1.0]})
    with pytest.raises(UsageError, match="by 'timestamp', and MinuteAggregate tells them by 'start'"):
        frames.from_frame(frame, MinuteAggregate)
    assert stream(frame.rename({"timestamp": "start"}), MinuteAggregate)[0].timestamp == NOW


def test_a_column_of_something_else_is_an_error_that_names_it() -> None:
    errors: list[Exception] = []
    frame = pl.DataFrame({"symbol": ["A"], "price": ["dear"]})
    frames.from_frame(frame, Trade).subscribe(on_error=errors.append)
    assert [type(error) for error in errors] == [UsageError]
    assert "column 'price'" in str(errors[0])


def test_events_within_events_need_their_classes() -> None:
    parts = Trade(symbol="A", price=1.0, timestamp=1), Quote(symbol="A", timestamp=0)
    whole = TradeWithQuote(*parts, None, None, Side.UNKNOWN, False)
    frame = frames.frame([whole])
    assert stream(frame, TradeWithQuote[Trade, Quote]) == [whole]
    with pytest.raises(UsageError, match=r"give kind with the classes .* TradeWithQuote\[Trade, Quote\]"):
        stream(frame, TradeWithQuote)


def test_what_is_no_frame_or_no_class_is_refused() -> None:
    with pytest.raises(InvalidTypeError, match="data must be a frame of polars"):
        frames.from_frame([1], Trade)
    with pytest.raises(InvalidTypeError, match="kind must be a class of events"):
        frames.from_frame(pl.DataFrame({"symbol": ["A"]}), dict)  # type: ignore[type-var]
