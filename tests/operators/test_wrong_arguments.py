"""What no operator can work with is refused where it is written, before anything is subscribed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import reactivex as rx

from rxpolygon import operators as rxo
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

# Any: what type checkers refuse is what is tried here.
nonsense: Any = "NYSE"
number: Any = 5
WRONG_TYPES: dict[str, Callable[[], object]] = {
    "session must be a Session": lambda: rxo.time_bars("1d", session=nonsense),
    "session must be a Session, such as": lambda: rxo.resample("1d", session=nonsense),
    "sales must be rules, such as SaleRules.SIP": lambda: rxo.time_bars("1m", sales=nonsense),
    "sales must be rules": lambda: rxo.tick_bars(5, sales=nonsense),
    "sales must be rules, ": lambda: rxo.volume_bars(5, sales=nonsense),
    "sales must be rules, s": lambda: rxo.dollar_bars(5, sales=nonsense),
    "sales must be rules, su": lambda: rxo.range_bars(5, sales=nonsense),
    "sales must be rules, suc": lambda: rxo.imbalance_bars(5, sales=nonsense),
    "sales must be rules, such": lambda: rxo.runs_bars(5, sales=nonsense),
    "on_late must be a function, not int": lambda: rxo.time_bars("1m", on_late=number),
    "on_late must be a function": lambda: rxo.reorder("1s", on_late=number),
    "quotes must be an Observable, not int": lambda: rxo.join_quotes(number),
    "other must be an Observable": lambda: rxo.as_of_join(number),
    "aggregates must be an Observable": lambda: rxo.reconcile(number),
    "capacity must be an int, not str": lambda: rxo.buffered(nonsense),
    "on_drop must be a function": lambda: rxo.buffered(5, on_drop=number),
    "capacity must be an int": lambda: rxo.deduplicate(capacity=nonsense),
    "key must be a function": lambda: rxo.deduplicate(key=number),
    "on_duplicate must be a function": lambda: rxo.deduplicate(on_duplicate=number),
    "threshold must be an int": lambda: rxo.sequence_gaps(nonsense),
    "levels must be an int": lambda: rxo.order_book(nonsense),
    "fill must be True or False": lambda: rxo.time_bars("1m", fill=nonsense),
    "corrections must be True or False": lambda: rxo.time_bars("1m", corrections=nonsense),
    "corrections must be True or False, ": lambda: rxo.vwap(corrections=nonsense),
    "corrections must be True or False, n": lambda: rxo.rolling("1m", corrections=nonsense),
    "allow_exact_matches must be True or False": lambda: rxo.as_of_join(
        rx.never(), allow_exact_matches=nonsense
    ),
    "offset must be a str such as '6h', or a timedelta, not int": lambda: rxo.vwap(
        restart="1d", offset=number
    ),
    "on_late must be a function, ": lambda: rxo.vwap(on_late=number),
    "value must be a function": lambda: rxo.rolling("1s", value=number),
    "tolerance must be a number": lambda: rxo.reconcile(rx.never(), tolerance=nonsense),
    "vwap_tolerance must be a number": lambda: rxo.reconcile(rx.never(), vwap_tolerance=nonsense),
    "ticks_between must be a pair of the least and the most": lambda: rxo.runs_bars(5, ticks_between=number),
    "the most of ticks_between must be an int": lambda: rxo.runs_bars(5, ticks_between=(1, nonsense)),
    "name must be a str, not int": lambda: rxo.buffered(5, name=number),
    "updates_volume must be a function of a trade": lambda: rxo.SaleRules(bool, bool, number),
    "table must be a mapping of codes to SaleConditions": lambda: rxo.SaleRules.from_table(number),
    "table[37] must be a SaleCondition, not str": lambda: rxo.SaleRules.from_table({37: nonsense}),
    "least_size must be a number": lambda: rxo.SaleRules.from_table({}, least_size=nonsense),
    "pipeline must be an operator, or a function of an Observable": lambda: rxo.by_symbol(number),
    "on_symbol_error must be a function": lambda: rxo.by_symbol(lambda it: it, on_symbol_error=number),
}


@pytest.mark.parametrize("message", WRONG_TYPES)
def test_a_wrong_type_is_named_at_the_call(message: str) -> None:
    with pytest.raises(InvalidTypeError) as raised:
        WRONG_TYPES[message]()
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    "call",
    [
        lambda: rxo.buffered(0),
        lambda: rxo.deduplicate(capacity=0),
        lambda: rxo.sequence_gaps(0),
        lambda: rxo.order_book(0),
    ],
)
def test_a_number_below_one_is_named_at_the_call(call: Callable[[], object]) -> None:
    with pytest.raises(InvalidArgumentError, match="=0 is not allowed: use a whole number above zero"):
        call()


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("time_zone=5", lambda: rxo.Session(number)),
        ("weekdays=5", lambda: rxo.Session.daily("09:30", "16:00", time_zone="UTC", weekdays=number)),
        ("opening='09:30+01:00'", lambda: rxo.Session.daily("09:30+01:00", "16:00", time_zone="UTC")),
        ("ticks_between=(6, 9)", lambda: rxo.runs_bars(5, ticks_between=(6, 9))),
        ("tolerance=-1", lambda: rxo.reconcile(rx.never(), tolerance=-1)),
        ("vwap_tolerance=nan", lambda: rxo.reconcile(rx.never(), vwap_tolerance=float("nan"))),
        ("least_size=-1", lambda: rxo.SaleRules.from_table({}, least_size=-1)),
    ],
)
def test_what_is_not_allowed_is_named_at_the_call(argument: str, call: Callable[[], object]) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        call()
    assert str(raised.value).startswith(f"{argument} is not allowed: use ")
