"""``as_of_join``: each event with the latest one of another stream."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

from reactivex import Observable

from rxpolygon.operators._as_of import Match, as_of, as_of_settings
from rxpolygon.operators._checks import observable
from rxpolygon.operators._dated import Dated
from rxpolygon.operators._protocols import Timed

__all__ = ["AsOf", "as_of_join"]

TLeft = TypeVar("TLeft", bound=Timed)
TRight = TypeVar("TRight", bound=Timed)


class AsOf(Dated, Generic[TLeft, TRight], frozen=True, gc=False):
    """An event, and the one of another stream that was in force at its time.

    Attributes:
        left: The event.
        right: The newest event of the other stream, of the same symbol and not later; None without one.
        is_stale: Whether ``right`` was older than the join's ``tolerance``.
    """

    left: TLeft
    right: TRight | None
    is_stale: bool

    @property
    def symbol(self) -> str:
        """The symbol of both."""
        return self.left.symbol

    @property
    def timestamp(self) -> int:
        """The left event's instant, Unix milliseconds UTC."""
        return self.left.timestamp


def as_of_join(
    other: Observable[TRight],
    *,
    tolerance: str | timedelta | None = None,
    hold: str | timedelta | None = None,
    lateness: str | timedelta = "1s",
    max_lead: str | timedelta | None = None,
    allow_exact_matches: bool = True,
) -> Callable[[Observable[TLeft]], Observable[AsOf[TLeft, TRight]]]:
    """Each event with the newest one of another stream that is of its symbol and not after it.

    .. code-block:: text

        source   ---------a1--------a2----------|
        other    --b1----------b2---------b3-----
                 [     as_of_join(other)        ]
        output   ---------(a1,b1)---(a2,b2)-----|

    For any two streams whose events have ``symbol`` and ``timestamp``: trades with bands, values with bars,
    one venue's trades with another's. What is emitted and when, equal timestamps, late and missing ones,
    memory, completion, errors, silence, disposal and threads are as :func:`join_quotes` says, with the
    source for its trades and ``other`` for its quotes. In polars: ``source.join_asof(other, on="timestamp",
    by="symbol", strategy="backward")``, but a match older than ``tolerance`` is flagged, not removed.

    Mind that the ``timestamp`` of a bar or aggregate is its *start*: its close was not known then.

    Args:
        other: The stream to look up in.
        tolerance: A match older than this is flagged ``is_stale``. None: never.
        hold: How long in event time an event waits for events of ``other`` that arrive late.
        lateness: How far an event may be behind the newest of its stream and surely find its match.
        max_lead: Forget events of ``other`` older than its newest by more than this. None keeps
            them until the source has caught up.
        allow_exact_matches: Whether an event of ``other`` with exactly the same timestamp matches.

    Returns:
        An operator from events to :class:`AsOf`.

    Raises:
        InvalidArgumentError: A duration that cannot be read.
        InvalidTypeError: ``other`` is no Observable.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import LimitUpLimitDown, Trade
        >>> from rxpolygon.operators import as_of_join
        >>> bands = rx.of(LimitUpLimitDown(symbol="A", high=11.0, low=9.0, wire_timestamp=1_000))
        >>> trades = rx.of(Trade(symbol="A", price=11.0, size=5, timestamp=1_200))
        >>> at_the_band = trades.pipe(as_of_join(bands))
        >>> _ = at_the_band.subscribe(lambda it: print(it.right and it.left.price >= it.right.high))
        True
    """
    observable("other", other)
    settings = as_of_settings(tolerance, hold, lateness, max_lead, allow_exact_matches)

    def operator(source: Observable[TLeft]) -> Observable[AsOf[TLeft, TRight]]:
        return as_of(source, other, _pairs, settings)

    return operator


def _pairs() -> Match[TLeft, TRight, AsOf[TLeft, TRight]]:
    return AsOf
