"""An observer cannot hurt another one, the connection, or the thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from reactivex import Observable, abc
from reactivex import operators as ops

from rxpolygon import StreamClient
from rxpolygon.events import Trade
from rxpolygon.simulator import Simulator
from tests.client.support import (
    Connect,
    Recorder,
    numbers,
    push_numbers,
    raiser,
    topics,
    trade,
    wait_for_topics,
)
from tests.support import PATIENCE, wait_for


def _piped(source: Observable[Trade]) -> Observable[Trade]:
    def same(event: Trade) -> Trade:
        return event

    return source.pipe(ops.map(same), ops.filter(lambda event: True))


def _holds_a_trade(frame: bytes) -> bool:
    return b'"T"' in frame


def _chained(source: Observable[Trade]) -> Observable[Trade]:
    return source.pipe(ops.scan(lambda seen, event: event), ops.do_action(lambda event: None))


_WAYS: dict[str, Callable[[StreamClient], Observable[Any]]] = {
    "direct": lambda client: client.subscribe_stock_trades(["AAPL"]),
    "wildcard": lambda client: client.subscribe_stock_trades(),
    "piped": lambda client: _piped(client.subscribe_stock_trades(["AAPL"])),
    "chained": lambda client: _chained(client.subscribe_stock_trades(["AAPL"])),
    "events": lambda client: client.events,
    "piped events": lambda client: client.events.pipe(ops.map(lambda event: event)),
    "messages": lambda client: client.messages.pipe(ops.filter(_holds_a_trade)),
}


@pytest.mark.parametrize("company", ["alone", "in company"])
@pytest.mark.parametrize("way", _WAYS)
def test_observer_that_raises_gets_its_own_exception_and_nobody_else(
    server: Simulator, connect: Connect, way: str, company: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(server)
    bad, errors = raiser(ValueError("mine")), Recorder[object]()
    _WAYS[way](client).subscribe(bad, errors.on_error, errors.on_completed)
    others = [Recorder.of(_WAYS[way](client))] if company == "in company" else []
    others.append(Recorder.of(client.subscribe_stock_trades(["MSFT"])))
    client.start_stream_thread()
    wait_for(lambda: any(topic.startswith("T.") for topic in topics(server)))
    wait_for(lambda: "T.MSFT" in topics(server) or "T.*" in topics(server))
    server.push("stocks", [trade("AAPL", 1), trade("MSFT", 1)])
    server.push("stocks", [trade("AAPL", 2), trade("MSFT", 2)])
    others[-1].wait(2)
    assert [str(error) for error in errors.errors] == ["mine"]
    assert errors.completions == 0
    assert [one.is_over for one in others] == [False] * len(others)
    assert all(len(one.values) >= 2 for one in others)
    assert numbers(others[-1]) == [1, 2]
    record = next(record for record in caplog.records if record.name == "rxpolygon.observers")
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is errors.errors[0]


@pytest.mark.parametrize("way", _WAYS)
def test_observer_that_raises_without_on_error_is_reported_once(
    server: Simulator, connect: Connect, way: str, uncaught: list[BaseException]
) -> None:
    client = connect(server)
    _WAYS[way](client).subscribe(raiser(ValueError("mine")))
    other = Recorder.of(client.subscribe_stock_trades(["MSFT", "AAPL"]))
    client.start_stream_thread()
    wait_for(lambda: "T.MSFT" in topics(server) or "T.*" in topics(server))
    server.push("stocks", [trade("AAPL", 1), trade("MSFT", 2), trade("AAPL", 3)])
    other.wait(3)
    assert numbers(other) == [1, 2, 3]
    assert [str(error) for error in uncaught] == ["mine"]


def test_observer_of_the_status_that_raises_gets_its_own_exception(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    at_once, later = Recorder[object](), Recorder[object]()
    client.status.subscribe(raiser(ValueError("at once")), at_once.on_error, at_once.on_completed)

    def on_status(status: object) -> None:
        if str(status) == "logged in":
            raise ValueError("later")

    client.status.subscribe(on_status, later.on_error, later.on_completed)
    other = Recorder.of(client.status)
    client.start_stream_thread()
    wait_for(lambda: str(client.state) == "logged in")
    client.close_stream()
    assert [str(error) for error in at_once.errors + later.errors] == ["at once", "later"]
    assert at_once.completions + later.completions == 0
    assert other.completions == 1
    assert str(other.values[-1]) == "closed"


def test_on_error_that_raises_is_reported_and_hurts_nobody(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    client = connect(server, reconnect=None)
    source = client.subscribe_stock_trades(["AAPL"])
    source.subscribe(lambda event: None, raiser(ValueError("first")))
    source.subscribe(lambda event: None, raiser(ValueError("second")))
    other = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.drop_connections()
    assert other.wait_for_end() is not None
    wait_for(lambda: not client.is_streaming)
    assert sorted(map(str, uncaught)) == ["first", "second"]


def test_end_by_an_error_that_nobody_handles_is_reported_once(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    client = connect(server, api_key="wrong")
    for name in ("AAPL", "MSFT", "IBM"):
        client.subscribe_stock_trades([name]).subscribe(lambda event: None)
    client.start_stream_thread()
    wait_for(lambda: not client.is_streaming)
    assert [type(error).__name__ for error in uncaught] == ["AuthenticationError"]


def test_on_completed_that_raises_is_reported_and_hurts_nobody(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    source.subscribe(on_completed=lambda: [][0])
    other = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    client.close_stream()
    assert other.completions == 1
    assert [type(error) for error in uncaught] == [IndexError]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
@pytest.mark.parametrize("way", ["direct", "piped", "events"])
def test_observer_that_exits_ends_itself_only(
    server: Simulator, connect: Connect, error: BaseException, way: str
) -> None:
    client = connect(server)
    errors = Recorder[object]()
    _WAYS[way](client).subscribe(raiser(error), errors.on_error)
    other = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1, 2)
    other.wait(2)
    assert type(error).__name__ in str(errors.errors[0])
    assert len(errors.errors) == 1


def test_observer_that_lets_another_in_and_raises_gets_its_own_exception(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    newcomers: list[Recorder[Trade]] = []
    errors = Recorder[object]()

    def let_in_and_raise(event: Trade) -> None:
        newcomers.append(Recorder.of(source))
        raise ValueError("mine")

    source.subscribe(let_in_and_raise, errors.on_error)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1, 2)
    wait_for(lambda: newcomers and newcomers[0].values)
    assert [str(error) for error in errors.errors] == ["mine"]
    assert len(newcomers) == 1
    assert not newcomers[0].is_over


def test_observer_that_leaves_for_another_and_raises_does_not_blame_it(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    newcomers: list[Recorder[Trade]] = []
    leaving: list[abc.DisposableBase] = []

    def leave_and_raise(event: Trade) -> None:
        newcomers.append(Recorder.of(source))
        leaving[0].dispose()
        raise ValueError("mine")

    leaving.append(source.subscribe(leave_and_raise))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1, 2)
    wait_for(lambda: newcomers and newcomers[0].values)
    assert not newcomers[0].is_over
    assert [str(error) for error in uncaught] == ["mine"]


def test_one_function_for_many_symbols_fails_for_its_symbol_only(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    seen: list[str] = []
    failed: list[str] = []

    def picky(event: Trade) -> None:
        seen.append(event.symbol)
        if event.symbol == "B":
            raise ValueError(event.symbol)

    for name in ("A", "B", "C"):
        client.subscribe_stock_trades([name]).subscribe(picky, lambda error: failed.append(str(error)))
    client.start_stream_thread()
    wait_for_topics(server, "T.A", "T.B", "T.C")
    server.push("stocks", [trade(name) for name in "ABCABC"])
    wait_for(lambda: seen.count("C") == 2)
    assert seen == ["A", "B", "C", "A", "C"]
    assert failed == ["B"]
    wait_for_topics(server, "T.A", "T.C")


def test_observer_that_raises_releases_the_wire(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    client.subscribe_stock_trades(["AAPL"]).subscribe(raiser(ValueError()), lambda error: None)
    kept = Recorder.of(client.subscribe_stock_trades(["MSFT"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    push_numbers(server, 1)
    wait_for_topics(server, "T.MSFT")
    assert not kept.is_over


def test_observer_that_blocks_holds_up_delivery_and_not_the_reading(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    gate = threading.Event()

    def block(event: Trade) -> None:
        gate.wait(2 * PATIENCE)

    client.subscribe_stock_trades(["AAPL"]).subscribe(block)
    other = Recorder.of(client.subscribe_stock_trades(["MSFT"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    push_numbers(server, 1)
    push_numbers(server, *range(100), symbol="MSFT")
    wait_for(lambda: client.stats.frames == 3 + 1 + 100)
    assert other.values == []
    assert client.stats.buffered_bytes > 0
    gate.set()
    other.wait(100)
    assert numbers(other) == list(range(100))
    wait_for(lambda: client.stats.buffered_bytes == 0)


def test_observers_run_on_the_dispatch_thread_only(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    source = client.subscribe_stock_trades(["AAPL"])
    recorders = [Recorder.of(source), Recorder.of(_piped(source))]
    everything, frames = Recorder.of(client.events), Recorder.of(client.messages)
    statuses: Recorder[object] = Recorder.of(client.status.pipe(ops.skip(1)))  # the first one comes at once
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    recorders[-1].wait()
    client.close_stream()
    for threads in (
        *(one.threads for one in recorders),
        everything.threads,
        frames.threads,
        statuses.threads,
    ):
        assert threads == {"rxpolygon-stocks-dispatch"}


def test_slow_observer_does_not_delay_the_close_beyond_its_limit(
    server: Simulator, connect: Connect, transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(server, transport=transport)
    gate, entered = threading.Event(), threading.Event()

    def block(event: Trade) -> None:
        entered.set()
        gate.wait(2 * PATIENCE)

    client.subscribe_stock_trades(["AAPL"]).subscribe(block)
    other = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1, 2, 3)
    assert entered.wait(PATIENCE)
    began = time.monotonic()
    client.close_stream(0.2)
    assert 0.1 < time.monotonic() - began < PATIENCE / 2  # half of what it takes without a limit
    assert "observer has not returned within 0.2 s" in caplog.text
    wait_for(lambda: not server.open_connections)
    gate.set()
    assert other.wait_for_end() is None
    wait_for(lambda: not client.is_streaming)
    assert numbers(other) in ([], [1])


def test_subscribing_and_disposing_from_many_threads_loses_nothing(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    kept = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    stop = threading.Event()
    failures: list[BaseException] = []

    def churn(name: str) -> None:
        try:
            while not stop.is_set():
                recorder = Recorder.of(client.subscribe_stock_trades([name, "AAPL"]))
                Recorder.of(client.subscribe_stock_trades()).dispose()
                recorder.dispose()
                client.unsubscribe_stock_trades([name])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=churn, args=(f"X{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    push_numbers(server, *range(500))
    kept.wait(500)
    stop.set()
    for thread in threads:
        thread.join()
    assert numbers(kept) == list(range(500))
    assert failures == []
    wait_for_topics(server, "T.AAPL")


class _RaisingHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise ValueError("from a log handler")


@pytest.fixture
def _raising_reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A log handler and a hook for uncaught exceptions that raise themselves."""
    loggers = [logging.getLogger(f"rxpolygon.{name}") for name in ("connection", "observers")]
    handler = _RaisingHandler()
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    monkeypatch.setattr(threading, "excepthook", raiser(ValueError("from a hook")))
    yield
    for logger in loggers:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


@pytest.mark.usefixtures("_raising_reports")
def test_log_handler_and_hook_that_raise_end_nothing(
    server: Simulator, connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    client = connect(server, on_message=raiser(ValueError("mine")), transport="default")
    errors = Recorder[object]()
    source = client.subscribe_stock_trades(["AAPL"])
    source.subscribe(raiser(ValueError("mine")), errors.on_error)
    other = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1, 2)
    other.wait(2)
    client.close_stream()
    assert len(errors.errors) == 1
    assert other.completions == 1
    output = capsys.readouterr().err
    assert "from a log handler" in output
    assert "from a hook" in output
