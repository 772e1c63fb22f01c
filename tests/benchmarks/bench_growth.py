"""How much more an event costs with 10,000 symbols than with 10, for operators that keep state by symbol.

Run by hand:  python -m tests.benchmarks.bench_growth [--passes 7] [--only NAME]

Two costs are told, in microseconds of the thread's own time an event, so that other programs disturb them
little. Both are medians of some passes, in which the numbers of symbols take turns:

    from the frame on    all that the client does with an event: decode, route, count, operate
    alone                the operator by itself, pushed event by event

The frames have 50 events as the vendor writes them, with all the fields that its trades and quotes have.
Symbols are equally busy, or a few have most of the events, as in a market. The second half of a stream is
timed, when every symbol has its state: the first begins with events of each. Garbage collection is off.

An operator has as much to do for an event whatever the number of symbols. What emits once for many trades of
a symbol is given 25 a minute of each: bars of many trades are not compared with bars of few. A moving window
is given as many trades a minute of all symbols together, so that it always holds as many.

What grows is the time that the processor waits for memory: the state of 10,000 symbols is larger than its
caches. So the figures depend on the machine, and on what else runs on it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from platform import machine, python_version
from typing import Any, NamedTuple

from reactivex import Observable
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster
from tests.bare_stream import BareStream
from tests.benchmarks.bar_ways import CODES, MINUTE, Feed
from tests.benchmarks.blaster import in_frames, quote, symbol, trade
from tests.benchmarks.pushing import ignore, price_of, pushed, without_gc

SIZES = (10, 500, 10_000)
FRAME = 50
EVENTS = 200_000
TRADES = 500_000
TRADES_A_MINUTE = 25
WARMING = 4
BASE = 1_700_000_040_000  # a whole minute

Weigh = Callable[[int], float]
Operator = Callable[[Observable[Any]], Observable[Any]]


class Streams(NamedTuple):
    """What a pipeline may be made of: only what it observes costs it anything."""

    trades: Observable[Any]
    quotes: Observable[Any]
    both: Observable[Any]


class Way(NamedTuple):
    """A pipeline, and what it is given."""

    build: Callable[[Streams], Observable[Any]]
    market: Callable[[int, Weigh], list[bytes]]


class Cost(NamedTuple):
    """Microseconds an event."""

    whole: float
    alone: float


def alike(_rank: int) -> float:
    """All symbols are equally busy."""
    return 1


def by_rank(rank: int) -> float:
    """A few symbols have most of the trades, as in a real market."""
    return 1 / rank


def drawn(symbols: int, weigh: Weigh, events: int, chance: random.Random) -> list[str]:
    """The symbol of each event; at first each has a few, then as they are weighed."""
    names = [symbol(number) for number in range(symbols)]
    weights = [weigh(rank) for rank in range(1, symbols + 1)]
    first = [name for name in chance.sample(names, symbols) for _ in range(WARMING)]
    return first + chance.choices(names, weights, k=events - len(first))


def trades_and_quotes(symbols: int, weigh: Weigh) -> list[bytes]:
    """Three quotes for a trade, 10,000 events a second."""
    chance = random.Random(1)
    made: list[str] = []
    for number, ticker in enumerate(drawn(symbols, weigh, EVENTS, chance)):
        bid, stamp = 100 + chance.randrange(100) / 100, BASE + number // 10
        if number % 4:
            made.append(quote(number, ticker, bid, chance.randrange(1, 50), 9, stamp))
        else:
            price = bid + chance.choice((0.0, 0.01, 0.02))
            made.append(trade(number, ticker, 4, price, 100, (14,), stamp))
    return in_frames(made, FRAME)


def trades_of_each(symbols: int, weigh: Weigh) -> list[bytes]:
    """Trades, 25 a minute of each symbol: the more symbols there are, the less time passes."""
    return trades_alone(symbols, weigh, TRADES_A_MINUTE * symbols)


def trades_of_all(symbols: int, weigh: Weigh) -> list[bytes]:
    """Trades, as many a minute of all together however many symbols there are."""
    return trades_alone(symbols, weigh, TRADES_A_MINUTE * SIZES[-1])


def trades_alone(symbols: int, weigh: Weigh, a_minute: int) -> list[bytes]:
    """Trades, so many a minute, half of them odd lots."""
    chance = random.Random(1)
    length = MINUTE * TRADES // a_minute
    return in_frames(
        [
            trade(
                number,
                ticker,
                4,
                100 + chance.randrange(400) / 4,
                chance.randrange(1, 300),
                chance.choice(CODES),
                BASE + number * length // TRADES,
            )
            for number, ticker in enumerate(drawn(symbols, weigh, TRADES, chance))
        ],
        FRAME,
    )


def of_both(operator: Operator) -> Way:
    return Way(lambda streams: streams.both.pipe(operator), trades_and_quotes)


def of_trades(operator: Operator) -> Way:
    return Way(lambda streams: streams.trades.pipe(operator), trades_of_each)


def of_window(operator: Operator) -> Way:
    return Way(lambda streams: streams.trades.pipe(operator), trades_of_all)


def joined(**options: Any) -> Way:
    return Way(
        lambda streams: streams.trades.pipe(rxo.join_quotes(streams.quotes, **options)), trades_and_quotes
    )


WAYS = {
    "(no operator)": of_both(lambda events: events),
    "time_bars('1m')": of_trades(rxo.time_bars("1m")),
    "join_quotes": joined(),
    "join_quotes(hold='100ms')": joined(hold="100ms"),
    "by_symbol(nothing)": of_both(rxo.by_symbol(lambda events: events)),
    "by_symbol(map)": of_both(rxo.by_symbol(ops.map(price_of))),
    "conflate('1m')": of_trades(rxo.conflate("1m")),
    "reorder('100ms')": of_both(rxo.reorder("100ms")),
    "deduplicate": of_trades(rxo.deduplicate()),
    "vwap": of_trades(rxo.vwap()),
    "vwap('1m')": of_window(rxo.vwap("1m")),
    "rolling('1m')": of_window(rxo.rolling("1m")),
}


def through_client(way: Way, frames: list[bytes]) -> float:
    """Microseconds of the client's delivery, from the frame on, for an event of the second half."""
    stream = BareStream()
    way.build(Streams(*(stream.observable(prefixes, "*") for prefixes in ("T", "Q", "TQ")))).subscribe(ignore)
    half = len(frames) // 2
    for frame in frames[:half]:
        stream.send([frame])
    start = time.thread_time()
    for frame in frames[half:]:
        stream.send([frame])
    return (time.thread_time() - start) / ((len(frames) - half) * FRAME) * 1e6


def alone(way: Way, frames: list[bytes]) -> float:
    """Microseconds of the operator by itself."""
    feeds = [Feed[Any]() for _ in range(3)]
    way.build(Streams(*feeds)).subscribe(ignore)
    trades, quotes, both = (feed.push if feed.is_observed else ignore for feed in feeds)
    push_trade, push_quote = (trades, quotes) if both is ignore else (both, both)
    decode = PolygonCodec("ws://x", StreamCluster.STOCKS, "k").decode
    return pushed(frames, decode, push_trade, push_quote)


def cost(way: Way, frames: list[bytes]) -> Cost:
    """What an event costs in the second half of the frames."""
    with without_gc():
        whole = through_client(way, frames)
    with without_gc():
        return Cost(whole, alone(way, frames))


def growth(way: Way, streams: list[list[bytes]], passes: int) -> str:
    """The costs with each number of symbols, and how much more it is with the most."""
    costs = [[cost(way, frames) for frames in streams] for _ in range(passes)]
    medians = [
        Cost(*map(statistics.median, zip(*of_size, strict=True))) for of_size in zip(*costs, strict=True)
    ]
    shown: list[str] = []
    for figures in zip(*medians, strict=True):
        values = " ".join(f"{figure:5.2f}" for figure in figures)
        shown.append(f"{values} {figures[-1] / figures[0]:5.2f} x")
    return "   ".join(shown)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--passes", type=int, default=7)
    parser.add_argument("--only", default="", help="operators whose name begins so")
    chosen = parser.parse_args()
    print(
        f"{machine()}, CPython {python_version()}, reactivex {version('reactivex')}, {chosen.passes} passes"
    )
    for title, weigh in (("equally busy", alike), ("busy as 1/rank", by_rank)):
        print(f"{title}: us an event with {', '.join(f'{size:,}' for size in SIZES)} symbols, and the growth")
        print(f"  {'':28}{'from the frame on':26}   the operator alone")
        for market in (trades_and_quotes, trades_of_each, trades_of_all):
            streams = [market(size, weigh) for size in SIZES]
            for name, way in WAYS.items():
                if way.market is market and name.startswith(chosen.only):
                    print(f"  {name:28}{growth(way, streams, chosen.passes)}", flush=True)


if __name__ == "__main__":
    main()
