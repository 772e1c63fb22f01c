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
from rxpolygon.operators._sales import NOTHING, PLAIN, VOLUME, SaleRules
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
        # The class of the last event, and what its reader says of it.
        self._kind: type | None = None
        self._reader: Reader
        self._has_sequence = False
        self._amounts: Callable[[Any], tuple[float | None, float]] | None = None
        self._bits_of: dict[object, int] | None = None
        self._judge: Callable[[Any], int] | None = None
        self._least_size = 0.0
        # The window of the newest event (None outside of sessions): most events fall into it. Up to _limit,
        # where it ends or another one is over, nothing else needs to be asked.
        self._front: Window[Forming] | None = None
        self._front_start = NEVER
        self._limit = BEFORE_ALL
        self._has_extras = settings.corrections or settings.provisional is not None

    @property
    def newest(self) -> int:
        """Event time: the newest timestamp, or later after a silence."""
        return self._windows.newest

    def add(self, event: Any) -> bool:  # Any: read by attributes, see Reader
        """Adds an event; tells whether bars, or late events, were put."""
        # Runs at every event of every symbol: what is rare is elsewhere, and the plain trade is spelled out,
        # because a call costs as much as all that it would do.
        if event.__class__ is not self._kind and self._meet(event).is_correction:
            return self._correct(event)
        at = event.timestamp
        if self._amounts is None:
            price, size = event.price, event.size
        else:
            price, size = self._amounts(event)
        windows = self._windows
        if at is None:
            at = windows.newest
        if price is None or size is None:
            return False

        told = False
        if at >= windows.newest:
            windows.newest = at
            if at >= self._limit:
                told = self._move_front(at)
            window = self._front
        elif at >= self._front_start:
            window = self._front
        else:
            window = self._older(at, event)
            if window is not None and window.is_closed:
                return self._add_late(event, at, price, size, window)
        if window is None:
            return told or bool(self.late)

        if self._bits_of is not None:
            try:
                bits = self._bits_of[event.conditions]
            except (KeyError, TypeError):
                bits = self._reader.bits(event, size)
            if size < self._least_size:
                bits &= VOLUME
        else:
            bits = PLAIN if self._judge is None else self._judge(event)
        try:
            forming = window.states[event.symbol]
        except KeyError:
            forming = window.states[event.symbol] = Forming()
        if bits == PLAIN:
            rank = (event.sequence_number or 0) if self._has_sequence else 0
            if price > forming.high:
                forming.high = price
                forming.take_open(at, rank, price)  # the first trade comes through here
            if price < forming.low:
                forming.low = price
            if at > forming.close_at:
                forming.close = price
                forming.close_at = at
                forming.close_rank = rank
            elif at == forming.close_at and rank >= forming.close_rank:
                forming.close = price
                forming.close_rank = rank
            else:
                forming.take_open(at, rank, price)
            forming.volume += size
            forming.value += price * size
            forming.count += 1
        elif bits == VOLUME:
            forming.volume += size
            forming.value += price * size
            forming.count += 1
        else:
            rank = (event.sequence_number or 0) if self._has_sequence else 0
            if not forming.take(bits, at, rank, price, size):
                bits = NOTHING
        if self._has_extras:
            told = self._add_extras(event, at, window, forming, changed=bits != NOTHING) or told
        return told

    def advance(self, now: int) -> int | None:
        """Lets event time go on to ``now``; returns in how many ms a window is over, if one is open."""
        windows = self._windows
        if now >= windows.due:
            windows.newest = max(windows.newest, now)
            self._close_due()
            self._leave_front()
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
        self._leave_front()

    def _meet(self, event: object) -> Reader:
        kind = event.__class__
        reader = self._readers.get(kind)
        if reader is None:
            reader = self._readers[kind] = Reader(event, self._settings.sales)
        if not reader.is_correction:
            self._kind, self._reader = kind, reader
            self._amounts, self._bits_of, self._judge = reader.amounts, reader.bits_of, reader.judge
            self._has_sequence, self._least_size = reader.has_sequence, reader.least_size
        return reader

    def _move_front(self, at: int) -> bool:
        windows = self._windows
        if at == BEFORE_ALL:
            return False  # no event so far had a timestamp
        told = at >= windows.due and self._close_due()
        span = windows.span(at)
        self._front = windows.at(at)
        self._front_start, self._limit = span.start, min(span.end, windows.due)
        return told

    def _leave_front(self) -> None:
        self._front, self._front_start, self._limit = None, NEVER, BEFORE_ALL

    def _older(self, at: int, event: object) -> Window[Forming] | None:
        window = self._windows.at(at)
        if window is None:
            if self._settings.tells_late and self._windows.span(at).is_open:
                self.late.append(event)
        else:
            self._limit = min(self._limit, self._windows.due)
        return window

    def _close_due(self) -> bool:
        windows = self._windows
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
        self, event: Any, at: int, window: Window[Forming], forming: Forming, *, changed: bool
    ) -> bool:
        if self._settings.corrections:
            forming.keep(event)
        provisional = self._settings.provisional
        if not changed or provisional is None or at - forming.shown_at < provisional:
            return False
        bar = self._bar(event.symbol, window, forming, is_final=False)
        if bar is None:
            return False
        forming.shown_at = at
        self._put(bar)
        return True

    def _add_late(self, event: Any, at: int, price: float, size: float, window: Window[Forming]) -> bool:
        symbol = event.symbol
        forming = window.states.setdefault(symbol, Forming())
        if self._settings.corrections:
            forming.keep(event)
        rank = (event.sequence_number or 0) if self._has_sequence else 0
        changed = forming.take(self._reader.bits(event, size), at, rank, price, size)
        if changed:
            self._revise(symbol, window, forming)
        return changed

    def _revise(self, symbol: str, window: Window[Forming], forming: Forming) -> None:
        since = self._filled_since.get(symbol)
        if not forming.revision and since is not None and since < window.start:
            # The window was given as a filled bar.
            forming.revision = 1
            forming.close = forming.close or self._last[symbol].close
        self._give(symbol, window, forming)

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
        return bool(self.late)

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
        forming.take(reader.bits(trade, size), trade.timestamp, rank, price, size)
