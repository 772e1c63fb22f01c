"""The made-up market: deterministic, in order, and believable."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rxpolygon.simulator.market.instruments import DEFAULT_SYMBOLS, instrument
from rxpolygon.simulator.market.market import ClusterMarket, Lateness
from rxpolygon.simulator.market.records import Auction, Band, Depth, Print, Top, Value
from tests.simulator.markets import OFF_HOURS, REGULAR_HOURS, of_kind, run

MARKETS = tuple(DEFAULT_SYMBOLS)
ONE_OF = {market: symbols[0] for market, symbols in DEFAULT_SYMBOLS.items()}


@pytest.mark.parametrize("market", MARKETS)
def test_market_with_the_same_seed_is_the_same(market: str) -> None:
    assert run(market, ONE_OF[market], seed=5) == run(market, ONE_OF[market], seed=5)


@pytest.mark.parametrize("market", MARKETS)
def test_market_with_another_seed_is_another(market: str) -> None:
    assert run(market, ONE_OF[market], seed=5) != run(market, ONE_OF[market], seed=6)


@pytest.mark.parametrize("market", MARKETS)
def test_market_does_not_depend_on_how_time_is_cut(market: str) -> None:
    assert run(market, ONE_OF[market], step=7_000) == run(market, ONE_OF[market], step=33)


@pytest.mark.parametrize("market", MARKETS)
def test_ties_between_symbols_do_not_depend_on_how_time_is_cut(market: str) -> None:
    symbols = DEFAULT_SYMBOLS[market][:4]
    whole = run(market, *symbols, step=10_000, seconds=20)
    assert run(market, *reversed(symbols), step=1_000, seconds=20) == whole
    assert run(market, *symbols, step=1, seconds=20) == whole


def test_late_publication_does_not_depend_on_how_time_is_cut() -> None:
    lateness = Lateness(0.3, 2_500)
    whole = run("stocks", "AAPL", "IBM", step=7_000, lateness=lateness)
    assert run("stocks", "IBM", "AAPL", step=13, lateness=lateness) == whole


def test_symbol_does_not_depend_on_the_others() -> None:
    alone = run("stocks", "IBM")
    together = [item for item in run("stocks", "AAPL", "IBM", "ZZZZ") if item[1].symbol == "IBM"]
    assert alone == together


def test_symbol_opened_later_is_the_same_from_its_minute_on() -> None:
    market = ClusterMarket("stocks", seed=1, start=REGULAR_HOURS)
    market.pause_until(REGULAR_HOURS + 75_000)
    market.open("AAPL")
    late = of_kind(market.advance(REGULAR_HOURS + 95_000), Print)
    early = of_kind(run("stocks", "AAPL", seconds=95), Print)
    assert late == early[-len(late) :]


@pytest.mark.parametrize("market", MARKETS)
def test_market_is_published_in_order_of_time(market: str) -> None:
    stamps = [at for at, _ in run(market, *DEFAULT_SYMBOLS[market], seconds=30)]
    assert stamps == sorted(stamps)
    assert stamps[0] >= REGULAR_HOURS
    assert stamps[-1] <= REGULAR_HOURS + 30_000


def test_trades_are_at_the_bid_or_the_offer_or_between() -> None:
    bid = ask = 0.0
    for _, record in run("stocks", "META"):
        if isinstance(record, Top):
            assert 0 < record.bid < record.ask
            bid, ask = record.bid, record.ask
        elif isinstance(record, Print):
            assert bid <= record.price <= ask


@pytest.mark.parametrize("market", ["stocks", "options", "crypto", "futures"])
def test_quotes_are_about_five_times_as_many_as_trades(market: str) -> None:
    published = run(market, *DEFAULT_SYMBOLS[market], seconds=120)
    assert 4.5 < len(of_kind(published, Top)) / len(of_kind(published, Print)) < 5.5


def test_rate_is_trades_a_second_and_symbol() -> None:
    trades = of_kind(run("stocks", "AAPL", "IBM", seconds=60, rate=20), Print)
    assert 0.9 < len(trades) / (2 * 60 * 20) < 1.1


def test_half_of_the_trades_are_odd_lots_and_marked_so() -> None:
    trades = of_kind(run("stocks", *DEFAULT_SYMBOLS["stocks"], seconds=120), Print)
    odd = [trade for trade in trades if trade.size < 100]
    assert all(37 in trade.conditions for trade in odd)
    assert all(37 not in trade.conditions for trade in trades if trade.size >= 100)
    assert 0.46 < len(odd) / len(trades) < 0.56
    assert 0.2 < sum(14 in trade.conditions for trade in trades) / len(trades) < 0.33


def test_trades_off_hours_are_form_t() -> None:
    trades = of_kind(run("stocks", "AAPL", start=OFF_HOURS), Print)
    assert trades
    assert all(12 in trade.conditions for trade in trades)


def test_conditions_are_ascending() -> None:
    trades = of_kind(run("stocks", *DEFAULT_SYMBOLS["stocks"], start=OFF_HOURS), Print)
    assert all(list(trade.conditions) == sorted(set(trade.conditions)) for trade in trades)


@pytest.mark.parametrize("kind", [Print, Top])
def test_sequence_numbers_rise_with_holes(kind: type[Print] | type[Top]) -> None:
    numbers = [record.sequence for record in of_kind(run("stocks", "AAPL", seconds=150), kind)]
    steps = {after - before for before, after in pairwise(numbers)}
    assert min(steps) == 1
    assert max(steps) > 1


def test_trades_are_identified_by_symbol_exchange_and_id() -> None:
    trades = of_kind(run("stocks", "AAPL", "IBM", seconds=150, rate=50), Print)
    assert len({(trade.symbol, trade.exchange, trade.id) for trade in trades}) == len(trades)


def test_prices_move_believably() -> None:
    trades = of_kind(run("stocks", "AAPL", seconds=1_800), Print)
    prices = [trade.price for trade in trades]
    assert 0.002 < (max(prices) - min(prices)) / prices[0] < 0.05
    assert max(abs(b - a) / a for a, b in pairwise(prices)) < 0.005
    assert all(round(price * 100) / 100 == price for price in prices)


def test_whole_prices_and_sizes_are_ints() -> None:
    trades = of_kind(run("crypto", "BTC-USD", seconds=300), Print)
    for number in [trade.price for trade in trades] + [trade.size for trade in trades]:
        assert isinstance(number, int) == (number == int(number))


def test_order_book_is_best_first() -> None:
    books = of_kind(run("crypto", "ETH-USD", seconds=20), Depth)
    assert len(books) >= 40
    for book in books:
        bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]


def test_bands_hold_the_price() -> None:
    published = run("stocks", "AAPL")
    band = of_kind(published, Band)[0]
    assert all(band.low < trade.price < band.high for trade in of_kind(published, Print))


@pytest.mark.parametrize(("start", "kind", "at"), [(REGULAR_HOURS, "C", 1600), (OFF_HOURS, "O", 930)])
def test_imbalances_are_of_the_next_auction(start: int, kind: str, at: int) -> None:
    auction = of_kind(run("stocks", "AAPL", start=start), Auction)[0]
    assert (auction.auction_type, auction.auction_time) == (kind, at)


@pytest.mark.parametrize(
    ("market", "symbol"),
    [
        ("stocks", "QQQQ"),
        ("options", "O:AAPL261218C00100000"),
        ("options", "O:nonsense"),
        ("forex", "SEK/JPY"),
        ("crypto", "PEPE-EUR"),
        ("indices", "I:DAX"),
        ("futures", "XXZ9"),
    ],
)
def test_any_symbol_has_a_market_of_its_own(market: str, symbol: str) -> None:
    published = run(market, symbol, seconds=30)
    assert {record.symbol for _, record in published} == {symbol}
    assert any(isinstance(record, (Top, Value)) for _, record in published)


def test_option_deep_in_the_money_is_worth_its_intrinsic_value() -> None:
    spot = instrument("stocks", "AAPL", 0).price
    premium = instrument("options", "O:AAPL261218C00100000", 0).price
    assert spot - 100 <= premium < spot
