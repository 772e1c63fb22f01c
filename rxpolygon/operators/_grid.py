"""Where windows begin and end."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Protocol

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._sessions import Session, Span

__all__ = ["Grid", "make_grid"]

_DAY_MS: Final = 86_400_000


class Grid(Protocol):
    """Cuts time into windows."""

    def span(self, timestamp: int) -> Span:
        """The window that an instant lies in, or, not open, the stretch between sessions."""


class _EvenGrid:
    """Windows of one length, counted from the epoch plus an offset."""

    def __init__(self, every: int, offset: int) -> None:
        self._every = every
        self._offset = offset % every

    def span(self, timestamp: int) -> Span:
        start = timestamp - (timestamp - self._offset) % self._every
        return Span(start, start + self._every, is_open=True)


class _SessionGrid:
    """Windows of one length, counted from the opening of each session; the last is cut at its end."""

    def __init__(self, every: int, session: Session) -> None:
        self._every = every
        self._session = session
        self._is_daily = every == _DAY_MS
        self._hours = Span(0, 0, is_open=False)

    def span(self, timestamp: int) -> Span:
        hours = self._hours
        if not hours.start <= timestamp < hours.end:
            hours = self._hours = self._session.span(timestamp, whole_day=self._is_daily)
        if self._is_daily or not hours.is_open:
            return hours
        start = timestamp - (timestamp - hours.start) % self._every
        return Span(start, min(start + self._every, hours.end), is_open=True)


def make_grid(every: str | timedelta, offset: str | timedelta, session: Session | None) -> Grid:
    """The grid for the arguments of an operator.

    Raises:
        InvalidArgumentError: A length that is not allowed, or an offset together with a session.
        InvalidTypeError: A length is none, or the session is no Session.
    """
    length = to_milliseconds("every", every)
    shift = to_milliseconds("offset", offset, allow_zero=True)
    if session is None:
        return _EvenGrid(length, shift)
    if not isinstance(session, Session):
        raise InvalidTypeError("session", session, "a Session, such as Session.exchange('NYSE')")
    if shift:
        raise InvalidArgumentError("offset", offset, "windows of a session are counted from its opening")
    if length > _DAY_MS:
        raise InvalidArgumentError("every", every, "a session has windows of at most '1d', the whole session")
    return _SessionGrid(length, session)
