"""The decisions of ``time_bars``: fed events and event time, it puts bars. No Rx, no threads, no clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rxpolygon.operators._bar import Bar
from rxpolygon.operators._day_openings import DayOpenings
from rxpolygon.operators._forming import Forming, filled_bar
from rxpolygon.operators._grid import Grid
from rxpolygon.operators._readers import Reader, trade_key, trade_of, unexpected_amendment
from rxpolygon.operators._sales import SaleRules
from rxpolygon.operators._windows import BEFORE_ALL, NEVER, Window, Windows

__all__ = ["TimeBarEngine", "TimeBarSettings"]


OnKind = Callable[[type | None, Reader], None]
OnFront = Callable[[int, int, dict[str, Forming]], None]


class TimeBarSettings(NamedTuple):
    """The arguments of ``time_bars``, checked, in milliseconds."""

    make_grid: Callable[[], Grid]
    lateness: int
    revisable: int
    sales: SaleRules[Any]  # Any: the class of events that the rules take
    fill: bool
    provisional: int | None
    corrections: bool
    max_ahead: int | None


class TimeBarEngine:
    """All symbols' windows of one subscription. Its owner serialises the calls."""

    def __init__(self, settings: TimeBarSettings, put: Callable[[Bar], None], now: Callable[[], int]) -> None:
        self._settings = settings
        self._put = put
        self._now = now
        #: Events that came too late for any bar, or too early; the owner takes them out.
        self.late: list[Any] = []
        #: Whether the last event was not added, because more windows must be closed first: add it again.
        self.is_behind = False
        #: Their ``newest`` is event time.
        self.windows: Windows[Forming] = Windows(settings.make_grid(), settings.lateness, settings.revisable)
        # The latest bar of a symbol that has a price of its own, where one may be asked for its close.
        self._last: dict[str, Bar] = {}
        self._is_close_asked = settings.fill or settings.corrections
        self._openings = DayOpenings(settings.lateness + settings.revisable)
        # The start of a symbol's first bar, where quiet windows are filled.
        self._filled_since: dict[str, int] = {}
        self._readers: dict[type, Reader] = {}
        # The class of the last event, and what its reader says of it.
        self._kind: type | None = None
        self._reader: Reader
        # The window of the newest event; None outside of sessions.
        self._front: Window[Forming] | None = None
        # Where that window starts; and where it ends or another one is over: up to there nothing else needs
        # to be asked.
        self._front_start = NEVER
        self._limit = BEFORE_ALL
        #: Whether more is to be done with an event than to add it, see add_extras.
        self.has_extras = settings.corrections or settings.provisional is not None
        # Who adds most events without the engine, see tell.
        self._on_kind: OnKind = _ignore
        self._on_front: OnFront = _ignore

    def tell(self, on_kind: OnKind, on_front: OnFront) -> None:
        """Lets another add events that are plain, or of volume only, in the newest window.

        Args:
            on_kind: Told the class of the last event and how to read it; None instead of the class: events
                of it must come to the engine.
            on_front: Told the newest window's start, up to where events may be added, and its symbols. With
                the start after the end: nowhere.
        """
        self._on_kind, self._on_front = on_kind, on_front

    def add(self, event: Any) -> None:  # Any: read by attributes, see Reader
        """Adds an event, unless ``is_behind`` after it."""
        if event.__class__ is not self._kind and self._meet(event).is_correction:
            self._correct(event)
            return
        reader, windows = self._reader, self.windows
        price, size = (event.price, event.size) if reader.amounts is None else reader.amounts(event)
        if price is None or size is None:
            return
        at = windows.newest if event.timestamp is None else event.timestamp
        if at >= windows.newest:
            if at < self._limit:
                windows.newest = at
            elif self._is_ahead(at):
                self.late.append(event)
                return
            else:
                self._move_front(at)
                if self.is_behind:
                    return
            window = self._front
        elif at >= self._front_start:
            window = self._front
        else:
            window = self._older(at, event)
        if window is None:
            return
        if window.is_closed:
            self._add_late(event, at, price, size, window)
            return
        try:
            forming = window.states[event.symbol]
        except KeyError:
            forming = window.states[event.symbol] = Forming()
        rank = (event.sequence_number or 0) if reader.has_sequence else 0
        changed = forming.take(reader.bits(event, size), at, rank, price, size)
        if self.has_extras:
            self._add_extras(event, at, window, forming, changed=changed)

    def add_extras(self, added: tuple[Any, int, Forming]) -> None:
        """What is left to do with an event that another has added to the newest window."""
        event, at, forming = added
        if self._front is not None:
            self._add_extras(event, at, self._front, forming, changed=True)

    def advance(self, now: int) -> int | None:
        """Lets event time go on to ``now``; returns in how many ms a window is over, if one is open."""
        windows = self.windows
        if now >= windows.due:
            windows.newest = max(windows.newest, now)
            self._close_due()
            self._leave_front()
        return windows.due - now if windows.due < NEVER else None

    def flush(self) -> None:
        """Gives all open bars as final ones."""
        windows, newest = self.windows, self.windows.newest
        while (window := windows.pop()) is not None:
            if window.start <= newest:
                self._finish(window)
                if self._settings.fill:
                    windows.open_after(window.end)

    def clear(self) -> None:
        """Frees the state."""
        self.windows.clear()
        self._last.clear()
        self._openings.clear()
        self._filled_since.clear()
        self._leave_front()

    def _meet(self, event: object) -> Reader:
        kind = event.__class__
        reader = self._readers.get(kind)
        if reader is None:
            reader = self._readers[kind] = Reader(event, self._settings.sales)
        if not reader.is_correction:
            self._kind, self._reader = kind, reader
            self._on_kind(None if reader.judge is not None else kind, reader)
        return reader

    def _is_ahead(self, at: int) -> bool:
        max_ahead = self._settings.max_ahead
        return max_ahead is not None and at > self._now() + max_ahead

    def _move_front(self, at: int) -> None:
        windows = self.windows
        if at == BEFORE_ALL:
            return  # no event so far had a timestamp
        if at >= windows.due:
            # One at a time where quiet windows are filled: over a weekend those are millions of bars.
            windows.newest = windows.due if self._settings.fill else at
            self._close_due()
            self.is_behind = at >= windows.due
            if self.is_behind:
                return
        windows.newest = at
        span = windows.span(at)
        self._front = windows.at(at)
        self._front_start, self._limit = span.start, min(span.end, windows.due)
        self._tell_front()

    def _leave_front(self) -> None:
        self._front, self._front_start, self._limit = None, NEVER, BEFORE_ALL
        self._tell_front()

    def _tell_front(self) -> None:
        if self._front is None:
            self._on_front(NEVER, BEFORE_ALL, {})
        else:
            self._on_front(self._front_start, self._limit, self._front.states)

    def _older(self, at: int, event: object) -> Window[Forming] | None:
        window = self.windows.at(at)
        if window is None:
            if self.windows.span(at).is_open:
                self.late.append(event)
        else:
            self._limit = min(self._limit, self.windows.due)
            self._tell_front()
        return window

    def _close_due(self) -> None:
        windows = self.windows
        while (window := windows.pop_over()) is not None:
            self._finish(window)
            if self._settings.fill and self._last:
                windows.open_after(window.end)
        self._openings.forget_old(windows.newest)

    def _finish(self, window: Window[Forming]) -> None:
        symbols = window.states.keys()
        for symbol in sorted(symbols | self._filled_since.keys() if self._settings.fill else symbols):
            forming = window.states.get(symbol)
            if forming is None:
                price = window.filled[symbol] = self._last[symbol].close
                self._put(filled_bar(symbol, window.start, window.end, price))
            else:
                self._give(symbol, window, forming)

    def _give(self, symbol: str, window: Window[Forming], forming: Forming) -> None:
        last = self._last.get(symbol)
        bar = self._bar(symbol, window, forming, is_final=True)
        if bar is not None:
            self._openings.add(symbol, bar.start)
            if self._is_close_asked and (last is None or last.start <= bar.start):
                self._last[symbol] = bar
            if self._settings.fill:
                self._filled_since.setdefault(symbol, bar.start)
            if self._settings.corrections and not forming.revision:
                self._remember_close_before(symbol, window, last)
        elif forming.revision:
            # Given before, as a filled bar or with trades that were all cancelled since.
            price = window.filled.setdefault(symbol, forming.close)
            bar = filled_bar(symbol, window.start, window.end, price, forming)
            if last is not None and last.start == window.start:
                self._last[symbol] = bar
        elif self._filled_since.get(symbol, NEVER) < window.start:
            self._remember_close_before(symbol, window, last)
            if symbol not in window.filled:
                return
            bar = filled_bar(symbol, window.start, window.end, window.filled[symbol], forming)
        else:
            return
        forming.revision += 1
        self._put(bar)

    def _remember_close_before(self, symbol: str, window: Window[Forming], last: Bar | None) -> None:
        """The close of a symbol's last bar before a window is what to fill it with."""
        if last is not None and last.start < window.start:
            window.filled[symbol] = last.close
        elif last is not None:
            # A late event's window: those that may be revised know what was before it.
            for earlier in self.windows.kept_before(window.start):
                close = self._close_in(symbol, earlier)
                if close is not None:
                    window.filled[symbol] = close
                    return

    def _close_in(self, symbol: str, window: Window[Forming]) -> float | None:
        forming = window.states.get(symbol)
        bar = None if forming is None else self._bar(symbol, window, forming, is_final=True)
        return window.filled.get(symbol) if bar is None else bar.close

    def _bar(self, symbol: str, window: Window[Forming], forming: Forming, *, is_final: bool) -> Bar | None:
        # Asked again until the bar is given: a window before this one may yet be given its first price.
        if forming.first is not None and (forming.is_first_of_day is None or not forming.revision):
            forming.is_first_of_day = self._openings.is_first(symbol, window.start, forming.first.at)
        return forming.to_bar(symbol, window.start, window.end, is_final=is_final)

    def _add_extras(
        self, event: Any, at: int, window: Window[Forming], forming: Forming, *, changed: bool
    ) -> None:
        if self._settings.corrections:
            forming.keep(at, event)
        provisional = self._settings.provisional
        if not changed or provisional is None or at - forming.shown_at < provisional:
            return
        bar = self._bar(event.symbol, window, forming, is_final=False)
        if bar is not None:
            forming.shown_at = at
            self._put(bar)

    def _add_late(self, event: Any, at: int, price: float, size: float, window: Window[Forming]) -> None:
        symbol = event.symbol
        forming = window.states.setdefault(symbol, Forming())
        if self._settings.corrections:
            forming.keep(at, event)
        rank = (event.sequence_number or 0) if self._reader.has_sequence else 0
        if forming.take(self._reader.bits(event, size), at, rank, price, size):
            self._revise(symbol, window, forming)

    def _revise(self, symbol: str, window: Window[Forming], forming: Forming) -> None:
        if not forming.revision and symbol in window.filled:
            forming.revision = 1
        self._give(symbol, window, forming)

    def _correct(self, event: Any) -> None:
        if not self._settings.corrections:
            raise unexpected_amendment()
        is_cancel = hasattr(event, "cancels")
        key = trade_of(event)
        # A trade without an id cannot be found.
        for window in self.windows.kept() if key[1] is not None else ():
            forming = window.states.get(event.symbol)
            for place, (at, trade) in enumerate((forming.trades or ()) if forming else ()):
                if trade_key(trade) == key:
                    if is_cancel:
                        self._replace(window, event.symbol, place, [])
                    else:
                        self._put_right(window, event, place, at, trade)
                    return
        self.late.append(event)

    def _put_right(self, window: Window[Forming], event: Any, place: int, at: int, trade: Any) -> None:
        corrected = event.corrected(trade)
        right_at = at if corrected.timestamp is None else corrected.timestamp
        if window.start <= right_at < window.end and right_at <= self.windows.newest:
            self._replace(window, event.symbol, place, [(right_at, corrected)])
        else:
            # Of another window, or newer than event time, which it moves on like any other trade.
            self._replace(window, event.symbol, place, [])
            self.add(corrected)
            while self.is_behind:
                self.add(corrected)

    def _replace(
        self, window: Window[Forming], symbol: str, place: int, instead: list[tuple[int, Any]]
    ) -> None:
        before = window.states[symbol]
        trades: list[tuple[int, Any]] = list(before.trades or ())
        trades[place : place + 1] = instead
        after = Forming()
        after.revision, after.close, after.shown_at = before.revision, before.close, before.shown_at
        after.is_first_of_day, after.trades = before.is_first_of_day, trades
        for at, trade in trades:
            self._take_again(after, at, trade)
        window.states[symbol] = after
        if window.is_closed:
            self._revise(symbol, window, after)

    def _take_again(self, forming: Forming, at: int, trade: Any) -> None:
        self._meet(trade)
        reader = self._reader
        price, size = (trade.price, trade.size) if reader.amounts is None else reader.amounts(trade)
        if price is None or size is None:
            return
        rank = (trade.sequence_number or 0) if reader.has_sequence else 0
        forming.take(reader.bits(trade, size), at, rank, price, size)


def _ignore(*_: object) -> None:
    """Nobody else adds events."""
