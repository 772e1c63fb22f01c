"""``live_table``: which rows and columns there are, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest
import reactivex as rx
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex.subject import Subject

from rxpolygon import operators as rxo
from rxpolygon.events import IndexValue, Trade
from rxpolygon.notebook import live_table
from rxpolygon.testing import aggregate, bar, quote, trade
from tests.notebook.support import rows

NOON_IN_NEW_YORK = 1_700_154_000_000


def titles(view: object) -> list[str]:
    return [part for part in str(view).splitlines()[0].split("  ") if part.strip()]


SALES = st.tuples(st.sampled_from("ABC"), st.integers(1, 10_000), st.integers(1, 500))


@settings(deadline=None)
@given(st.lists(SALES, min_size=1, max_size=60))
def test_each_symbol_has_its_latest_event(sales: list[tuple[str, int, int]]) -> None:
    view = live_table(rx.of(*(trade(symbol, cents / 100, size) for symbol, cents, size in sales)))
    latest = {symbol: [f"{cents / 100:.2f}", str(size)] for symbol, cents, size in sales}
    assert [row[:3] for row in rows(view)] == [[symbol, *latest[symbol]] for symbol in sorted(latest)]
    assert f"{len(sales):,} event" in str(view)


def test_classes_of_events_share_a_row_with_the_latest_of_each() -> None:
    view = live_table(
        rx.of(
            trade("IBM", 10.0, 100, at=0),
            quote("IBM", 9.5, 10.5, bid_size=3, ask_size=4, at=1),
            trade("IBM", 10.25, 200, at=2),
        )
    )
    assert rows(view) == [["IBM", "10.25", "200", "3", "9.50", "10.50", "4", "15:00:02.000"]]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (trade(at=0), ["price", "size"]),
        (quote(at=0), ["bid size", "bid price", "ask price", "ask size"]),
        (bar(at=0), ["open", "high", "low", "close", "volume", "vwap"]),
        (aggregate(at=0), ["open", "high", "low", "close", "volume", "vwap"]),
        (IndexValue(symbol="I:SPX", value=5_000.5, wire_timestamp=1), ["value"]),
    ],
)
def test_columns_suit_the_class_of_events(event: Trade, expected: list[str]) -> None:
    assert [title.strip() for title in titles(live_table(rx.of(event)))][1:-1] == expected


def test_joined_trades_show_price_size_and_side() -> None:
    joined = rx.of(trade("IBM", 10.0, at=0)).pipe(rxo.join_quotes(rx.empty()))
    assert [title.strip() for title in titles(live_table(joined))][1:-1] == ["price", "size", "side"]


@dataclass(frozen=True)
class Signal:
    symbol: str
    timestamp: int
    strength: float
    is_long: bool


def test_own_class_shows_its_fields() -> None:
    view = live_table(rx.of(Signal("IBM", NOON_IN_NEW_YORK, 0.75, True)))
    assert [title.strip() for title in titles(view)] == ["symbol", "strength", "is long", "time (UTC)"]
    assert rows(view) == [["IBM", "0.75", "yes", "17:00:00.000"]]


def test_chosen_columns_are_those_attributes() -> None:
    view = live_table(rx.of(trade("IBM", 10.0, 5, at=0, conditions=(12, 37))), columns=["size", "conditions"])
    assert rows(view) == [["IBM", "5", "12, 37", "15:00:00.000"]]


def test_field_that_the_server_left_out_is_blank() -> None:
    view = live_table(rx.of(Trade(symbol="IBM", price=10.0)), columns=["price", "size"])
    assert rows(view) == [["IBM", "10.00"]]


def test_times_are_of_the_zone() -> None:
    event = trade("IBM", 10.0, timestamp=NOON_IN_NEW_YORK)
    view = live_table(rx.of(event), timezone="America/New_York")
    assert rows(view)[0][-1] == "12:00:00.000"
    assert "time (America/New_York)" in str(view)


def test_more_symbols_than_rows_are_told() -> None:
    view = live_table(rx.of(*(trade(f"S{n:02}", 1.0, n + 1, at=0) for n in range(30))), rows=3)
    assert [row[0] for row in rows(view)] == ["S00", "S01", "S02"]
    assert "(3 of 30 symbols, 30 events" in str(view)


def test_sorted_by_an_attribute_the_greatest_is_first_and_what_has_none_is_last() -> None:
    events = [trade("A", 1.0, 5, at=0), trade("B", 1.0, 50, at=0), Trade(symbol="C", price=1.0)]
    view = live_table(rx.of(*events), sort_by="size")
    assert [row[0] for row in rows(view)] == ["B", "A", "C"]


def test_rise_and_fall_since_the_last_redraw_are_marked() -> None:
    trades = Subject[Trade]()
    with live_table(trades) as view:
        marks = []
        for price in (10.0, 10.5, 10.5, 10.25):
            trades.on_next(trade("IBM", price, at=0))
            cell = rows(view)[0][1]
            marks.append(cell[-1] if cell[-1] in "▲▼" else "")
    assert marks == ["", "▲", "▲", "▼"]


def test_prices_have_the_decimals_of_the_finest() -> None:
    view = live_table(rx.of(trade("A", 1.08421, at=0), trade("B", 151.5, at=0)))
    assert [row[1] for row in rows(view)] == ["1.084210", "151.500000"]


def test_small_coins_are_told_apart() -> None:
    view = live_table(rx.of(trade("SHIB-USD", 0.00000812, at=0), trade("PEPE-USD", 0.00000799, at=0)))
    assert [row[1] for row in rows(view)] == ["0.00000799", "0.00000812"]


def test_a_number_that_is_no_time_leaves_its_place_empty() -> None:
    odd = msgspec.structs.replace(trade("IBM", 1.0), timestamp=10**18)
    assert rows(live_table(rx.of(odd))) == [["IBM", "1.00", "100"]]


def test_text_from_outside_is_harmless() -> None:
    view = live_table(rx.of(trade("<script>\x1b[2J", 1.0, at=0)))
    html = str(view._repr_mimebundle_()["text/html"])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "\x1b" not in str(view)
