"""Bars of a real day held against the published ones (skipped where the recording is not at hand)."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec
import pytest
import reactivex
from msgspec.structs import replace
from reactivex import operators as ops

from rxpolygon.events import CryptoTrade, ForexQuote, Quote, Trade
from rxpolygon.operators import Bar, SaleRules, is_regular_hours, resample, time_bars
from tests.operators.bar_support import collect, ohlcv
from tests.still_time import StillTime

DATA: Final = Path(__file__).parents[2].parent / "shared" / "data"
DAY: Final = DATA / "us-equities-2013-10-07.jsonl.gz"
PUBLISHED: Final = DATA / "us-equities-2013-10-07.minute-bars.csv"
OPEN: Final = 1_381_152_600_000  # 9:30 in New York
CLOSE: Final = OPEN + 390 * 60_000
NYSE: Final = 10

pytestmark = pytest.mark.skipif(not DAY.exists(), reason=f"no recording of a real day in {DATA}")

Key = tuple[str, int]
Figures = tuple[float, float, float, float, float]


@cache
def day_trades() -> list[Trade]:
    decoder = msgspec.json.Decoder(tuple[int, list[Trade | Quote]])
    with gzip.open(DAY, "rb") as lines:
        frames = [decoder.decode(line)[1] for line in lines if b'"ev":"T"' in line]
    return [event for frame in frames for event in frame if isinstance(event, Trade)]


@cache
def published() -> dict[Key, Figures]:
    def figures(row: dict[str, str]) -> Figures:
        opening, high, low, close = (float(row[name]) for name in ("open", "high", "low", "close"))
        return opening, high, low, close, float(row["volume"])

    with PUBLISHED.open() as lines:
        return {(row["symbol"], int(row["start_ms_utc"])): figures(row) for row in csv.DictReader(lines)}


def plain(trade: Trade) -> bool:
    return not trade.conditions


BASIC: Final = SaleRules[Trade](plain, plain, lambda trade: True)


def test_basic_rule_equals_the_published_regular_bars_in_their_share() -> None:
    bars = {
        (bar.symbol, bar.start): ohlcv(bar) for bar in collect(day_trades(), time_bars("1m", sales=BASIC))
    }
    regular = [key for key in published() if is_regular_hours(key[1])]
    equal = [key for key in regular if bars.get(key) == published()[key]]

    def by_symbol(keys: list[Key]) -> dict[str, int]:
        return {symbol: len(list(group)) for symbol, group in groupby(sorted(keys), lambda key: key[0])}

    assert by_symbol(regular) == {"AIG": 389, "BAC": 390, "IBM": 390}
    assert by_symbol(equal) == {"AIG": 383, "BAC": 386, "IBM": 387}


def sets_price(trade: Trade) -> bool:
    codes = trade.conditions or ()
    if not is_regular_hours(trade.timestamp):
        return 12 in codes or 13 in codes
    return not codes or 30 in codes or 25 in codes or 8 in codes


FULL: Final = SaleRules[Trade](sets_price, sets_price, lambda trade: True)


def counts(trade: Trade) -> bool:
    """Whether the published bars know the trade at all (rules 1, 4, 5 and 6 of the data's README)."""
    codes = trade.conditions or ()
    if 15 in codes or 16 in codes:
        return False
    if 25 in codes:
        return trade.exchange == NYSE and OPEN <= trade.timestamp < OPEN + 60_000
    if 8 in codes:
        return trade.exchange == NYSE and trade.timestamp >= CLOSE
    return is_regular_hours(trade.timestamp) or 12 in codes or 13 in codes


def at_the_auction(trade: Trade) -> Trade:
    """An auction's print at the auction's own end of the session (rules 4 and 5)."""
    codes = trade.conditions or ()
    if 25 in codes:
        return replace(trade, timestamp=OPEN, sequence_number=0)
    return replace(trade, timestamp=CLOSE - 1) if 8 in codes else trade


def with_quiet_volume(bars: list[Bar]) -> dict[Key, Figures]:
    """The last revision of each bar, with the volume of the minutes after it that have no price (rule 3)."""
    latest = {(bar.symbol, bar.start): bar for bar in bars}
    kept: dict[Key, Figures] = {}
    last: Key | None = None
    for key in sorted(latest):
        figures = ohlcv(latest[key])
        if not latest[key].is_filled:
            kept[key], last = figures, key
        elif last is not None and last[0] == key[0]:
            kept[last] = (*kept[last][:4], kept[last][4] + figures[4])
    return kept


def test_full_rule_equals_every_published_bar_of_the_day() -> None:
    bars: list[Bar] = []
    reactivex.from_iterable(day_trades()).pipe(
        ops.filter(counts), ops.map(at_the_auction), time_bars("1m", sales=FULL, fill=True)
    ).subscribe(bars.append, scheduler=StillTime())
    assert with_quiet_volume(bars) == published()


def test_resampled_minutes_equal_bars_of_the_trades() -> None:
    minutes: list[Bar] = []
    reactivex.from_iterable(day_trades()).pipe(
        time_bars("1m", sales=SaleRules.EVERY_TRADE), resample("15m")
    ).subscribe(minutes.append, scheduler=StillTime())
    direct = collect(day_trades(), time_bars("15m", sales=SaleRules.EVERY_TRADE))
    assert sorted(map(without_vwap, minutes)) == sorted(map(without_vwap, direct))


def without_vwap(bar: Bar) -> tuple[str, int, int, int, Figures]:
    return bar.symbol, bar.start, bar.count, bar.revision, ohlcv(bar)


def test_order_of_arrival_within_the_lateness_does_not_matter() -> None:
    trades = [trade for trade in day_trades() if trade.timestamp < OPEN + 600_000]
    # Up to two seconds late, another order of the symbols.
    shaken = sorted(
        trades,
        key=lambda trade: (trade.timestamp + (trade.sequence_number or 0) * 7_919 % 2_000, trade.symbol),
    )
    assert shaken != trades
    straight = collect(trades, time_bars("1m"))
    late = collect(shaken, time_bars("1m", lateness="2s"))
    assert [without_vwap(bar) for bar in late] == [without_vwap(bar) for bar in straight]


def test_forex_ticks_make_bars_of_mid_prices() -> None:
    decoder = msgspec.json.Decoder(tuple[int, list[ForexQuote]], strict=False)
    lines = (DATA / "forex-usdjpy-2013-01-01.jsonl").read_bytes().splitlines()
    bars = collect([event for line in lines for event in decoder.decode(line)[1]], time_bars("1m"))
    assert sum(bar.count for bar in bars) == 1_000
    assert all(86 < bar.low <= bar.vwap <= bar.high < 88 for bar in bars if bar.vwap is not None)


def test_crypto_trades_make_bars_of_their_volume() -> None:
    with gzip.open(DATA / "crypto-coinbase-2021-04-17.jsonl.gz", "rb") as lines:
        events = [event for line in lines for event in msgspec.json.decode(line)[1] if event["ev"] == "XT"]
    trades = [
        CryptoTrade(symbol=event["pair"], price=event["p"], size=event["s"], timestamp=event["t"])
        for event in events
    ]
    bars = collect(trades, time_bars("1m", lateness="5m"))
    assert sum(bar.count for bar in bars) == len(trades) == 107
    assert sum(bar.volume for bar in bars) == pytest.approx(sum(trade.size for trade in trades))
