"""What a trade may change in a bar, by its sale conditions: the simulator's reading of the table."""

from __future__ import annotations

from typing import NamedTuple

from rxpolygon.events.conditions import SALE_CONDITIONS, Effect

__all__ = ["Permission", "SaleBook"]

_STRICTNESS = (Effect.ALWAYS, Effect.OFF_HOURS, Effect.FIRST_OF_DAY, Effect.NEVER)


class Permission(NamedTuple):
    """What one trade changes.

    Attributes:
        high_low: It may move the high and the low.
        open_close: It may set the open and the close.
        first_only: It sets open and close only as the day's first trade with a price.
        volume: Its size counts.
    """

    high_low: bool
    open_close: bool
    first_only: bool
    volume: bool


_EVERYTHING = Permission(True, True, False, True)


class SaleBook:
    """Permissions by conditions, each combination worked out once.

    Example:
        >>> book = SaleBook()
        >>> book.permission((37,), 50, is_regular=True)
        Permission(high_low=False, open_close=False, first_only=False, volume=True)
    """

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[int, ...], bool], Permission] = {}

    def permission(self, conditions: tuple[int, ...], size: float, *, is_regular: bool) -> Permission:
        """What a trade changes: the most restrictive of its conditions wins.

        Args:
            conditions: The vendor's codes; one that the table does not know forbids nothing.
            size: Less than one share never moves a price.
            is_regular: Whether the trade is in regular hours.
        """
        key = (conditions, is_regular)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _combined(conditions, is_regular)
        return known if size >= 1 else Permission(False, False, False, known.volume)


def _combined(conditions: tuple[int, ...], is_regular: bool) -> Permission:
    rows = [SALE_CONDITIONS[code] for code in conditions if code in SALE_CONDITIONS]
    if not rows:
        return _EVERYTHING
    high_low = _strictest([row.high_low for row in rows], is_regular)
    open_close = _strictest([row.open_close for row in rows], is_regular)
    return Permission(
        high_low is Effect.ALWAYS,
        open_close in (Effect.ALWAYS, Effect.FIRST_OF_DAY),
        open_close is Effect.FIRST_OF_DAY,
        all(row.volume for row in rows),
    )


def _strictest(effects: list[Effect], is_regular: bool) -> Effect:
    decided = [_by_hours(effect, is_regular) for effect in effects]
    return max(decided, key=_STRICTNESS.index)


def _by_hours(effect: Effect, is_regular: bool) -> Effect:
    if effect is Effect.OFF_HOURS:
        return Effect.NEVER if is_regular else Effect.ALWAYS
    return effect
