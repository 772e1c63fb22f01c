"""When each symbol's day began, for trades that count only as the first of it."""

from __future__ import annotations

from rxpolygon.operators._new_york import NewYorkDay, day_of
from rxpolygon.operators._windows import NEVER

__all__ = ["DayOpenings"]


class DayOpenings:
    """The start of each symbol's first window with a price, on its newest day in New York.

    Symbols come and go, contracts of options above all: a day is forgotten when it is over.

    Args:
        revisable: How long after the end of a day its windows may still be given, in milliseconds.
    """

    __slots__ = ("_day", "_opened", "_over_at", "_revisable")

    def __init__(self, revisable: int) -> None:
        self._revisable = revisable
        self._opened: dict[str, int] = {}
        # That of the opening that was noted last.
        self._day: NewYorkDay = day_of(0)
        # When the first of the days is over.
        self._over_at = NEVER

    def is_first(self, symbol: str, start: int, at: int) -> bool:
        """Whether no window before the one that starts then has a price, on the day of its trade ``at``."""
        opened = self._opened.get(symbol)
        return opened is None or start <= opened or opened < day_of(at).start

    def add(self, symbol: str, start: int) -> None:
        """Notes a window with a price."""
        opened, day = self._opened.get(symbol), self._day
        # So it is of nearly every bar, and to ask for the day costs three times as much.
        if opened is not None and day.start <= opened <= start < day.end:
            return
        if opened is None:
            self._over_at = min(self._over_at, self._end(start))
        else:
            day = day_of(opened)
            if not (start >= day.end or day.start <= start < opened):
                return
        self._opened[symbol], self._day = start, day_of(start)

    def forget_old(self, newest: int) -> None:
        """Forgets the days that are over at event time ``newest``."""
        if newest < self._over_at:
            return
        self._opened = {symbol: start for symbol, start in self._opened.items() if self._end(start) > newest}
        self._over_at = min(map(self._end, self._opened.values()), default=NEVER)

    def clear(self) -> None:
        """Forgets everything."""
        self._opened.clear()
        self._over_at = NEVER

    def _end(self, start: int) -> int:
        return day_of(start).end + self._revisable
