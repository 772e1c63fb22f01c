"""Whole programs: their end, Ctrl-C, and a running event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator

import pytest

from rxpolygon.events import Trade
from rxpolygon.simulator import Simulator
from tests.client.support import Connect, Recorder, numbers, push_numbers, trade, wait_for_topics
from tests.support import PATIENCE, wait_for

# A close, and the end of a program, wait for the threads some seconds only: on a busy machine they need more.
_PATIENT = """
from rxpolygon import StreamClient
StreamClient.close_stream.__defaults__ = (30,)
"""
_PATIENT_END = """
from rxpolygon.connection import Carrier
close = Carrier.close
Carrier.close = lambda carrier, limit: close(carrier, 30)
"""
# What a shell starts in the background is deaf to Ctrl-C, and so are the programs that it starts.
_HEAD = f"""
import signal, sys, time, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
{_PATIENT}
client = StreamClient("demo", host={{url!r}}, transport={{transport!r}}, on_message=lambda text: None)
"""


@pytest.fixture
def busy() -> Iterator[Simulator]:
    """A server with a market."""
    with Simulator(seed=1, speed=60, second_connection="allow") as simulator:
        yield simulator


def _program(server: Simulator, transport: str, body: str) -> subprocess.Popen[str]:
    text = _HEAD.format(url=server.url, transport=transport) + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONFAULTHANDLER": "1"},
    )


def _end(program: subprocess.Popen[str], limit: float = 2 * PATIENCE) -> tuple[int, str, str]:
    try:
        output, errors = program.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        program.kill()
        output, errors = program.communicate()
        raise AssertionError(f"the program hangs: {output[-2_000:]} {errors[-2_000:]}") from None
    return program.returncode, output, errors


def test_program_whose_main_thread_ends_does_not_hang(busy: Simulator, transport: str) -> None:
    program = _program(
        busy,
        transport,
        _PATIENT_END
        + """
seen = threading.Event()
client.subscribe_stock_trades().subscribe(lambda trade: seen.set(), print, lambda: print("completed"))
client.start_stream_thread()
assert seen.wait(30)
print("main ends")
""",
    )
    assert _end(program) == (0, "main ends\ncompleted\n", "")


def test_program_that_ends_right_after_the_start_does_not_hang(busy: Simulator, transport: str) -> None:
    program = _program(busy, transport, "client.start_stream_thread()")
    assert _end(program) == (0, "", "")


def test_program_that_ends_while_a_name_is_looked_for_does_not_hang(busy: Simulator, transport: str) -> None:
    program = _program(
        busy,
        transport,
        """
        import socket
        asked = threading.Event()
        socket.getaddrinfo = lambda *place, **options: (asked.set(), time.sleep(600))
        client.start_stream_thread()
        assert asked.wait(30)
        """,
    )
    assert _end(program) == (0, "", "")


def test_program_with_an_observer_that_never_returns_ends(busy: Simulator) -> None:
    program = _program(
        busy,
        "auto",
        """
        seen = threading.Event()
        def block(trade):
            seen.set()
            time.sleep(1_000)
        client.subscribe_stock_trades().subscribe(block)
        client.start_stream_thread()
        assert seen.wait(30)
        """,
    )
    assert _end(program) == (0, "", "")


def test_program_with_an_observer_that_exits_goes_on(busy: Simulator) -> None:
    program = _program(
        busy,
        "default",
        """
        errors = []
        client.subscribe_stock_trades().subscribe(lambda trade: sys.exit(3), errors.append)
        client.start_stream_thread()
        while not errors:
            time.sleep(0.01)
        print(type(errors[0]).__name__, errors[0])
        """,
    )
    assert _end(program) == (0, "RuntimeError an observer raised SystemExit(3)\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("waiting", ["time.sleep(1_000)", "threading.Event().wait()", "last()"])
def test_interrupt_ends_a_program_that_waits(busy: Simulator, transport: str, waiting: str) -> None:
    program = _program(
        busy,
        transport,
        f"""
        import reactivex
        from reactivex import operators as ops
        def last():
            client.subscribe_stock_trades().pipe(ops.last()).run()
        reactivex.just(0).pipe(ops.last()).run()  # loads all that it needs: not where the interrupt may come
        client.subscribe_stock_trades().subscribe(lambda trade: None)
        try:
            with client:
                while not client.stats.events:
                    time.sleep(0.01)
                print("ready", flush=True)
                {waiting}
        except KeyboardInterrupt:
            print("interrupted", client.is_streaming)
        """,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGINT)
    assert _end(program) == (0, "interrupted False\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_interrupt_while_an_observer_computes_ends_the_program(busy: Simulator) -> None:
    program = _program(
        busy,
        "auto",
        """
        def compute(trade):
            print("ready", flush=True)
            while True:
                pass
        client.subscribe_stock_trades().subscribe(compute)
        client.start_stream_thread()
        time.sleep(1_000)
        """,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGINT)
    code, _, errors = _end(program)
    assert code in (1, -signal.SIGINT)
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_program_that_pipes_into_a_closed_pipe_goes_on(busy: Simulator) -> None:
    text = f"""
import time
{_PATIENT}
client = StreamClient("demo", host={busy.url!r})
client.subscribe_stock_trades()
client.start_stream_thread()
while client.stats.events < 500:
    time.sleep(0.01)
client.close_stream()
import sys, os
print("done", client.state, file=sys.stderr)
os._exit(0)
"""
    program = subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.readline()
    program.stdout.close()
    assert program.stderr.read() == "done closed\n"
    program.stderr.close()
    assert program.wait(PATIENCE) == 0


def test_stream_inside_a_running_event_loop(server: Simulator, connect: Connect, transport: str) -> None:
    client = connect(server, transport=transport)

    async def use() -> list[int | None]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Trade] = asyncio.Queue()

        def hand_over(event: Trade) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, event)

        client.subscribe_stock_trades(["AAPL"]).subscribe(hand_over)
        client.start_stream_thread()
        while "T.AAPL" not in {topic for held in server.subscriptions.values() for topic in held}:
            await asyncio.sleep(0.005)
        server.push("stocks", [trade("AAPL", number) for number in (1, 2, 3)])
        seen = [(await asyncio.wait_for(queue.get(), PATIENCE)).sequence_number for _ in range(3)]
        client.close_stream()
        return seen

    assert asyncio.run(use()) == [1, 2, 3]
    assert not client.is_streaming


def test_stream_started_and_closed_in_different_event_loops(server: Simulator, connect: Connect) -> None:
    client = connect(server)

    async def start() -> None:
        client.start_stream_thread()

    async def close() -> None:
        client.close_stream()

    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    asyncio.run(start())
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()
    asyncio.run(close())
    assert numbers(trades) == [1]
    assert trades.completions == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_child_of_a_fork_leaves_the_stream_to_its_parent(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if not child:
        os._exit(0 if not client.is_streaming and str(client.state) == "idle" else 1)
    _, code = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(code) == 0
    push_numbers(server, 1)
    trades.wait()
    wait_for(lambda: client.stats.events == 1)
