"""When the vendor's clusters have data, by the usual hours. Holidays are not known here."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["is_market_open"]

_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 4, 5, 6

# Opening and closing time of each working day, New York: extended hours for stocks.
_DAILY: Final = {
    "stocks": (time(4), time(20)),
    "options": (time(9, 30), time(16, 15)),
    "indices": (time(9, 30), time(16)),
}
# Markets that run through the week: they open on Sunday and close on Friday, at these times in New York.
_WEEKLY: Final = {"forex": (time(17), time(17)), "futures": (time(18), time(17))}
# The daily pause of futures.
_PAUSE: Final = (time(17), time(18))


def is_market_open(market: str, moment: datetime | None = None) -> bool:
    """Whether data may be expected of a market.

    Args:
        market: ``stocks``, ``options``, ``forex``, ``crypto``, ``indices`` or ``futures``.
        moment: An aware instant; None for now.

    Example:
        >>> is_market_open("stocks", datetime(2024, 1, 6, 15, tzinfo=UTC))  # a Saturday
        False
    """
    if market not in _DAILY and market not in _WEEKLY:
        return True
    local = (moment or datetime.now(UTC)).astimezone(ZoneInfo("America/New_York"))
    day, clock = local.weekday(), local.time()
    if market in _DAILY:
        opening, closing = _DAILY[market]
        return day <= _FRIDAY and opening <= clock < closing
    opening, closing = _WEEKLY[market]
    if day == _SATURDAY or (day == _SUNDAY and clock < opening) or (day == _FRIDAY and clock >= closing):
        return False
    return market != "futures" or day == _SUNDAY or not _PAUSE[0] <= clock < _PAUSE[1]
