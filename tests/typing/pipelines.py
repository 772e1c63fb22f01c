"""What type checkers see of users' pipelines. Checked with the rest of the tests; nothing here is run."""

from __future__ import annotations

from typing import assert_type

from reactivex import Observable
from reactivex import operators as ops

from rxpolygon import StreamClient
from rxpolygon import operators as rxo
from rxpolygon.events import (
    Aggregate,
    CryptoTrade,
    Event,
    ForexQuote,
    FuturesTrade,
    IndexValue,
    Level2Book,
    Quote,
    Trade,
)
from rxpolygon.operators import Bar
from rxpolygon.stats import StreamStats
from rxpolygon.status import Status


def streams(client: StreamClient) -> None:
    assert_type(client.subscribe_stock_trades(["AAPL"]), Observable[Trade])
    assert_type(client.subscribe_stock_quotes(), Observable[Quote])
    assert_type(client.subscribe_option_second_aggregates("O:X"), Observable[Aggregate])
    assert_type(client.subscribe_forex_quotes(), Observable[ForexQuote])
    assert_type(client.subscribe_crypto_trades(), Observable[CryptoTrade])
    assert_type(client.subscribe_crypto_level2_book(), Observable[Level2Book])
    assert_type(client.subscribe_index_value(), Observable[IndexValue])
    assert_type(client.subscribe_futures_trades(), Observable[FuturesTrade])
    assert_type(client.events, Observable[Event])
    assert_type(client.messages, Observable[bytes])
    assert_type(client.status, Observable[Status])
    assert_type(client.stats, StreamStats)


# A function with annotations: mypy does not carry types through `pipe` into a lambda, pyright does.
def is_round_lot(trade: Trade) -> bool:
    return trade.size >= 100


def close_of(bar: Bar) -> float:
    return bar.close


def pipelines(client: StreamClient) -> None:
    trades, quotes = client.subscribe_stock_trades(), client.subscribe_stock_quotes()
    assert_type(trades.pipe(rxo.time_bars("1m")), Observable[Bar])
    assert_type(trades.pipe(ops.filter(is_round_lot)), Observable[Trade])
    assert_type(trades.pipe(rxo.time_bars("1m"), ops.map(close_of)), Observable[float])
    joined = trades.pipe(rxo.join_quotes(quotes))
    assert_type(joined, Observable[rxo.TradeWithQuote[Trade, Quote]])
    assert_type(joined.map(lambda pair: pair.trade), Observable[Trade])
    assert_type(client.subscribe_crypto_trades().pipe(rxo.time_bars("5m")), Observable[Bar])


def is_wide(joined: rxo.TradeWithQuote[Trade, Quote]) -> bool:
    return joined.spread is not None and joined.spread > 0.02


def types_go_on_behind_other_operators(client: StreamClient) -> None:
    trades, quotes = client.subscribe_stock_trades(), client.subscribe_stock_quotes()
    round_lots = ops.filter(is_round_lot)
    assert_type(trades.pipe(round_lots, rxo.buffered(10)), Observable[Trade])
    assert_type(trades.pipe(round_lots, rxo.reorder("1s"), rxo.time_bars("1m")), Observable[Bar])
    assert_type(trades.pipe(round_lots, rxo.deduplicate(), rxo.conflate("1s")), Observable[Trade])
    wide = trades.pipe(
        rxo.join_quotes(quotes),
        ops.filter(is_wide),
        rxo.buffered(10_000, "drop_oldest"),
        ops.buffer_with_count(5),
    )
    assert_type(wide, Observable[list[rxo.TradeWithQuote[Trade, Quote]]])


def handlers() -> None:
    def with_client(ws: object, text: str) -> None: ...

    def without_client(text: str) -> None: ...

    StreamClient("key", on_message=with_client)
    StreamClient("key", on_message=without_client)
    StreamClient("key", transport="quick")  # type: ignore[arg-type]  # not a transport
    StreamClient("key", overflow="forget")  # type: ignore[arg-type]  # not a policy
