"""Joins and ``by_symbol`` against the same results written with RxPY's own operators.

Run by hand:  python tests/benchmarks/bench_joins.py

Every figure is the median of several passes over the same events in one run, garbage collection off, in
microseconds an event. The source is the lightest hot Observable there is, the same for both sides, so
that what is measured is the operators. The ratios are what to hold against the targets; the absolute
figures are this machine's.
"""

from __future__ import annotations

import gc
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

import reactivex as rx
from reactivex import GroupedObservable, Observable, abc
from reactivex import operators as ops
from reactivex.disposable import Disposable

import rxpolygon.operators as rxo
from rxpolygon.events import Quote, Trade

EVENTS = 100_000
PASSES = 7
Event = Trade | Quote


class Feed(Observable[Event]):
    """A hot Observable with one observer and no ceremony."""

    def __init__(self) -> None:
        super().__init__()
        self.on_next: Callable[[Event], None] = lambda _: None

    def _subscribe_core(
        self, observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self.on_next = observer.on_next
        return Disposable()


def market(symbols: int, trades_share: float = 0.25) -> list[Event]:
    """A random walk of quotes, and trades at or inside them, spread evenly over the symbols."""
    chance = random.Random(1)
    names = [f"S{number:05}" for number in range(symbols)]
    events: list[Event] = []
    for number in range(EVENTS):
        symbol = names[number % symbols] if number < symbols else chance.choice(names)
        bid = 100 + chance.randrange(100) / 100
        at = 1_700_000_000_000 + number // 10
        if chance.random() < trades_share:
            price = bid + chance.choice((0.0, 0.01, 0.02))
            events.append(Trade(symbol=symbol, price=price, size=100, timestamp=at, exchange=4, id=str(number)))
        else:
            events.append(
                Quote(symbol=symbol, bid_price=bid, bid_size=3, ask_price=bid + 0.02, ask_size=5, timestamp=at)
            )
    return events


Setup = Callable[[], Callable[[Event], None]]


def one_pass(setup: Setup, events: Sequence[Event]) -> float:
    """Microseconds an event; building the pipeline is not counted, building a symbol's state is."""
    push = setup()
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    for event in events:
        push(event)
    seconds = time.perf_counter() - start
    gc.enable()
    return seconds / len(events) * 1e6


def compare(events: Sequence[Event], **setups: Setup) -> dict[str, float]:
    """The median of each set-up, with the passes of all interleaved."""
    times: dict[str, list[float]] = {name: [] for name in setups}
    for _ in range(PASSES):
        for name, setup in setups.items():
            times[name].append(one_pass(setup, events))
    return {name: statistics.median(values) for name, values in times.items()}


def join_ours() -> Callable[[Event], None]:
    trades, quotes = Feed(), Feed()
    trades.pipe(rxo.join_quotes(quotes)).subscribe(lambda _: None)  # type: ignore[type-var, arg-type]
    on_trade, on_quote = trades.on_next, quotes.on_next
    return lambda event: on_trade(event) if event.__class__ is Trade else on_quote(event)


def join_rxpy() -> Callable[[Event], None]:
    """The obvious pipeline: a group a symbol, ``with_latest_from`` inside, the same quote test after it."""
    feed = Feed()

    def group(events: GroupedObservable[str, Event]) -> Observable[tuple[Trade, Quote]]:
        trades = events.pipe(ops.filter(lambda event: event.__class__ is Trade))
        quotes = events.pipe(ops.filter(lambda event: event.__class__ is Quote))
        return trades.pipe(ops.with_latest_from(quotes))  # type: ignore[return-value]

    def quote_test(pair: tuple[Trade, Quote]) -> rxo.TradeWithQuote[Trade, Quote]:
        trade, quote = pair
        mid = (quote.bid_price + quote.ask_price) / 2
        side = rxo.Side.BUY if trade.price > mid else rxo.Side.SELL
        return rxo.TradeWithQuote(trade, quote, mid, quote.ask_price - quote.bid_price, side, False)

    feed.pipe(ops.group_by(lambda event: event.symbol), ops.flat_map(group), ops.map(quote_test)).subscribe(
        lambda _: None
    )
    return feed.on_next


def split_rxpy(inner: Callable[[Observable[Event]], Observable[object]]) -> Setup:
    def setup() -> Callable[[Event], None]:
        feed = Feed()
        feed.pipe(ops.group_by(lambda event: event.symbol), ops.flat_map(inner)).subscribe(lambda _: None)
        return feed.on_next

    return setup


def split_ours(inner: Callable[[Observable[Event]], Observable[object]]) -> Setup:
    def setup() -> Callable[[Event], None]:
        feed = Feed()
        feed.pipe(rxo.by_symbol(inner)).subscribe(lambda _: None)
        return feed.on_next

    return setup


def alone(operator: Callable[[Observable[Event]], Observable[object]]) -> Setup:
    def setup() -> Callable[[Event], None]:
        feed = Feed()
        feed.pipe(operator).subscribe(lambda _: None)
        return feed.on_next

    return setup


def show(title: str, medians: dict[str, float], ours: str, other: str) -> None:
    figures = ", ".join(f"{name} {value:.2f} us" for name, value in medians.items())
    print(f"{title:<44} {medians[other] / medians[ours]:5.1f} x   ({figures})")


def against_rxpy() -> None:
    events = market(500)
    show("join_quotes / with_latest_from in group_by", compare(events, ours=join_ours, rxpy=join_rxpy), "ours", "rxpy")
    pipelines: dict[str, Callable[[Observable[Event]], Observable[object]]] = {
        "the events themselves": lambda events: events,
        "map": ops.map(lambda event: event.timestamp),
        "pairwise": ops.pairwise(),
        "scan": ops.scan(lambda count, _: count + 1, 0),
    }
    for name, inner in pipelines.items():
        medians = compare(events, ours=split_ours(inner), rxpy=split_rxpy(inner))
        show(f"by_symbol / group_by, flat_map: {name}", medians, "ours", "rxpy")


def growth() -> None:
    print("cost of an event at 10, 500 and 10,000 symbols, and the growth from the first to the last")
    sizes = {size: market(size) for size in (10, 500, 10_000)}
    subjects: dict[str, Setup] = {
        "join_quotes": join_ours,
        "by_symbol(map)": split_ours(ops.map(lambda event: event.timestamp)),
    }
    for name, setup in subjects.items():
        costs = [compare(events, it=setup)["it"] for events in sizes.values()]
        print(f"  {name:<20} {'  '.join(f'{cost:5.2f}' for cost in costs)} us   {costs[-1] / costs[0]:.2f} x")


def main() -> None:
    print(
        f"{platform.processor() or platform.machine()}, CPython {platform.python_version()}, "
        f"reactivex {version('reactivex')}, {EVENTS:,} events, {PASSES} passes"
    )
    against_rxpy()
    growth()


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    main()
