from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.json import Decoder

import rxpolygon.operators as rxo
from rxpolygon.alpaca import Orderbook, OrderbookQuote
from rxpolygon.errors import InvalidArgumentError
from rxpolygon.events import Level2Book
from rxpolygon.operators import BookDepth, OrderBook
from tests.operators.streams import Lab, push_through

RECORDING = Path(__file__).parents[2] / "../shared/data/crypto-coinbase-2021-04-17.jsonl.gz"

Side = tuple[tuple[float, float], ...]

BIDS: Side = ((99.0, 3.0), (98.0, 2.0), (90.0, 10.0))
ASKS: Side = ((101.0, 1.0), (103.0, 9.0))


def update(
    at: int | None = 1, bids: Side | None = BIDS, asks: Side | None = ASKS, exchange: int | None = 1
) -> Level2Book:
    return Level2Book(symbol="A", bids=bids, asks=asks, timestamp=at, exchange=exchange)  # type: ignore[arg-type]


def books(*updates: Level2Book | Orderbook, levels: int | None = None) -> list[OrderBook]:
    return [it for it in push_through(rxo.order_book(levels), updates) if isinstance(it, OrderBook)]


def test_order_book_each_change_is_emitted_at_once() -> None:
    lab = Lab()
    source = lab.hot("-a-b-|", a=update(1), b=update(2, bids=BIDS[1:]))
    watch = lab.watch(source.pipe(rxo.order_book()))
    lab.run()
    assert watch.seen == [
        (1, OrderBook("A", 1, 1, BIDS, ASKS)),
        (3, OrderBook("A", 1, 2, BIDS[1:], ASKS)),
        (5, "|"),
    ]


def test_order_book_without_change_emits_nothing() -> None:
    assert len(books(update(1), update(2))) == 1


def test_order_book_older_update_is_left_out_and_equal_time_replaces() -> None:
    emitted = books(update(5), update(4, bids=BIDS[1:]), update(5, bids=BIDS[2:]))
    assert [book.bids for book in emitted] == [BIDS, BIDS[2:]]


def test_order_book_older_than_one_that_changed_nothing_is_left_out() -> None:
    assert len(books(update(1), update(5), update(3, bids=BIDS[1:]))) == 1
    assert [book.timestamp for book in books(update(1), update(5), update(6, bids=()))] == [1, 6]


def test_order_book_side_that_the_wire_left_out_stays() -> None:
    emitted = books(update(1), update(2, bids=None, asks=ASKS[1:]), update(3, bids=(), asks=None))
    assert [(book.bids, book.asks) for book in emitted] == [(BIDS, ASKS), (BIDS, ASKS[1:]), ((), ASKS[1:])]


def test_order_book_first_update_without_sides_is_empty() -> None:
    (book,) = books(Level2Book(symbol="A"))
    assert (book.bids, book.asks, book.mid, book.spread, book.micro_price) == ((), (), None, None, None)
    assert (book.imbalance(), book.bid_price, book.ask_size) == (None, None, None)


def test_order_book_update_without_timestamp_counts_as_new() -> None:
    emitted = books(update(5), update(None, bids=BIDS[1:]), update(4))
    assert [(book.timestamp, book.bids) for book in emitted] == [(5, BIDS), (5, BIDS[1:])]


def test_order_book_exchanges_have_books_of_their_own() -> None:
    emitted = books(update(5, exchange=1), update(4, exchange=2), update(3, exchange=None))
    assert [book.exchange for book in emitted] == [1, 2, None]


def test_order_book_levels_without_size_are_removed() -> None:
    (book,) = books(update(bids=((99.0, 0.0), (98.0, 2.0))))
    assert book.bids == ((98.0, 2.0),)


def test_order_book_keeps_the_levels_asked_for() -> None:
    (book,) = books(update(), levels=1)
    assert (book.bids, book.asks) == (BIDS[:1], ASKS[:1])


def test_order_book_emitted_book_does_not_change() -> None:
    first, second = books(update(1), update(2, bids=()))
    assert first.bids == BIDS
    assert second.bids == ()
    with pytest.raises(AttributeError):
        first.bids = ()  # type: ignore[misc]


def test_order_book_measures_of_the_best_level() -> None:
    (book,) = books(update())
    assert (book.bid_price, book.bid_size, book.ask_price, book.ask_size) == (99.0, 3.0, 101.0, 1.0)
    assert (book.mid, book.spread) == (100.0, 2.0)
    assert book.micro_price == pytest.approx((99 * 1 + 101 * 3) / 4)
    assert book.imbalance() == pytest.approx((3 - 1) / (3 + 1))


def test_order_book_depth_by_levels_and_by_distance() -> None:
    (book,) = books(update())
    assert (book.depth().bid_size, book.depth().ask_size) == (15.0, 10.0)
    assert (book.depth(2).bid_size, book.depth(2).ask_size) == (5.0, 10.0)
    assert (book.depth(within=1.0).bid_size, book.depth(within=1.0).ask_size) == (3.0, 1.0)
    assert (book.depth(within=0.5).bid_size, book.depth(within=2.0).ask_size) == (0.0, 1.0)
    assert book.imbalance(None) == pytest.approx(5 / 25)


def test_order_book_depth_counts_a_level_at_a_distance_that_is_not_binary() -> None:
    (book,) = books(update(bids=((7.03, 1.0), (7.02, 2.0)), asks=((7.07, 4.0), (7.08, 8.0))))
    assert book.depth(within=0.02) == BookDepth(1.0, 4.0)
    assert book.depth(within=0.03) == BookDepth(3.0, 12.0)
    assert book.depth(within=0.0199999) == BookDepth(0.0, 0.0)


def test_order_book_depth_of_one_side_is_measured_from_its_best_price() -> None:
    (book,) = books(update(asks=()))
    assert book.depth(within=1.0).bid_size == 5.0
    assert book.imbalance() == 1.0


def test_order_book_wrong_levels_raises_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="levels"):
        rxo.order_book(0)


def alpaca(
    bids: Side = (), asks: Side = (), *, reset: bool = False, symbol: str = "A", at: int = 1
) -> Orderbook:
    return Orderbook(
        symbol=symbol,
        bids=tuple(OrderbookQuote(*level) for level in bids),
        asks=tuple(OrderbookQuote(*level) for level in asks),
        reset=reset,
        wire_timestamp=at,
    )


def test_order_book_changes_are_put_into_the_book() -> None:
    lab = Lab()
    whole = alpaca(BIDS, ASKS, reset=True, at=1)
    better, gone = alpaca(((100.0, 5.0),), at=2), alpaca(((98.0, 0.0),), ((101.0, 7.0),), at=3)
    source = lab.hot("-w-b-g-|", w=whole, b=better, g=gone)
    watch = lab.watch(source.pipe(rxo.order_book()))
    lab.run()
    assert watch.seen == [
        (1, OrderBook("A", None, 1, BIDS, ASKS)),
        (3, OrderBook("A", None, 2, ((100.0, 5.0), *BIDS), ASKS)),
        (5, OrderBook("A", None, 3, ((100.0, 5.0), BIDS[0], BIDS[2]), ((101.0, 7.0), ASKS[1]))),
        (7, "|"),
    ]


def test_order_book_change_of_nothing_emits_nothing() -> None:
    updates = (alpaca(BIDS, ASKS, reset=True), alpaca(((50.0, 0.0),)), alpaca(BIDS[:1]), alpaca())
    assert len(books(*updates)) == 1
    assert len(books(updates[0], alpaca(((50.0, 1.0),)), levels=2)) == 1


def test_order_book_that_comes_whole_again_begins_anew() -> None:
    first, second = books(alpaca(BIDS, ASKS, reset=True), alpaca(((7.0, 1.0),), reset=True))
    assert first.bids == BIDS
    assert (second.bids, second.asks) == (((7.0, 1.0),), ())


def test_order_book_changes_before_the_whole_book_are_left_out_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    updates = (alpaca(BIDS), alpaca(ASKS, symbol="B"), alpaca(BIDS[:1], reset=True), alpaca(asks=ASKS[:1]))
    assert [(book.bids, book.asks) for book in books(*updates)] == [
        (BIDS[:1], ()),
        (BIDS[:1], ASKS[:1]),
    ]
    first, last = caplog.messages
    assert first.startswith("1 event so far changed a book that did not come whole before: Orderbook(")
    assert last == "2 events changed a book that did not come whole before"


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([8.5, 9.0, 9.5, 10.0]), st.integers(0, 3))))
def test_order_book_of_changes_is_that_of_a_dict(rows: list[tuple[bool, float, int]]) -> None:
    sides: dict[bool, dict[float, float]] = {True: {}, False: {}}
    expected: list[tuple[Side, Side]] = [((), ())]
    updates = [alpaca(reset=True)]
    for is_bid, price, size in rows:
        level = ((price, float(size)),)
        updates.append(alpaca(level) if is_bid else alpaca(asks=level))
        sides[is_bid][price] = size
        kept = {it: {at: left for at, left in sides[it].items() if left} for it in sides}
        both = (tuple(sorted(kept[True].items(), reverse=True)), tuple(sorted(kept[False].items())))
        if both != expected[-1]:
            expected.append(both)
    assert [(book.bids, book.asks) for book in books(*updates)] == expected


@pytest.mark.skipif(not RECORDING.exists(), reason=f"the recorded books are not here: {RECORDING}")
def test_order_book_real_recording_is_sound() -> None:
    decoder = Decoder(tuple[int, list[Raw]])
    with gzip.open(RECORDING) as lines:
        events = [event for line in lines for event in decoder.decode(line)[1]]
    books_alone = Decoder(Level2Book)
    emitted = books(*(books_alone.decode(event) for event in events if b'"ev":"XL2"' in bytes(event)))
    assert len(emitted) > 1_900
    for book in emitted:
        assert book.spread is not None
        assert book.spread > 0
        assert book.micro_price is not None
        assert book.bids[0][0] <= book.micro_price <= book.asks[0][0]
        assert -1 <= (book.imbalance(10) or 0) <= 1
