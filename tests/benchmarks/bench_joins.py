"""``join_quotes`` and ``by_symbol`` against the same written with RxPY's operators.

Run by hand:  python -m tests.benchmarks.bench_joins

The events come as in the client: a frame of 50 is decoded, then pushed event by event into the Observable
that ``subscribe_*`` returns, the same for both sides. Only the pushing is timed, and only the second half of
the stream, when every symbol has its state. A figure is the median over several passes, in turn in one run,
in microseconds of the thread's own time an event, so that other programs disturb it little. Hold the ratios
against the targets; the absolute figures are this machine's.

A symbol's pipeline costs the same under ``by_symbol`` and under ``group_by``. So it is also measured by hand:
a dict of pipelines made beforehand, with nothing that keeps threads apart, counts errors or disposes.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from importlib.metadata import version
from platform import machine, python_version
from typing import Any

from msgspec.json import Decoder, Encoder
from reactivex import GroupedObservable, Observable
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon.events import Quote, Trade
from tests.benchmarks.bar_ways import Feed
from tests.benchmarks.pushing import Push, ignore, price_of, pushed, without_gc

EVENTS = 200_000
FRAME = 50
PASSES = 7
SYMBOLS = 500

Event = Trade | Quote
#: Builds a pipeline; gives what takes a trade and what takes a quote.
Setup = Callable[[], tuple[Push, Push]]

decode = Decoder(list[Event]).decode


def market() -> list[bytes]:
    """Frames of quotes, and of trades at or inside them, 10,000 events a second; a quarter are trades."""
    chance = random.Random(1)
    encode = Encoder().encode
    events: list[Event] = []
    for number in range(EVENTS):
        symbol = f"S{chance.randrange(SYMBOLS):05}"
        bid = 100 + chance.randrange(100) / 100
        at = 1_700_000_000_000 + number // 10
        if chance.random() < 0.25:
            price = bid + chance.choice((0.0, 0.01, 0.02))
            events.append(
                Trade(symbol=symbol, price=price, size=100, timestamp=at, exchange=4, id=f"{number}")
            )
        else:
            events.append(
                Quote(
                    symbol=symbol, bid_price=bid, bid_size=3, ask_price=bid + 0.02, ask_size=5, timestamp=at
                )
            )
    return [encode(events[first : first + FRAME]) for first in range(0, EVENTS, FRAME)]


def cost(setup: Setup, frames: list[bytes]) -> float:
    """Microseconds an event, in the second half of the frames."""
    push_trade, push_quote = setup()
    with without_gc():
        return pushed(frames, decode, push_trade, push_quote)


def compare(frames: list[bytes], setups: dict[str, Setup]) -> dict[str, float]:
    """The median of each, the passes of all alternating."""
    times: dict[str, list[float]] = {name: [] for name in setups}
    for _ in range(PASSES):
        for name, setup in setups.items():
            times[name].append(cost(setup, frames))
    return {name: statistics.median(values) for name, values in times.items()}


def piped(operator: Callable[[Observable[Any]], Observable[Any]]) -> Setup:
    """Trades and quotes through one operator."""

    def setup() -> tuple[Push, Push]:
        feed = Feed[Any]()
        feed.pipe(operator).subscribe(ignore)
        return feed.push, feed.push

    return setup


def joined() -> tuple[Push, Push]:
    trades, quotes = Feed[Any](), Feed[Any]()
    trades.pipe(rxo.join_quotes(quotes)).subscribe(ignore)
    return trades.push, quotes.push


def rxpy_join(events: GroupedObservable[str, Event]) -> Observable[Any]:
    """The obvious pipeline of a symbol; the quote test comes after it, without the tick test."""
    trades = events.pipe(ops.filter(lambda event: type(event) is Trade))
    quotes = events.pipe(ops.filter(lambda event: type(event) is Quote))
    return trades.pipe(ops.with_latest_from(quotes), ops.map(quote_test))


def quote_test(pair: tuple[Trade, Quote]) -> rxo.TradeWithQuote[Trade, Quote]:
    trade, quote = pair
    mid = (quote.bid_price + quote.ask_price) / 2
    side = rxo.Side.BUY if trade.price > mid else rxo.Side.SELL
    return rxo.TradeWithQuote(trade, quote, mid, quote.ask_price - quote.bid_price, side, False)


def symbol_of(event: Event) -> str:
    return event.symbol


PIPELINES: dict[str, Callable[[Observable[Any]], Observable[Any]]] = {
    "nothing": lambda events: events,
    "map": ops.map(price_of),
    "pairwise": ops.pairwise(),
    "scan": ops.scan(lambda count, _: count + 1, 0),
}


def grouped(inner: Callable[[Any], Observable[Any]]) -> Setup:
    return piped(lambda feed: feed.pipe(ops.group_by(symbol_of), ops.flat_map(inner)))


def by_hand(inner: Callable[[Any], Observable[Any]]) -> Setup:
    def setup() -> tuple[Push, Push]:
        pushes: dict[str, Push] = {}

        def push(event: Event) -> None:
            try:
                push_one = pushes[event.symbol]
            except KeyError:
                feed = Feed[Any]()
                feed.pipe(inner).subscribe(ignore)
                push_one = pushes[event.symbol] = feed.push
            push_one(event)

        return push, push

    return setup


def against_rxpy() -> None:
    frames = market()
    print(f"{SYMBOLS} symbols, a quarter of the events trades")
    shown(frames, "join_quotes / with_latest_from in group_by", {"ours": joined, "rxpy": grouped(rxpy_join)})
    for name, inner in PIPELINES.items():
        ours = piped(rxo.by_symbol(inner))
        shown(
            frames,
            f"by_symbol({name}) / group_by and flat_map",
            {"ours": ours, "rxpy": grouped(inner), "by hand": by_hand(inner)},
        )


def shown(frames: list[bytes], title: str, setups: dict[str, Setup]) -> None:
    medians = compare(frames, setups)
    figures = ", ".join(f"{name} {median:.2f} us" for name, median in medians.items())
    print(f"  {title:<46}{medians['rxpy'] / medians['ours']:5.1f} x   {figures}")


def main() -> None:
    print(
        f"{machine()}, CPython {python_version()}, reactivex {version('reactivex')}, "
        f"{EVENTS:,} events in frames of {FRAME}, {PASSES} passes"
    )
    against_rxpy()


if __name__ == "__main__":
    main()
