from __future__ import annotations

import pytest
import reactivex as rx
from hypothesis import given
from hypothesis import strategies as st

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import CryptoQuote, CryptoTrade, Quote
from rxpolygon.operators import Nbbo, TradeWithQuote
from tests.operators.streams import Hot, Lab, Watch, push_through


def quote(
    exchange: int | None,
    bid: float | None,
    ask: float | None,
    at: int | None = 0,
    bid_size: float | None = 1,
    ask_size: float | None = 1,
    symbol: str = "A",
) -> CryptoQuote:
    fields = {"bid_price": bid, "ask_price": ask, "timestamp": at, "bid_size": bid_size, "ask_size": ask_size}
    return CryptoQuote(symbol=symbol, exchange=exchange, **fields)  # type: ignore[arg-type]


def best(*quotes: CryptoQuote, max_age: str | None = None) -> list[Nbbo]:
    return [it for it in push_through(rxo.nbbo(max_age=max_age), quotes) if isinstance(it, Nbbo)]


def sides(emitted: list[Nbbo]) -> list[tuple[float | None, float | None]]:
    return [(it.bid_price, it.ask_price) for it in emitted]


def test_nbbo_takes_the_highest_bid_and_the_lowest_offer() -> None:
    lab = Lab()
    source = lab.hot(
        "-a-b-c-d-|", a=quote(1, 9, 11, 5), b=quote(2, 10, 12, 6), c=quote(1, 9, 13, 7), d=quote(1, 9, 13, 8)
    )
    watch = lab.watch(source.pipe(rxo.nbbo()))
    lab.run()
    assert watch.seen == [
        (1, Nbbo("A", 5, 9, 1, 1, 11, 1, 1)),
        (3, Nbbo("A", 6, 10, 1, 2, 11, 1, 1)),
        (5, Nbbo("A", 7, 10, 1, 2, 12, 1, 2)),
        (9, "|"),
    ]


def test_nbbo_exchange_that_backs_off_leaves_the_place_to_the_next() -> None:
    assert sides(best(quote(1, 10, 11), quote(2, 9, 12), quote(1, 8, 13))) == [(10, 11), (9, 12)]


def test_nbbo_change_of_size_alone_is_emitted() -> None:
    emitted = best(quote(1, 9, 11), quote(1, 9, 11, bid_size=5))
    assert [it.bid_size for it in emitted] == [1, 5]


def test_nbbo_of_equal_prices_the_largest_size_is_best() -> None:
    emitted = best(quote(1, 9, 11), quote(2, 9, 11, bid_size=5), quote(3, 9, 11, bid_size=5, ask_size=2))
    assert [(it.bid_exchange, it.ask_exchange) for it in emitted] == [(1, 1), (2, 1), (2, 3)]


@pytest.mark.parametrize(
    "quotes",
    [
        [quote(2, 9, 11, 6)],
        [quote(1, 10, 10, 6), quote(4, 1, 19, 11)],
        [quote(1, 10, 10, 6), quote(4, 20, 1, -50)],
    ],
    ids=["backs off to another", "a third grows old", "a third is too old when it comes"],
)
def test_nbbo_of_equals_it_stays_who_was_best(quotes: list[CryptoQuote]) -> None:
    before = [quote(3, 1, 19, 0), quote(1, 9, 11, 5), quote(2, 10, 10, 5)]
    last = best(*before, *quotes, max_age="10ms")[-1]
    assert (last.bid_exchange, last.ask_exchange) == (2, 2)


@pytest.mark.parametrize(
    ("bid", "size"), [(None, 1.0), (None, None), (0, 0)], ids=["no price", "nothing", "zero"]
)
def test_nbbo_withdrawn_side_does_not_count(bid: float | None, size: float | None) -> None:
    emitted = best(quote(1, 10, 11), quote(2, 9, 12), quote(1, bid, 11, bid_size=size))
    assert sides(emitted) == [(10, 11), (9, 11)]


def test_nbbo_side_that_nobody_quotes_is_none() -> None:
    emitted = best(quote(1, None, 11), quote(1, None, None))
    assert sides(emitted) == [(None, 11), (None, None)]
    assert not emitted[0].is_locked
    assert not emitted[0].is_crossed


def test_nbbo_older_quote_of_an_exchange_is_left_out_and_equal_time_replaces() -> None:
    assert sides(best(quote(1, 9, 11, 5), quote(1, 10, 12, 4), quote(1, 8, 12, 5))) == [(9, 11), (8, 12)]


def test_nbbo_timestamp_never_goes_back() -> None:
    assert [it.timestamp for it in best(quote(1, 9, 11, 50), quote(2, 10, 12, 40))] == [50, 50]


def test_nbbo_quotes_without_timestamp_or_exchange_count() -> None:
    emitted = best(quote(None, 9, 11, None), quote(None, 10, 11, None), quote(1, 11, 12, 5))
    assert [(it.timestamp, it.bid_price) for it in emitted] == [(None, 9), (None, 10), (5, 11)]


def test_nbbo_symbols_do_not_mix() -> None:
    emitted = best(quote(1, 9, 11), quote(1, 5, 6, symbol="B"))
    assert [(it.symbol, it.bid_price) for it in emitted] == [("A", 9), ("B", 5)]


def test_nbbo_locked_and_crossed_are_told() -> None:
    locked, crossed = best(quote(1, 9, 11), quote(2, 11, 12), quote(3, 12, 13))[1:]
    assert (locked.is_locked, locked.is_crossed) == (True, False)
    assert (crossed.is_locked, crossed.is_crossed) == (False, True)


@pytest.mark.parametrize(("at", "bid"), [(1_000, 10), (1_001, 9)])
def test_nbbo_exchange_older_than_max_age_is_left_out(at: int, bid: float) -> None:
    assert best(quote(1, 10, 11, 0), quote(2, 9, 12, at), max_age="1s")[-1].bid_price == bid


def test_nbbo_fits_into_join_quotes() -> None:
    quotes: Hot[CryptoQuote] = Hot()
    trades: Hot[CryptoTrade] = Hot()
    joined = trades.pipe(rxo.join_quotes(quotes.pipe(rxo.nbbo())))
    watch = Watch[TradeWithQuote[CryptoTrade, Nbbo]]().of(joined)
    quotes.send(quote(1, 9, 12, 1), quote(2, 8, 11, 2))
    trades.send(CryptoTrade(symbol="A", price=10.5, timestamp=3))
    assert watch.values[0].mid == 10.0


def test_nbbo_unreadable_max_age_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="max_age"):
        rxo.nbbo(max_age="old")


prices = st.one_of(st.none(), st.integers(0, 5))
sizes = st.one_of(st.none(), st.integers(0, 3))
rows = st.lists(st.tuples(st.integers(1, 4), prices, prices, st.integers(0, 30), sizes, sizes), max_size=60)


@given(rows, st.one_of(st.none(), st.integers(1, 20)))
def test_nbbo_equals_the_best_of_a_plain_table(
    rows: list[tuple[int, float | None, float | None, int, float | None, float | None]], max_age: int | None
) -> None:
    source: Hot[CryptoQuote] = Hot()
    watch = Watch[Nbbo]().of(source.pipe(rxo.nbbo(max_age=None if max_age is None else f"{max_age}ms")))
    table: dict[int | None, CryptoQuote] = {}
    newest = 0
    for row in rows:
        it = quote(*row)
        source.send(it)
        if it.exchange in table and it.timestamp < table[it.exchange].timestamp:
            continue
        table[it.exchange] = it
        newest = max(newest, it.timestamp)
        if max_age is not None:
            table = {at: one for at, one in table.items() if one.timestamp >= newest - max_age}
        bids = [(q.bid_price, q.bid_size or 0) for q in table.values() if is_side(q.bid_price, q.bid_size)]
        asks = [(-q.ask_price, q.ask_size or 0) for q in table.values() if is_side(q.ask_price, q.ask_size)]
        last = watch.values[-1]
        assert (last.bid_price, last.bid_size or 0) == max(bids, default=(None, 0))
        ask, ask_size = max(asks, default=(None, 0))
        assert (last.ask_price, last.ask_size or 0) == (None if ask is None else -ask, ask_size)


def test_quotes_that_name_no_exchange_are_refused_by_name() -> None:
    quotes = rx.of(Quote(symbol="IBM", bid_price=1.0, ask_price=2.0, timestamp=1))
    with pytest.raises(InvalidTypeError, match="must be a quote of one exchange"):
        quotes.pipe(rxo.nbbo()).run()  # type: ignore[arg-type] # that is the test


def is_side(price: float | None, size: float | None) -> bool:
    return price is not None and not (price == 0 and size == 0)
