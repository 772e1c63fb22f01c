"""What the command tells a person: lines on stderr, so that stdout holds data only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

from rich.console import Console

from rxpolygon.cli.colours import coloured, takes_colours
from rxpolygon.errors import ConnectFailedError, LoginTimeoutError, RxPolygonError
from rxpolygon.status import (
    Authenticated,
    Disconnected,
    Reconnecting,
    Refused,
    State,
    Status,
    Subscribed,
    Unsubscribed,
)
from rxpolygon.text import printable

__all__ = ["StatusLines", "say", "terminal"]

_LONGEST_LINE = 1_000


def say(text: str, *, is_failure: bool = False) -> None:
    """Write one line to stderr, with whatever a server put into it made harmless."""
    line = printable(" ".join(text.splitlines()), limit=_LONGEST_LINE)
    name = "rxpolygon:"
    with contextlib.suppress(OSError, ValueError):  # stderr may be closed, and then nobody reads it
        if takes_colours(sys.stderr):
            name = coloured(name, "red" if is_failure else "dim")
        sys.stderr.write(f"{name} {line}\n")
        sys.stderr.flush()


def terminal() -> Console | None:
    """Stderr, if it is a terminal where a line can be rewritten in place."""
    if sys.stderr is None or sys.stderr.closed or not sys.stderr.isatty():
        return None
    console = Console(stderr=True)
    return None if console.is_dumb_terminal else console


class StatusLines:
    """Tells what a person needs to know of a connection's life.

    An error that ends the stream is told by the command itself, refusals by the channel that they end. A
    connection that was never there is not waited for: the command was given a wrong host, or the network is
    down, and the person should know now.

    Args:
        url: Where the connection goes.
        give_up: Called when the first attempt to connect failed, or the time was over without a login.
    """

    def __init__(self, url: str, give_up: Callable[[RxPolygonError], None]) -> None:
        self._url = url
        self._give_up = give_up
        #: Whether the server has accepted a login.
        self.was_there = False
        self._loss: Disconnected | None = None

    def tell(self, status: Status) -> None:
        """Take the next status."""
        match status:
            case Authenticated():
                self.was_there = True
                say(f"logged in to {self._url}")
            case Disconnected():
                self._loss = status
            case Reconnecting():
                self._tell_loss(status)
            case State() | Subscribed() | Unsubscribed() | Refused():
                pass
            case _:
                say(str(status))

    def end_after(self, seconds: float) -> None:
        """The time is over, without a login it may be. Call it when nothing can come any more.

        Else a login that comes at the last moment is told, and then denied.
        """
        if not self.was_there:
            self._give_up(LoginTimeoutError(self._url, seconds))

    def _tell_loss(self, status: Reconnecting) -> None:
        reason = "the connection ended" if self._loss is None else self._loss.reason
        if not self.was_there:
            self._give_up(ConnectFailedError(self._url, reason))
            return
        if self._loss is not None:
            say(str(self._loss))
        say(str(status))
