"""``tape``: the last trades and their ticks."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakSet

import reactivex as rx
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex.subject import Subject

from rxpolygon import operators as rxo
from rxpolygon.events import Quote, Trade
from rxpolygon.notebook import tape
from rxpolygon.testing import quote, trade
from tests.notebook.support import rows


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 10))
def test_last_trades_stand_newest_first(prices: list[int], most: int) -> None:
    trades = [trade("IBM", price, number + 1, at=number) for number, price in enumerate(prices)]
    view = tape(rx.from_iterable(trades), rows=most)
    sizes = [row[3] for row in rows(view)]
    assert sizes == [f"{number + 1}" for number in reversed(range(len(prices)))][:most]


def test_tick_is_by_the_trade_before_of_the_symbol() -> None:
    sales = [("A", 10.0), ("B", 5.0), ("A", 10.5), ("B", 4.5), ("A", 10.5), ("B", 4.5)]
    view = tape(rx.of(*(trade(symbol, price, at=0) for symbol, price in sales)))
    marks = [(row[1], row[2][-1]) for row in reversed(rows(view))]
    assert marks == [("A", "0"), ("B", "0"), ("A", "▲"), ("B", "▼"), ("A", "▲"), ("B", "▼")]


def test_tick_of_the_oldest_row_knows_the_trade_that_is_gone() -> None:
    view = tape(rx.of(*(trade("A", price, at=0) for price in (10.0, 11.0))), rows=1)
    assert rows(view)[0][2] == "11.00 ▲"


def test_joined_trades_show_their_side() -> None:
    quotes, trades = Subject[Quote](), Subject[Trade]()
    view = tape(trades.pipe(rxo.join_quotes(quotes)))
    quotes.on_next(quote("A", 9.0, 11.0, at=0))
    trades.on_next(trade("A", 11.0, at=1))
    trades.on_next(trade("A", 9.0, at=2))
    quotes.on_completed()
    trades.on_completed()
    assert [row[4] for row in rows(view)] == ["sell", "buy"]


def test_columns_that_no_trade_has_are_left_out() -> None:
    assert "exchange" not in str(tape(rx.of(trade("A", at=0))))
    assert "exchange" in str(tape(rx.of(trade("A", at=0, exchange=4), trade("A", at=0))))


def test_fractional_sizes_show_what_they_have() -> None:
    view = tape(rx.of(trade("A", 1.0, 0.25, at=0), trade("A", 1.0, 100.0, at=0)))
    assert [row[3] for row in rows(view)] == ["100", "0.25"]


def test_a_trade_without_a_price_has_no_direction_and_the_next_goes_by_the_one_before() -> None:
    view = tape(rx.of(trade("A", 1.0, at=0), Trade(symbol="A"), trade("A", 2.0, at=1)))
    assert [row[1:3] for row in rows(view)] == [["A", "2.00 ▲"], [], ["A", "1.00"]]
    assert view.error is None


@dataclass(eq=False)
class Sale:
    """A trade that can be watched while it lives."""

    price: float
    symbol: str = "A"
    size: float = 1.0
    timestamp: int = 0


def test_it_keeps_only_its_rows() -> None:
    sales, living = Subject[Sale](), WeakSet[Sale]()
    with tape(sales, rows=5) as view:
        for number in range(1_000):
            sale = Sale(float(number))
            living.add(sale)
            sales.on_next(sale)
        assert len(rows(view)) == 5
        assert "1,000 trades" in str(view)
        assert sorted(sale.price for sale in living) == [995.0, 996.0, 997.0, 998.0, 999.0]
