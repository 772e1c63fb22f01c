"""Bars made of columns are those that time_bars makes of the events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import rxpolygon.operators as rxo
from rxpolygon import ReplayClient, errors
from rxpolygon.errors import RecordingError
from rxpolygon.events import Trade
from rxpolygon.events.conditions import SALE_CONDITIONS
from rxpolygon.history import HistorySource, flat_file, inputs, table
from rxpolygon.operators import Bar, SaleRules, Session
from tests.still_time import StillTime

DAY = Path(__file__).parents[2].parent / "shared" / "data" / "us-equities-2013-10-07.jsonl.gz"
#: 2023-11-14 13:30 UTC, 8:30 in New York, in ns: an hour before the regular session.
NS = 1_699_968_600_000_000_000
MINUTE_NS = 60_000_000_000
REGULAR = Session.daily("09:30", "16:00", time_zone="America/New_York")
ONLY_ODD_LOTS_COUNT = SaleRules.from_table({12: SALE_CONDITIONS[37]}, least_size=50)

codes = st.lists(st.sampled_from([*sorted(SALE_CONDITIONS), 999]), max_size=3)
rows = st.tuples(
    st.sampled_from(["A", "B", "BRK.B"]),
    # Few minutes and few instants in them, over two days: ties, first trades, both sides of the opening.
    st.sampled_from([0, 1, 59, 60, 61, 1_440, 1_500]),
    st.sampled_from([0, 1, 999_999, 1_000_000, 59_999_999_999]),
    st.one_of(st.none(), st.integers(1_000, 1_010).map(lambda cents: cents / 100)),
    st.one_of(st.none(), st.sampled_from([0.5, 1.0, 49.0, 100.0])),
    st.one_of(st.none(), codes),
    st.one_of(st.none(), st.integers(0, 3)),
)


def frame_of(chosen: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    names = ["symbol", "minute", "ns", "price", "size", "conditions", "sequence_number"]
    kinds: list[Any] = [pl.String, pl.Int64, pl.Int64, pl.Float64, pl.Float64, pl.List(pl.Int64), pl.Int64]
    frame = pl.DataFrame(chosen, schema=dict(zip(names, kinds, strict=True)), orient="row")
    return frame.with_columns(timestamp_ns=NS + pl.col("minute") * MINUTE_NS + pl.col("ns"))


def by_events(history: HistorySource[Any], *arguments: Any, **options: Any) -> list[Bar]:
    bars: list[Bar] = []
    made = history.events.pipe(rxo.time_bars(*arguments, **options))
    made.subscribe(bars.append, scheduler=StillTime())  # nothing is silent between two rows
    return bars


def assert_same(found: Sequence[Bar], expected: Sequence[Bar]) -> None:
    # Sums are added in another order: their last digit may differ.
    assert [replace(bar, vwap=None) for bar in found] == [replace(bar, vwap=None) for bar in expected]
    for bar, other in zip(found, expected, strict=True):
        assert (bar.vwap is None) == (other.vwap is None)
        assert math.isclose(bar.vwap or 0.0, other.vwap or 0.0, rel_tol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"every": "1m"},
        {"every": "1h", "offset": "30m"},
        {"every": "45s"},
        {"every": "1m", "session": REGULAR},
        {"every": "1d", "session": REGULAR},
        {"every": "1m", "sales": SaleRules.EVERY_TRADE},
        {"every": "1h", "sales": ONLY_ODD_LOTS_COUNT},
    ],
    ids=["minutes", "offset hours", "45 s", "session minutes", "session days", "every trade", "other sales"],
)
@settings(max_examples=60, deadline=None)
@given(chosen=st.lists(rows, max_size=40), piece=st.integers(1, 50), run=st.integers(1, 50))
def test_bars_of_columns_are_those_of_the_events(
    options: dict[str, Any], chosen: list[tuple[Any, ...]], piece: int, run: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "_TABLE_ROWS", piece)
        history = table(frame_of(chosen), "stocks")
        history._run_rows = run
        assert_same(list(history.bars(**options)), by_events(history, **options))


def test_first_trade_of_a_day_counts_in_a_window_that_began_the_day_before() -> None:
    midnight = 15 * 60 + 30  # in New York, in minutes after NS
    chosen = [("A", 0, 0, 10.0, 100.0, None, 1), ("A", midnight, 1, 11.0, 100.0, [22], 2)]
    history = table(frame_of(chosen), "stocks")
    bars = list(history.bars("1h", offset="30m"))
    assert [(bar.open, bar.close) for bar in bars] == [(10.0, 10.0), (11.0, 11.0)]
    assert_same(bars, by_events(history, "1h", offset="30m"))


@pytest.mark.skipif(not DAY.exists(), reason=f"there is no {DAY}")
def test_bars_of_the_real_day_are_those_of_its_trades() -> None:
    trades: list[Trade] = []
    replay = ReplayClient(DAY, "stocks", "max")
    replay.subscribe_stock_trades().subscribe(trades.append)
    replay.run()
    frame = pl.DataFrame(
        {
            "symbol": [trade.symbol for trade in trades],
            "price": [trade.price for trade in trades],
            "size": [trade.size for trade in trades],
            "conditions": [trade.conditions for trade in trades],
            "sequence_number": [trade.sequence_number for trade in trades],
            "timestamp": [trade.timestamp for trade in trades],
        }
    )
    shuffled = table(frame.sample(fraction=1.0, shuffle=True, seed=1), "stocks")
    in_order = table(frame, "stocks")
    expected = by_events(in_order, "1m")
    assert len(expected) > 1_400
    assert_same(list(in_order.bars("1m")), expected)
    assert_same(list(shuffled.bars("1m")), expected)


def test_quotes_count_with_their_mid_price(tmp_path: Path) -> None:
    path = tmp_path / "day.csv.gz"
    rows = [(100, 10.0, 11.0), (200, 0.0, 11.0), (300, 10.5, 11.5), (70_000, 9.0, 10.0)]
    pl.DataFrame(
        {
            "Ticker": ["A"] * 4,
            "bid_price": [bid for _, bid, _ in rows],
            "ask_price": [ask for _, _, ask in rows],
            "sip_timestamp": [NS + ms * 1_000_000 for ms, _, _ in rows],
        }
    ).rename({"Ticker": "ticker"}).write_csv(path.with_suffix(""))
    quotes = flat_file(path.with_suffix(""), "stocks")
    bars = list(quotes.bars("1m"))
    assert [(bar.open, bar.close, bar.volume, bar.count) for bar in bars] == [
        (10.5, 11.0, 2.0, 2),
        (9.5, 9.5, 1.0, 1),
    ]
    assert_same(bars, by_events(quotes, "1m"))


def test_broken_file_gives_closed_bars_and_then_the_error(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    good = [f"A,{price},100,{NS + minute * MINUTE_NS}" for minute, price in enumerate((10, 11, 12))]
    path.write_text("\n".join(["ticker,price,size,sip_timestamp", *good, "A,ten,100,1", ""]))
    seen: list[Bar] = []
    told: list[Exception] = []
    flat_file(path, "stocks").bars("1m").events.subscribe(seen.append, told.append)
    assert [bar.close for bar in seen] == [10.0, 11.0]
    assert "line 5" in str(told[0])
    assert isinstance(told[0], RecordingError)


def test_codes_that_are_none_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text(f"ticker,price,size,conditions,sip_timestamp\nA,10,100,regular,{NS}\n")
    frame = pl.read_csv(path)
    for read in (flat_file(path, "stocks"), flat_file(path, "stocks").bars("1m")):
        with pytest.raises(RecordingError, match="line 2: conditions is 'regular'"):
            list(read)
    for read in (table(frame, "stocks"), table(frame, "stocks").bars("1m")):
        with pytest.raises(RecordingError, match="codes holds something else"):
            list(read)


def test_bars_are_read_anew_each_time(tmp_path: Path) -> None:
    bars = table(frame_of([("A", 0, 0, 10.0, 100.0, None, None)]), "stocks").bars("1m")
    done: list[bool] = []
    for _ in range(2):
        bars.events.subscribe(on_completed=lambda: done.append(True))
    assert len(list(bars)) == 1
    assert done == [True, True]


def test_what_bars_cannot_be_made_of_is_said() -> None:
    history = table(frame_of([]), "stocks")
    with pytest.raises(errors.InvalidArgumentError, match="every"):
        history.bars("1 parsec")
    with pytest.raises(errors.InvalidArgumentError, match="offset"):
        history.bars("1m", offset="1s", session=REGULAR)
    own = SaleRules[Any](lambda _: True, lambda _: True, lambda _: True)
    with pytest.raises(errors.InvalidArgumentError, match="time_bars"):
        history.bars("1m", sales=own)
    minutes = {"ticker": ["A"], "window_start": [NS]}
    prices = {name: [1.0] for name in ("open", "high", "low", "close", "volume")}
    with pytest.raises(errors.InvalidArgumentError, match="trades or of quotes"):
        list(table(pl.DataFrame(minutes | prices), "stocks").bars("1m"))
