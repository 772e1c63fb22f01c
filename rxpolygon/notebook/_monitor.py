"""``monitor``: how a client's connection does."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import ClassVar, Final

from reactivex import abc

from rxpolygon.errors import InvalidTypeError
from rxpolygon.notebook._frame import Ending
from rxpolygon.notebook._numbers import counted
from rxpolygon.notebook._picture import HtmlCanvas, Picture
from rxpolygon.notebook._table import Cell, Table
from rxpolygon.notebook._view import LiveView
from rxpolygon.stats import StreamStats
from rxpolygon.status import (
    Authenticated,
    Closed,
    Connected,
    Connecting,
    Disconnected,
    Idle,
    Reconnecting,
    State,
    Status,
    Subscribed,
    Unsubscribed,
)
from rxpolygon.streams import MarketStreams, Streams

__all__ = ["monitor"]

_KEPT_NEWS: Final = 5
_MARKS: Final = 21  # one a second: the line shows twenty
_BLOCKS: Final = "▁▂▃▄▅▆"  # not up to the full block, which would join the line above
_TITLES: Final = (
    "state",
    "events/s",
    "last 20 s",
    "lag",
    "waiting",
    "dropped",
    "gaps",
    "malformed",
    "reconnects",
)
# What goes as it should is seen in the table.
_NO_NEWS: Final = (Idle, Connecting, Connected, Authenticated, Subscribed, Unsubscribed)
_SIZES: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


class MonitorPicture(Picture[Status, Table]):
    """A client's figures, read when they are drawn, and what happened to it."""

    polls: ClassVar[bool] = True
    shows = "a status"

    def __init__(self, client: Streams) -> None:
        self._client = client
        self._state: State = client.state
        self._news: deque[str] = deque(maxlen=_KEPT_NEWS)
        self._marks: deque[tuple[float, int]] = deque(maxlen=_MARKS)

    def add(self, value: Status) -> None:
        """A status, of which the last few that matter are kept."""
        if isinstance(value, State):
            self._state = value
        if not isinstance(value, _NO_NEWS):
            self._news.append(f"{datetime.now(UTC):%H:%M:%S} {value}")

    def canvas(self, frame: Table) -> HtmlCanvas:
        """A widget with the table."""
        return HtmlCanvas(frame)

    def frame(self, ending: Ending, now: float) -> Table:
        """The figures as they are."""
        stats = self._client.stats
        rate = self._rate(now, stats.events)
        row = (
            Cell(str(self._state).partition(" (")[0], _tone(self._state), False),
            Cell(f"{rate:,.0f}"),
            Cell(self._line(), 0, False),
            Cell(lag_text(stats.lag)),
            Cell(_size_text(stats.buffered_bytes)),
            *(_bad_if_any(count) for count in (stats.dropped, stats.gaps, stats.malformed, stats.reconnects)),
        )
        return Table(_TITLES, (row,), _subject(self._client, stats), ending, tuple(self._news))

    def _rate(self, now: float, events: int) -> float:
        """Events a second over the last one to two seconds."""
        if not self._marks or now - self._marks[-1][0] >= 1:
            self._marks.append((now, events))
        since, had = self._marks[-2 if len(self._marks) > 1 else -1]
        return (events - had) / (now - since) if now > since else 0.0

    def _line(self) -> str:
        rates = [(had - before) / (now - since) for (since, before), (now, had) in pairwise(self._marks)]
        most = max(rates, default=0.0)
        # A new run of the client counts from 0 again.
        highest = len(_BLOCKS) - 1
        return "".join(_BLOCKS[round(max(rate, 0.0) / most * highest) if most > 0 else 0] for rate in rates)


def _bad_if_any(count: int) -> Cell:
    return Cell(f"{count:,}") if not count else Cell(f"{count:,}", -1)


def _tone(state: State) -> int:
    if isinstance(state, Authenticated):
        return 1
    is_bad = isinstance(state, Disconnected | Reconnecting) or (isinstance(state, Closed) and state.error)
    return -1 if is_bad else 0


def lag_text(seconds: float | None) -> str:
    """A lag, as fine as it matters.

    Example:
        >>> lag_text(0.0123), lag_text(-2.5), lag_text(7_500), lag_text(None)
        ('12 ms', '-2.5 s', '2:05 h', '-')
    """
    if seconds is None:
        return "-"
    size = abs(seconds)
    if size < 1:
        return f"{seconds * 1_000:.0f} ms"
    if size < 100:
        return f"{seconds:.1f} s"
    sign = "-" if seconds < 0 else ""
    hours, minutes = divmod(round(size / 60), 60)
    return f"{sign}{hours}:{minutes:02} h" if hours < 48 else f"{sign}{hours // 24:,} days"


def _size_text(size: int) -> str:
    for unit, name in _SIZES:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def _subject(client: Streams, stats: StreamStats) -> str:
    name = client.cluster.value if isinstance(client, MarketStreams) else type(client).__name__
    connections, events = counted(stats.connections, "connection"), counted(stats.events, "event")
    return f"{name}, {connections}, {events}"


def monitor(
    client: Streams,
    *,
    every: str | timedelta = "500ms",
    scheduler: abc.SchedulerBase | None = None,
) -> LiveView:
    """The state of a client's connection, its rate, its lag, and what was lost.

    Below the figures stand the last few statuses that matter: losses, gaps, drops, refusals.

    Columns: events a second over the last one to two seconds; the same for each of the last twenty, drawn;
    ``lag`` from the newest event's own time to its delivery; the bytes that wait for observers; frames that
    were dropped; gaps; what could not be decoded; and reconnections. They are ``client.stats``, read when it
    is drawn: events cost nothing.

    Args:
        client: A :class:`~rxpolygon.StreamClient`, a stream of :mod:`rxpolygon.alpaca`, or a replay of
            either, started or not.
        every: The least time between two redraws, at least 100 ms.
        scheduler: Whose time drives the redraws; by default the clock's.

    Returns:
        The view. It ends when the client is closed; see :class:`LiveView`.

    Raises:
        InvalidArgumentError: ``every`` is too short.
        InvalidTypeError: ``client`` is no client.

    Example:
        >>> import rxpolygon
        >>> from rxpolygon.notebook import monitor
        >>> with monitor(rxpolygon.StreamClient("demo")) as view:
        ...     print(view)
        state  events/s  last 20 s  lag  waiting  dropped  gaps  malformed  reconnects
        idle          0               -      0 B        0     0          0           0
        (stocks, 0 connections, 0 events · live)
    """
    if not isinstance(client, Streams):
        raise InvalidTypeError("client", client, "a client such as StreamClient, StockDataStream or a replay")
    return LiveView(client.status, MonitorPicture(client), every, scheduler)
