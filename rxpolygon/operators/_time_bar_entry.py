"""Where events come into ``time_bars``: the way of most of them, spelled out."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Final

from rxpolygon.operators._event_clock import EventClock
from rxpolygon.operators._forming import Forming
from rxpolygon.operators._readers import Reader
from rxpolygon.operators._sales import PLAIN, VOLUME
from rxpolygon.operators._steps import Steps
from rxpolygon.operators._time_bar_engine import TimeBarEngine
from rxpolygon.operators._turns import Turns
from rxpolygon.operators._windows import BEFORE_ALL, NEVER

__all__ = ["time_bar_entry"]

# What the sale rules say where only the engine knows.
_ASK_ENGINE: Final = -1


def time_bar_entry(
    engine: TimeBarEngine,
    take: Callable[[Any], None],
    steps: Steps[Any],
    turns: Turns[Any],
    clock: EventClock,
) -> Callable[[Any], None]:
    """The handler of events, to be called from any thread.

    The same as ``turns.entry(take)``, with ``take`` being for the engine, and telling the clock. But an event
    in the newest window that is plain, or adds volume only, is added here: this runs at every event of
    every symbol, and a call costs as much as all that it would do.
    """
    inbox, take_turn, give_back = turns.inbox, turns.take, turns.give_back
    windows = engine.windows
    add_extras = steps.of(engine.add_extras) if engine.has_extras else None
    # How to read events of this class; None: every event goes to the engine.
    kind: Any = None  # Any: with "type" an event of it had no attributes
    amounts: Callable[[Any], tuple[float | None, float]] | None = None
    bits_of: dict[object, int] | None = None
    least_size = 0.0
    has_sequence = False
    # The newest window, in variables: they are found faster than an object's attributes.
    start, limit = NEVER, BEFORE_ALL
    states: dict[str, Forming] = {}

    def on_kind(new: type | None, reader: Reader) -> None:
        nonlocal kind, amounts, bits_of, least_size, has_sequence
        kind, amounts, bits_of = new, reader.amounts, reader.bits_of
        least_size, has_sequence = reader.least_size, reader.has_sequence

    def on_front(new_start: int, new_limit: int, new_states: dict[str, Forming]) -> None:
        nonlocal start, limit, states
        start, limit, states = new_start, new_limit, new_states

    engine.tell(on_kind, on_front)

    def take_later(event: Any) -> None:
        turns.defer(take, event)
        # Who does it in our place may be the clock's own timer, which then rests.
        if not clock.heard:
            clock.hear()

    def on_next(event: Any) -> None:  # Any: read by attributes, see Reader
        if inbox:
            take_later(event)
            return
        try:
            take_turn()
        except IndexError:
            take_later(event)
            return
        try:
            if event.__class__ is kind:
                try:
                    at = event.timestamp
                    if amounts is None:
                        price = event.price
                        size = event.size
                    else:
                        price, size = amounts(event)
                    value = price * size
                    newest = windows.newest
                    is_newest = at > newest
                    bits = PLAIN if bits_of is None else bits_of[event.conditions]
                    if size < least_size:
                        bits &= VOLUME
                    if at >= limit if is_newest else at < start:
                        bits = _ASK_ENGINE
                except (KeyError, TypeError):
                    # Conditions not met before, or something is None.
                    bits = _ASK_ENGINE
            else:
                bits = _ASK_ENGINE
            if bits == PLAIN:
                if is_newest:
                    windows.newest = at
                elif at == newest:
                    # One number for all symbols, where it was one each that is not in the processor's cache.
                    at = newest
                try:
                    forming = states[event.symbol]
                except KeyError:
                    forming = states[event.symbol] = Forming()
                rank = (event.sequence_number or 0) if has_sequence else 0
                if price > forming.high:
                    if forming.high == -inf:
                        forming.take_open(at, rank, price)
                    forming.high = price
                if price < forming.low:
                    forming.low = price
                if is_newest or at > forming.close_at:
                    forming.close = price
                    forming.close_at = at
                    forming.close_rank = rank
                elif at == forming.close_at and rank >= forming.close_rank:
                    forming.close = price
                    forming.close_rank = rank
                else:
                    forming.take_open(at, rank, price)
                forming.volume += size
                forming.value += value
                forming.count += 1
                if add_extras is not None:
                    add_extras((event, at, forming))
            elif bits == VOLUME:
                if is_newest:
                    windows.newest = at
                try:
                    forming = states[event.symbol]
                except KeyError:
                    forming = states[event.symbol] = Forming()
                forming.volume += size
                forming.value += value
                forming.count += 1
                if add_extras is not None:
                    add_extras((event, at, forming))
            else:
                take(event)
        except Exception as error:
            turns.fail(error)
        finally:
            give_back(None)
        if inbox:
            turns.work()
        if not clock.heard:
            clock.hear()

    return on_next
