"""asyncio and real clients, over a real websocket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rxpolygon import ReplayClient, StreamClient, aio, record
from rxpolygon import operators as rxo
from rxpolygon.errors import AuthenticationError, InvalidTypeError
from rxpolygon.events import Trade
from rxpolygon.simulator import Simulator
from rxpolygon.status import Connected
from tests.aio.sources import take_all, until
from tests.client.support import push_numbers, topics
from tests.support import wait_for


@pytest.fixture
def market() -> Iterator[Simulator]:
    """A market that moves fast."""
    with Simulator(seed=3, speed=600) as simulator:
        yield simulator


@pytest.fixture
def quiet() -> Iterator[Simulator]:
    """A server that sends what a test pushes."""
    with Simulator(market=False, keep_sent=True) as simulator:
        yield simulator


def our_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("rxpolygon")]


def test_async_for_over_trades_then_break_releases_the_wire(market: Simulator) -> None:
    async def main() -> list[Trade]:
        trades = []
        async with aio.running(StreamClient("demo", host=market.url)) as client:
            async for trade in aio.stream(client.subscribe_stock_trades(["AAPL", "MSFT"])):
                trades.append(trade)
                if len(trades) == 20:
                    break
            await until(lambda: not topics(market))
        return trades

    before = our_threads()
    trades = asyncio.run(main())
    wait_for(lambda: our_threads() == before, message=lambda: f"{before}; there are {our_threads()}")
    assert {trade.symbol for trade in trades} <= {"AAPL", "MSFT"}
    assert [trade.timestamp for trade in trades] == sorted(trade.timestamp for trade in trades)


def test_every_trade_of_a_burst_comes_in_order(quiet: Simulator) -> None:
    async def main() -> list[int | None]:
        client = StreamClient("demo", host=quiet.url)
        trades = aio.stream(client.subscribe_stock_trades("AAPL"), 16)
        async with aio.running(client), trades:
            await until(lambda: topics(quiet) == {"T.AAPL"})
            push_numbers(quiet, *range(300))
            return [(await anext(trades)).sequence_number for _ in range(300)]

    assert asyncio.run(main()) == list(range(300))


def test_closing_the_client_ends_every_loop(market: Simulator) -> None:
    taken: list[list[Trade]] = [[], [], []]

    async def main() -> None:
        async with aio.running(StreamClient("demo", host=market.url)) as client:
            trades = client.subscribe_stock_trades("*")
            tasks = [asyncio.create_task(take_all(aio.stream(trades, 5), values)) for values in taken]
            await until(lambda: all(taken))
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_refused_login_is_raised_in_the_loop() -> None:
    async def main(url: str) -> None:
        client = StreamClient("wrong", host=url)
        trades = client.subscribe_stock_trades()  # before the start: the refusal may come at once
        async with aio.running(client):
            with pytest.raises(AuthenticationError):
                await take_all(aio.stream(trades), [])
            with pytest.raises(AuthenticationError):
                await aio.first(trades)

    with Simulator(market=False, api_keys=["right"]) as server:
        asyncio.run(main(server.url))


def test_statuses_and_bars_may_be_awaited(market: Simulator) -> None:
    async def main() -> tuple[bool, str]:
        client = StreamClient("demo", host=market.url)
        connected = aio.first(client.status.filter(lambda status: isinstance(status, Connected)))
        observing = asyncio.create_task(connected)
        await asyncio.sleep(0)  # it observes from here on, and nothing has passed
        async with aio.running(client):
            status = await observing
            bar = await aio.first(client.subscribe_stock_trades("AAPL").pipe(rxo.time_bars("1m")))
            return isinstance(status, Connected), bar.symbol

    assert asyncio.run(main()) == (True, "AAPL")


def test_a_replay_is_held_back_by_the_loop_and_loses_nothing(market: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    client = StreamClient("demo", host=market.url)
    client.subscribe_stock_trades("*").subscribe()  # unobserved, the client would write all of them
    with record(client, path), client:
        wait_for(lambda: client.stats.events > 1_000)

    def replayed() -> ReplayClient:
        return ReplayClient(path, speed="max")

    expected: list[object] = []
    replay = replayed()
    replay.subscribe_stock_trades("*").subscribe(expected.append)
    with replay:
        wait_for(lambda: not replay.is_streaming)

    async def main() -> list[object]:
        replay = replayed()
        async with aio.stream(replay.subscribe_stock_trades("*"), 3) as trades, aio.running(replay):
            return [trade async for trade in trades]

    assert len(expected) > 1_000
    assert asyncio.run(main()) == expected


def test_cancelling_the_program_in_a_running_block_closes_the_client(market: Simulator) -> None:
    client = StreamClient("demo", host=market.url)

    async def program() -> None:
        async with aio.running(client):
            async for _ in aio.stream(client.subscribe_stock_trades("*"), 1):
                pass

    async def main() -> None:
        task = asyncio.create_task(program())
        await until(lambda: client.stats.events > 10)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # again, while it closes
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not client.is_streaming

    asyncio.run(main())


def test_a_plain_with_block_in_a_coroutine_does_not_wait_for_itself(quiet: Simulator) -> None:
    async def main() -> None:
        client = StreamClient("demo", host=quiet.url)
        with client:
            async for _ in aio.stream(client.subscribe_stock_trades("AAPL"), 1):
                break
        assert not client.is_streaming

    def push_and_look() -> bool:
        push_numbers(quiet, *range(50))
        return not topics(quiet)

    def feed() -> None:
        """Trades enough to make the source wait, and until the client is gone: it may observe late."""
        wait_for(lambda: topics(quiet) == {"T.AAPL"})
        wait_for(push_and_look)

    feeder = threading.Thread(target=feed, name="feeder")
    feeder.start()
    asyncio.run(main())
    feeder.join()


def test_error_of_a_close_is_raised_after_the_block() -> None:
    class Stubborn:
        def __enter__(self) -> Stubborn:
            return self

        def __exit__(self, *_: object) -> None:
            raise OSError("it does not close")

    async def main() -> None:
        async with aio.running(Stubborn()):
            pass

    with pytest.raises(OSError, match="it does not close"):
        asyncio.run(main())


def test_what_is_no_client_is_refused_at_the_call(market: Simulator) -> None:
    trades = StreamClient("demo", host=market.url).subscribe_stock_trades(["AAPL"])
    with pytest.raises(InvalidTypeError, match="must be a StreamClient, a ReplayClient or the like"):
        aio.running(trades)  # type: ignore[arg-type] # that is the test
