from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Trade
from rxpolygon.operators import Vwap
from tests.operators.streams import Lab, push_through, trade


def vwaps(operator: object, *trades: Trade) -> list[Vwap]:
    return [it for it in push_through(operator, trades) if isinstance(it, Vwap)]  # type: ignore[arg-type]


def test_vwap_weighs_prices_by_size() -> None:
    lab = Lab()
    source = lab.hot("-a-b-|", a=trade(price=10.0, size=1, at=1), b=trade(price=20.0, size=3, at=2))
    watch = lab.watch(source.pipe(rxo.vwap()))
    lab.run()
    assert watch.seen == [(1, Vwap("A", 1, 10.0, 1.0, 1)), (3, Vwap("A", 2, 17.5, 4.0, 2)), (5, "|")]


def test_vwap_symbols_do_not_mix() -> None:
    emitted = vwaps(rxo.vwap(), trade("A", 10.0), trade("B", 20.0), trade("A", 30.0))
    assert [(it.symbol, it.vwap) for it in emitted] == [("A", 10.0), ("B", 20.0), ("A", 20.0)]


def test_vwap_trade_without_price_or_size_emits_nothing() -> None:
    emitted = vwaps(rxo.vwap(), trade(price=None), trade(size=None), trade(size=0), trade(), trade(size=0))
    assert [it.count for it in emitted] == [2, 3]


@pytest.mark.parametrize(("at", "count"), [(999, 2), (1_000, 1), (1_001, 1)])
def test_vwap_trade_exactly_window_old_has_left(at: int, count: int) -> None:
    assert vwaps(rxo.vwap("1s"), trade(at=0), trade(at=at))[-1].count == count


@pytest.mark.parametrize(("at", "count"), [(999, 2), (1_000, 1), (1_001, 1), (7_000, 1)])
def test_vwap_trade_on_the_boundary_restarts(at: int, count: int) -> None:
    assert vwaps(rxo.vwap(restart="1s"), trade(at=5), trade(at=at))[-1].count == count


@pytest.mark.parametrize(("at", "count"), [(1_299, 2), (1_300, 1)])
def test_vwap_offset_moves_the_boundary(at: int, count: int) -> None:
    operator = rxo.vwap(restart="1s", offset=timedelta(milliseconds=300))
    assert vwaps(operator, trade(at=300), trade(at=at))[-1].count == count


def test_vwap_late_trade_counts_as_if_at_the_newest() -> None:
    emitted = vwaps(rxo.vwap("1s"), trade(at=5_000), trade(at=10), trade(at=None), trade(at=5_999))
    assert [it.count for it in emitted] == [1, 2, 3, 4]


def test_vwap_large_trade_that_has_left_costs_no_digits() -> None:
    large = trade(price=1e9 / 3, size=1e9 / 7, at=0)
    emitted = vwaps(rxo.vwap("1s"), large, trade(price=0.1, size=0.7, at=500), trade(price=0.3, at=1_100))
    assert emitted[-1].vwap == pytest.approx((0.1 * 0.7 + 0.3) / 1.7, rel=1e-15)


def test_vwap_window_and_restart_together_raise_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="restart"):
        rxo.vwap("1s", restart="1d")


rows = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 500), st.floats(0.01, 1e5), st.floats(0.001, 1e6)),
    min_size=1,
    max_size=60,
)


@given(rows)
def test_vwap_equals_exact_fractions(rows: list[tuple[str, int, float, float]]) -> None:
    ours = vwaps(rxo.vwap(), *(trade(symbol, price, at, size=size) for symbol, at, price, size in rows))
    for number, it in enumerate(ours):
        before = [row for row in rows[: number + 1] if row[0] == it.symbol]
        volume = sum((Fraction(size) for *_, size in before), Fraction(0))
        notional = sum((Fraction(price * size) for _, _, price, size in before), Fraction(0))
        assert it.vwap == pytest.approx(float(notional / volume), rel=4e-16)
        assert it.volume == pytest.approx(float(volume), rel=2e-16)


@given(rows)
def test_vwap_window_equals_polars(rows: list[tuple[str, int, float, float]]) -> None:
    rows = sorted(rows, key=lambda row: row[1])
    ours = vwaps(
        rxo.vwap("100ms"), *(trade(symbol, price, at, size=size) for symbol, at, price, size in rows)
    )
    frame = pl.DataFrame(rows, schema=["symbol", "at", "price", "size"], orient="row").with_row_index("row")
    theirs = [
        frame.filter(
            (pl.col("symbol") == symbol) & (pl.col("at") > at - 100) & (pl.col("row") <= row)
        ).select((pl.col("price") * pl.col("size")).sum() / pl.col("size").sum())
        for row, (symbol, at, *_) in enumerate(rows)
    ]
    assert [it.vwap for it in ours] == pytest.approx([it.item() for it in theirs], rel=1e-12)
