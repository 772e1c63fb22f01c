"""Functions and coroutine functions as handlers: as in the vendor's own class, and as observers."""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import threading
from typing import Any

import pytest

from rxpolygon.alpaca import Quote, StockDataStream, Trade
from rxpolygon.coroutines import CoroutineHandlers, Feed
from rxpolygon.errors import (
    AuthenticationError,
    InvalidArgumentError,
    InvalidTypeError,
    SubscriptionRefusedError,
)
from rxpolygon.simulator import Simulator
from tests.alpaca.support import FEED, Connect, ids, push, push_until, topics, trade, wait_for_topics
from tests.client.support import Recorder
from tests.support import PATIENCE, wait_for


class Seen:
    """Handlers that remember events, and where they were called."""

    def __init__(self) -> None:
        self.values: list[Trade] = []
        self.threads: set[str] = set()
        self.loops: set[asyncio.AbstractEventLoop] = set()

    def plain(self, event: Trade) -> None:
        self.threads.add(threading.current_thread().name)
        self.values.append(event)

    async def coroutine(self, event: Trade) -> None:
        self.loops.add(asyncio.get_running_loop())
        self.plain(event)

    async def quote(self, event: Quote) -> None:
        self.threads.add(threading.current_thread().name)

    async def slow(self, event: Trade) -> None:
        for _ in range(event.id or 0):
            await asyncio.sleep(0)
        await self.coroutine(event)

    def wait(self, count: int) -> list[int]:
        wait_for(lambda: len(self.values) >= count, message=lambda: f"{count}; there are {self.values}")
        return ids(self.values)


def started(stream: StockDataStream, server: Simulator, *expected: str) -> StockDataStream:
    stream.start_stream_thread()
    wait_for_topics(server, *expected)
    return stream


def test_function_and_observable_get_the_same(server: Simulator, connect: Connect) -> None:
    stream, seen = connect(server), Seen()
    observed = Recorder.of(stream.subscribe_trades(seen.plain, "AAPL"))
    started(stream, server, "trades.AAPL")
    push(server, 1, 2, 3)
    assert seen.wait(3) == ids(observed.wait(3)) == [1, 2, 3]
    assert seen.threads == {"rxpolygon-alpaca-stocks-dispatch"}


def test_coroutine_without_a_loop_runs_in_order_on_a_thread_that_ends(
    server: Simulator, connect: Connect
) -> None:
    stream, seen = connect(server), Seen()
    stream.subscribe_trades(seen.slow, "AAPL")
    started(stream, server, "trades.AAPL")
    push(server, 5, 1, 3, 0, 2)
    assert seen.wait(5) == [5, 1, 3, 0, 2]
    assert seen.threads == {"rxpolygon-alpaca-stocks-handlers"}
    stream.close_stream()
    assert not [thread for thread in threading.enumerate() if "handlers" in thread.name]


def test_coroutine_runs_on_the_loop_of_its_subscription(server: Simulator, connect: Connect) -> None:
    stream, seen, other = connect(server), Seen(), Seen()

    async def main() -> None:
        stream.subscribe_trades(seen.coroutine, "AAPL")
        stream.subscribe_quotes(other.quote, "AAPL")
        stream.start_stream_thread()
        while len(topics(server)) < 2:
            await asyncio.sleep(0.001)
        push(server, 1, 2, 3)
        while len(seen.values) < 3:
            await asyncio.sleep(0.001)
        assert seen.loops == {asyncio.get_running_loop()}
        await stream.close()

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert ids(seen.values) == [1, 2, 3]
    assert not stream.is_streaming


def test_coroutine_whose_loop_has_ended_goes_on_in_the_thread(server: Simulator, connect: Connect) -> None:
    stream, seen = connect(server), Seen()

    async def subscribe() -> None:
        stream.subscribe_trades(seen.coroutine, "AAPL")

    asyncio.run(subscribe())
    started(stream, server, "trades.AAPL")
    push(server, 1)
    assert seen.wait(1) == [1]
    assert seen.threads == {"rxpolygon-alpaca-stocks-handlers"}


@pytest.mark.parametrize("is_busy", [False, True])
def test_loop_that_ends_with_events_under_way_stops_nothing(
    server: Simulator, connect: Connect, is_busy: bool
) -> None:
    """Before their task has run for the first time, or while it waits."""
    stream, seen = connect(server, websocket_params={"max_queue": 2}), Seen()
    began = asyncio.Event()
    arrived = Recorder[Trade]()

    async def handler(event: Trade) -> None:
        began.set()
        if event.id == 1 and is_busy:
            await asyncio.Event().wait()
        await seen.coroutine(event)

    async def main() -> None:
        stream.subscribe_trades(handler, "AAPL").subscribe(arrived.on_next, arrived.on_error)
        stream.start_stream_thread()
        wait_for_topics(server, "trades.AAPL")
        push(server, 1)
        arrived.wait(1)  # and the loop has had no turn since
        if is_busy:
            await began.wait()

    asyncio.run(main())
    push(server, 2, 3, 4, 5, 6)
    wait_for(lambda: ids(seen.values)[-5:] == [2, 3, 4, 5, 6])
    assert seen.threads == {"rxpolygon-alpaca-stocks-handlers"}


def test_loop_that_is_closed_in_the_middle_of_an_event_leaves_no_error_behind() -> None:
    handled: list[int] = []

    async def wait_at_first(event: int) -> None:
        handled.append(event)
        if event == 1:
            await asyncio.get_running_loop().create_future()

    async def give(handlers: CoroutineHandlers) -> Feed:
        feed = handlers.feed(wait_at_first, failures.append)
        feed.put(1)
        while not handled:
            await asyncio.sleep(0)
        return feed

    failures: list[BaseException] = []
    handlers, loop = CoroutineHandlers("test", 10), asyncio.new_event_loop()
    feed = loop.run_until_complete(give(handlers))
    loop.close()
    feed.put(2)
    wait_for(lambda: handled == [1, 2])
    handlers.end()
    handlers.join(PATIENCE)
    del handlers, feed
    gc.collect()  # what Python cannot raise there is a warning, and here an error
    assert not failures


def test_handler_given_inside_a_handler_gets_all_before_the_thread_ends(
    server: Simulator, connect: Connect
) -> None:
    stream = connect(server, on_error=lambda error: None)
    later, arrived = Seen(), Recorder[Trade]()
    given, gate = threading.Event(), threading.Event()

    async def slow(event: Trade) -> None:
        while not gate.is_set():
            await asyncio.sleep(0.001)
        await later.coroutine(event)

    async def handler(event: Trade) -> None:
        stream.subscribe_trades(slow, "IBM").subscribe(arrived.on_next, arrived.on_error)
        given.set()

    stream.subscribe_trades(handler, "AAPL")
    started(stream, server, "trades.AAPL")
    push(server, 1)
    wait_for_topics(server, "trades.AAPL", "trades.IBM")
    assert given.wait(PATIENCE)
    for number in range(5):
        push(server, number, symbol="IBM")
    arrived.wait(5)
    server.complain(409)
    wait_for(lambda: not stream.is_streaming)
    gate.set()
    assert later.wait(5) == [0, 1, 2, 3, 4]
    stream.close_stream()


def test_handler_given_for_the_next_start_does_not_hold_up_the_end_of_run(
    server: Simulator, connect: Connect
) -> None:
    stream, seen = connect(server), Seen()
    began, gate = threading.Event(), threading.Event()

    async def slow(event: Trade) -> None:
        began.set()
        while not gate.is_set():
            await asyncio.sleep(0.001)

    def run() -> None:
        with pytest.raises(AuthenticationError):
            stream.run()

    stream.subscribe_trades(slow, "AAPL")
    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    wait_for_topics(server, "trades.AAPL")
    push(server, 1)
    assert began.wait(PATIENCE)
    server.complain(409)
    wait_for(lambda: not stream.is_streaming)
    stream.subscribe_trades(seen.coroutine, "AAPL")
    gate.set()
    runner.join(PATIENCE)
    assert not runner.is_alive()
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL", connection=2)
    push(server, 2)
    assert seen.wait(1) == [2]


def test_function_that_gives_a_coroutine_is_an_error_and_not_silence(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    stream, seen = connect(server), Seen()
    stream.subscribe_trades(lambda event: seen.coroutine(event), "AAPL")
    started(stream, server, "trades.AAPL")
    push(server, 1)
    wait_for(lambda: uncaught)
    assert isinstance(uncaught[0], InvalidTypeError)
    assert "async def" in str(uncaught[0])


def test_wrong_call_inside_a_handler_is_told_as_its_own_error(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    stream = connect(server)
    stream.subscribe_trades(lambda event: stream.subscribe_trades("A B"), "AAPL")
    started(stream, server, "trades.AAPL")
    push(server, 1)
    wait_for(lambda: uncaught)
    assert isinstance(uncaught[0], InvalidArgumentError)


def test_handler_whose_symbols_are_refused_is_told_of_it(
    connect: Connect, uncaught: list[BaseException]
) -> None:
    with Simulator(venue="alpaca", market=False, refuse=["trades"]) as server:
        stream, seen = connect(server), Seen()
        stream.subscribe_trades(seen.plain, "AAPL")
        stream.start_stream_thread()
        wait_for(lambda: uncaught)
        assert isinstance(uncaught[0], SubscriptionRefusedError)
        stream.close_stream()


@pytest.mark.parametrize("awaited", [False, True])
def test_error_that_ends_the_stream_is_told_once(
    server: Simulator, connect: Connect, uncaught: list[BaseException], awaited: bool
) -> None:
    stream, seen = connect(server, api_key="WRONG"), Seen()
    stream.subscribe_trades(seen.plain, "AAPL")
    if awaited:
        with pytest.raises(AuthenticationError):
            stream.run()
    else:
        stream.start_stream_thread()
        wait_for(lambda: uncaught)
        wait_for(lambda: not stream.is_streaming)
    assert [type(error) for error in uncaught] == ([] if awaited else [AuthenticationError])


def test_cancelled_future_inside_a_handler_is_its_own_error(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    stream = connect(server)

    async def handler(event: Trade) -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    observed = Recorder.of(stream.subscribe_trades(handler, "AAPL"))
    started(stream, server, "trades.AAPL")
    push(server, 1)
    wait_for(lambda: uncaught)
    assert "CancelledError" in str(uncaught)
    push(server, 2)
    assert ids(observed.wait(2)) == [1, 2]


def test_partials_and_callable_objects_are_told_apart(server: Simulator, connect: Connect) -> None:
    class Bot:
        def __init__(self) -> None:
            self.values: list[Any] = []

        async def __call__(self, event: Trade) -> None:
            self.values.append(event)

    async def keep(into: list[Any], event: Quote) -> None:
        into.append(event)

    stream, bot, quotes = connect(server), Bot(), list[Any]()
    stream.subscribe_trades(bot, "AAPL")
    stream.subscribe_quotes(functools.partial(keep, quotes), "AAPL")
    started(stream, server, "trades.AAPL", "quotes.AAPL")
    push(server, 1)
    server.push(
        FEED, {"T": "q", "S": "AAPL", "bp": 1.0, "bs": 1, "ap": 2.0, "as": 1, "t": "2023-11-14T22:13:20Z"}
    )
    wait_for(lambda: bot.values and quotes)


def test_last_handler_of_a_symbol_has_it_and_the_star_has_the_rest(
    server: Simulator, connect: Connect
) -> None:
    stream = connect(server)
    every, first, second = Seen(), Seen(), Seen()
    stream.subscribe_trades(every.plain, "*")
    stream.subscribe_trades(first.plain, "AAPL", "IBM")
    stream.subscribe_trades(second.plain, "AAPL")
    stream.start_stream_thread()
    wait_for(lambda: "trades.*" in topics(server))
    push(server, 1)
    push(server, 2, symbol="IBM")
    push(server, 3, symbol="MSFT")
    assert (every.wait(1), first.wait(1), second.wait(1)) == ([3], [2], [1])
    stream.subscribe_trades(second.plain, "IBM")  # nothing is left for the first one
    push(server, 4, symbol="IBM")
    assert second.wait(2) == [1, 4]
    assert ids(first.values) == [2]
    stream.unsubscribe_trades("AAPL")
    push_until(server, lambda: len(every.values) > 1)
    assert ids(second.values) == [1, 4]


@pytest.mark.parametrize("raises", [False, True])
def test_event_whose_handler_gives_up_its_symbol_is_not_given_to_the_star_too(
    server: Simulator, connect: Connect, raises: bool, uncaught: list[BaseException]
) -> None:
    stream, every, once = connect(server), Seen(), Seen()

    def handler(event: Trade) -> None:
        once.plain(event)
        if raises:
            raise ValueError("no good")
        stream.unsubscribe_trades("AAPL")

    stream.subscribe_trades(every.plain, "*")
    stream.subscribe_trades(handler, "AAPL")
    started(stream, server, "trades.*")
    push(server, 1, 2)
    assert every.wait(1) == [2]
    assert ids(once.values) == [1]
    assert len(uncaught) == raises


def test_unsubscribing_ends_handlers(server: Simulator, connect: Connect) -> None:
    stream, seen = connect(server), Seen()
    stream.subscribe_trades(seen.plain, "AAPL", "IBM")
    started(stream, server, "trades.AAPL", "trades.IBM")
    stream.unsubscribe_trades("aapl")
    wait_for_topics(server, "trades.IBM")
    push(server, 1, symbol="IBM")
    assert seen.wait(1) == [1]
    stream.unsubscribe_trades("*")
    wait_for_topics(server)


def test_symbol_whose_handler_ended_is_the_stars_again(server: Simulator, connect: Connect) -> None:
    stream, first, every = connect(server), Seen(), Seen()
    with stream:
        stream.subscribe_trades(first.plain, "AAPL")
        wait_for_topics(server, "trades.AAPL")
    stream.subscribe_trades(every.plain, "*")
    with stream:
        wait_for_topics(server, "trades.*")
        push(server, 1)
        assert every.wait(1) == [1]
    assert not first.values


@pytest.mark.parametrize("is_coroutine", [False, True])
def test_handler_that_raises_is_detached_and_told_and_hurts_nobody(
    server: Simulator, connect: Connect, is_coroutine: bool, uncaught: list[BaseException]
) -> None:
    stream, seen = connect(server), Seen()
    problem = ValueError("no good")

    def plain(event: Trade) -> None:
        seen.plain(event)
        raise problem

    async def coroutine(event: Trade) -> None:
        plain(event)

    observed = Recorder.of(stream.subscribe_trades(coroutine if is_coroutine else plain, "AAPL"))
    started(stream, server, "trades.AAPL")
    push(server, 1)
    wait_for(lambda: uncaught)
    push(server, 2, 3)
    assert ids(observed.wait(3)) == [1, 2, 3]
    assert ids(seen.values) == [1]
    assert uncaught == [problem]


def test_subscribing_and_unsubscribing_inside_a_handler(
    server: Simulator, connect: Connect, encoding: str
) -> None:
    stream, later = connect(server, encoding=encoding), Seen()

    async def handler(event: Trade) -> None:
        stream.unsubscribe_trades("AAPL")
        stream.subscribe_trades(later.coroutine, "IBM")

    stream.subscribe_trades(handler, "AAPL")
    started(stream, server, "trades.AAPL")
    push(server, 1)
    wait_for_topics(server, "trades.IBM")
    push(server, 2, symbol="IBM")
    assert later.wait(1) == [2]


def test_handler_that_never_waits_leaves_turns_to_the_loop(server: Simulator, connect: Connect) -> None:
    stream, seen, most = connect(server), Seen(), 2_000
    turns: list[int] = []

    async def main() -> None:
        stream.subscribe_trades(seen.coroutine, "AAPL")
        stream.start_stream_thread()
        while len(topics(server)) < 1:
            await asyncio.sleep(0.001)
        server.push(FEED, [trade(number) for number in range(most)])
        while len(seen.values) < most:
            turns.append(len(seen.values))
            await asyncio.sleep(0)
        turns.append(len(seen.values))
        await stream.close()

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    between = [later - earlier for earlier, later in itertools.pairwise(turns)]
    assert max(between) <= 100


def test_slow_coroutine_holds_the_stream_back_and_loses_nothing(server: Simulator, connect: Connect) -> None:
    stream, seen = connect(server, websocket_params={"max_queue": 2}), Seen()
    gate = threading.Event()
    waiting: list[int] = []

    async def handler(event: Trade) -> None:
        waiting.append(event.id or 0)
        while not gate.is_set():
            await asyncio.sleep(0.001)
        await seen.coroutine(event)

    stream.subscribe_trades(handler, "AAPL")
    started(stream, server, "trades.AAPL")
    for number in range(50):
        push(server, number)
    wait_for(lambda: stream.stats.frames >= 50 and waiting)
    assert waiting == [0]
    gate.set()
    assert seen.wait(50) == list(range(50))


def test_close_lets_a_full_queue_go_and_cancels_what_never_returns(
    server: Simulator, connect: Connect
) -> None:
    stream = connect(server, websocket_params={"max_queue": 1})
    began, cancelled = threading.Event(), threading.Event()

    async def handler(event: Trade) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    stream.subscribe_trades(handler, "AAPL")
    started(stream, server, "trades.AAPL")
    for number in range(20):
        push(server, number)
    assert began.wait(PATIENCE)
    stream.close_stream(timeout=0.2)
    assert cancelled.wait(PATIENCE)
    wait_for(lambda: not stream.is_streaming)


def test_close_with_a_wrong_timeout_takes_nothing_from_handlers(server: Simulator, connect: Connect) -> None:
    stream, seen = connect(server), Seen()
    stream.subscribe_trades(seen.coroutine, "AAPL")
    started(stream, server, "trades.AAPL")
    with pytest.raises(InvalidArgumentError, match="timeout"):
        stream.close_stream(timeout=-1)
    push(server, 1)
    assert seen.wait(1) == [1]


def test_registered_handlers_get_cancels_and_corrections(server: Simulator, connect: Connect) -> None:
    stream = connect(server)
    cancels: list[Any] = []
    corrections: list[Any] = []

    async def corrected(event: Any) -> None:
        corrections.append(event)

    stream.register_trade_cancels(cancels.append)
    stream.register_trade_corrections(corrected)
    stream.subscribe_trades("AAPL")
    started(stream, server, "trades.AAPL")
    instant = {"S": "AAPL", "x": "V", "t": "2023-11-14T22:13:20Z", "z": "C"}
    server.push(FEED, {"T": "x", "i": 1, "p": 1.0, "s": 1, "a": "C", **instant})
    server.push(
        FEED,
        {"T": "c", "oi": 1, "op": 1.0, "os": 1, "oc": [], "ci": 2, "cp": 2.0, "cs": 1, "cc": [], **instant},
    )
    wait_for(lambda: cancels and corrections)
    stream.unregister_trade_cancels()
    server.push(FEED, {"T": "x", "i": 1, "p": 1.0, "s": 1, "a": "C", **instant})
    server.push(
        FEED,
        {"T": "c", "oi": 1, "op": 1.0, "os": 1, "oc": [], "ci": 2, "cp": 2.0, "cs": 1, "cc": [], **instant},
    )
    wait_for(lambda: len(corrections) == 2)
    assert len(cancels) == 1


def test_wrong_handlers_and_symbols_are_named_at_the_call(server: Simulator, connect: Connect) -> None:
    stream: Any = connect(server)
    for wrong in (None, 7, ["AAPL"]):
        with pytest.raises(InvalidTypeError, match=r"handler.*\*symbols"):
            stream.subscribe_trades(wrong, "AAPL")
    with pytest.raises(InvalidTypeError, match="a handler comes first"):
        stream.subscribe_trades("AAPL", print)
    with pytest.raises(InvalidTypeError, match="one event"):
        stream.subscribe_trades(lambda: None, "AAPL")
    with pytest.raises(InvalidTypeError, match="unpack"):
        stream.subscribe_trades("AAPL", ["IBM"])
    with pytest.raises(InvalidArgumentError, match="at least one"):
        stream.subscribe_trades(print)
    with pytest.raises(InvalidArgumentError, match="at least one"):
        stream.unsubscribe_trades()
    for symbol in ("", "A B", "A,B"):
        with pytest.raises(InvalidArgumentError, match="ticker"):
            stream.subscribe_trades(symbol)
    with pytest.raises(InvalidTypeError, match="function"):
        stream.register_trade_cancels(7)
    assert trade()["T"] == "t"
