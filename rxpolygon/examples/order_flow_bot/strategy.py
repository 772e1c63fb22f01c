"""The strategy: from trades and quotes to fills, and from fills to the account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct
from reactivex import Observable
from reactivex import operators as ops

from rxpolygon import operators as rxo
from rxpolygon.channel_methods import ChannelMethods
from rxpolygon.events import Quote, Trade
from rxpolygon.events.conditions import Effect
from rxpolygon.operators import AsOf, Side, TradeWithQuote

__all__ = ["Account", "Fill", "Settings", "accounts", "order_flow", "trade_on"]

Sale = TradeWithQuote[Trade, Quote]


class Settings(Struct, frozen=True, kw_only=True):
    """How the bot trades.

    Attributes:
        half_life: Seconds after which a trade counts half.
        enter: Take the prevailing side's position when its share of the flow, less the other's, reaches this.
        leave: Be flat when it is below this.
        least_volume: Do nothing while there is less flow than this, in shares.
        lot: Shares of a position.
        latency: Milliseconds from the trade that causes an order until the order is at the market; above 0.
    """

    half_life: float = 5.0
    enter: float = 0.6
    leave: float = 0.1
    least_volume: float = 500
    lot: float = 100
    latency: int = 100


class Stance(Struct, frozen=True):
    """What the bot thinks of a symbol after a trade.

    Attributes:
        timestamp: The trade's, Unix ms UTC.
        bought: Shares bought at the offer, weighed by age.
        sold: Shares sold at the bid, weighed by age.
        target: The position that it wants, in shares; negative is short.
        change: By how much this trade changed the target.
        sale: The trade and the quote at its time.
    """

    timestamp: int = 0
    bought: float = 0.0
    sold: float = 0.0
    target: float = 0.0
    change: float = 0.0
    sale: Sale | None = None


class Order(Struct, frozen=True):
    """An order at the market price.

    Attributes:
        symbol: The symbol.
        timestamp: When it reaches the market, Unix ms UTC.
        shares: How many to buy; negative to sell.
        seen: The quote for which it was sent.
    """

    symbol: str
    timestamp: int
    shares: float
    seen: Quote


class Fill(Struct, frozen=True):
    """An executed order.

    Attributes:
        symbol: The symbol.
        timestamp: When it was executed, Unix ms UTC.
        shares: How many were bought; negative if sold.
        price: What one cost: the offer in force for a purchase, the bid for a sale.
        mid: The middle of bid and offer then.
    """

    symbol: str
    timestamp: int
    shares: float
    price: float
    mid: float


class Account(Struct, frozen=True):
    """A symbol's result after a fill.

    Attributes:
        symbol: The symbol.
        timestamp: The fill's, Unix ms UTC.
        fills: How many there were.
        shares: The position; negative is short.
        cash: What sales brought, less what purchases cost.
        profit: Cash and the worth of the position at the mid of the last fill; no fees.
    """

    symbol: str = ""
    timestamp: int = 0
    fills: int = 0
    shares: float = 0.0
    cash: float = 0.0
    profit: float = 0.0


DEFAULT: Final = Settings()


def order_flow(
    trades: Observable[Trade], quotes: Observable[Quote], settings: Settings = DEFAULT
) -> Observable[Fill]:
    """The strategy: fills of the orders that follow from trades and quotes, each symbol for itself.

    .. code-block:: text

        trades   ---t-----------------
        quotes   -q----r-----s------q-
                 [    order_flow     ]
        fills    -------------------f-    at r, if s came after the latency

    A fill is emitted when event time is more than twice the latency past the order's arrival, so that a quote
    in force then may itself be late by as much, or when both streams fall silent for so long. Trades that say
    nothing about the price now (late reports, average prices), and those without a two-sided quote, do not
    count.

    Args:
        trades: The trades, of any number of symbols.
        quotes: The quotes of the same symbols; observed twice.
        settings: How to trade.

    Returns:
        Fills, in the order of their orders.

    Example:
        >>> from rxpolygon.testing import assert_stream, having, quote, trade
        >>> assert_stream(
        ...     order_flow,
        ...     given={"quotes": "q-r-s---q|", "trades": "-B-------|"},
        ...     expect="--------f|",
        ...     values={
        ...         "q": quote(bid=9.99, ask=10.01),
        ...         "r": quote(bid=10.00, ask=10.02),
        ...         "s": quote(bid=10.01, ask=10.03),
        ...         "B": trade(price=10.01, size=5_000),
        ...         "f": having(shares=100, price=10.02),
        ...     },
        ...     frame="50ms",
        ... )
    """

    def stances(sales: Observable[Sale]) -> Observable[Stance]:
        return sales.pipe(ops.scan(_weighing(settings), Stance()), ops.filter(_is_change))

    patience = timedelta(milliseconds=2 * settings.latency)
    return trades.pipe(
        ops.filter(_tells_price),
        rxo.join_quotes(quotes),
        ops.filter(_has_quote),
        rxo.by_symbol(stances),
        ops.map(_ordering(settings)),
        rxo.as_of_join(quotes, hold=patience),
        ops.map(_fill),
    )


def accounts(fills: Observable[Fill]) -> Observable[Account]:
    """The account of a symbol after each of its fills."""

    def account(fills_of_one: Observable[Fill]) -> Observable[Account]:
        return fills_of_one.pipe(ops.scan(_booked, Account()))

    return fills.pipe(rxo.by_symbol(account))


def trade_on(
    client: ChannelMethods, symbols: Sequence[str] | None = None, settings: Settings = DEFAULT
) -> Observable[Fill]:
    """The strategy on a client, live or a replay.

    Args:
        client: A :class:`~rxpolygon.StreamClient` or a :class:`~rxpolygon.ReplayClient`.
        symbols: What to trade; None: all.
        settings: How to trade.
    """
    return order_flow(
        client.subscribe_stock_trades(symbols), client.subscribe_stock_quotes(symbols), settings
    )


def _tells_price(trade: Trade) -> bool:
    if trade.timestamp is None:
        return False
    effect = rxo.SaleRules.SIP.updates_open_close(trade)
    return effect is Effect.ALWAYS or (
        effect is Effect.OFF_HOURS and not rxo.is_regular_hours(trade.timestamp)
    )


def _has_quote(sale: Sale) -> bool:
    return sale.mid is not None


def _is_change(stance: Stance) -> bool:
    return stance.change != 0


def _weighing(settings: Settings) -> Callable[[Stance, Sale], Stance]:
    half_life = settings.half_life * 1_000

    def weigh(before: Stance, sale: Sale) -> Stance:
        # A trade that is older than those before it counts as if it came with them.
        time = max(before.timestamp, sale.timestamp)
        kept = 0.5 ** ((time - before.timestamp) / half_life)
        bought = before.bought * kept + (sale.size if sale.side is Side.BUY else 0.0)
        sold = before.sold * kept + (sale.size if sale.side is Side.SELL else 0.0)
        target = _target(before.target, bought, sold, settings)
        return Stance(time, bought, sold, target, target - before.target, sale)

    return weigh


def _target(present: float, bought: float, sold: float, settings: Settings) -> float:
    if bought + sold < settings.least_volume:
        return present
    excess = (bought - sold) / (bought + sold)
    if abs(excess) >= settings.enter:
        return settings.lot if excess > 0 else -settings.lot
    return 0.0 if abs(excess) < settings.leave else present


def _ordering(settings: Settings) -> Callable[[Stance], Order]:
    def order(stance: Stance) -> Order:
        assert stance.sale is not None
        assert stance.sale.quote is not None
        return Order(
            stance.sale.symbol, stance.timestamp + settings.latency, stance.change, stance.sale.quote
        )

    return order


def _fill(met: AsOf[Order, Quote]) -> Fill:
    order, quote = met.left, met.right
    # A side may be gone when the order arrives; then it counts at the quote for which it was sent.
    if quote is None or not (quote.bid_price and quote.ask_price):
        quote = order.seen
    price = quote.ask_price if order.shares > 0 else quote.bid_price
    return Fill(order.symbol, order.timestamp, order.shares, price, (quote.bid_price + quote.ask_price) / 2)


def _booked(before: Account, fill: Fill) -> Account:
    shares = before.shares + fill.shares
    cash = before.cash - fill.shares * fill.price
    return Account(fill.symbol, fill.timestamp, before.fills + 1, shares, cash, cash + shares * fill.mid)
