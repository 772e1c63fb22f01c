"""What type checkers see of pipelines on Alpaca's streams. Checked with the rest; nothing here is run."""

from __future__ import annotations

from typing import assert_type

from reactivex import Observable
from reactivex import operators as ops

from rxpolygon import operators as rxo
from rxpolygon.alpaca import (
    Bar,
    CryptoDataStream,
    CryptoTrade,
    LimitUpLimitDown,
    OptionDataStream,
    OptionQuote,
    Orderbook,
    Quote,
    StockDataStream,
    Trade,
    TradeCancel,
    TradeCorrection,
    TradingStatus,
)
from rxpolygon.events import Event
from rxpolygon.status import Status


def streams(stream: StockDataStream, crypto: CryptoDataStream, options: OptionDataStream) -> None:
    assert_type(stream.subscribe_trades("AAPL", "MSFT"), Observable[Trade])
    assert_type(stream.subscribe_quotes("*"), Observable[Quote])
    assert_type(stream.subscribe_bars("AAPL"), Observable[Bar])
    assert_type(stream.subscribe_updated_bars("AAPL"), Observable[Bar])
    assert_type(stream.subscribe_daily_bars("AAPL"), Observable[Bar])
    assert_type(stream.subscribe_trading_statuses("AAPL"), Observable[TradingStatus])
    assert_type(stream.subscribe_lulds("AAPL"), Observable[LimitUpLimitDown])
    assert_type(stream.register_trade_cancels(), Observable[TradeCancel])
    assert_type(stream.register_trade_corrections(), Observable[TradeCorrection])
    assert_type(crypto.subscribe_trades("BTC/USD"), Observable[CryptoTrade])
    assert_type(crypto.subscribe_orderbooks("BTC/USD"), Observable[Orderbook])
    assert_type(crypto.subscribe_orderbooks("BTC/USD").pipe(rxo.order_book()), Observable[rxo.OrderBook])
    assert_type(options.subscribe_quotes("AAPL240315C00172500"), Observable[OptionQuote])
    assert_type(stream.events, Observable[Event])
    assert_type(stream.status, Observable[Status])


async def on_trade(trade: Trade) -> None: ...


def on_quote(quote: Quote) -> None: ...


def handlers(stream: StockDataStream) -> None:
    assert_type(stream.subscribe_trades(on_trade, "AAPL"), Observable[Trade])
    assert_type(stream.subscribe_quotes(on_quote, "AAPL"), Observable[Quote])
    stream.subscribe_trades(on_quote, "AAPL")  # type: ignore[arg-type]  # a handler of something else
    StockDataStream(encoding="xml")  # type: ignore[arg-type]  # not an encoding


def is_round_lot(trade: Trade) -> bool:
    return trade.size >= 100


def pipelines(stream: StockDataStream, crypto: CryptoDataStream) -> None:
    trades, quotes = stream.subscribe_trades("AAPL"), stream.subscribe_quotes("AAPL")
    assert_type(trades.pipe(rxo.time_bars("1m")), Observable[rxo.Bar])
    assert_type(trades.pipe(rxo.tick_bars(100)), Observable[rxo.Bar])
    assert_type(trades.pipe(ops.filter(is_round_lot)), Observable[Trade])
    assert_type(trades.pipe(rxo.deduplicate()), Observable[Trade])
    assert_type(trades.pipe(rxo.join_quotes(quotes)), Observable[rxo.TradeWithQuote[Trade, Quote]])
    assert_type(stream.subscribe_bars("AAPL").pipe(rxo.revisions()), Observable[rxo.Bar])
    assert_type(stream.subscribe_bars("AAPL").pipe(rxo.resample("5m")), Observable[rxo.Bar])
    assert_type(quotes.pipe(rxo.nbbo()), Observable[rxo.Nbbo])
    own_bars = trades.pipe(rxo.time_bars("1m"))
    assert_type(own_bars.pipe(rxo.reconcile(stream.subscribe_bars("AAPL"))), Observable[rxo.Reconciliation])
    assert_type(crypto.subscribe_trades("BTC/USD").pipe(rxo.time_bars("5m")), Observable[rxo.Bar])


def corrections(
    cancel: TradeCancel, correction: TradeCorrection
) -> tuple[rxo.CancelsTrade, rxo.CorrectsTrade]:
    return cancel, correction
