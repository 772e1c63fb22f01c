"""The tapes' letters have the rules of the numbers; the simulator's own table says which letter is which."""

from __future__ import annotations

import pytest

from rxpolygon.events.alpaca import OptionTrade, Trade
from rxpolygon.events.conditions import SALE_CONDITIONS, TAPE_CONDITIONS, Effect
from rxpolygon.operators import SaleRules
from rxpolygon.simulator.venues.alpaca_codes import sale_conditions

_NEVER_SENT = {41}  # it has no letter: every trade of today is exempt


def answers(*conditions: int | str) -> tuple[object, object, bool]:
    trade = Trade(symbol="A", price=1.0, size=100.0, conditions=conditions)  # type: ignore[arg-type]  # numbers too
    rules = SaleRules.SIP
    return rules.updates_high_low(trade), rules.updates_open_close(trade), rules.updates_volume(trade)


@pytest.mark.parametrize("tape", [1, 2, 3])
@pytest.mark.parametrize("code", SALE_CONDITIONS)
def test_letter_has_the_rules_of_its_number(code: int, tape: int) -> None:
    letters = sale_conditions((code,), tape)
    if len(letters) == 1 and code not in (0, 7, 20, 29):
        return  # this tape has no letter for it
    assert answers(*letters) == answers(code), letters


def test_b_is_an_average_price_unless_tape_c_says_it() -> None:
    assert answers(" ", "B") == (Effect.NEVER, Effect.NEVER, True)
    assert answers("B") == (Effect.NEVER, Effect.NEVER, True)
    assert answers("@", "B") == (Effect.ALWAYS, Effect.ALWAYS, True)
    assert answers("@", "B", "I") == (Effect.NEVER, Effect.NEVER, True)


def test_every_letter_is_known_once() -> None:
    assert all(condition.code == letter for letter, condition in TAPE_CONDITIONS.items())
    assert TAPE_CONDITIONS["I"].name == "odd lot"


def test_codes_of_options_are_no_sale_conditions() -> None:
    trade = OptionTrade(symbol="A", price=1.0, size=1.0, conditions="I")
    assert SaleRules.SIP.updates_high_low(trade) is Effect.ALWAYS
