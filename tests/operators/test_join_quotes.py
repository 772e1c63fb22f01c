from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_type

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import Observable

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import (
    CryptoQuote,
    CryptoTrade,
    ForexQuote,
    FuturesQuote,
    FuturesTrade,
    Quote,
    Trade,
)
from rxpolygon.operators import AsOf, Side, TradeWithQuote
from tests.operators.streams import END, ERROR, Hot, Lab, Watch, quote, trade
from tests.support import PATIENCE

Joined = TradeWithQuote[Trade, Quote]


class Live:
    """Trades and quotes by hand, on virtual time, and what comes of them."""

    def __init__(self, **options: object) -> None:
        self.lab = Lab()
        self.trades: Hot[Trade] = self.lab.source()
        self.quotes: Hot[Quote] = self.lab.source()
        self.joined: Observable[Joined] = self.trades.pipe(
            rxo.join_quotes(self.quotes, **options)  # type: ignore[arg-type]
        )
        self.watch = self.lab.watch(self.joined)

    @property
    def times(self) -> list[tuple[int, int | None]]:
        """The timestamps of each trade and of its quote."""
        return [
            (it.trade.timestamp, None if it.quote is None else it.quote.timestamp) for it in self.watch.values
        ]


# Which quote


def test_join_quotes_trade_between_quotes_gets_the_earlier() -> None:
    live = Live()
    live.quotes.send(quote(at=10), quote(at=20))
    live.trades.send(trade(at=15), trade(at=25))
    assert live.times == [(15, 10), (25, 20)]


def test_join_quotes_quote_that_came_first_but_is_later_is_not_taken() -> None:
    live = Live()
    live.quotes.send(quote(at=20))
    live.trades.send(trade(at=15))
    assert live.times == [(15, None)]


def test_join_quotes_late_quote_takes_its_place_among_the_others() -> None:
    live = Live()
    live.quotes.send(quote(at=10), quote(at=30), quote(at=20))
    live.trades.send(trade(at=25), trade(at=35))
    assert live.times == [(25, 20), (35, 30)]


def test_join_quotes_equal_timestamp_is_in_force_by_default() -> None:
    live = Live()
    live.quotes.send(quote(at=10))
    live.trades.send(trade(at=10))
    assert live.times == [(10, 10)]


def test_join_quotes_equal_timestamp_is_not_in_force_without_exact_matches() -> None:
    live = Live(allow_exact_matches=False)
    live.quotes.send(quote(at=5), quote(at=10))
    live.trades.send(trade(at=10), trade(at=11))
    assert live.times == [(10, 5), (11, 10)]


@pytest.mark.parametrize("last", [quote(bid=8.0, at=10), quote(bid=7.0, at=10)])
def test_join_quotes_of_equal_quotes_the_last_to_arrive_is_in_force(last: Quote) -> None:
    live = Live()
    live.quotes.send(quote(at=10), quote(bid=8.5, at=10), quote(at=20), last)
    live.trades.send(trade(at=12))
    assert live.watch.values[0].quote is last


def test_join_quotes_symbols_do_not_mix() -> None:
    live = Live()
    live.quotes.send(quote("A", at=10), quote("B", at=11))
    live.trades.send(trade("B", at=20), trade("A", at=21), trade("C", at=22))
    assert live.times == [(20, 11), (21, 10), (22, None)]


def test_join_quotes_trade_older_than_the_newest_finds_its_quote_within_lateness() -> None:
    live = Live(lateness="1s")
    for at in range(0, 20_000, 100):
        live.quotes.send(quote(at=at))
        live.trades.send(trade(at=at + 50))
    live.trades.send(trade(at=19_000))
    assert live.times[-1] == (19_000, 19_000)


def test_join_quotes_trade_older_than_lateness_never_gets_a_wrong_quote() -> None:
    live = Live(lateness="1s")
    for at in range(0, 20_000, 100):
        live.quotes.send(quote(at=at))
        live.trades.send(trade(at=at + 50))
    live.trades.send(trade(at=555))
    assert live.times[-1] in [(555, None), (555, 500)]


def test_join_quotes_trade_older_than_lateness_does_not_get_a_late_quote_for_one_that_is_forgotten() -> None:
    live = Live(lateness="0s")
    live.quotes.send(*(quote(at=at) for at in range(10, 80, 10)))
    live.trades.send(trade(at=65))
    live.quotes.send(quote(at=80), quote(at=5))
    live.trades.send(trade(at=55))
    assert live.times == [(65, 60), (55, None)]


def test_join_quotes_without_lead_limit_waits_for_trades_that_come_after_all_quotes() -> None:
    live = Live()
    live.quotes.send(*(quote(at=at) for at in range(5_000)))
    live.trades.send(*(trade(at=at) for at in (3, 2_500, 4_999)))
    assert live.times == [(3, 3), (2_500, 2_500), (4_999, 4_999)]


def test_join_quotes_max_lead_forgets_quotes_that_ran_ahead() -> None:
    live = Live(max_lead="100ms")
    quotes = [quote(at=at) for at in range(4_096)]
    live.quotes.send(*quotes)
    live.trades.send(trade(at=3), trade(at=4_090))
    assert live.times == [(3, None), (4_090, 4_090)]


@dataclass(eq=False)
class OwnQuote:
    """A user's own class."""

    timestamp: int
    symbol: str = "A"
    bid_price: float = 9.0
    ask_price: float = 11.0


class Keeping:
    """A join whose quotes are counted, as long as something keeps them."""

    def __init__(self) -> None:
        self.trades: Hot[Trade] = Hot()
        self.quotes: Hot[OwnQuote] = Hot()
        joined = self.trades.pipe(rxo.join_quotes(self.quotes, lateness="10ms"))
        self.subscription = joined.subscribe()
        self._kept: weakref.WeakSet[OwnQuote] = weakref.WeakSet()

    def quote(self, at: int) -> None:
        own = OwnQuote(at)
        self._kept.add(own)
        self.quotes.send(own)

    @property
    def kept(self) -> int:
        gc.collect()
        return len(self._kept)


def test_join_quotes_forgets_quotes_that_no_trade_can_ask_for() -> None:
    live = Keeping()
    for at in range(0, 10_000, 10):
        live.quote(at)
        live.trades.send(trade(at=at))
    assert live.kept <= 8


def test_join_quotes_forgets_a_burst_of_quotes_in_the_quiet_after_it() -> None:
    live = Keeping()
    for number in range(5_000):
        live.quote(number // 500)
    assert live.kept == 5_000
    for at in range(1_000, 257_000, 1_000):
        live.quote(at)
        live.trades.send(trade(at=at))
    assert live.kept <= 256


# Mid, spread, side


@pytest.mark.parametrize(
    ("price", "side"),
    [(10.51, Side.BUY), (12.0, Side.BUY), (10.49, Side.SELL), (9.0, Side.SELL), (10.5, Side.UNKNOWN)],
)
def test_join_quotes_quote_test_compares_the_price_with_the_mid(price: float, side: Side) -> None:
    live = Live()
    live.quotes.send(quote(bid=10.0, ask=11.0, at=1))
    live.trades.send(trade(price=price, at=2))
    (joined,) = live.watch.values
    assert (joined.mid, joined.spread, joined.side) == (10.5, 1.0, side)


def test_join_quotes_price_at_a_mid_that_is_not_binary_is_at_the_mid() -> None:
    live = Live()
    assert (20.01 + 20.03) / 2 != 20.02
    live.quotes.send(quote(bid=20.01, ask=20.03, at=1))
    live.trades.send(trade(price=20.02, at=2))
    assert live.watch.values[0].side is Side.UNKNOWN


@pytest.mark.parametrize(
    ("prices", "sides"),
    [
        ([10.0, 11.0, 10.0], [Side.UNKNOWN, Side.BUY, Side.SELL]),
        ([10.0, 11.0, 11.0, 11.0], [Side.UNKNOWN, Side.BUY, Side.BUY, Side.BUY]),
        ([10.0, 9.0, 9.0], [Side.UNKNOWN, Side.SELL, Side.SELL]),
        ([10.0, 10.0], [Side.UNKNOWN, Side.UNKNOWN]),
        ([10.0, None, 11.0], [Side.UNKNOWN, Side.UNKNOWN, Side.BUY]),
        ([None, 10.0, 11.0], [Side.UNKNOWN, Side.UNKNOWN, Side.BUY]),
    ],
)
def test_join_quotes_tick_test_decides_without_a_quote(prices: list[float | None], sides: list[Side]) -> None:
    live = Live()
    live.trades.send(*(trade(price=price, at=1) for price in prices))
    assert [it.side for it in live.watch.values] == sides


def test_join_quotes_tick_test_at_the_mid_uses_trades_away_from_it() -> None:
    live = Live()
    live.quotes.send(quote(bid=9.0, ask=11.0, at=1))
    live.trades.send(trade(price=9.5, at=2), trade(price=10.0, at=3), trade(price=10.0, at=4))
    assert [it.side for it in live.watch.values] == [Side.SELL, Side.BUY, Side.BUY]


def test_join_quotes_ticks_of_symbols_do_not_mix() -> None:
    live = Live()
    live.trades.send(trade("A", 10.0), trade("B", 20.0), trade("A", 11.0), trade("B", 19.0))
    assert [it.side for it in live.watch.values] == [Side.UNKNOWN, Side.UNKNOWN, Side.BUY, Side.SELL]


@pytest.mark.parametrize(
    "one_sided",
    [
        quote(bid=None, at=1),
        quote(ask=None, at=1),
        quote(bid=None, ask=None, bid_size=None, ask_size=None, at=1),
        quote(bid=0, bid_size=0, at=1),
        quote(ask=0, ask_size=0, at=1),
    ],
)
def test_join_quotes_one_sided_quote_has_no_mid(one_sided: Quote) -> None:
    live = Live()
    live.quotes.send(one_sided)
    live.trades.send(trade(at=2))
    (joined,) = live.watch.values
    assert (joined.quote, joined.mid, joined.spread, joined.side) == (one_sided, None, None, Side.UNKNOWN)


def test_join_quotes_price_of_zero_with_size_is_a_side() -> None:
    live = Live()
    live.quotes.send(quote(bid=-1.0, ask=0.0, ask_size=5, at=1))
    live.trades.send(trade(price=0.0, at=2))
    (joined,) = live.watch.values
    assert (joined.mid, joined.spread, joined.side) == (-0.5, 1.0, Side.BUY)


def test_join_quotes_crossed_quote_has_a_negative_spread() -> None:
    live = Live()
    live.quotes.send(quote(bid=11.0, ask=10.0, at=1))
    live.trades.send(trade(at=2))
    assert live.watch.values[0].spread == -1.0


@pytest.mark.parametrize(("age", "is_stale"), [(0, False), (99, False), (100, False), (101, True)])
def test_join_quotes_quote_older_than_tolerance_is_flagged(age: int, is_stale: bool) -> None:
    live = Live(tolerance=timedelta(milliseconds=100))
    live.quotes.send(quote(at=1_000))
    live.trades.send(trade(at=1_000 + age))
    (joined,) = live.watch.values
    assert joined.is_stale is is_stale
    assert joined.mid == 10.0


def test_join_quotes_without_quote_is_not_stale() -> None:
    live = Live(tolerance="1s")
    live.trades.send(trade(at=5_000))
    assert live.watch.values[0].is_stale is False


# What the wire leaves out


def test_join_quotes_events_without_timestamp_do_no_harm() -> None:
    live = Live(tolerance="1s")
    live.trades.send(trade(at=None))
    live.quotes.send(quote(at=None), quote(at=10))
    live.trades.send(trade(at=None), trade(at=11))
    assert [it.quote and it.quote.timestamp for it in live.watch.values] == [None, 10, 10]


def test_join_quotes_with_hold_events_without_timestamp_do_no_harm() -> None:
    live = Live(hold="1s")
    live.trades.send(trade(at=None))
    live.quotes.send(quote(at=None), quote(at=10))
    live.trades.send(trade(at=None))
    live.trades.complete()
    assert [it.quote and it.quote.timestamp for it in live.watch.values] == [10, 10]


def test_join_quotes_bare_events_do_no_harm() -> None:
    live = Live()
    live.quotes.send(Quote(symbol="A"))
    live.trades.send(Trade(symbol="A"), Trade(symbol="B"))
    assert len(live.watch.values) == 2


def test_join_quotes_fits_crypto_futures_and_forex() -> None:
    crypto: Hot[CryptoTrade] = Hot()
    futures: Hot[FuturesTrade] = Hot()
    crypto_quotes: Hot[CryptoQuote] = Hot()
    futures_quotes: Hot[FuturesQuote] = Hot()
    forex_quotes: Hot[ForexQuote] = Hot()
    spot = Watch[TradeWithQuote[CryptoTrade, CryptoQuote]]().of(crypto.pipe(rxo.join_quotes(crypto_quotes)))
    future = Watch[TradeWithQuote[FuturesTrade, FuturesQuote]]().of(
        futures.pipe(rxo.join_quotes(futures_quotes))
    )
    mixed = Watch[TradeWithQuote[CryptoTrade, ForexQuote]]().of(crypto.pipe(rxo.join_quotes(forex_quotes)))
    crypto_quotes.send(CryptoQuote(symbol="X", bid_price=9, ask_price=11, timestamp=1))
    forex_quotes.send(ForexQuote(symbol="X", bid_price=0, ask_price=12, timestamp=1))
    futures_quotes.send(FuturesQuote(symbol="X", bid_price=9, ask_price=13, timestamp=1))
    crypto.send(CryptoTrade(symbol="X", price=10, size=1, timestamp=2))
    futures.send(FuturesTrade(symbol="X", price=10, size=1, timestamp=2))
    assert (spot.values[0].mid, future.values[0].mid, mixed.values[0].mid) == (10, 11, 6)


def test_join_quotes_result_has_what_a_trade_has() -> None:
    live = Live()
    live.trades.send(trade("B", 12.5, 7, size=3.0))
    (joined,) = live.watch.values
    assert (joined.symbol, joined.timestamp, joined.price, joined.size) == ("B", 7, 12.5, 3.0)


# Types


def test_join_quotes_in_a_pipe_infers_its_type() -> None:
    joined = Hot[Trade]().pipe(rxo.join_quotes(Hot[Quote]()))
    assert_type(joined, Observable[TradeWithQuote[Trade, Quote]])
    pairs = Hot[CryptoTrade]().pipe(rxo.as_of_join(Hot[Quote]()), rxo.conflate("1s"))
    assert_type(pairs, Observable[AsOf[CryptoTrade, Quote]])


# Life


def test_join_quotes_emits_at_the_trade_and_never_at_a_quote() -> None:
    lab = Lab()
    quotes = lab.hot("-a---b---", a=quote(at=10), b=quote(at=20))
    trades = lab.hot("---x---y-|", x=trade(at=11), y=trade(at=21))
    watch = lab.watch(trades.pipe(rxo.join_quotes(quotes)))
    lab.run()
    assert [time for time, _ in watch.seen] == [3, 7, 9]
    assert watch.end == END
    assert trades.spans == quotes.spans == [(0, 9)]


def test_join_quotes_empty_trades_completes_and_releases_the_quotes() -> None:
    lab = Lab()
    quotes, trades = lab.hot("-a-", a=quote()), lab.hot("--|", a=trade())
    watch = lab.watch(trades.pipe(rxo.join_quotes(quotes)))
    lab.run()
    assert watch.seen == [(2, END)]
    assert quotes.spans == [(0, 2)]


def test_join_quotes_never_stays_silent() -> None:
    live = Live(hold="1s")
    live.quotes.send(quote(at=1))
    live.lab.run(1_000)
    assert live.watch.seen == []
    assert live.trades.spans == [(0, None)]


@pytest.mark.parametrize("failing", ["trades", "quotes"])
def test_join_quotes_error_of_either_side_is_forwarded_and_releases_both(failing: str) -> None:
    live = Live()
    getattr(live, failing).fail()
    assert live.watch.seen == [(0, ERROR)]
    assert live.trades.spans == live.quotes.spans == [(0, 0)]


def test_join_quotes_goes_on_with_known_quotes_when_the_quotes_complete() -> None:
    live = Live()
    live.quotes.send(quote(at=10))
    live.quotes.complete()
    live.trades.send(trade(at=99))
    assert live.times == [(99, 10)]
    assert live.watch.end is None


def test_join_quotes_dispose_releases_both_and_frees_the_state() -> None:
    live = Live(hold="1s")
    joiner = weakref.ref(live.trades.observers[0])
    live.trades.send(trade(at=1))
    live.watch.dispose()
    live.lab.run(50)
    gc.collect()
    assert live.trades.spans == live.quotes.spans == [(0, 0)]
    assert live.watch.seen == []
    assert joiner() is None


def test_join_quotes_two_subscriptions_share_nothing() -> None:
    live = Live()
    live.quotes.send(quote(at=10))
    second = live.lab.watch(live.joined)
    live.trades.send(trade(price=10.0, at=11), trade(price=11.0, at=12))
    assert [it.quote is None for it in live.watch.values] == [False, False]
    assert [it.quote is None for it in second.values] == [True, True]


def test_join_quotes_passes_the_scheduler_to_both_sources() -> None:
    live = Live()
    assert live.trades.schedulers == live.quotes.schedulers == [live.lab.scheduler]


def test_join_quotes_observer_that_makes_the_source_emit_sees_the_order_kept() -> None:
    trades: Hot[Trade] = Hot()
    seen: list[int] = []

    def on_next(joined: Joined) -> None:
        if joined.timestamp == 1:
            trades.send(trade(at=2), trade(at=3))
        seen.append(joined.timestamp)

    quotes: Hot[Quote] = Hot()
    trades.pipe(rxo.join_quotes(quotes)).subscribe(on_next)
    trades.send(trade(at=1), trade(at=4))
    assert seen == [1, 2, 3, 4]


def test_join_quotes_observer_that_raises_gets_it_in_on_error_and_is_detached() -> None:
    trades: Hot[Trade] = Hot()
    quotes: Hot[Quote] = Hot()
    errors: list[Exception] = []

    def on_next(_: Joined) -> None:
        raise ERROR

    trades.pipe(rxo.join_quotes(quotes)).subscribe(on_next, errors.append)
    trades.send(trade())
    assert errors == [ERROR]
    assert not trades.observers
    assert not quotes.observers


# Hold


def test_join_quotes_hold_waits_for_a_quote_that_is_late() -> None:
    live = Live(hold="100ms")
    live.quotes.send(quote(at=900))
    live.trades.send(trade(at=1_000))
    live.quotes.send(quote(at=1_050), quote(at=990))
    assert live.times == []
    live.quotes.send(quote(at=1_101))
    assert live.times == [(1_000, 990)]


@pytest.mark.parametrize(("newest", "expected"), [(1_100, []), (1_101, [(1_000, 950)])])
def test_join_quotes_hold_ends_after_and_not_at_its_edge(newest: int, expected: list[object]) -> None:
    live = Live(hold="100ms")
    live.quotes.send(quote(at=950), quote(at=newest))
    live.trades.send(trade(at=1_000))
    assert live.times == expected


def test_join_quotes_hold_counts_a_quote_late_by_exactly_hold() -> None:
    live = Live(hold="100ms")
    live.trades.send(trade(at=1_000))
    live.quotes.send(quote(at=1_100), quote(at=1_000), quote(at=1_101))
    assert live.times == [(1_000, 1_000)]


def test_join_quotes_hold_is_ended_by_trades_too() -> None:
    live = Live(hold="100ms")
    live.trades.send(trade("A", at=1_000), trade("B", at=1_101))
    assert live.times == [(1_000, None)]


def test_join_quotes_hold_keeps_the_order_of_trades() -> None:
    live = Live(hold="100ms")
    live.trades.send(trade(at=1_000), trade(at=950), trade(at=1_060), trade(at=2_000))
    live.trades.complete()
    assert [at for at, _ in live.times] == [1_000, 950, 1_060, 2_000]


def test_join_quotes_hold_is_flushed_on_completion() -> None:
    live = Live(hold="100ms")
    live.quotes.send(quote(at=990))
    live.trades.send(trade(at=1_000))
    live.trades.complete()
    assert live.times == [(1_000, 990)]
    assert live.watch.end == END


@pytest.mark.parametrize("failing", ["trades", "quotes"])
def test_join_quotes_hold_is_flushed_before_an_error(failing: str) -> None:
    live = Live(hold="100ms")
    live.trades.send(trade(at=1_000))
    getattr(live, failing).fail()
    assert live.times == [(1_000, None)]
    assert live.watch.end is ERROR


def test_join_quotes_hold_ends_when_the_quotes_complete() -> None:
    live = Live(hold="100ms")
    live.trades.send(trade(at=1_000))
    live.quotes.complete()
    live.trades.send(trade(at=1_001))
    assert [at for at, _ in live.times] == [1_000, 1_001]


def test_join_quotes_hold_ends_in_silence_between_one_and_two_times_hold() -> None:
    live = Live(hold="2s")
    live.lab.run(1)
    live.trades.send(trade(at=1_000))
    live.lab.run(2)
    live.quotes.send(quote(at=900))
    live.lab.run(4.9)
    assert live.times == []
    live.lab.run(20)
    assert [time for time, _ in live.watch.seen] == [5]
    assert live.times == [(1_000, 900)]


def test_join_quotes_hold_timer_rests_when_nothing_is_held() -> None:
    live = Live(hold="2s")
    live.trades.send(trade(at=1_000))
    live.quotes.send(quote(at=9_000))
    live.lab.run(10)
    scheduled: list[object] = []
    live.lab.scheduler.schedule_absolute = lambda *a, **k: scheduled.append(a)  # type: ignore
    live.quotes.send(quote(at=9_001))
    live.lab.run(30)
    assert scheduled == []


def test_join_quotes_hold_in_silence_uses_a_real_timer_without_a_scheduler() -> None:
    trades: Hot[Trade] = Hot()
    quotes: Hot[Quote] = Hot()
    emitted = threading.Event()
    subscription = trades.pipe(rxo.join_quotes(quotes, hold="20ms")).subscribe(lambda _: emitted.set())
    trades.send(trade(at=1))
    assert emitted.wait(PATIENCE)
    subscription.dispose()


# Arguments


@pytest.mark.parametrize("option", ["tolerance", "hold", "lateness", "max_lead"])
def test_join_quotes_unreadable_duration_raises_at_the_call(option: str) -> None:
    quotes: Hot[Quote] = Hot()
    with pytest.raises(InvalidArgumentError, match=option):
        rxo.join_quotes(quotes, **{option: "soon"})  # type: ignore[arg-type]
    with pytest.raises(InvalidTypeError, match=option):
        rxo.join_quotes(quotes, **{option: 5})  # type: ignore[arg-type]


def test_join_quotes_names_an_event_of_quotes_that_is_none() -> None:
    live = Live()
    live.quotes.send(trade(at=1))  # type: ignore[arg-type]
    live.trades.send(trade(at=2))
    assert isinstance(live.watch.end, InvalidTypeError)
    assert str(live.watch.end) == "an event of quotes must be a quote, not Trade"
    assert live.trades.spans == live.quotes.spans == [(0, 0)]


# Threads


def test_join_quotes_two_threads_lose_nothing_and_never_overlap() -> None:
    trades: Hot[Trade] = Hot()
    quotes: Hot[Quote] = Hot()
    seen: list[int] = []
    inside = [0]
    overlaps = [0]

    def on_next(joined: Joined) -> None:
        inside[0] += 1
        overlaps[0] += inside[0] > 1
        seen.append(joined.timestamp)
        inside[0] -= 1

    done = threading.Event()
    trades.pipe(rxo.join_quotes(quotes, hold="10ms")).subscribe(on_next, on_completed=done.set)
    count = 20_000

    def send_quotes() -> None:
        for at in range(count):
            quotes.send(quote(at=at))

    thread = threading.Thread(target=send_quotes)
    thread.start()
    for at in range(count):
        trades.send(trade(at=at))
    thread.join(60)
    trades.complete()
    assert done.wait(PATIENCE)  # a timer that was at work gives the last trades, in its thread
    assert seen == list(range(count))
    assert overlaps == [0]


# Against polars

times = st.integers(0, 60)
symbols = st.sampled_from("ABC")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(symbols, times), max_size=60),
    st.lists(st.tuples(symbols, times), max_size=60),
    st.booleans(),
)
def test_join_quotes_all_quotes_first_equals_polars(
    trade_rows: list[tuple[str, int]], quote_rows: list[tuple[str, int]], exact: bool
) -> None:
    live = Live(allow_exact_matches=exact)
    live.quotes.send(*(quote(symbol, float(row), 99.0, at) for row, (symbol, at) in enumerate(quote_rows)))
    live.trades.send(*(trade(symbol, at=at) for symbol, at in trade_rows))
    ours = [None if it.quote is None else it.quote.bid_price for it in live.watch.values]
    assert ours == polars_as_of(trade_rows, quote_rows, exact)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), symbols, times), max_size=100),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_join_quotes_with_hold_any_disorder_within_it_equals_polars(
    rows: list[tuple[bool, str, int]], hold: int, chance: object
) -> None:
    """Events arrive with delays of up to hold, so hold must find what a batch join finds."""
    delays = [at + getattr(chance, "randint")(0, hold) for _, _, at in rows]  # noqa: B009
    arrival = [rows[i] for i in sorted(range(len(rows)), key=lambda i: (delays[i], i))]
    live = Live(hold=timedelta(milliseconds=hold), lateness=timedelta(milliseconds=hold))
    trade_rows: list[tuple[str, int]] = []
    quote_rows: list[tuple[str, int]] = []
    for is_trade, symbol, at in arrival:
        if is_trade:
            trade_rows.append((symbol, at))
            live.trades.send(trade(symbol, at=at))
        else:
            live.quotes.send(quote(symbol, float(len(quote_rows)), 99.0, at))
            quote_rows.append((symbol, at))
    live.trades.complete()
    ours = [None if it.quote is None else it.quote.bid_price for it in live.watch.values]
    assert ours == polars_as_of(trade_rows, quote_rows, True)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 30)), min_size=12, max_size=60),
    st.integers(0, 10),
    st.one_of(st.none(), st.integers(1, 10)),
    st.booleans(),
)
def test_join_quotes_any_disorder_gives_the_quote_in_force_or_none_beyond_the_limits(
    rows: list[tuple[bool, int]], lateness: int, max_lead: int | None, exact: bool
) -> None:
    live = Live(
        lateness=timedelta(milliseconds=lateness),
        max_lead=None if max_lead is None else timedelta(milliseconds=max_lead),
        allow_exact_matches=exact,
    )
    came: list[tuple[int, float]] = []  # timestamp, and number of arrival
    newest_trade = newest_quote = 0
    for number, (is_trade, at) in enumerate(rows):
        if not is_trade:
            newest_quote = max(newest_quote, at)
            came.append((at, float(number)))
            live.quotes.send(quote(bid=float(number), ask=99.0, at=at))
            continue
        newest_trade = max(newest_trade, at)
        live.trades.send(trade(at=at))
        found = live.watch.values[-1].quote
        in_force = max((it for it in came if it[0] < at or (exact and it[0] == at)), default=None)
        is_sure = at >= newest_trade - lateness and (max_lead is None or at >= newest_quote - max_lead)
        if found is not None:
            assert (found.timestamp, found.bid_price) == in_force
        else:
            assert in_force is None or not is_sure


def polars_as_of(
    trade_rows: list[tuple[str, int]], quote_rows: list[tuple[str, int]], exact: bool
) -> list[float | None]:
    """The arrival number of the quote in force, for each trade."""
    schema = {"symbol": pl.String, "timestamp": pl.Int64}
    trades = pl.DataFrame(trade_rows, schema=schema, orient="row").with_row_index("trade")
    quotes = pl.DataFrame(quote_rows, schema=schema, orient="row").with_row_index("quote")
    joined = trades.sort("timestamp", maintain_order=True).join_asof(
        quotes.sort("timestamp", maintain_order=True),
        on="timestamp",
        by="symbol",
        allow_exact_matches=exact,
        check_sortedness=False,
    )
    return [None if it is None else float(it) for it in joined.sort("trade")["quote"].to_list()]
