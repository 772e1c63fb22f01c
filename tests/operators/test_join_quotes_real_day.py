"""The as-of join on a whole trading day, against polars."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from msgspec.json import Decoder
from polars.testing import assert_series_equal

import rxpolygon.operators as rxo
from rxpolygon.events import Quote, Trade
from rxpolygon.operators import AsOf, Side, TradeWithQuote
from tests.operators.streams import END, Hot, Watch

DAY = Path(__file__).parents[2] / "../shared/data/us-equities-2013-10-07.jsonl.gz"

Event = Trade | Quote

pytestmark = pytest.mark.skipif(not DAY.exists(), reason=f"the recorded day is not here: {DAY}")


@pytest.fixture(scope="module")
def day() -> list[Event]:
    decoder = Decoder(tuple[int, list[Event]], strict=False)
    with gzip.open(DAY) as lines:
        return [event for line in lines for event in decoder.decode(line)[1]]


def quotes_in_force(day: list[Event], exact: bool) -> pl.Series:
    """By polars: the sequence number of each trade's quote."""
    trades, quotes = (
        pl.DataFrame(
            {
                "symbol": [event.symbol for event in day if event.__class__ is kind],
                "timestamp": [event.timestamp for event in day if event.__class__ is kind],
                "q": [event.sequence_number for event in day if event.__class__ is kind],
            }
        )
        for kind in (Trade, Quote)
    )
    joined = trades.with_columns(row=pl.int_range(pl.len())).sort("timestamp", maintain_order=True)
    return joined.join_asof(
        quotes.sort("timestamp", maintain_order=True),
        on="timestamp",
        by="symbol",
        suffix="_quote",
        allow_exact_matches=exact,
        check_sortedness=False,
    ).sort("row")["q_quote"]


def replay(day: list[Event], trades: Hot[Trade], quotes: Hot[Quote]) -> None:
    send_trade, send_quote = trades.observers[0].on_next, quotes.observers[0].on_next
    for event in day:
        if isinstance(event, Trade):
            send_trade(event)
        else:
            send_quote(event)
    trades.complete()


def numbers(values: Iterator[Quote | None]) -> pl.Series:
    return pl.Series("q_quote", [None if it is None else it.sequence_number for it in values], pl.Int64)


def test_join_quotes_real_day_with_hold_equals_polars_on_all_trades(day: list[Event]) -> None:
    """Within a millisecond the recording has trades first, so only hold can see quotes of equal time."""
    trades: Hot[Trade] = Hot()
    quotes: Hot[Quote] = Hot()
    joined = trades.pipe(rxo.join_quotes(quotes, hold="20ms"))
    watch = Watch[TradeWithQuote[Trade, Quote]]().of(joined)
    replay(day, trades, quotes)
    assert watch.end == END
    assert len(watch.values) == 24_293 + 88_172 + 25_351
    assert_series_equal(numbers(it.quote for it in watch.values), quotes_in_force(day, exact=True))
    sides = [it.side for it in watch.values]
    assert sides.count(Side.UNKNOWN) < 10
    assert 0.4 < sides.count(Side.BUY) / len(sides) < 0.6


def test_as_of_join_real_day_at_once_equals_polars_without_exact_matches(day: list[Event]) -> None:
    trades: Hot[Trade] = Hot()
    quotes: Hot[Quote] = Hot()
    joined = trades.pipe(rxo.as_of_join(quotes, allow_exact_matches=False))
    watch = Watch[AsOf[Trade, Quote]]().of(joined)
    replay(day, trades, quotes)
    assert_series_equal(numbers(it.right for it in watch.values), quotes_in_force(day, exact=False))
