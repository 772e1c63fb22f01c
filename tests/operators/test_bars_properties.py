"""Bars of random streams held against an independent computation with polars."""

from __future__ import annotations

from fractions import Fraction
from math import fsum
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxpolygon.events import Trade
from rxpolygon.operators import (
    Bar,
    SaleRules,
    dollar_bars,
    imbalance_bars,
    range_bars,
    resample,
    runs_bars,
    tick_bars,
    time_bars,
    volume_bars,
)
from tests.operators.amendments import Amended, amended_streams
from tests.operators.bar_support import BASE, collect, ohlcv

EVERY = SaleRules.EVERY_TRADE

# Quarters are exact in floating point, so that sums do not hang on their order.
prices = st.integers(1, 400).map(lambda quarters: quarters / 4)
offsets = st.integers(0, 600_000)
whole_sizes = st.integers(1, 500)
codes = st.sampled_from([(), (14,), (37,), (14, 37), (2,), (15,), None])


@st.composite
def streams(draw: st.DrawFn, sizes: st.SearchStrategy[float] = whole_sizes) -> list[Trade]:
    """Trades of some symbols in order of their timestamps, many of them equal."""
    rows = draw(st.lists(st.tuples(st.sampled_from("ABC"), prices, sizes, offsets, codes), max_size=60))
    ordered = sorted(rows, key=lambda row: row[3])
    return [
        Trade(
            symbol=symbol,
            price=price,
            size=size,
            timestamp=BASE + at,
            conditions=kinds,
            sequence_number=number,
        )
        for number, (symbol, price, size, at, kinds) in enumerate(ordered, 1)
    ]


def frame(trades: list[Trade]) -> pl.DataFrame:
    columns = ("symbol", "price", "size", "timestamp", "conditions", "sequence_number")
    rows = {name: [getattr(trade, name) for trade in trades] for name in columns}
    schema: dict[str, Any] = {
        "symbol": pl.String,
        "price": pl.Float64,
        "size": pl.Float64,
        "timestamp": pl.Int64,
        "conditions": pl.List(pl.Int64),
        "sequence_number": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema)


def polars_bars(trades: list[Trade], every: int) -> list[tuple[Any, ...]]:
    """The bars by the tapes' rules for the codes of ``codes``, from a table of all trades."""
    code_list = pl.col("conditions").fill_null([])
    is_official = code_list.list.contains(15)
    is_priced = ~(is_official | code_list.list.contains(37) | code_list.list.contains(2))
    priced = pl.col("price").filter(is_priced)
    counted = pl.col("size").filter(~is_official)
    value = (pl.col("size") * pl.col("price")).filter(~is_official)
    return (
        frame(trades)
        .sort("timestamp", "sequence_number")
        .with_columns(start=pl.col("timestamp") // every * every)
        .group_by("start", "symbol")
        .agg(
            priced.first().alias("open"),
            priced.max().alias("high"),
            priced.min().alias("low"),
            priced.last().alias("close"),
            counted.sum().alias("volume"),
            (value.sum() / counted.sum()).alias("vwap"),
            counted.len().alias("count"),
        )
        .drop_nulls("open")
        .sort("start", "symbol")
        .rows()
    )


def rows(bars: list[Bar]) -> list[tuple[Any, ...]]:
    return [(bar.start, bar.symbol, *ohlcv(bar), bar.vwap, bar.count) for bar in bars]


@given(streams(), st.sampled_from([1_000, 7_000, 60_000, 300_000]))
def test_time_bars_equal_a_group_by_in_polars(trades: list[Trade], every: int) -> None:
    bars = collect(trades, time_bars(f"{every}ms"))
    assert rows(bars) == polars_bars(trades, every)
    assert all(bar.is_final and bar.revision == 0 for bar in bars)


@given(streams(), st.randoms(use_true_random=False), st.integers(0, 90_000))
def test_time_bars_order_of_arrival_within_the_lateness_does_not_matter(
    trades: list[Trade], random: Any, lateness: int
) -> None:
    shaken = sorted(trades, key=lambda trade: trade.timestamp + random.randint(0, lateness))
    assert rows(collect(shaken, time_bars("1m", lateness=f"{lateness}ms"))) == polars_bars(trades, 60_000)


@given(streams(), st.randoms(use_true_random=False))
def test_time_bars_last_revisions_equal_however_late_trades_are(trades: list[Trade], random: Any) -> None:
    shaken = random.sample(trades, len(trades))
    latest = {(bar.start, bar.symbol): bar for bar in collect(shaken, time_bars("1m"))}
    assert rows([latest[key] for key in sorted(latest)]) == polars_bars(trades, 60_000)


@given(streams(), st.randoms(use_true_random=False))
def test_time_bars_revisions_of_a_bar_count_from_zero(trades: list[Trade], random: Any) -> None:
    seen: dict[tuple[int, str], list[int]] = {}
    for bar in collect(random.sample(trades, len(trades)), time_bars("1m")):
        seen.setdefault((bar.start, bar.symbol), []).append(bar.revision)
    assert all(revisions == list(range(len(revisions))) for revisions in seen.values())


@given(amended_streams())
def test_time_bars_of_an_amended_stream_are_those_of_the_trades_left(it: Amended) -> None:
    bars = collect(it.events, time_bars("100ms", sales=EVERY, corrections=True))
    latest = {(bar.start, bar.symbol): bar for bar in bars}
    ordered = [latest[key] for key in sorted(latest)]
    assert rows([bar for bar in ordered if not bar.is_filled]) == rows(
        collect(it.left[-1], time_bars("100ms", sales=EVERY))
    )
    assert all(bar.volume == bar.count == 0 for bar in ordered if bar.is_filled)


@given(streams())
def test_time_bars_filled_have_no_hole_and_lose_no_volume(trades: list[Trade]) -> None:
    bars = collect(trades, time_bars("1m", fill=True))
    for symbol in {bar.symbol for bar in bars}:
        own = [bar for bar in bars if bar.symbol == symbol]
        assert [bar.start for bar in own] == list(range(own[0].start, own[-1].end, 60_000))
        counted = [t for t in trades if t.symbol == symbol and 15 not in (t.conditions or ())]
        assert sum(bar.volume for bar in own) == sum(t.size for t in counted if t.timestamp >= own[0].start)
    assert [row for row, bar in zip(rows(bars), bars, strict=True) if not bar.is_filled] == polars_bars(
        trades, 60_000
    )


@given(streams(), st.sampled_from(["1s", "30s", "1m"]))
def test_resample_equals_bars_of_the_trades(trades: list[Trade], fine: str) -> None:
    finer = collect(trades, time_bars(fine, sales=EVERY))
    coarser = collect(finer, resample("5m", lateness="1s"))
    direct = collect(trades, time_bars("5m", sales=EVERY))
    assert [row[:7] for row in rows(coarser)] == [row[:7] for row in rows(direct)]
    assert [bar.vwap for bar in coarser] == pytest.approx([bar.vwap for bar in direct])


@given(streams(), st.randoms(use_true_random=False))
def test_resample_of_revised_bars_equals_bars_of_the_trades(trades: list[Trade], random: Any) -> None:
    finer = collect(random.sample(trades, len(trades)), time_bars("1m", sales=EVERY))
    latest = {(bar.start, bar.symbol): bar for bar in collect(finer, resample("5m"))}
    direct = collect(trades, time_bars("5m", sales=EVERY))
    assert [row[:7] for row in rows([latest[key] for key in sorted(latest)])] == [
        row[:7] for row in rows(direct)
    ]


@given(streams(), st.integers(1, 7))
def test_tick_bars_equal_chunks_in_polars(trades: list[Trade], count: int) -> None:
    expected = (
        frame(trades)
        .with_columns(number=pl.int_range(pl.len()).over("symbol") // count)
        .group_by("symbol", "number")
        .agg(
            pl.col("price").first().alias("open"),
            pl.col("price").max().alias("high"),
            pl.col("price").min().alias("low"),
            pl.col("price").last().alias("close"),
            pl.col("size").sum().alias("volume"),
        )
        .sort("symbol", "number")
        .drop("number")
        .rows()
    )
    bars = collect(trades, tick_bars(count, sales=EVERY))
    assert [(bar.symbol, *ohlcv(bar)) for bar in sorted(bars, key=lambda bar: bar.symbol)] == expected
    assert all(bar.is_final == (bar.count == count) for bar in bars)


@given(streams(), st.integers(1, 700))
def test_volume_bars_are_full_and_conserve_volume_exactly(trades: list[Trade], volume: int) -> None:
    bars = collect(trades, volume_bars(volume, sales=EVERY))
    assert all(bar.volume == volume for bar in bars if bar.is_final)
    for symbol in "ABC":
        sizes = sum(trade.size for trade in trades if trade.symbol == symbol)
        assert sum(bar.volume for bar in bars if bar.symbol == symbol) == sizes


fractions = st.floats(1e-8, 1e3, allow_nan=False)


@settings(max_examples=200)
@given(streams(sizes=fractions), st.floats(10, 1e3))
def test_volume_bars_conserve_fractional_volume(trades: list[Trade], volume: float) -> None:
    bars = collect(trades, volume_bars(volume, sales=EVERY))
    assert all(bar.volume == volume for bar in bars if bar.is_final)
    assert_conserved(trades, bars)


@given(streams(sizes=fractions), st.floats(1e3, 1e5))
def test_dollar_bars_are_full_and_conserve_volume(trades: list[Trade], dollars: float) -> None:
    bars = collect(trades, dollar_bars(dollars, sales=EVERY))
    assert_conserved(trades, bars)
    for bar in bars:
        worth = (bar.vwap or 0) * bar.volume
        assert worth == pytest.approx(dollars) if bar.is_final else worth <= dollars * (1 + 1e-9)


def assert_conserved(trades: list[Trade], bars: list[Bar]) -> None:
    """The exact sum of all volumes is that of all sizes, to the last bit of the last bar of a symbol."""
    for symbol in "ABC":
        sizes = sum((Fraction(trade.size) for trade in trades if trade.symbol == symbol), Fraction())
        own = [bar.volume for bar in bars if bar.symbol == symbol]
        made = sum((Fraction(volume) for volume in own), Fraction())
        assert abs(made - sizes) <= Fraction(max(own, default=0)) / 2**52
        assert fsum(own) == pytest.approx(float(sizes), rel=1e-15)


@given(streams(), st.sampled_from([0.25, 1.0, 10.0]))
def test_range_bars_are_as_high_as_asked_only_with_their_last_trade(
    trades: list[Trade], height: float
) -> None:
    for bar in collect(trades, range_bars(height, sales=EVERY)):
        assert bar.is_final == (bar.high - bar.low >= height)
        if bar.is_final:
            assert bar.close in (bar.high, bar.low)


@given(streams())
def test_information_bars_lose_no_trade(trades: list[Trade]) -> None:
    for operator in (imbalance_bars(3, "volume", sales=EVERY), runs_bars(3, "dollars", sales=EVERY)):
        bars = collect(trades, operator)
        assert sum(bar.count for bar in bars) == len(trades)
        assert sum(bar.volume for bar in bars) == sum(trade.size for trade in trades)
