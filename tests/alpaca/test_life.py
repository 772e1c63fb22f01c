"""run, stop, close and the rest, from every side."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from rxpolygon import Reconnect, errors
from rxpolygon.alpaca import CryptoDataStream, StockDataStream, Trade
from rxpolygon.simulator import Simulator, faults
from rxpolygon.status import Closed, Reconnecting, Status
from rxpolygon.venues.alpaca.codec import Encoding
from tests.alpaca.support import Connect, ids, push, push_until, statuses, wait_for_topics
from tests.client.support import Recorder
from tests.support import PATIENCE, wait_for


def in_thread(function: object) -> threading.Thread:
    assert callable(function)
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_run_blocks_until_stop_from_another_thread(
    server: Simulator, connect: Connect, encoding: str
) -> None:
    stream = connect(server, encoding=encoding)
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    runner = in_thread(stream.run)
    wait_for_topics(server, "trades.AAPL")
    push(server, 1)
    seen.wait()
    assert runner.is_alive()
    stream.stop()
    runner.join(PATIENCE)
    assert not runner.is_alive()
    assert seen.wait_for_end() is None


@pytest.mark.parametrize("is_coroutine", [False, True])
def test_stop_inside_a_handler_ends_run(server: Simulator, connect: Connect, is_coroutine: bool) -> None:
    stream = connect(server)
    seen: list[Trade] = []

    def plain(event: Trade) -> None:
        seen.append(event)
        stream.stop()

    async def coroutine(event: Trade) -> None:
        plain(event)

    stream.subscribe_trades(coroutine if is_coroutine else plain, "AAPL")
    runner = in_thread(stream.run)
    wait_for_topics(server, "trades.AAPL")
    push(server, 1)
    runner.join(PATIENCE)
    assert not runner.is_alive()
    assert ids(seen) == [1]


def test_awaiting_close_inside_a_handler(server: Simulator, connect: Connect) -> None:
    stream = connect(server)
    after: list[bool] = []

    async def handler(event: Trade) -> None:
        await stream.stop_ws()
        after.append(stream.is_streaming)

    stream.subscribe_trades(handler, "AAPL")
    runner = in_thread(stream.run)
    wait_for_topics(server, "trades.AAPL")
    push(server, 1)
    runner.join(PATIENCE)
    assert not runner.is_alive()
    assert after == [False]  # a close that waited for this handler would have cancelled it


def test_run_inside_a_running_loop_calls_coroutine_handlers(server: Simulator, connect: Connect) -> None:
    """As a cell of a notebook does."""
    stream = connect(server)
    seen: list[Trade] = []

    async def handler(event: Trade) -> None:
        seen.append(event)
        await asyncio.sleep(0)
        stream.stop()

    async def cell() -> None:
        stream.subscribe_trades(handler, "AAPL")
        pusher = in_thread(lambda: push_until(server, lambda: bool(seen)))
        stream.run()
        await asyncio.to_thread(pusher.join)

    asyncio.run(cell())
    assert seen


def test_run_that_blocks_a_loop_with_events_under_way_calls_handlers_all_the_same(
    server: Simulator, connect: Connect
) -> None:
    """A cell of a notebook starts the stream, and the next one runs it."""
    stream = connect(server, websocket_params={"max_queue": 2})
    seen: list[Trade] = []
    arrived: Recorder[Trade] = Recorder()

    async def handler(event: Trade) -> None:
        seen.append(event)
        await asyncio.sleep(0)
        if event.id == 5:
            stream.stop()

    async def cells() -> None:
        stream.subscribe_trades(handler, "AAPL").subscribe(arrived.on_next)
        stream.start_stream_thread()
        wait_for_topics(server, "trades.AAPL")
        push(server, 1)
        arrived.wait()  # and the loop has had no turn since
        push(server, 2, 3, 4, 5)
        stream.run()
        await asyncio.sleep(0)  # what was left to this loop finds nothing to do

    asyncio.run(cells())
    assert ids(seen) == [1, 2, 3, 4, 5]


def test_ctrl_c_ends_run_quietly(server: Simulator, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import signal, sys\n"
        "from rxpolygon.alpaca import StockDataStream\n"
        # Programs that are started in the background are made to ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "stream = StockDataStream('demo', 'SECRET', url_override=sys.argv[1])\n"
        "async def handler(trade): print(trade.id, flush=True)\n"
        "stream.subscribe_trades(handler, 'AAPL')\n"
        "stream.run()\n"
        "print('after', flush=True)\n"
    )
    command = [sys.executable, "-W", "error", str(program), server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for_topics(server, "trades.AAPL")
            push(server, 7)
            assert process.stdout is not None
            assert process.stdout.readline() == "7\n"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (out, err, process.returncode) == ("after\n", "", 0)


def test_wrong_keys_end_at_once_with_one_connection(
    server: Simulator, connect: Connect, encoding: str
) -> None:
    failed: list[Exception] = []
    stream = connect(server, api_key="WRONGKEY", on_error=failed.append, encoding=encoding)
    told = statuses(stream)
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    stream.subscribe_quotes(print, "AAPL")  # its end is logged, not raised
    with pytest.raises(errors.AuthenticationError) as caught:
        stream.run()
    assert "402" in str(caught.value) or "auth failed" in str(caught.value)
    assert "WRONGKEY" not in str(caught.value) + repr(stream) + repr(told)
    assert failed == [caught.value]
    assert isinstance(seen.wait_for_end(), errors.AuthenticationError)
    assert server.connections == 1
    assert isinstance(told[-1], Closed)


def test_feed_outside_the_plan_ends_at_once(connect: Connect, encoding: str) -> None:
    with Simulator(venue="alpaca", market=False, clusters=["v2/iex"]) as server:
        stream = connect(server.url_of("v2/sip"), encoding=encoding)
        with pytest.raises(errors.AuthenticationError, match=r"DataFeed\.IEX"):
            stream.run()
        assert server.connections == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_handshake_refused_with_4xx_ends_at_once(connect: Connect, transport: str, status: int) -> None:
    with Simulator(
        venue="alpaca", market=False, faults=[faults.RefuseHandshake(status=status, times=None)]
    ) as server:
        with pytest.raises(errors.ConnectFailedError) as caught:
            connect(server, transport=transport).run()
        assert caught.value.status == status


def test_connection_limit_is_met_with_few_connections(connect: Connect) -> None:
    with Simulator(venue="alpaca", market=False, faults=[faults.CapRefusal(times=None)]) as server:
        stream = connect(server)
        told = statuses(stream)
        stream.subscribe_trades("AAPL")
        stream.start_stream_thread()
        wait_for(lambda: any(isinstance(status, Reconnecting) for status in told))
        (again,) = [status for status in told if isinstance(status, Reconnecting)]
        assert (again.cause, again.delay >= 60, server.connections) == ("cap", True, 1)


@pytest.mark.parametrize(("code", "cause"), [(407, "slow"), (500, "server")])
@pytest.mark.parametrize("closes", [True, False])
def test_codes_that_are_retried(
    server: Simulator, connect: Connect, encoding: str, code: int, cause: str, closes: bool
) -> None:
    stream = connect(server, encoding=encoding, reconnect=Reconnect(initial=0.01, maximum=0.01))
    told = statuses(stream)
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL")
    server.complain(code, closes=closes)
    wait_for(lambda: server.connections == 2)
    push_until(server, lambda: bool(seen.values))
    assert [status.cause for status in told if isinstance(status, Reconnecting)] == [cause]


@pytest.mark.parametrize("code", [400, 403, 405, 410, 599])
def test_codes_that_change_nothing_for_what_is_subscribed(
    server: Simulator, connect: Connect, encoding: str, code: int
) -> None:
    stream = connect(server, encoding=encoding)
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    told = statuses(stream)
    stream.start_stream_thread()
    push_until(server, lambda: bool(seen.values))
    server.complain(code, "because")
    wait_for(lambda: any("because" in str(status) for status in told))
    count = len(seen.values)
    push_until(server, lambda: len(seen.values) > count)
    assert server.connections == 1


@pytest.mark.parametrize("code", [408, 409, 411])
def test_codes_that_end_a_live_stream(server: Simulator, connect: Connect, code: int) -> None:
    stream = connect(server)
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    stream.start_stream_thread()
    push_until(server, lambda: bool(seen.values))
    server.complain(code)
    assert isinstance(seen.wait_for_end(), errors.AuthenticationError)
    wait_for(lambda: not stream.is_streaming)
    assert server.connections == 1


def test_login_that_times_out_is_retried(connect: Connect, encoding: str) -> None:
    with Simulator(venue="alpaca", market=False, faults=[faults.RefuseLogin(status=404)]) as server:
        stream = connect(server, encoding=encoding, reconnect=Reconnect(initial=0.01, maximum=0.01))
        seen = Recorder.of(stream.subscribe_trades("AAPL"))
        stream.start_stream_thread()
        push_until(server, lambda: bool(seen.values))
        assert server.connections <= 2


def test_mute_connection_is_replaced(server: Simulator, encoding: Encoding) -> None:
    url = server.url_of("v1beta3/crypto/us")
    policy = Reconnect(initial=0.01, maximum=0.01)
    for limits in (0.1, {"trades": 0.1}):
        stream = CryptoDataStream(
            "demo", "SECRET", url_override=url, encoding=encoding, reconnect=policy, data_timeout=limits
        )
        told: list[Status] = []
        stream.status.subscribe(told.append)
        stream.subscribe_trades("BTC/USD")
        with stream:
            wait_for(lambda: any(isinstance(status, Reconnecting) for status in told))  # noqa: B023
        assert next(status.cause for status in told if isinstance(status, Reconnecting)) == "mute"


def test_stream_starts_anew_after_its_end(server: Simulator, connect: Connect) -> None:
    stream = connect(server)
    for number in (1, 2):
        got: list[Trade] = []

        async def handler(event: Trade, got: list[Trade] = got) -> None:
            got.append(event)

        stream.subscribe_trades(handler, "AAPL")
        with stream:
            wait_for_topics(server, "trades.AAPL")
            push(server, number)
            wait_for(lambda: got)  # noqa: B023  # within this turn
        assert ids(got) == [number]
        wait_for_topics(server)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_child_of_a_fork_has_none_of_its_parents_handlers(connect: Connect) -> None:
    with Simulator(venue="alpaca", market=False, second_connection="allow") as server:
        stream = connect(server)
        mine: list[Trade] = []
        stream.subscribe_trades(mine.append, "AAPL")
        stream.start_stream_thread()
        push_until(server, lambda: bool(mine))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
            child = os.fork()
        if not child:
            os._exit(_stream_everything_in_child(stream))
        ended: list[int] = []

        def look() -> bool:
            pid, status = os.waitpid(child, os.WNOHANG)
            ended.extend([status] if pid else [])
            return bool(ended)

        push_until(server, look)
        assert os.waitstatus_to_exitcode(ended[0]) == 0


def _stream_everything_in_child(stream: StockDataStream) -> int:
    """The exit code: 0 when the handler of every symbol got the one that the parent had a handler for."""
    try:
        seen: list[Trade] = []
        stream.subscribe_trades(seen.append, "*")
        with stream:
            wait_for(lambda: seen, timeout=PATIENCE / 2)
    except BaseException:
        return 3
    return 0


def test_second_stream_of_the_same_account_is_refused_at_the_call(
    server: Simulator, connect: Connect
) -> None:
    first, second, other = connect(server), connect(server), connect(server, secret_key="OTHER")
    first.start_stream_thread()
    with pytest.raises(errors.AlreadyStreamingError):
        second.start_stream_thread()
    other.start_stream_thread()


def test_nothing_is_written_and_no_key_is_shown(server: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    with StockDataStream("demo", "SECRET", url_override=server.url) as stream:
        told = statuses(stream)
        stream.subscribe_trades("AAPL")
        wait_for_topics(server, "trades.AAPL")
        push(server, 1)
        assert "SECRET" not in repr(stream) + repr(told)
    assert capfd.readouterr().out == ""


def test_run_that_is_asked_for_while_the_last_one_ends_is_another_run(
    server: Simulator, connect: Connect
) -> None:
    stream = connect(server)
    ending, go_on = threading.Event(), threading.Event()

    def ended() -> None:
        ending.set()
        go_on.wait(PATIENCE)

    stream.subscribe_trades("AAPL").subscribe(on_completed=ended)
    first = in_thread(stream.run)
    wait_for_topics(server, "trades.AAPL")
    closer = in_thread(stream.stop)
    assert ending.wait(PATIENCE)
    seen = Recorder.of(stream.subscribe_trades("IBM"))
    stream.start_stream_thread()  # so it has been asked for, whenever the thread gets there
    second = in_thread(stream.run)
    go_on.set()
    first.join(PATIENCE)
    wait_for_topics(server, "trades.IBM")
    push(server, 1, symbol="IBM")
    seen.wait()
    assert (first.is_alive(), second.is_alive()) == (False, True)
    closer.join(PATIENCE)
    stream.stop()
    second.join(PATIENCE)
    assert not second.is_alive()
