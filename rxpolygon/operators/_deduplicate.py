"""``deduplicate``: each trade once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Final, TypeVar, overload

from reactivex import Observable, abc

from rxpolygon.operators._checks import function, positive_whole, unfit
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._losses import Losses, counted
from rxpolygon.operators._protocols import Identified, Timed
from rxpolygon.operators._readers import is_amendment, trade_of

__all__ = ["deduplicate"]

TIdentified = TypeVar("TIdentified", bound=Identified)
TTimed = TypeVar("TTimed", bound=Timed)

#: Keys remembered in each of the two generations, at some 120 bytes a key besides its id.
_CAPACITY: Final = 1_000_000


# Where an argument that may be left out has the type of the events, mypy asks for it before ``pipe`` can
# tell: so there is a form without that argument.
@overload
def deduplicate(
    within: str | timedelta = "5m", *, capacity: int = _CAPACITY
) -> Callable[[Observable[TIdentified]], Observable[TIdentified]]: ...


@overload
def deduplicate(
    within: str | timedelta = "5m",
    *,
    capacity: int = _CAPACITY,
    on_duplicate: Callable[[TIdentified], None] | None,
) -> Callable[[Observable[TIdentified]], Observable[TIdentified]]: ...


@overload
def deduplicate(
    within: str | timedelta = "5m",
    *,
    key: Callable[[TTimed], Hashable | None],
    capacity: int = _CAPACITY,
    on_duplicate: Callable[[TTimed], None] | None = None,
) -> Callable[[Observable[TTimed]], Observable[TTimed]]: ...


def deduplicate(
    within: str | timedelta = "5m",
    *,
    key: Callable[[TTimed], Hashable | None] | None = None,
    capacity: int = _CAPACITY,
    on_duplicate: Callable[[TTimed], None] | None = None,
) -> Callable[[Observable[TTimed]], Observable[TTimed]]:
    """Each trade once: one with the symbol, exchange and id of an earlier one is left out.

    .. code-block:: text

        source   --a1--a2--b1--a1--a3--|
                 [    deduplicate()    ]
        output   --a1--a2--b1------a3--|

    A trade is identified by (symbol, exchange, id), a correction or cancel that is merged into the trades by
    the trade that it amends. The sequence number proves nothing: on trades the same
    one was seen twice, and going back. So a trade without an id cannot be told from another and always
    passes; futures trades, which have none, need a ``key`` of one's own.

    A duplicate is recognised when no event more than ``within`` later than its original has come, and
    perhaps for as long again: what was seen is forgotten in two generations, at no cost for single keys.
    So ids that start anew each day do no harm. A generation also ends with ``capacity`` keys, whatever
    the time. An event without ``timestamp`` is compared and remembered like others.

    - *Order*: unchanged; the first of equal events passes, at once.
    - *Completion, error*: forwarded; nothing is held. *Silence*: nothing happens, no timer is used.
    - *Dispose*: releases the source and what was seen. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread.

    Args:
        within: How far apart in event time duplicates may be.
        key: What identifies an event, instead of (symbol, exchange, id); None for "cannot tell". If it
            raises, the exception goes to ``on_error``.
        capacity: The most keys in one generation; two are kept.
        on_duplicate: Told each event that is left out. If it raises, that goes to ``on_error``. Without
            it the first one, and the number at the end, are logged (level INFO).

    Returns:
        An operator that leaves out duplicates.

    Raises:
        InvalidArgumentError: ``within`` cannot be read, or ``capacity`` is below one.
        InvalidTypeError: ``capacity`` is no int, or ``key`` or ``on_duplicate`` no function. To ``on_error``
            for an event without a timestamp, or without exchange and id if there is no ``key``.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import deduplicate
        >>> first = Trade(symbol="A", price=1.0, size=5, timestamp=1_000, exchange=4, id="17")
        >>> other = Trade(symbol="A", price=1.0, size=5, timestamp=1_000, exchange=4, id="18")
        >>> _ = rx.of(first, other, first).pipe(deduplicate()).subscribe(lambda trade: print(trade.id))
        17
        18
    """
    span = to_milliseconds("within", within)
    positive_whole("capacity", capacity)
    function("key", key)
    function("on_duplicate", on_duplicate)
    identify: Callable[[TTimed], Hashable | None] = key or _trade_key

    def operator(source: Observable[TTimed]) -> Observable[TTimed]:
        def subscribe(
            observer: abc.ObserverBase[TTimed], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            seen: set[Hashable] = set()
            seen_before: set[Hashable] = set()
            generation_end: int | None = None
            losses = Losses("were left out as duplicates", on_duplicate, logging.INFO)

            def is_duplicate(event: TTimed) -> bool:
                nonlocal seen, seen_before, generation_end
                try:
                    time = event.timestamp
                except AttributeError as error:
                    raise unfit(event, "an event with a timestamp", error) from error
                if time is not None:
                    if generation_end is None:
                        generation_end = time + span
                    elif time > generation_end + span:
                        # Nothing that was seen is within the span any more.
                        seen, seen_before, generation_end = set(), set(), time + span
                    elif time > generation_end:
                        seen, seen_before, generation_end = set(), seen, generation_end + span
                it = identify(event)
                if it is None:
                    return False
                if it in seen or it in seen_before:
                    losses.add(event)
                    return True
                if len(seen) >= capacity:
                    seen_before, seen = seen, set()
                seen.add(it)
                return False

            def on_next(event: TTimed) -> None:
                try:
                    leave_out = is_duplicate(event)
                except Exception as error:
                    observer.on_error(error)
                    return
                if not leave_out:
                    observer.on_next(event)

            return counted(source, losses, on_next, observer.on_error, observer.on_completed, scheduler)

        return Observable(subscribe)

    return operator


def _trade_key(trade: Timed) -> Hashable | None:
    # The overloads let only trades with an id come here without a key.
    it: Identified = trade  # type: ignore[assignment]
    try:
        # With the kind: a cancel has the exchange and the id of its trade. By name: with the class itself the
        # garbage collector would go through all keys again and again, which doubled the cost of a trade.
        return None if it.id is None else (it.__class__.__name__, it.symbol, it.exchange, it.id)
    except AttributeError as error:
        if is_amendment(trade):
            return trade.__class__.__name__, trade.symbol, trade_of(trade), trade.timestamp
        raise unfit(trade, "a trade with exchange and id; for others give key=", error) from error
