"""What the measures that follow upon each event have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from reactivex import Observable, abc

from rxpolygon.operators._kept_trades import KeptTrades
from rxpolygon.operators._losses import Losses, counted

__all__ = ["measured"]

TOut = TypeVar("TOut")


def measured(
    source: Observable[Any],  # Any: read by attributes
    make_take: Callable[[KeptTrades[Any]], Callable[[Any], TOut | None]],
    revisable: int | None,
    on_late: Callable[[Any], object] | None,
) -> Observable[TOut]:
    """What a measure makes of each event of a source, if anything.

    Args:
        source: Trades, perhaps with corrections and cancels.
        make_take: Called for each subscription; gives what takes an event.
        revisable: How long trades are kept for amendments, in ms; None: there must be none.
        on_late: Told each amendment of a trade that is not known.
    """

    def subscribe(
        observer: abc.ObserverBase[TOut], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        losses: Losses[Any] = Losses("corrected or cancelled trades that are not known", on_late)
        take = make_take(KeptTrades(revisable, losses.add))

        def on_next(event: Any) -> None:
            try:
                measure = take(event)
            except Exception as error:
                losses.close()
                observer.on_error(error)
                return
            if measure is not None:
                observer.on_next(measure)

        return counted(source, losses, on_next, observer.on_error, observer.on_completed, scheduler)

    return Observable(subscribe)
