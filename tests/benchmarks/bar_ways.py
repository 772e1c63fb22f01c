"""One-minute bars made in several ways from the same trades, for ``bench_bars``."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, TypeVar

from msgspec.json import Decoder, Encoder
from reactivex import ConnectableObservable, GroupedObservable, Observable, Subject
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon.events import Trade
from rxpolygon.operators import Bar
from rxpolygon.subscriber import Interest, KeyedObservable, Subscriber

T = TypeVar("T")

EVENTS = 200_000
FRAME = 50
MINUTE = 60_000
BASE = 28_335_000 * MINUTE
# Half of the trades are odd lots (37).
CODES: list[tuple[int, ...]] = [(), (), (14,), (14, 41), (37,), (37,), (14, 37), (14, 37, 41)]
# What sale conditions take from a trade, for the ways that must do it themselves.
NO_PRICE = frozenset({2, 7, 20, 21, 29, 35, 37, 52, 53})
NOTHING = frozenset({15, 16, 38})

decode = Decoder(list[Trade]).decode

Judged = tuple[Trade, bool, bool]
Row = tuple[float | None, float | None, float | None, float | None, float, float, int]


class Frames:
    """Trades as they come in the client: a frame's bytes are decoded when its turn has come.

    A list of all trades would measure how slowly the machine's memory gives them, alike for all ways.

    Attributes:
        seconds: What making and freeing the trades took so far, of the thread's own time.
    """

    def __init__(self, trades: Iterable[Trade]) -> None:
        self.seconds = 0.0
        self._encoded: list[bytes] = []
        frame: list[Trade] = []
        encode = Encoder().encode
        for trade in trades:
            frame.append(trade)
            if len(frame) == FRAME:
                self._encoded.append(encode(frame))
                frame.clear()
        if frame:
            self._encoded.append(encode(frame))

    def __iter__(self) -> Iterator[list[Trade]]:
        frame: list[Trade] = []
        for encoded in self._encoded:
            start = time.thread_time()
            # Into the same list, so that the trades before are freed here too.
            frame[:] = decode(encoded)
            self.seconds += time.thread_time() - start
            yield frame


class _Stage:
    """Where the one subscriber of a feed stands."""

    subscriber: Subscriber | None = None

    def subscribe(self, subscriber: Subscriber, interest: Interest) -> None:
        self.subscriber = subscriber

    def dispose(self, subscriber: Subscriber) -> None:
        pass


class Feed(KeyedObservable[T]):
    """What a client's ``subscribe_*`` returns, for all ways alike, with one observer and no connection."""

    def __init__(self) -> None:
        self._stage = _Stage()
        super().__init__(self._stage, Interest(()))

    @property
    def is_observed(self) -> bool:
        return self._stage.subscriber is not None

    @property
    def push(self) -> Callable[[T], object]:
        """What takes an event, once it is subscribed."""
        assert self._stage.subscriber is not None
        return self._stage.subscriber.on_next

    def send(self, events: Iterable[T]) -> None:
        on_next = self.push
        for event in events:
            on_next(event)

    def complete(self) -> None:
        assert self._stage.subscriber is not None
        self._stage.subscriber.on_completed()

    def play(self, frames: Iterable[Sequence[T]]) -> None:
        for frame in frames:
            self.send(frame)
        self.complete()


def market(symbols: int, events: int, minutes: float) -> Iterator[Trade]:
    """Trades of symbols that are equally busy, half of them odd lots."""
    chance = random.Random(1)
    names = [f"S{number:05}" for number in range(symbols)]
    for number, name in enumerate(chance.choices(names, k=events)):
        yield Trade(
            symbol=name,
            price=100 + chance.randrange(400) / 4,
            size=float(chance.randrange(1, 300)),
            timestamp=BASE + int(number * minutes * MINUTE / events),
            conditions=chance.choice(CODES),
            sequence_number=number,
        )


def with_time_bars(frames: Iterable[list[Trade]]) -> list[Bar]:
    feed, bars = Feed[Trade](), list[Bar]()
    feed.pipe(rxo.time_bars("1m")).subscribe(bars.append)
    feed.play(frames)
    return bars


def is_complete(trade: Trade) -> bool:
    return trade.price is not None and trade.size is not None


def judged(trade: Trade) -> Judged:
    """A trade, and whether it sets prices and adds volume."""
    codes = trade.conditions or ()
    is_priced = trade.size >= 1 and NO_PRICE.isdisjoint(codes) and NOTHING.isdisjoint(codes)
    return trade, is_priced, NOTHING.isdisjoint(codes)


def added(row: Row | None, item: Judged) -> Row | None:
    """A bar's open, high, low, close, volume, value and count with one more trade, in order of arrival."""
    trade, is_priced, is_counted = item
    if not is_counted:
        return row
    price, size = trade.price, trade.size
    if row is None:
        prices = (price, price, price, price) if is_priced else (None, None, None, None)
        return (*prices, size, price * size, 1)
    opening, high, low, close, volume, value, count = row
    if is_priced:
        if opening is None or high is None or low is None:
            opening = high = low = price
        high, low, close = max(high, price), min(low, price), price
    return opening, high, low, close, volume + size, value + price * size, count + 1


def finished(symbol: str, minute: int, row: Row | None) -> Bar | None:
    if row is None or row[0] is None or row[1] is None or row[2] is None or row[3] is None:
        return None
    return Bar(
        symbol=symbol,
        start=minute * MINUTE,
        end=(minute + 1) * MINUTE,
        open=row[0],
        high=row[1],
        low=row[2],
        close=row[3],
        volume=float(row[4]),
        vwap=row[5] / row[4],
        count=row[6],
    )


class Minutes:
    """One dict of rows, all symbols' bars when a minute is over: what streamz and csp call."""

    def __init__(self) -> None:
        self.rows: dict[str, Row | None] = {}
        self.minute = 0

    def step(self, item: Judged) -> list[Bar]:
        trade = item[0]
        done: list[Bar] = []
        minute = trade.timestamp // MINUTE
        if minute != self.minute:
            done = self.rest()
            self.rows, self.minute = {}, minute
        self.rows[trade.symbol] = added(self.rows.get(trade.symbol), item)
        return done

    def rest(self) -> list[Bar]:
        return finished_rows(self.rows, self.minute)


@dataclass(frozen=True, slots=True)
class Candle:
    """A bar as a user without this library writes it: a value, replaced with each trade."""

    symbol: str
    start: int
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float = 0
    value: float = 0
    count: int = 0

    def plus(self, item: Judged) -> Candle:
        trade, is_priced, is_counted = item
        if not is_counted:
            return self
        price, size = trade.price, trade.size
        volume, value, count = self.volume + size, self.value + price * size, self.count + 1
        if not is_priced:
            return replace(self, volume=volume, value=value, count=count)
        high = price if self.high is None else max(self.high, price)
        low = price if self.low is None else min(self.low, price)
        opening = price if self.open is None else self.open
        return replace(
            self, open=opening, high=high, low=low, close=price, volume=volume, value=value, count=count
        )

    def bar(self) -> Bar | None:
        row = (self.open, self.high, self.low, self.close, self.volume, self.value, self.count)
        return finished(self.symbol, self.start // MINUTE, row)


Rows = dict[str, Row | None]
#: What scan carries: the open bars, those that the trade finished, and the minute.
ScanState = tuple[Rows, list[Bar], int]


def finished_rows(rows: Rows, minute: int) -> list[Bar]:
    bars = [finished(symbol, minute, rows[symbol]) for symbol in sorted(rows)]
    return [bar for bar in bars if bar is not None]


def next_rows(state: ScanState, item: Judged) -> ScanState:
    rows, _, before = state
    trade = item[0]
    minute = trade.timestamp // MINUTE
    done: list[Bar] = []
    if minute != before:
        done, rows = finished_rows(rows, before), {}
    rows[trade.symbol] = added(rows.get(trade.symbol), item)
    return rows, done, minute


def with_scan(frames: Iterable[list[Trade]]) -> list[Bar]:
    feed, bars = Feed[Trade](), list[Bar]()
    last: ScanState = ({}, [], 0)

    def over(state: ScanState) -> list[Bar]:
        nonlocal last
        last = state
        return state[1]

    def tell(done: Any) -> None:  # Any: RxPY's filter loses the type
        bars.extend(done)

    feed.pipe(
        ops.filter(is_complete), ops.map(judged), ops.scan(next_rows, last), ops.map(over), ops.filter(bool)
    ).subscribe(tell)
    feed.play(frames)
    return bars + finished_rows(last[0], last[2])


def with_scan_of_values(frames: Iterable[list[Trade]]) -> list[Bar]:
    feed, bars = Feed[Trade](), list[Bar]()
    State = tuple[dict[str, Candle], list[Candle], int]

    def step(state: State, item: Judged) -> State:
        candles, _, before = state
        trade = item[0]
        minute = trade.timestamp // MINUTE
        done: list[Candle] = []
        if minute != before:
            done, candles = [candles[symbol] for symbol in sorted(candles)], {}
        candle = candles.get(trade.symbol) or Candle(trade.symbol, minute * MINUTE)
        candles[trade.symbol] = candle.plus(item)
        return candles, done, minute

    last: State = ({}, [], 0)

    def over(state: State) -> list[Candle]:
        nonlocal last
        last = state
        return state[1]

    def tell(candles: Any) -> None:  # Any: as above
        bars.extend(bar for candle in candles if (bar := candle.bar()) is not None)

    feed.pipe(
        ops.filter(is_complete), ops.map(judged), ops.scan(step, last), ops.map(over), ops.filter(bool)
    ).subscribe(tell)
    feed.play(frames)
    tell(last[0][symbol] for symbol in sorted(last[0]))
    return bars


def with_group_by(frames: Iterable[list[Trade]]) -> list[Bar]:
    feed, bars = Feed[Trade](), list[Bar]()
    publish: Callable[[Observable[Trade]], ConnectableObservable[Trade]] = ops.publish()
    shared = publish(feed)
    minute = -1

    def minute_of(trade: Trade) -> int:
        return trade.timestamp // MINUTE

    def symbol_of(item: Judged) -> str:
        return item[0].symbol

    def cut(number: int) -> None:
        nonlocal minute
        edges.on_next(number)
        minute = number

    def of_symbol(group: GroupedObservable[str, Judged]) -> Observable[Bar | None]:
        def of_window(window: Observable[Judged]) -> Observable[Bar | None]:
            def bar(row: Any) -> Bar | None:  # Any: RxPY's reduce does not know the seed's type
                return finished(group.key, minute, row)

            return window.pipe(ops.reduce(added, None), ops.map(bar))

        return group.pipe(ops.window(edges), ops.flat_map(of_window))

    def keep(bar: Any) -> None:  # Any: see above
        if bar is not None:
            bars.append(bar)

    # A window closes for all symbols with the first trade of the next minute, before that is counted.
    edges: Subject[int] = Subject()
    minutes: Observable[int] = shared.pipe(ops.map(minute_of))
    minutes.pipe(ops.distinct_until_changed()).subscribe(cut)
    shared.pipe(
        ops.filter(is_complete), ops.map(judged), ops.group_by(symbol_of), ops.flat_map(of_symbol)
    ).subscribe(keep)
    shared.connect()
    feed.play(frames)
    return bars


def with_streamz(frames: Iterable[list[Trade]]) -> list[Bar]:
    streamz = import_module("streamz")  # by name: it has no types

    source, bars, minutes = streamz.Stream(), list[Bar](), Minutes()
    items = source.filter(is_complete).map(judged)
    steps = items.accumulate(lambda _, item: (None, minutes.step(item)), returns_state=True, start=None)
    steps.filter(bool).sink(bars.extend)
    for frame in frames:
        for trade in frame:
            source.emit(trade)
    return bars + minutes.rest()


def with_csp(frames: Iterable[list[Trade]]) -> list[Bar]:
    from tests.benchmarks.csp_bars import run_csp

    bars, minutes = list[Bar](), Minutes()
    # csp is given the whole input before it runs.
    trades = [trade for frame in frames for trade in frame]
    run_csp(trades, lambda trade: minutes.step(judged(trade)) if is_complete(trade) else [], bars)
    return bars + minutes.rest()
