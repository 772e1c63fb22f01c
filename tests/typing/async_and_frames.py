"""What type checkers see of asyncio and dataframes. Checked with the rest; nothing here is run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import assert_type

import polars as pl
import pyarrow as pa
from reactivex import Observable

from rxpolygon import ReplayClient, StreamClient, aio, frames
from rxpolygon import operators as rxo
from rxpolygon.events import Quote, Trade
from rxpolygon.operators import Bar, TradeWithQuote


async def loops(client: StreamClient, replay: ReplayClient) -> None:
    trades = client.subscribe_stock_trades(["AAPL"])
    assert_type(aio.stream(trades), aio.AsyncStream[Trade])
    iterator: AsyncIterator[Trade] = aio.stream(trades, 100, "drop_oldest")
    assert_type(await anext(iterator), Trade)
    async for trade in aio.stream(trades, capacity=100, overflow="error"):
        assert_type(trade, Trade)
    async with aio.stream(trades.pipe(rxo.time_bars("1m"))) as bars:
        assert_type(await anext(bars), Bar)
    async with aio.running(client) as started, aio.running(replay) as replaying:
        assert_type(started, StreamClient)
        assert_type(replaying, ReplayClient)
    assert_type(await aio.first(trades), Trade)
    assert_type(await aio.first(trades, None), Trade | None)
    assert_type(await aio.last(trades), Trade)
    assert_type(await aio.to_list(trades), list[Trade])
    aio.stream(trades, overflow="forget")  # type: ignore[arg-type]  # not a policy


def dataframes(client: StreamClient, frame: pl.DataFrame, table: pa.Table) -> None:
    trades = client.subscribe_stock_trades()
    assert_type(trades.pipe(frames.to_frame(1_000)), Observable[pl.DataFrame])
    assert_type(trades.pipe(frames.to_frame(every="1m", engine="polars")), Observable[pl.DataFrame])
    assert_type(trades.pipe(rxo.time_bars("1m"), frames.to_frame(every="1h")), Observable[pl.DataFrame])
    assert_type(trades.pipe(frames.to_parquet("data")), Observable[frames.PartFile])
    assert_type(client.events.pipe(frames.to_frame(10)), Observable[pl.DataFrame])
    assert_type(frames.from_frame(frame, Trade), Observable[Trade])
    assert_type(
        frames.from_frame(table, TradeWithQuote[Trade, Quote]), Observable[TradeWithQuote[Trade, Quote]]
    )
    assert_type(frames.frame([], Trade), pl.DataFrame)
    frames.to_frame(1, engine="numpy")  # type: ignore[call-overload]  # not an engine
