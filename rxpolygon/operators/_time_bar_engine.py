"""The decisions of ``time_bars``: fed events and event time, it puts bars. No Rx, no threads, no clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.operators._bar import Bar
from rxpolygon.operators._forming import Forming, filled_bar
from rxpolygon.operators._grid import Grid
from rxpolygon.operators._new_york import day_of
from rxpolygon.operators._readers import Reader, trade_key
from rxpolygon.operators._sales import PLAIN, VOLUME, SaleRules
from rxpolygon.operators._windows import BEFORE_ALL, NEVER, Window, Windows

__all__ = ["TimeBarEngine", "TimeBarSettings"]


class TimeBarSettings(NamedTuple):
    """The arguments of ``time_bars``, checked, in milliseconds."""

    make_grid: Callable[[], Grid]
    lateness: int
    revisable: int
    sales: SaleRules[Any]  # Any: the class of events that the rules take
    fill: bool
    provisional: int | None
    corrections: bool
    tells_late: bool


class TimeBarEngine:
    """All symbols' windows of one subscription. Its owner serialises the calls."""

    def __init__(self, settings: TimeBarSettings, put: Callable[[Bar], None]) -> None:
        self._settings = settings
        self._put = put
        #: Events that came too late for any bar, where they are wanted; the owner takes them out.
        self.late: list[Any] = []
        self._windows: Windows[Forming] = Windows(settings.make_grid(), settings.lateness, settings.revisable)
        # The latest bar of a symbol that has a price of its own.
        self._last: dict[str, Bar] = {}
        # The start of a symbol's first bar, where quiet windows are filled.
        self._filled_since: dict[str, int] = {}
        self._readers: dict[type, Reader] = {}
        self._kind: type | None = None
        self._reader: Reader
        # The window of the last event: most events fall into the same one.
        self._start = self._end = 0
        self._window: Window[Forming] | None = None
        self._has_extras = settings.corrections or settings.provisional is not None

    @property
    def newest(self) -> int:
        """Event time: the newest timestamp, or later after a silence."""
        return self._windows.newest

    def add(self, event: Any) -> bool:  # Any: read by attributes, see Reader
        """Adds an event; tells whether bars were put."""
        # Runs at every event of every symbol: what is rare is elsewhere.
        if event.__class__ is not self._kind:
            self._meet(event)
        reader = self._reader
        if reader.is_correction:
            return self._correct(event)
        windows = self._windows
        at = event.timestamp
        if reader.amounts is None:
            price, size = event.price, event.size
        else:
            price, size = reader.amounts(event)
        if at is None:
            at = windows.newest
        if price is None or size is None or at == BEFORE_ALL:
            return False

        told = False
        if at > windows.newest:
            windows.newest = at
            if at >= windows.due:
                told = self._close_due()
        window = self._window if self._start <= at < self._end else self._move_to(at, event)
        if window is None:
            return told

        if reader.bits_of is not None:
            try:
                bits = reader.bits_of[event.conditions]
            except (KeyError, TypeError):
                bits = reader.learn(event.conditions)  # type: ignore[misc]  # there where bits_of is
            if size < reader.least_size:
                bits &= VOLUME
        else:
            bits = PLAIN if reader.judge is None else reader.judge(event)
        try:
            forming = window.states[event.symbol]
        except KeyError:
            forming = window.states[event.symbol] = Forming()
        rank = (event.sequence_number or 0) if reader.has_sequence else 0
        if bits == PLAIN:
            forming.take(at, rank, price, size)
            changed = True
        else:
            changed = forming.take_partly(bits, at, rank, price, size)
        if window.is_closed or self._has_extras:
            told = self._add_extras(event, at, window, forming, changed) or told
        return told

    def advance(self, now: int) -> int | None:
        """Lets event time go on to ``now``; returns in how many ms a window is over, if one is open."""
        windows = self._windows
        if now >= windows.due:
            windows.newest = max(windows.newest, now)
            self._close_due()
        return windows.due - now if windows.due < NEVER else None

    def flush(self) -> None:
        """Gives all open bars as final ones."""
        windows, newest = self._windows, self._windows.newest
        while (window := windows.pop()) is not None:
            if window.start <= newest:
                self._finish(window)
                if self._settings.fill:
                    windows.open_after(window.end)

    def clear(self) -> None:
        """Frees the state."""
        self._windows.clear()
        self._last.clear()
        self._filled_since.clear()
        self._window, self._start, self._end = None, 0, 0

    def _meet(self, event: object) -> None:
        kind = event.__class__
        reader = self._readers.get(kind)
        if reader is None:
            reader = self._readers[kind] = Reader(event, self._settings.sales)
        self._kind, self._reader = kind, reader

    def _move_to(self, at: int, event: object) -> Window[Forming] | None:
        window = self._windows.at(at)
        if window is None:
            if self._settings.tells_late and not self._windows.is_outside(at):
                self.late.append(event)
        elif not window.is_closed:
            self._window, self._start, self._end = window, window.start, window.end
        return window

    def _close_due(self) -> bool:
        windows = self._windows
        self._window, self._start, self._end = None, 0, 0
        told = False
        while (window := windows.pop_over()) is not None:
            self._finish(window)
            told = True
            if self._settings.fill and self._last:
                windows.open_after(window.end)
        return told

    def _finish(self, window: Window[Forming]) -> None:
        symbols = window.states.keys()
        for symbol in sorted(symbols | self._filled_since.keys() if self._settings.fill else symbols):
            forming = window.states.get(symbol)
            if forming is None:
                price = self._last[symbol].close
                self._put(filled_bar(symbol, window.start, window.end, price))
            else:
                self._give(symbol, window, forming)

    def _give(self, symbol: str, window: Window[Forming], forming: Forming) -> None:
        last = self._last.get(symbol)
        bar = self._bar(symbol, window, forming, is_final=True)
        if bar is not None:
            if last is None or last.start <= bar.start:
                self._last[symbol] = bar
            if self._settings.fill:
                self._filled_since.setdefault(symbol, bar.start)
        elif forming.revision:
            # Given before, as a filled bar or with trades that were all cancelled since.
            bar = filled_bar(symbol, window.start, window.end, forming.close, forming)
        elif symbol in self._filled_since and last is not None:
            forming.close = last.close
            bar = filled_bar(symbol, window.start, window.end, last.close, forming)
        else:
            return
        forming.revision += 1
        self._put(bar)

    def _bar(self, symbol: str, window: Window[Forming], forming: Forming, *, is_final: bool) -> Bar | None:
        if forming.first is not None:
            last = self._last.get(symbol)
            if forming.is_first_of_day is None or not window.is_closed:
                forming.is_first_of_day = last is None or last.start < day_of(window.start).start
        return forming.to_bar(symbol, window.start, window.end, is_final=is_final)

    def _add_extras(
        self, event: Any, at: int, window: Window[Forming], forming: Forming, changed: bool
    ) -> bool:
        if self._settings.corrections:
            if forming.trades is None:
                forming.trades = []
            forming.trades.append(event)
        if not changed:
            return False
        if window.is_closed:
            return self._revise(event.symbol, window, forming)
        provisional = self._settings.provisional
        if provisional is not None and at - forming.shown_at >= provisional:
            bar = self._bar(event.symbol, window, forming, is_final=False)
            if bar is not None:
                forming.shown_at = at
                self._put(bar)
                return True
        return False

    def _revise(self, symbol: str, window: Window[Forming], forming: Forming) -> bool:
        since = self._filled_since.get(symbol)
        if not forming.revision and since is not None and since < window.start:
            # The window was given as a filled bar.
            forming.revision = 1
            forming.close = forming.close or self._last[symbol].close
        self._give(symbol, window, forming)
        return True

    def _correct(self, event: Any) -> bool:
        if not self._settings.corrections:
            allowed = "the stream has corrections of trades, which need corrections=True"
            raise InvalidArgumentError("corrections", False, allowed)
        is_cancel = hasattr(event, "cancels")
        key = event.cancels if is_cancel else event.corrects
        for window in self._windows.kept():
            forming = window.states.get(event.symbol)
            for place, trade in enumerate((forming.trades or ()) if forming else ()):
                if trade_key(trade) == key:
                    return self._replace(window, event, place, [] if is_cancel else [event.corrected(trade)])
        if self._settings.tells_late:
            self.late.append(event)
        return False

    def _replace(self, window: Window[Forming], event: Any, place: int, instead: list[Any]) -> bool:
        before = window.states[event.symbol]
        trades: list[Any] = list(before.trades or ())
        trades[place : place + 1] = instead
        after = Forming()
        after.revision, after.close, after.shown_at = before.revision, before.close, before.shown_at
        after.is_first_of_day, after.trades = before.is_first_of_day, trades
        for trade in trades:
            self._take_again(after, trade)
        window.states[event.symbol] = after
        if window.is_closed:
            self._give(event.symbol, window, after)
        return window.is_closed

    def _take_again(self, forming: Forming, trade: Any) -> None:
        self._meet(trade)
        reader = self._reader
        price, size = (trade.price, trade.size) if reader.amounts is None else reader.amounts(trade)
        if price is None or size is None:
            return
        rank = (trade.sequence_number or 0) if reader.has_sequence else 0
        forming.take_partly(reader.bits(trade, size), trade.timestamp, rank, price, size)
