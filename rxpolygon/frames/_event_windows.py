"""Windows of event time, one after another."""

from __future__ import annotations

from typing import Any, Final

from rxpolygon.frames._plan import no_event
from rxpolygon.stats import time_of

__all__ = ["EventWindows"]

# Before every timestamp.
_BEGINNING: Final = -(2**63)


class EventWindows:
    """The windows ``[n * every, (n + 1) * every)`` since the Unix epoch; time goes on by events, never back.

    Args:
        every_ms: Their length.
    """

    def __init__(self, every_ms: int) -> None:
        self._every_ms = every_ms
        self._end = _BEGINNING

    def ends_before(self, event: Any) -> bool:  # Any: an event of the stream
        """Whether an event is the first one of a later window, which then is the present one.

        An event that does not say its time is of the present one. So is one whose number is no time of this
        calendar, as nanoseconds taken for milliseconds: it would hold up all that come after it.

        Raises:
            InvalidTypeError: It is no event.
        """
        try:
            time = event.timestamp
        except AttributeError:
            raise no_event(event) from None
        if time is None or time < self._end or time_of(time) is None:
            return False
        self._end = (time // self._every_ms + 1) * self._every_ms
        return True
