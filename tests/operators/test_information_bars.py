"""Imbalance and runs bars held against a plain computation of the book's formulas with polars."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Literal

import polars as pl
import pytest
from reactivex import Observable

from rxpolygon.events import Trade
from rxpolygon.operators import Bar, SaleRules, imbalance_bars, runs_bars
from tests.operators.bar_support import BASE, collect, trade

EXPECTED, SPAN = 10, 5
Operator = Callable[[Observable[Any]], Observable[Bar]]
Unit = Literal["ticks", "volume", "dollars"]


def walk(seed: int, count: int = 600) -> list[Trade]:
    chance = random.Random(seed)
    price, trades = 100.0, []
    for number in range(count):
        price += chance.choice([-0.01, 0, 0, 0.01, 0.02])
        size = chance.randint(1, 50) * 100
        trades.append(Trade(symbol="A", price=round(price, 2), size=size, timestamp=BASE + number))
    return trades


def signs_and_weights(trades: list[Trade], unit: Unit) -> tuple[list[int], list[float]]:
    """The tick rule and the weights for a whole stream at once."""
    frame = pl.DataFrame({"price": [t.price for t in trades], "size": [float(t.size) for t in trades]})
    change = pl.col("price").diff().sign()
    weights = {"ticks": pl.lit(1.0), "volume": pl.col("size"), "dollars": pl.col("size") * pl.col("price")}
    columns = frame.select(
        sign=pl.when(change != 0).then(change).forward_fill().fill_null(0).cast(pl.Int64),
        weight=weights[unit],
    )
    return columns["sign"].to_list(), columns["weight"].to_list()


def averages(values: list[float], span: float) -> list[float]:
    """The exponentially weighted mean after each value."""
    return pl.Series(values, dtype=pl.Float64).ewm_mean(span=span, adjust=False).to_list()


def expected_ticks(lengths: list[int]) -> float:
    """The mean length of the bars so far, held within a tenth to ten times the first expectation."""
    mean = float(EXPECTED)
    for length in lengths:
        mean += 2 / (SPAN + 1) * (length - mean)
        mean = min(max(mean, max(1, EXPECTED // 10)), EXPECTED * 10)
    return mean


def imbalance_lengths(trades: list[Trade], unit: Unit) -> list[int]:
    signs, weights = signs_and_weights(trades, unit)
    signed = [sign * weight for sign, weight in zip(signs, weights, strict=True)]
    means = averages(signed, SPAN * EXPECTED)
    lengths: list[int] = []
    start = 0
    for now in range(len(trades)):
        length = now + 1 - start
        if lengths:
            is_over = abs(sum(signed[start : now + 1])) >= expected_ticks(lengths) * abs(means[start - 1])
        else:
            is_over = length >= EXPECTED
        if is_over:
            lengths.append(length)
            start = now + 1
    return lengths


def runs_lengths(trades: list[Trade], unit: Unit) -> list[int]:
    signs, weights = signs_and_weights(trades, unit)
    lengths: list[int] = []
    shares: list[float] = []
    start = 0
    for now in range(len(trades)):
        window = range(start, now + 1)
        if lengths:
            mean = {
                side: (
                    [
                        0.0,
                        *averages(
                            [w for s, w in zip(signs[:start], weights, strict=False) if s == side],
                            SPAN * EXPECTED,
                        ),
                    ]
                )[-1]
                for side in (1, -1)
            }
            share = averages(shares, SPAN)[-1]
            threshold = expected_ticks(lengths) * max(share * mean[1], (1 - share) * mean[-1])
            sums = [sum(weights[i] for i in window if signs[i] == side) for side in (1, -1)]
            is_over = max(sums) >= threshold
        else:
            is_over = len(window) >= EXPECTED
        if is_over:
            signed = [signs[i] for i in window if signs[i]]
            shares.append(signed.count(1) / len(signed))
            lengths.append(len(window))
            start = now + 1
    return lengths


@pytest.mark.parametrize("unit", ["ticks", "volume", "dollars"])
@pytest.mark.parametrize("seed", [1, 2])
def test_imbalance_bars_end_where_the_formula_says(unit: Unit, seed: int) -> None:
    trades = walk(seed)
    operator = imbalance_bars(EXPECTED, unit, span=SPAN, sales=SaleRules.EVERY_TRADE)
    bars = [bar for bar in collect(trades, operator) if bar.is_final]
    assert [bar.count for bar in bars] == imbalance_lengths(trades, unit)
    assert len(bars) > 5


@pytest.mark.parametrize("unit", ["ticks", "volume", "dollars"])
@pytest.mark.parametrize("seed", [1, 2])
def test_runs_bars_end_where_the_formula_says(unit: Unit, seed: int) -> None:
    trades = walk(seed)
    operator = runs_bars(EXPECTED, unit, span=SPAN, sales=SaleRules.EVERY_TRADE)
    bars = [bar for bar in collect(trades, operator) if bar.is_final]
    assert [bar.count for bar in bars] == runs_lengths(trades, unit)
    assert len(bars) > 5


def test_imbalance_bars_first_has_the_expected_number_of_trades() -> None:
    assert collect(walk(3), imbalance_bars(7))[0].count == 7


@pytest.mark.parametrize("bars", [imbalance_bars(5), runs_bars(5)], ids=["imbalance", "runs"])
def test_bars_have_the_expected_number_of_trades_while_no_price_changes(bars: Operator) -> None:
    """An imbalance of nothing is no more than expected: without this every trade were a bar."""
    events = [trade("A", 10, at=i * 0.1) for i in range(15)]
    assert [bar.count for bar in collect(events, bars)] == [5, 5, 5]


def test_imbalance_bars_ticks_between_bounds_the_expectation() -> None:
    # Rising and falling in turn: the imbalance never gets far, and bars would grow without end.
    events = [trade("A", 10 + i % 2, at=i * 0.1) for i in range(1, 400)]
    lengths = [bar.count for bar in collect(events, imbalance_bars(5, ticks_between=(5, 5)))]
    assert max(lengths[1:]) <= 5


def test_odd_lot_has_the_sign_before_and_sets_none() -> None:
    plain = [trade("A", 10 + i, at=i) for i in range(4)]
    # A fall, but of a trade that may not set a price: by the tick rule still a buy.
    odd_lot = trade("A", 1, at=3.5, conditions=(37,))
    assert [bar.count for bar in collect([*plain, odd_lot], runs_bars(4, ticks_between=(1, 4)))] == [4, 1]
