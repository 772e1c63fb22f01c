"""What each sale condition lets a trade change."""

from __future__ import annotations

import pytest

from rxpolygon.simulator.market.rules import Permission, SaleBook

ALL = Permission(True, True, False, True)
VOLUME_ONLY = Permission(False, False, False, True)
NOTHING = Permission(False, False, False, False)
FIRST_ONLY = Permission(True, True, True, True)


@pytest.mark.parametrize(
    ("conditions", "regular", "off_hours"),
    [
        ((), ALL, ALL),
        ((14, 41), ALL, ALL),
        ((9_999,), ALL, ALL),
        ((37,), VOLUME_ONLY, VOLUME_ONLY),
        ((12,), VOLUME_ONLY, ALL),
        ((12, 37), VOLUME_ONLY, VOLUME_ONLY),
        ((10,), FIRST_ONLY, FIRST_ONLY),
        ((10, 14), FIRST_ONLY, FIRST_ONLY),
        ((10, 12), VOLUME_ONLY, FIRST_ONLY),
        ((10, 37), VOLUME_ONLY, VOLUME_ONLY),
        ((15,), NOTHING, NOTHING),
        ((8, 15), NOTHING, NOTHING),
    ],
)
def test_most_restrictive_condition_wins(
    conditions: tuple[int, ...], regular: Permission, off_hours: Permission
) -> None:
    book = SaleBook()
    assert book.permission(conditions, 100, is_regular=True) == regular
    assert book.permission(conditions, 100, is_regular=False) == off_hours


def test_less_than_one_share_moves_no_price() -> None:
    book = SaleBook()
    assert book.permission((), 0.99, is_regular=True) == VOLUME_ONLY
    assert book.permission((), 1, is_regular=True) == ALL
    assert book.permission((15,), 0.5, is_regular=True) == NOTHING
