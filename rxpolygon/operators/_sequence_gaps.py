"""``sequence_gaps``: where sequence numbers are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from reactivex import Observable, abc

from rxpolygon.operators._checks import positive_whole, unfit
from rxpolygon.operators._dated import Dated
from rxpolygon.operators._protocols import Sequenced

__all__ = ["SequenceGap", "sequence_gaps"]

TSequenced = TypeVar("TSequenced", bound=Sequenced)

_DAY_MS: Final = 86_400_000
# The shortest pause between two sessions is the hour in which futures stop.
_PAUSE_MS: Final = 1_800_000


class SequenceGap(Dated, frozen=True, gc=False):
    """Sequence numbers that did not come: perhaps events that were lost, perhaps nothing.

    Attributes:
        symbol: The symbol.
        timestamp: The time of the first event after the gap, Unix ms UTC.
        after: The highest sequence number before the gap,
        after_timestamp: and the time of its event.
        before: The sequence number of the first event after the gap.
        missing: How many numbers lie between: the most events that may have been lost.
    """

    symbol: str
    timestamp: int
    after: int
    after_timestamp: int
    before: int
    missing: int


def sequence_gaps(threshold: int = 1) -> Callable[[Observable[TSequenced]], Observable[SequenceGap]]:
    """Tells where sequence numbers of a symbol are missing, one :class:`SequenceGap` for each place.

    .. code-block:: text

        source   --1--2--3-----7--8---20--|
                 [    sequence_gaps()     ]
        output   --------------a------b---|        a: 4 to 6 missing, b: 9 to 19 missing

    **What this cannot prove.** The server's ``q`` rises per symbol and channel *with holes*: a missing
    number need not be a lost event, and most are not. On trades the same number was seen twice, and going
    back: a repeated or lower one is neither a duplicate nor a return, and is passed over. A gap at the
    beginning or the end of what was observed does not show. For a sure sign of loss watch the client's
    ``status``, whose ``Gap`` says when a connection broke or a buffer dropped; use this to rank suspects:
    a jump far above what is usual for the symbol.

    Numbers are followed per symbol and kind of event, so a merged stream of trades and quotes works. They
    start anew each day: a lower number on another UTC day, or half an hour or more after the highest one,
    is a new start and no gap. Events without a sequence number are passed over.

    - *When*: a gap is emitted at once with the event after it. An event that comes out of order makes a
      gap that it then fills; put ``reorder`` before if that matters.
    - *Completion, error*: forwarded; nothing is held. *Silence*: emits nothing.
    - *Dispose*: releases the source and the state. Subscriptions share nothing.
    - *Threads*: the observer is called on the source's thread.

    Args:
        threshold: The fewest missing numbers that are reported.

    Returns:
        An operator from events to gaps.

    Raises:
        InvalidArgumentError: ``threshold`` is below one.
        InvalidTypeError: ``threshold`` is no int. To ``on_error`` for events that have no sequence numbers.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Trade
        >>> from rxpolygon.operators import sequence_gaps
        >>> numbers = [1, 2, 2, 7]
        >>> trades = [Trade(symbol="A", timestamp=1_000 * q, sequence_number=q) for q in numbers]
        >>> _ = rx.from_iterable(trades).pipe(sequence_gaps()).subscribe(lambda gap: print(gap.missing))
        4
    """
    positive_whole("threshold", threshold)

    def operator(source: Observable[TSequenced]) -> Observable[SequenceGap]:
        def subscribe(
            observer: abc.ObserverBase[SequenceGap], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            # The event with the highest number, by kind and symbol.
            highest: dict[tuple[type, str], TSequenced] = {}

            def on_next(event: TSequenced) -> None:
                try:
                    number = event.sequence_number
                    if number is None:
                        return
                    lane = (event.__class__, event.symbol)
                except AttributeError as error:
                    observer.on_error(unfit(event, "an event with a sequence_number", error))
                    return
                last = highest.get(lane)
                after = None if last is None else last.sequence_number
                if last is None or after is None:
                    highest[lane] = event
                elif number > after:
                    highest[lane] = event
                    missing = number - after - 1
                    if missing >= threshold:
                        observer.on_next(
                            SequenceGap(event.symbol, event.timestamp, after, last.timestamp, number, missing)
                        )
                elif _is_new_start(last.timestamp, event.timestamp):
                    highest[lane] = event

            return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

        return Observable(subscribe)

    return operator


def _is_new_start(last: int | None, now: int | None) -> bool:
    if last is None or now is None:
        return False
    return now - last >= _PAUSE_MS or (now > last and now // _DAY_MS > last // _DAY_MS)
