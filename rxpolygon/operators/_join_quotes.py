"""``join_quotes``: each trade with the quote in force at its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from reactivex import Observable

from rxpolygon.errors import InvalidTypeError
from rxpolygon.operators._as_of import Match, as_of, as_of_settings
from rxpolygon.operators._checks import observable, unfit
from rxpolygon.operators._protocols import QuoteLike, TradeLike
from rxpolygon.operators._rounding import ROUNDING
from rxpolygon.operators._trade_with_quote import Side, TradeWithQuote

__all__ = ["join_quotes"]

TTrade = TypeVar("TTrade", bound=TradeLike)
TQuote = TypeVar("TQuote", bound=QuoteLike)

# Looked up once: an enum's attribute costs more than a name of the module.
_BUY, _SELL, _UNKNOWN = Side.BUY, Side.SELL, Side.UNKNOWN


def join_quotes(
    quotes: Observable[TQuote],
    *,
    tolerance: str | timedelta | None = None,
    hold: str | timedelta | None = None,
    lateness: str | timedelta = "1s",
    max_lead: str | timedelta | None = None,
    allow_exact_matches: bool = True,
) -> Callable[[Observable[TTrade]], Observable[TradeWithQuote[TTrade, TQuote]]]:
    """Each trade with the quote of its symbol in force at its time, its mid and spread, and the side.

    .. code-block:: text

        trades   ---------t1--------t2----------|
        quotes   --q1----------q2---------q3-----
                 [  join_quotes(quotes)         ]
        output   ---------(t1,q1)---(t2,q2)-----|

    The quote in force at a trade is the newest of its symbol whose ``timestamp`` is not after the trade's,
    however the two streams arrive: a quote that came first but is later in event time is not taken, an
    older one is. Among quotes of equal time the last to arrive is in force. Every trade is emitted
    exactly once, in the order in which trades arrive; without a quote in force its ``quote`` is None.

    **Equal timestamps.** A quote with exactly the trade's ``timestamp`` is in force, as in polars
    ``join_asof``, provided that it has arrived. With ``allow_exact_matches=False`` it is not: in whole
    milliseconds such a quote is often the trade's own consequence (Holden and Jacobsen, "Liquidity
    Measurement Problems in Fast, Competitive Markets", Journal of Finance 69, 2014).

    **Quotes that arrive late.** Without ``hold`` a trade goes on at once, with what has arrived. With
    ``hold`` it is kept back until an event of either stream is *more* than ``hold`` after it in event time,
    so a quote that is late by up to ``hold``, inclusive, still counts; its order among trades stays. When
    both streams are silent (no event for one to two times ``hold`` on the scheduler) the trades kept
    back go on too.

    **Side** is that of Lee and Ready, "Inferring Trade Direction from Intraday Data", Journal of Finance
    46, 1991: a price above the mid was bought, below it sold. At the mid, and where there is no two-sided
    quote, the tick test decides: bought if the last *different* price of the symbol was lower, sold if it
    was higher; before the first change of price it is unknown. Stale quotes are used all the same. A price
    is at the mid also where binary fractions say otherwise by a hair: half of 49.01 + 49.03 is not 49.02
    there. So ask ``side`` rather than compare ``price`` with ``mid``.

    Works for :class:`~rxpolygon.events.Trade` with Quote, CryptoTrade with CryptoQuote, FuturesTrade with
    FuturesQuote, and for whatever has the attributes. A trade without a ``timestamp`` gets its symbol's
    newest quote; a quote without one cannot be placed and is not used. A bid or offer that is None, or 0
    with size 0, is no side: ``mid`` and ``spread`` are None.

    - *Memory*: a symbol keeps the quotes that a trade may still ask for: those since the newest trade of
      any symbol less ``lateness`` and ``hold``, and the one in force there; at times up to four times as
      many, and up to 8 anyway. What a burst left is forgotten when 256 more quotes have come, at the latest.
      Besides the quotes a symbol takes about 0.2 KB. Quotes that run ahead of the trades wait for them, all
      of them unless ``max_lead`` is given.
    - *Completion*: when the trades complete, those kept back are emitted, then ``on_completed``. When the
      quotes complete, trades go on with the quotes known and are no longer kept back.
    - *Error*: of either stream: the trades kept back are emitted, then ``on_error``.
    - *Silence*: quotes alone emit nothing. Without ``hold`` no timer is used.
    - *Dispose*: releases both sources, the timer and the state. ``quotes`` is observed, before the trades
      and with the same scheduler, once for each subscription.
    - *Threads*: the two streams may come from different threads. The observer is called by one of them, or
      by the scheduler's, one call at a time and with no lock held.

    Args:
        quotes: The quotes, of the same symbols.
        tolerance: A quote that was older than this at the trade's time is flagged ``is_stale``. None:
            never.
        hold: How long in event time trades wait for quotes that arrive late, "100ms" or a timedelta.
        lateness: How far a trade may be behind the newest trade and surely find its quote. A later one
            gets None if its quote is forgotten, never a wrong one.
        max_lead: Forget quotes that are older than the newest quote by more than this, even if
            no trade has caught up. None keeps them, which a join of two recordings, one read after the
            other, needs.
        allow_exact_matches: Whether a quote with the trade's own timestamp is in force.

    Returns:
        An operator from trades to :class:`TradeWithQuote`.

    Raises:
        InvalidArgumentError: A duration that cannot be read.
        InvalidTypeError: ``quotes`` is no Observable. To ``on_error`` for an event that is no trade, or no
            quote.

    Example:
        >>> import reactivex as rx
        >>> from rxpolygon.events import Quote, Trade
        >>> from rxpolygon.operators import join_quotes
        >>> quotes = rx.of(Quote(symbol="A", bid_price=9.0, ask_price=11.0, timestamp=1_000))
        >>> trades = rx.of(Trade(symbol="A", price=11.0, size=5, timestamp=1_200))
        >>> joined = trades.pipe(join_quotes(quotes, tolerance="100ms"))
        >>> _ = joined.subscribe(lambda it: print(it.mid, it.spread, it.side.value, it.is_stale))
        10.0 2.0 buy True
    """
    observable("quotes", quotes)
    settings = as_of_settings(tolerance, hold, lateness, max_lead, allow_exact_matches)

    def operator(source: Observable[TTrade]) -> Observable[TradeWithQuote[TTrade, TQuote]]:
        return as_of(source, quotes, _lee_ready, settings)

    return operator


class _Tick:
    """A symbol's last price, and which way the price moved last."""

    __slots__ = ("price", "side")

    def __init__(self) -> None:
        self.price: float | None = None
        self.side = _UNKNOWN


def _lee_ready() -> Match[TTrade, TQuote, TradeWithQuote[TTrade, TQuote]]:
    ticks: dict[str, _Tick] = {}

    def match(trade: TTrade, quote: TQuote | None, is_stale: bool) -> TradeWithQuote[TTrade, TQuote]:
        try:
            tick = ticks[trade.symbol]
        except KeyError:
            tick = ticks[trade.symbol] = _Tick()
        try:
            price, last = trade.price, tick.price
        except AttributeError as error:
            raise unfit(trade, "a trade (join_quotes is given the quotes)", error) from error
        if price != last and price is not None:
            if last is not None:
                tick.side = _BUY if price > last else _SELL
            tick.price = price
        side = tick.side
        if quote is None:
            return TradeWithQuote(trade, None, None, None, side, False)
        try:
            bid, ask = quote.bid_price, quote.ask_price
        except AttributeError as error:
            raise InvalidTypeError("an event of quotes", quote, "a quote") from error
        if not (bid and ask) and _is_one_sided(quote):
            return TradeWithQuote(trade, quote, None, None, side, is_stale)
        both = bid + ask
        mid = both / 2
        if price is not None:
            margin = ROUNDING * both if both > 0 else -ROUNDING * both
            if price > mid + margin:
                side = _BUY
            elif price < mid - margin:
                side = _SELL
        return TradeWithQuote(trade, quote, mid, ask - bid, side, is_stale)

    return match


def _is_one_sided(quote: QuoteLike) -> bool:
    bid, ask = quote.bid_price, quote.ask_price
    if bid is None or ask is None:
        return True
    # A price of 0 alone may be real: calendar spreads of futures trade there.
    return (bid == 0 and getattr(quote, "bid_size", None) == 0) or (
        ask == 0 and getattr(quote, "ask_size", None) == 0
    )
