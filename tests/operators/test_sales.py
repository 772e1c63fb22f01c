"""``SaleRules``: what each condition lets a trade change in a bar."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import reactivex
from msgspec import Struct
from msgspec.structs import replace
from reactivex import Observable

from rxpolygon.events import CryptoTrade, FuturesTrade, Quote, Trade, alpaca
from rxpolygon.events.conditions import SALE_CONDITIONS, Effect, SaleCondition
from rxpolygon.operators import Bar, SaleRules, join_quotes, tick_bars, time_bars
from tests.operators.bar_support import BASE, collect, ohlcv, trade

PLAIN_CODES = (0, 1, 3, 4, 8, 9, 11, 14, 17, 18, 19, 23, 24, 25, 27, 28, 34, 36, 41, 250)
VOLUME_ONLY_CODES = (2, 7, 20, 21, 29, 35, 37, 52, 53)


def middle(*codes: int, size: float = 100) -> tuple[float, float, float, float, float]:
    """The bar of three trades, at 10, 20 with the codes, and 11, that the outer ones open and close."""
    events = [trade("A", 10, at=1), trade("A", 20, at=2, size=size, conditions=codes), trade("A", 11, at=3)]
    return ohlcv(collect(events, time_bars("1m"))[0])


def last(*codes: int) -> tuple[float, float, float, float, float]:
    """The bar of two trades, the second with the codes."""
    return ohlcv(collect([trade("A", 10, at=1), trade("A", 20, at=2, conditions=codes)], time_bars("1m"))[0])


def new_york(hour: int, minute: int, *codes: int, price: float = 10, day: int = 16) -> Trade:
    local = datetime(2023, 11, day, hour, minute, tzinfo=ZoneInfo("America/New_York"))
    return Trade(
        symbol="A", price=price, size=100, timestamp=int(local.timestamp() * 1_000), conditions=codes or None
    )


@pytest.mark.parametrize("code", PLAIN_CODES)
def test_sip_plain_code_changes_everything(code: int) -> None:
    assert middle(code) == (10, 20, 10, 11, 300)
    assert last(code) == (10, 20, 10, 20, 200)


@pytest.mark.parametrize("code", VOLUME_ONLY_CODES)
def test_sip_volume_only_code_moves_no_price(code: int) -> None:
    assert last(code) == (10, 10, 10, 10, 200)


@pytest.mark.parametrize("code", [15, 16, 38])
def test_sip_official_print_changes_nothing(code: int) -> None:
    assert last(code) == (10, 10, 10, 10, 100)


@pytest.mark.parametrize("code", [10, 22, 30, 32, 33])
def test_sip_late_price_moves_high_and_low_only(code: int) -> None:
    assert last(code) == (10, 20, 10, 10, 200)


@pytest.mark.parametrize("code", [10, 22, 30, 32, 33])
def test_sip_late_price_counts_as_the_first_of_the_day(code: int) -> None:
    events = [trade("A", 20, at=1, conditions=(code,)), trade("A", 10, at=2)]
    assert ohlcv(collect(events, time_bars("1m"))[0]) == (20, 20, 10, 10, 200)


def test_sip_late_price_alone_on_its_day_opens_and_closes() -> None:
    assert ohlcv(collect([trade("A", 20, at=1, conditions=(30,))], time_bars("1m"))[0]) == (
        20,
        20,
        20,
        20,
        100,
    )


def test_sip_late_price_is_not_the_first_after_another_window_of_the_day() -> None:
    events = [new_york(10, 0), new_york(10, 1, 30, price=20), new_york(10, 2)]
    assert [bar.open for bar in collect(events, time_bars("1m"))] == [10, 10]


def test_sip_late_price_is_the_first_again_on_the_next_day() -> None:
    events = [new_york(10, 0), new_york(10, 1, 30, price=20, day=17)]
    assert [bar.open for bar in collect(events, time_bars("1m"))] == [10, 20]


def test_sip_late_price_before_which_a_late_trade_comes_is_not_the_first() -> None:
    events = [trade("A", 20, at=2, conditions=(30,)), trade("A", 10, at=1), trade("A", 11, at=3)]
    assert ohlcv(collect(events, time_bars("1m", lateness="1m"))[0]) == (10, 20, 10, 11, 300)


def test_sip_late_price_after_midnight_is_the_first_in_a_window_over_midnight() -> None:
    events = [new_york(22, 45), new_york(0, 10, 32, price=12, day=17), new_york(0, 20, 32, price=13, day=17)]
    bars = collect(events, time_bars("1h", offset="30m"))
    assert [ohlcv(bar) for bar in bars] == [(10, 10, 10, 10, 100), (12, 13, 12, 12, 200)]


def test_sip_late_price_that_comes_late_itself_is_still_the_first() -> None:
    events = [trade("A", 10, at=2), trade("A", 12, at=61), trade("A", 9, at=1, conditions=(32,))]
    assert ohlcv(collect(events, time_bars("1m"))[1]) == (9, 10, 9, 10, 200)


def test_sip_late_price_that_may_set_nothing_hides_no_other_one() -> None:
    """Form T in regular hours moves no price, out of sequence or not."""
    events = [new_york(10, 0, 32, 12, price=99), new_york(10, 1, 32, price=10)]
    assert ohlcv(collect(events, time_bars("5m"))[0]) == (10, 10, 10, 10, 200)


@pytest.mark.parametrize("code", [12, 13])
def test_sip_extended_hours_code_moves_prices_outside_regular_hours_only(code: int) -> None:
    events = [new_york(9, 29, code, price=12), new_york(9, 30), new_york(9, 30, code, price=12)]
    bars = collect([*events, new_york(16, 0, code, price=13)], time_bars("1m"))
    assert [ohlcv(bar) for bar in bars] == [
        (12, 12, 12, 12, 100),
        (10, 10, 10, 10, 200),
        (13, 13, 13, 13, 100),
    ]


def test_sip_most_restrictive_code_wins() -> None:
    assert last(14, 41, 37) == (10, 10, 10, 10, 200)
    assert last(30, 37) == (10, 10, 10, 10, 200)
    assert last(37, 15) == (10, 10, 10, 10, 100)


def test_sip_less_than_one_share_moves_no_price() -> None:
    assert middle(size=0.5) == (10, 11, 10, 11, 200.5)
    assert middle(size=1) == (10, 20, 10, 11, 201)


def test_every_trade_counts_them_all() -> None:
    events = [trade("A", 10, at=1, conditions=(15,)), trade("A", 20, at=2, size=0.5, conditions=(37,))]
    assert ohlcv(collect(events, time_bars("1m", sales=SaleRules.EVERY_TRADE))[0]) == (10, 20, 10, 20, 100.5)


def test_predicates_answer_for_each_figure() -> None:
    rules = SaleRules[Trade](
        updates_high_low=lambda event: event.price > 15,
        updates_open_close=lambda event: event.price < 15,
        updates_volume=lambda event: event.size > 50,
    )
    events = [trade("A", 10, at=1), trade("A", 20, at=2, size=10), trade("A", 12, at=3)]
    assert ohlcv(collect(events, time_bars("1m", sales=rules))[0]) == (10, 20, 20, 12, 200)


def test_predicates_may_answer_with_effects() -> None:
    rules = SaleRules[Trade](
        updates_high_low=lambda _: True,
        updates_open_close=lambda _: Effect.FIRST_OF_DAY,
        updates_volume=lambda _: True,
    )
    events = [trade("A", 10, at=1), trade("A", 20, at=2), trade("A", 12, at=3)]
    assert ohlcv(collect(events, time_bars("1m", sales=rules))[0]) == (10, 20, 10, 10, 300)


@pytest.mark.parametrize("codes", [[(30,), ()], [(), (30,)]])
def test_first_trade_of_the_day_is_that_which_arrives_first_of_its_instant(
    codes: list[tuple[int, ...]],
) -> None:
    trades = [trade("A", price, at=1, conditions=codes[at]) for at, price in enumerate((10, 20))]
    assert collect(trades, time_bars("1m"))[0].open == 10


def test_prices_without_high_and_low_span_open_and_close() -> None:
    rules = SaleRules[Trade](lambda _: False, lambda _: True, lambda _: True)
    events = [trade("A", 12, at=1), trade("A", 20, at=2), trade("A", 10, at=3)]
    assert ohlcv(collect(events, time_bars("1m", sales=rules))[0]) == (12, 12, 10, 10, 300)


def test_table_of_ones_own_replaces_the_rules() -> None:
    odd_lot = replace(SALE_CONDITIONS[37], high_low=Effect.ALWAYS, open_close=Effect.ALWAYS)
    rules = SaleRules.from_table({**SALE_CONDITIONS, 37: odd_lot})
    events = [
        trade("A", 10, at=1),
        trade("A", 20, at=2, conditions=(37,)),
        trade("A", 5, at=3, conditions=(2,)),
    ]
    assert ohlcv(collect(events, time_bars("1m", sales=rules))[0]) == (10, 20, 10, 20, 300)


def test_table_with_letters_serves_venues_that_send_letters() -> None:
    class LetterTrade(Struct, frozen=True):
        symbol: str
        price: float
        size: float
        timestamp: int
        conditions: list[str]

    never = Effect.NEVER
    rules = SaleRules.from_table({"I": SaleCondition(37, "odd lot", never, never)})
    events = [LetterTrade("A", 10, 100, 0, ["@"]), LetterTrade("A", 20, 30, 0, ["@", "I"])]
    assert ohlcv(collect(events, time_bars("1m", sales=rules))[0]) == (10, 10, 10, 10, 130)


def test_sip_predicates_tell_their_answers() -> None:
    rules = SaleRules.SIP
    assert rules.updates_high_low(trade("A", 1, at=0, conditions=(30,))) is Effect.ALWAYS
    assert rules.updates_open_close(trade("A", 1, at=0, conditions=(30,))) is Effect.FIRST_OF_DAY
    assert rules.updates_open_close(trade("A", 1, at=0, conditions=(37,))) is Effect.NEVER
    assert not rules.updates_volume(trade("A", 1, at=0, conditions=(15,)))


def test_bars_not_cut_by_time_follow_the_rules_too() -> None:
    events = [
        new_york(9, 0, 12, price=9),
        new_york(10, 0, 12, price=99),
        new_york(10, 1, 30, price=20),
        new_york(10, 2, 15, price=99),
        new_york(10, 3, price=10),
    ]
    assert [ohlcv(bar) for bar in collect(events, tick_bars(4))] == [(9, 20, 9, 10, 400)]


@dataclass
class OwnTrade:
    """A user's own trade: the class of a plain dataclass has no attributes for its fields."""

    symbol: str
    price: float
    size: float
    timestamp: int
    conditions: tuple[int, ...]


@pytest.mark.parametrize("operator", [time_bars("1m"), tick_bars(2)], ids=["time", "tick"])
def test_rules_and_bars_read_plain_dataclasses(operator: Callable[..., Observable[Bar]]) -> None:
    events = [OwnTrade("A", 10, 100, BASE, ()), OwnTrade("A", 20, 100, BASE + 1, (37,))]
    assert ohlcv(collect(events, operator)[0]) == (10, 10, 10, 10, 200)


def test_rules_apply_to_trades_that_were_joined_with_quotes() -> None:
    """An odd lot, then two trades of one instant, of which the sequence number tells the last."""
    events = [
        trade("A", 10, at=1, sequence=3),
        trade("A", 20, at=2, conditions=(37,)),
        trade("A", 12, at=3, sequence=9),
        trade("A", 11, at=3, sequence=8),
    ]
    quotes = reactivex.of(Quote(symbol="A", bid_price=9, ask_price=11, timestamp=BASE))
    joined = collect(events, lambda trades: trades.pipe(join_quotes(quotes), time_bars("1m")))
    assert joined == collect(events, time_bars("1m"))
    assert ohlcv(joined[0]) == (10, 12, 10, 12, 400)


@pytest.mark.parametrize(
    "event",
    [
        CryptoTrade(symbol="BTC-USD", price=10, size=0.5, timestamp=BASE, conditions=(2,)),
        alpaca.OptionTrade(symbol="O", price=10, size=1, wire_timestamp=BASE, conditions="I"),
        FuturesTrade(symbol="ES", price=10, size=1, timestamp=BASE),
    ],
    ids=lambda event: type(event).__name__,
)
def test_joined_trades_have_no_sale_conditions_where_their_codes_are_none(event: Any) -> None:
    (joined,) = collect([event], join_quotes(reactivex.never()))
    assert joined.conditions is None


def test_signatures_name_the_default_rules() -> None:
    assert "= SaleRules.SIP," in str(inspect.signature(time_bars))
    assert repr(SaleRules.EVERY_TRADE) == "SaleRules.EVERY_TRADE"
    assert repr(SaleRules.from_table({37: SALE_CONDITIONS[37]})) == "<SaleRules of 1 codes, least_size=0>"
