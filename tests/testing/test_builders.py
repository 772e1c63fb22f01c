"""Builders make events, and marbles give them their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rxpolygon import alpaca, events
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators import Bar, is_regular_hours
from rxpolygon.testing import EPOCH, aggregate, bar, having, quote, trade
from rxpolygon.testing.builders import placed

NOW = EPOCH + 90_000


def test_epoch_is_a_whole_hour_in_regular_hours() -> None:
    assert EPOCH % 3_600_000 == 0
    assert is_regular_hours(EPOCH)


def test_trade_has_what_it_was_given() -> None:
    made = trade("IBM", 181.5, 300, at=2.5, conditions=(12,))
    assert made == events.Trade(
        symbol="IBM", price=181.5, size=300, timestamp=EPOCH + 2_500, conditions=(12,)
    )


def test_quote_has_what_it_was_given() -> None:
    made = quote("IBM", 9.0, 11.0, bid_size=3, at=1, ask_exchange=4)
    assert (made.bid_price, made.ask_price, made.bid_size, made.ask_size) == (9.0, 11.0, 3, 100)
    assert (made.timestamp, made.ask_exchange) == (EPOCH + 1_000, 4)


def test_default_trade_is_between_the_sides_of_the_default_quote() -> None:
    assert quote().bid_price < trade().price < quote().ask_price


def test_bar_without_extremes_spans_open_and_close() -> None:
    made = bar("IBM", 12.0, open=10.0, at=60, every="5m", vwap=11.0)
    assert (made.open, made.high, made.low, made.close, made.vwap) == (10.0, 12.0, 10.0, 12.0, 11.0)
    assert (made.start, made.end) == (EPOCH + 60_000, EPOCH + 360_000)


def test_instant_may_be_an_aware_datetime() -> None:
    at = datetime(2023, 11, 16, 15, 0, 1, tzinfo=UTC)
    assert trade(at=at).timestamp == EPOCH + 1_000


def test_instant_without_a_zone_raises() -> None:
    with pytest.raises(InvalidArgumentError, match="needs a zone"):
        trade(at=datetime(2023, 11, 16, 15, 0))


@pytest.mark.parametrize("at", [float("nan"), float("inf")])
def test_instant_that_is_no_number_raises(at: float) -> None:
    with pytest.raises(InvalidArgumentError, match="at="):
        trade(at=at)


def test_instant_of_another_type_raises() -> None:
    with pytest.raises(InvalidTypeError, match="seconds after EPOCH"):
        trade(at="10:00")  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize(
    "value",
    [
        trade(),
        quote(),
        events.CryptoTrade(symbol="BTC-USD", price=1.0),
        events.LimitUpLimitDown(symbol="IBM", high=2.0, low=1.0),
        alpaca.Trade(symbol="IBM", price=1.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_event_without_a_time_takes_that_of_its_marble(value: events.Event) -> None:
    assert placed(value, NOW).timestamp == NOW


@pytest.mark.parametrize("value", [trade(at=1), quote(at=1), bar(at=1), aggregate(at=1), "x", 5, None])
def test_value_with_a_time_or_of_another_kind_stays_as_it_is(value: object) -> None:
    assert placed(value, NOW) is value


@pytest.mark.parametrize(
    "value",
    [bar(every=timedelta(minutes=1)), aggregate(), alpaca.MinuteBar(symbol="IBM"), alpaca.UpdatedBar("IBM")],
    ids=lambda value: type(value).__name__,
)
def test_window_without_a_time_ends_at_its_marble(value: Bar | events.Aggregate | alpaca.Bar) -> None:
    now = placed(value, NOW)
    assert (now.start, now.end) == (NOW - 60_000, NOW)


def test_having_is_equal_to_what_has_the_attributes() -> None:
    assert having(price=10.0) == trade()
    assert having(price=pytest.approx(10.0001, abs=0.001)) == trade()
    assert having(price=11.0) != trade()
    assert having(colour="red") != trade()
    assert repr(having(price=10.0)) == "having(price=10.0)"
