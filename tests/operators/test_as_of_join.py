from __future__ import annotations

from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import rxpolygon.operators as rxo
from rxpolygon.events import LimitUpLimitDown, SecondAggregate, Trade
from rxpolygon.operators import AsOf
from tests.operators.streams import END, Hot, Lab, Watch, trade


def band(symbol: str, at: int) -> LimitUpLimitDown:
    return LimitUpLimitDown(symbol=symbol, high=11.0, low=9.0, wire_timestamp=at)


def test_as_of_join_pairs_each_event_with_the_latest_of_the_other_stream() -> None:
    lab = Lab()
    bands = lab.hot("-a--b-----", a=band("A", 10), b=band("A", 20))
    trades = lab.hot("--x--y--z|", x=trade(at=11), y=trade(at=20), z=trade("B", at=30))
    watch = lab.watch(trades.pipe(rxo.as_of_join(bands)))
    lab.run()
    pairs = [(time, it.right and it.right.timestamp) for time, it in watch.seen if isinstance(it, AsOf)]
    assert pairs == [(2, 10), (5, 20), (8, None)]
    assert watch.seen[-1] == (9, END)
    assert trades.spans == bands.spans == [(0, 9)]


def test_as_of_join_takes_events_whose_timestamp_is_computed() -> None:
    lab = Lab()
    bars: Hot[SecondAggregate] = lab.source()
    trades: Hot[Trade] = lab.source()
    watch = lab.watch(trades.pipe(rxo.as_of_join(bars, tolerance="1s")))
    bars.send(SecondAggregate(symbol="A", start=1_000), SecondAggregate(symbol="A"))
    trades.send(trade(at=1_999), trade(at=2_001))
    assert [(it.right and it.right.start, it.is_stale) for it in watch.values] == [
        (1_000, False),
        (1_000, True),
    ]


def test_as_of_join_result_has_symbol_and_timestamp_so_that_joins_chain() -> None:
    trades: Hot[Trade] = Hot()
    first: Hot[LimitUpLimitDown] = Hot()
    second: Hot[LimitUpLimitDown] = Hot()
    watch = Watch[AsOf[AsOf[Trade, LimitUpLimitDown], LimitUpLimitDown]]().of(
        trades.pipe(rxo.as_of_join(first), rxo.as_of_join(second))
    )
    first.send(band("A", 1))
    second.send(band("A", 2))
    trades.send(trade(at=3))
    (it,) = watch.values
    assert it.left.right is not None
    assert it.right is not None
    assert (it.symbol, it.timestamp, it.left.right.timestamp, it.right.timestamp) == ("A", 3, 1, 2)


def test_as_of_join_of_a_stream_with_itself_is_the_event_before_without_exact_matches() -> None:
    trades: Hot[Trade] = Hot()
    watch = Watch[AsOf[Trade, Trade]]().of(trades.pipe(rxo.as_of_join(trades, allow_exact_matches=False)))
    trades.send(trade(at=1), trade(at=5), trade(at=5), trade(at=9))
    assert [it.right and it.right.timestamp for it in watch.values] == [None, 1, 1, 5]


rows = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 40)), max_size=40)


@settings(max_examples=100, deadline=None)
@given(rows, rows, st.integers(0, 20))
def test_as_of_join_with_tolerance_flags_what_polars_removes(
    left: list[tuple[str, int]], right: list[tuple[str, int]], tolerance: int
) -> None:
    trades: Hot[Trade] = Hot()
    bands: Hot[LimitUpLimitDown] = Hot()
    joined = trades.pipe(rxo.as_of_join(bands, tolerance=timedelta(milliseconds=tolerance)))
    watch = Watch[AsOf[Trade, LimitUpLimitDown]]().of(joined)
    bands.send(*(band(*row) for row in right))
    trades.send(*(trade(symbol, at=at) for symbol, at in left))
    ours = [it.right.timestamp if it.right and not it.is_stale else None for it in watch.values]

    schema = {"symbol": pl.String, "timestamp": pl.Int64}
    lefts = pl.DataFrame(left, schema=schema, orient="row").with_row_index("row").sort("timestamp")
    rights = (
        pl.DataFrame(right, schema=schema, orient="row").with_columns(found="timestamp").sort("timestamp")
    )
    theirs = lefts.join_asof(
        rights, on="timestamp", by="symbol", tolerance=tolerance, check_sortedness=False
    ).sort("row")
    assert ours == theirs["found"].to_list()
