"""Bars of the market against an independent computation from its own trades, field by field."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from rxpolygon.simulator.market.bars import BarMaker
from rxpolygon.simulator.market.instruments import DEFAULT_SYMBOLS
from rxpolygon.simulator.market.market import Lateness
from rxpolygon.simulator.market.records import Bar, MinuteBar, Print, SecondBar, Top, Value
from tests.simulator.markets import OFF_HOURS, REGULAR_HOURS, of_kind, run

NO_PRICE = {2, 7, 20, 21, 29, 35, 37, 52, 53, 15, 16, 38}
NO_VOLUME = {15, 16, 38}
REGULAR_NO_PRICE = {12, 13}
FIRST_ONLY = {10, 22, 30, 32, 33}


class Counted(NamedTuple):
    """A trade and what the rules of the tape let it change, as a person would read them."""

    trade: Print
    high_low: bool
    open_close: bool
    volume: bool


def counted(trades: list[Print], *, is_regular: bool) -> list[Counted]:
    judged: list[Counted] = []
    for trade in trades:
        codes = set(trade.conditions)
        may = trade.size >= 1 and not codes & NO_PRICE and not (is_regular and codes & REGULAR_NO_PRICE)
        is_first = not any(earlier.open_close for earlier in judged)
        sets = may and (is_first or not codes & FIRST_ONLY)
        judged.append(Counted(trade, may, sets, not codes & NO_VOLUME))
    return judged


def expected_bars(judged: list[Counted], length: int, until: int) -> dict[int, dict[str, float]]:
    """Every field of every bar whose window has ended before an instant, by its start."""
    bars: dict[int, dict[str, float]] = {}
    for start in sorted({item.trade.at // length * length for item in judged}):
        inside = [item for item in judged if start <= item.trade.at < start + length]
        prices = [item.trade.price for item in inside if item.open_close]
        if not prices or start + length >= until:
            continue
        moving = [item.trade.price for item in inside if item.high_low]
        volume = [item.trade for item in inside if item.volume]
        day = [item.trade for item in judged if item.volume and item.trade.at < start + length]
        bars[start] = {
            "end": start + length,
            "open": prices[0],
            "high": max(moving),
            "low": min(moving),
            "close": prices[-1],
            "volume": sum(trade.size for trade in volume),
            "count": len(volume),
            "vwap": average(volume),
            "day_volume": sum(trade.size for trade in day),
            "day_vwap": average(day),
            "day_open": next(item.trade.price for item in judged if item.open_close),
        }
    return bars


def average(trades: list[Print]) -> float:
    return round(sum(trade.price * trade.size for trade in trades) / sum(trade.size for trade in trades), 4)


def fields(bar: Bar, names: list[str]) -> dict[str, float]:
    return {name: getattr(bar, name) for name in names}


@pytest.mark.parametrize("start", [REGULAR_HOURS, OFF_HOURS])
@pytest.mark.parametrize(("kind", "length"), [(SecondBar, 1_000), (MinuteBar, 60_000)])
def test_stock_bars_equal_those_made_from_the_trades(start: int, kind: type[Bar], length: int) -> None:
    published = run("stocks", "AAPL", seconds=400, rate=5, start=start)
    judged = counted(of_kind(published, Print), is_regular=start == REGULAR_HOURS)
    expected = expected_bars(judged, length, start + 400_000)
    made = {bar.start: bar for bar in of_kind(published, kind)}
    assert len(expected) >= 6
    assert made.keys() == expected.keys()
    for begin, bar in made.items():
        assert fields(bar, list(expected[begin])) == expected[begin]


@pytest.mark.parametrize("market", ["options", "crypto", "futures"])
def test_other_bars_count_every_trade(market: str) -> None:
    published = run(market, DEFAULT_SYMBOLS[market][0], seconds=130)
    bar = of_kind(published, MinuteBar)[-1]
    inside = [trade for trade in of_kind(published, Print) if bar.start <= trade.at < bar.end]
    prices = [trade.price for trade in inside]
    assert (bar.open, bar.close, bar.high, bar.low) == (prices[0], prices[-1], max(prices), min(prices))
    assert bar.volume == sum(trade.size for trade in inside)
    assert bar.count == len(inside)


def test_currency_bars_are_made_of_bids_and_count_quotes() -> None:
    published = run("forex", "EUR/USD", seconds=130)
    bar = of_kind(published, MinuteBar)[-1]
    bids = [quote.bid for quote in of_kind(published, Top) if bar.start <= quote.at < bar.end]
    assert (bar.open, bar.close, bar.high, bar.low) == (bids[0], bids[-1], max(bids), min(bids))
    assert bar.volume == len(bids)


def test_index_bars_are_made_of_values_and_have_no_volume() -> None:
    published = run("indices", "I:SPX", seconds=130)
    bar = of_kind(published, MinuteBar)[-1]
    values = [item.value for item in of_kind(published, Value) if bar.start <= item.at < bar.end]
    assert (bar.open, bar.close, bar.high, bar.low) == (values[0], values[-1], max(values), min(values))
    assert bar.volume == 0


def test_bar_is_published_right_after_its_window() -> None:
    published = run("stocks", "AAPL", seconds=130)
    assert all(at == bar.end for at, bar in published if isinstance(bar, Bar))
    stamps = [at for at, _ in published]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("within_ms", [500.0, 4_000.0])
def test_bars_changed_by_late_trades_are_sent_again(within_ms: float) -> None:
    lateness = Lateness(0.2, within_ms)
    published = run("stocks", "AAPL", seconds=240, rate=5, lateness=lateness)
    bars = of_kind(published, SecondBar)
    last = {bar.start: bar for bar in bars}
    assert len(bars) > len(last), "none was sent again"
    trades = sorted(of_kind(published, Print), key=lambda trade: (trade.at, trade.sequence))
    settled = REGULAR_HOURS + 240_000 - int(within_ms) - 1_000
    # Which trade is the day's first depends on the order of publication; look at what comes after it.
    judged = counted(trades, is_regular=True)
    expected = expected_bars(judged, 1_000, settled)
    names = ["end", "open", "high", "low", "close", "volume", "count"]
    for start, bar in expected.items():
        if start > REGULAR_HOURS + within_ms:
            assert fields(last[start], names) == {name: bar[name] for name in names}


def test_revision_is_sent_once_for_each_change() -> None:
    maker = BarMaker("A", 100, Print, revise=True, equity_rules=True)
    maker.add(made_trade(1_100, 10.0))
    assert [(at, bar.close) for at, bar in maker.close(2_000)] == [(2_000, 10.0)]
    assert list(maker.close(3_000)) == []
    maker.add(made_trade(1_200, 11.0))
    maker.add(made_trade(1_050, 9.0))
    revised = list(maker.close(4_500))
    assert [(at, bar.open, bar.close) for at, bar in revised] == [(4_000, 9.0, 11.0)]
    assert list(maker.close(5_000)) == []


def test_window_without_an_eligible_trade_has_no_bar() -> None:
    maker = BarMaker("A", 100, Print, revise=False, equity_rules=True)
    maker.add(made_trade(1_100, 10.0, size=50, conditions=(37,)))
    maker.add(made_trade(1_200, 10.0, size=0.5))
    assert list(maker.close(2_000)) == []


def test_volume_of_a_window_without_a_bar_counts_for_the_day() -> None:
    maker = BarMaker("A", 100, Print, revise=False, equity_rules=True)
    maker.add(made_trade(1_100, 10.0, size=50, conditions=(37,)))
    list(maker.close(2_000))
    maker.add(made_trade(2_100, 10.0))
    (_, bar), *_ = maker.close(3_000)
    assert (bar.volume, bar.day_volume) == (100, 150)


def test_day_of_new_york_begins_the_sums_anew() -> None:
    midnight = 1_762_491_600_000
    maker = BarMaker("A", 100, Print, revise=False, equity_rules=True)
    maker.add(made_trade(midnight - 500, 10.0))
    list(maker.close(midnight))
    maker.add(made_trade(midnight + 100, 12.0))
    (_, bar), *_ = maker.close(midnight + 1_000)
    assert (bar.day_volume, bar.day_open) == (100, 12.0)


def made_trade(at: int, price: float, *, size: float = 100, conditions: tuple[int, ...] = ()) -> Print:
    return Print("A", at, price, size, conditions, 1, str(at), at)
