"""Joins, ``by_symbol`` and the other symbol-wise operators: against RxPY, by number of symbols, and alone.

Run by hand:  python -m tests.benchmarks.bench_joins

The events come as in the client: a frame of 50 is decoded, then pushed event by event into the Observable
that ``subscribe_*`` returns, the same for both sides. Only the pushing is timed where nothing else is said,
and only the second half of the stream, when every symbol has its state. A figure is the median over several
passes, in turn in one run, in microseconds of the thread's own time an event, so that other programs disturb
it little. Hold the ratios against the targets; the absolute figures are this machine's.

A symbol's pipeline costs the same under ``by_symbol`` and under ``group_by``. So it is also measured by hand:
a dict of pipelines made beforehand, with nothing that keeps threads apart, counts errors or disposes.

The growth from 10 symbols to 10,000 is told of the operator alone, and of all that an event costs from its
bytes on: with symbols that are equally busy, and with a few that have most of the events, as in a market.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from platform import machine, python_version
from typing import Any, NamedTuple

from msgspec.json import Decoder, Encoder
from reactivex import GroupedObservable, Observable
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon.events import Quote, Trade
from tests.benchmarks.bar_ways import Feed, alike, by_rank

EVENTS = 200_000
FRAME = 50
PASSES = 7
SIZES = (10, 500, 10_000)

Event = Trade | Quote
Push = Callable[[Any], object]
#: Builds a pipeline; gives what takes a trade and what takes a quote.
Setup = Callable[[], tuple[Push, Push]]

decode = Decoder(list[Event]).decode


def ignore(_: object) -> None:
    """The observer of every pipeline."""


def market(symbols: int, weigh: Callable[[int], float] = alike, trades: float = 0.25) -> list[bytes]:
    """Frames of quotes and of trades at or inside them, 10,000 events a second.

    The symbols are as busy as ``weigh`` says of their rank.
    """
    chance = random.Random(1)
    encode = Encoder().encode
    events: list[Event] = []
    names = [f"S{number:05}" for number in range(symbols)]
    weights = [weigh(rank) for rank in range(1, symbols + 1)]
    for number, symbol in enumerate(chance.choices(names, weights, k=EVENTS)):
        bid = 100 + chance.randrange(100) / 100
        at = 1_700_000_000_000 + number // 10
        if chance.random() < trades:
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


class Cost(NamedTuple):
    """Microseconds an event."""

    alone: float
    with_decoding: float


def one_pass(setup: Setup, frames: list[bytes]) -> Cost:
    """What an event costs in the second half of the frames."""
    push_trade, push_quote = setup()
    decoding = pushing = 0.0
    gc.collect()
    gc.disable()
    for number, frame in enumerate(frames):
        begin = time.thread_time()
        decoded = decode(frame)
        end = time.thread_time()
        events = [(push_trade if type(event) is Trade else push_quote, event) for event in decoded]
        start = time.thread_time()
        for push, event in events:
            push(event)
        if number >= len(frames) // 2:
            pushing += time.thread_time() - start
            decoding += end - begin
    gc.enable()
    unit = EVENTS / 2 / 1e6
    return Cost(pushing / unit, (pushing + decoding) / unit)


def compare(frames: list[bytes], setups: dict[str, Setup]) -> dict[str, float]:
    """The median of each, the passes of all alternating."""
    times: dict[str, list[float]] = {name: [] for name in setups}
    for _ in range(PASSES):
        for name, setup in setups.items():
            times[name].append(one_pass(setup, frames).alone)
    return {name: statistics.median(values) for name, values in times.items()}


def piped(operator: Callable[[Observable[Any]], Observable[Any]]) -> Setup:
    """Trades and quotes through one operator."""

    def setup() -> tuple[Push, Push]:
        feed = Feed[Any]()
        feed.pipe(operator).subscribe(ignore)
        return feed.push, feed.push

    return setup


def trades_only(operator: Callable[[Observable[Any]], Observable[Any]]) -> Setup:
    def setup() -> tuple[Push, Push]:
        push, _ = piped(operator)()
        return push, ignore

    return setup


def joined(**options: Any) -> Setup:
    def setup() -> tuple[Push, Push]:
        trades, quotes = Feed[Any](), Feed[Any]()
        trades.pipe(rxo.join_quotes(quotes, **options)).subscribe(ignore)
        return trades.push, quotes.push

    return setup


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


def price_of(event: Any) -> float:
    return 0.0 if type(event) is Quote else event.price


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
    frames = market(500)
    print("500 symbols, a quarter of the events trades")
    shown(
        frames, "join_quotes / with_latest_from in group_by", {"ours": joined(), "rxpy": grouped(rxpy_join)}
    )
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


def by_number_of_symbols() -> None:
    setups: dict[str, Setup] = {
        "(pushing alone)": lambda: (ignore, ignore),
        "join_quotes": joined(),
        "join_quotes(hold='100ms')": joined(hold="100ms"),
        "by_symbol(nothing)": piped(rxo.by_symbol(PIPELINES["nothing"])),
        "by_symbol(map)": piped(rxo.by_symbol(PIPELINES["map"])),
        "conflate('1s')": piped(rxo.conflate("1s")),
        "reorder('100ms')": piped(rxo.reorder("100ms")),
        "deduplicate, trades only": trades_only(rxo.deduplicate()),
        "vwap('1m'), trades only": trades_only(rxo.vwap("1m")),
        "rolling('1m'), trades only": trades_only(rxo.rolling("1m")),
    }
    for title, weigh in (("equally busy", alike), ("busy as 1/rank", by_rank)):
        frames = [market(size, weigh) for size in SIZES]
        print(
            f"us an event at {', '.join(f'{size:,}' for size in SIZES)} symbols, {title}, and the growth, "
            "alone and with decoding"
        )
        for name, setup in setups.items():
            print(f"  {name:<32}{growth(setup, frames)}")


def growth(setup: Setup, frames: list[list[bytes]]) -> str:
    """What an event costs with each number of symbols, and how much more with the most."""
    passes = [[one_pass(setup, it) for it in frames] for _ in range(PASSES)]
    figures = [Cost(*map(statistics.median, zip(*costs, strict=True))) for costs in zip(*passes, strict=True)]
    shown_figures = "  ".join(f"{figure.alone:5.2f}" for figure in figures)
    least, most = figures[0], figures[-1]
    return (
        f"{shown_figures}   {most.alone / least.alone:4.2f} x"
        f"   {most.with_decoding / least.with_decoding:4.2f} x"
    )


def main() -> None:
    print(
        f"{machine()}, CPython {python_version()}, reactivex {version('reactivex')}, "
        f"{EVENTS:,} events in frames of {FRAME}, {PASSES} passes"
    )
    against_rxpy()
    by_number_of_symbols()


if __name__ == "__main__":
    main()
