"""``on_message``, ``on_close`` and ``on_error``, in whatever form, and what stands in for them."""

from __future__ import annotations

import functools
import io
import logging
import queue
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from rxpolygon import StreamClient
from rxpolygon.errors import AuthenticationError, ConnectionLostError, InvalidTypeError
from rxpolygon.simulator import Simulator
from tests.client.support import Connect, Recorder, push_numbers, raiser, topics, trade, wait_for_topics
from tests.support import PATIENCE, wait_for

Seen = list[tuple[Any, ...]]


class _Holder:
    """Something with methods."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def with_client(self, ws: object, text: str) -> None:
        self.seen.append((ws, text))

    def without(self, text: str) -> None:
        self.seen.append((text,))

    def __call__(self, text: str) -> None:
        self.seen.append((text,))


def _with_client(seen: Seen, ws: object, text: str) -> None:
    seen.append((ws, text))


def _keyword(text: str, *, seen: Seen) -> None:
    seen.append((text,))


def _named(seen: Seen) -> Callable[..., None]:
    def handler(ws: object, message: str | None = None) -> None:
        seen.append((ws, message))

    return handler


def _optional(seen: Seen) -> Callable[..., None]:
    def handler(message: str, verbose: bool = False) -> None:
        seen.append((message,))
        assert verbose is False

    return handler


_WITH_CLIENT: dict[str, Callable[[Seen], Callable[..., object]]] = {
    "lambda": lambda seen: lambda ws, text: seen.append((ws, text)),
    "arguments": lambda seen: lambda *values: seen.append(values),
    "method": lambda seen: _Holder(seen).with_client,
    "partial": lambda seen: functools.partial(_with_client, seen),
    "named": _named,
    "mock": lambda seen: Mock(side_effect=lambda *values: seen.append(values)),
}
_WITHOUT: dict[str, Callable[[Seen], Callable[..., object]]] = {
    "lambda": lambda seen: lambda text: seen.append((text,)),
    "method": lambda seen: _Holder(seen).without,
    "callable": _Holder,
    "partial": lambda seen: functools.partial(_keyword, seen=seen),
    "optional": _optional,
}


def _run(server: Simulator, client: StreamClient, seen: Seen) -> None:
    client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    wait_for(lambda: any('"q":1' in str(values[-1]) for values in seen))


@pytest.mark.parametrize("form", _WITH_CLIENT)
def test_on_message_with_the_client_first_gets_both(server: Simulator, connect: Connect, form: str) -> None:
    seen: Seen = []
    client = connect(server, on_message=_WITH_CLIENT[form](seen))
    _run(server, client, seen)
    assert all(owner is client and isinstance(text, str) for owner, text in seen)


@pytest.mark.parametrize("form", _WITHOUT)
def test_on_message_without_the_client_gets_the_text(server: Simulator, connect: Connect, form: str) -> None:
    seen: Seen = []
    _run(server, connect(server, on_message=_WITHOUT[form](seen)), seen)
    assert all(len(values) == 1 and isinstance(values[0], str) for values in seen)


def test_on_message_may_be_a_builtin(
    server: Simulator, connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    texts: list[str] = []
    client = connect(server, on_message=texts.append)
    client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for(lambda: len(texts) == 3)  # greeting, login, acknowledgement
    assert [text[:15] for text in texts] == ['[{"ev":"status"'] * 3
    client.close_stream()
    printing = connect(server, on_message=print)
    printing.start_stream_thread()
    wait_for(lambda: str(printing.state) == "logged in")
    printing.close_stream()
    assert "authenticated" in capsys.readouterr().out


def test_on_message_may_be_put_of_a_queue(server: Simulator, connect: Connect) -> None:
    texts: queue.Queue[str] = queue.Queue()
    client = connect(server, on_message=texts.put)
    client.start_stream_thread()
    assert "Connected Successfully" in texts.get(timeout=PATIENCE)


def test_on_message_gets_every_frame_as_it_came(server: Simulator, connect: Connect, transport: str) -> None:
    texts: list[str] = []
    client = connect(server, on_message=texts.append, transport=transport)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw('[{"ev":"T", "sym":"AAPL","q":1}]')
    server.send_raw("not json")
    server.send_raw(b'[{"ev":"T","sym":"AA\xff"}]')
    server.send_raw("")
    push_numbers(server, 2)
    trades.wait(2)
    sent = '[{"ev":"T","sym":"AAPL","p":10.5,"s":100,"c":[],"t":1700000000002,"q":2}]'
    assert texts[3:] == [
        '[{"ev":"T", "sym":"AAPL","q":1}]',
        "not json",
        '[{"ev":"T","sym":"AA�"}]',
        "",
        sent,
    ]


def test_on_message_runs_on_the_dispatch_thread_before_the_observers(
    server: Simulator, connect: Connect
) -> None:
    order: list[str] = []
    client = connect(server, on_message=lambda text: order.append("message" if '"T"' in text else "status"))
    source = client.subscribe_stock_trades(["AAPL"])
    source.subscribe(lambda event: order.append("event"))
    trades = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1, 2)
    trades.wait(2)
    assert [word for word in order if word != "status"] == ["message", "event"] * 2
    assert trades.threads == {"rxpolygon-stocks-dispatch"}


def test_handler_that_raises_is_reported_and_called_again(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    client = connect(server, on_message=raiser(ValueError("mine")))
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1, 2)
    trades.wait(2)
    assert [str(error) for error in uncaught] == ["mine"] * 5
    assert not trades.is_over


def test_handler_that_exits_ends_nothing(
    server: Simulator, connect: Connect, uncaught: list[BaseException]
) -> None:
    client = connect(
        server,
        on_message=raiser(SystemExit(1)),
        on_close=lambda code, message: sys.exit(2),
        on_error=raiser(KeyboardInterrupt()),
        reconnect=None,
    )
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()
    server.drop_connections()
    assert isinstance(trades.wait_for_end(), ConnectionLostError)
    wait_for(lambda: not client.is_streaming)
    assert {type(error) for error in uncaught} == {SystemExit, KeyboardInterrupt}


@pytest.mark.parametrize("with_client", [True, False])
def test_on_close_gets_code_and_message(server: Simulator, connect: Connect, with_client: bool) -> None:
    seen: Seen = []
    handlers: dict[bool, Callable[..., object]] = {
        True: lambda ws, code, message: seen.append((ws, code, message)),
        False: lambda code, message: seen.append((code, message)),
    }
    client = connect(server, on_close=handlers[with_client], reconnect=None)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.restart(1012)
    assert trades.wait_for_end() is not None
    assert seen == [(client, 1012, "restart") if with_client else (1012, "restart")]


def test_on_close_of_a_broken_connection_has_a_code_for_it(server: Simulator, connect: Connect) -> None:
    seen: Seen = []
    client = connect(server, on_close=lambda *values: seen.append(values), reconnect=None)
    client.start_stream_thread()
    wait_for(lambda: str(client.state) == "logged in")
    server.drop_connections(reset=False)
    wait_for(lambda: not client.is_streaming)
    assert [values[1] for values in seen] == [1006]
    assert seen[0][0] is client


def test_on_close_is_called_when_we_close_too(server: Simulator, connect: Connect, transport: str) -> None:
    codes: list[int | None] = []
    client = connect(server, on_close=lambda code, message: codes.append(code), transport=transport)
    client.start_stream_thread()
    wait_for(lambda: str(client.state) == "logged in")
    client.close_stream()
    client.close_stream()
    assert codes == [1000]


@pytest.mark.parametrize("with_client", [True, False])
def test_on_error_gets_what_ended_the_stream(server: Simulator, connect: Connect, with_client: bool) -> None:
    seen: Seen = []
    handlers: dict[bool, Callable[..., object]] = {
        True: lambda ws, error: seen.append((ws, error)),
        False: lambda error: seen.append((error,)),
    }
    client = connect(server, api_key="wrong", on_error=handlers[with_client])
    client.start_stream_thread()
    wait_for(lambda: seen)
    assert isinstance(seen[0][-1], AuthenticationError)
    assert seen[0][0] is (client if with_client else seen[0][-1])
    wait_for(lambda: not client.is_streaming)
    assert len(seen) == 1


def test_on_error_is_silent_when_the_stream_is_closed(server: Simulator, connect: Connect) -> None:
    seen: list[object] = []
    client = connect(server, on_error=seen.append)
    client.start_stream_thread()
    wait_for(lambda: str(client.state) == "logged in")
    client.close_stream()
    assert seen == []


@pytest.mark.parametrize(
    ("name", "handler"),
    [
        ("on_message", lambda: None),
        ("on_message", lambda a, b, c: None),
        ("on_close", lambda code: None),
        ("on_close", lambda a, b, c, d: None),
        ("on_error", lambda: None),
        ("on_error", lambda ws, error, *, needed: None),
    ],
)
def test_handler_of_another_signature_raises_at_the_constructor(
    name: str, handler: Callable[..., object]
) -> None:
    arguments: dict[str, Any] = {name: handler}
    with pytest.raises(InvalidTypeError, match=name):
        StreamClient("KEY", **arguments)


def test_nothing_observed_prints_statuses_and_events(
    server: Simulator, connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    client = connect(server)
    client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.push("stocks", trade("AAPL", 7, p=123.25))
    wait_for(lambda: client.stats.events)
    client.close_stream()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("connecting to ws://127.0.0.1:")
    assert "logged in" in lines
    assert "subscribed to T.AAPL" in lines
    assert any(line.startswith("AAPL Trade: price=123.25, size=100") for line in lines)


def test_nothing_is_printed_when_anything_is_observed_or_handled(
    server: Simulator, connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    def observe(client: StreamClient, name: str) -> None:
        Recorder.of(getattr(client, name) if name != "trades" else client.subscribe_stock_trades(["AAPL"]))

    for name in ("events", "messages", "status", "trades", "on_message"):
        client = connect(server, on_message=(lambda text: None) if name == "on_message" else None)
        client.subscribe_stock_trades(["AAPL"])
        if name != "on_message":
            observe(client, name)
        client.start_stream_thread()
        wait_for(lambda: "T.AAPL" in topics(server))
        push_numbers(server, 1)
        wait_for(lambda client=client: client.stats.events)  # type: ignore[misc]
        client.close_stream()
        wait_for_topics(server)
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == ""


class _BrokenPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("kind", ["none", "closed", "broken", "ascii"])
def test_output_that_cannot_be_written_stops_nothing(
    server: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    closed = io.StringIO()
    closed.close()
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    streams = {"none": None, "closed": closed, "broken": _BrokenPipe(), "ascii": plain}
    monkeypatch.setattr(sys, "stdout", streams[kind])
    monkeypatch.setattr(sys, "stderr", streams[kind])
    client = connect(server, enable_connection_logs=True)
    client.subscribe_stock_trades(["AAPL", "MÜ"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MÜ")
    push_numbers(server, 1, symbol="MÜ")
    push_numbers(server, 2)
    wait_for(lambda: client.stats.events == 2)
    client.close_stream()
    if kind == "ascii":
        plain.seek(0)
        assert "subscribed to T.M\\xdc" in plain.read()


def test_connection_log_is_written_for_the_client_that_asked(
    server: Simulator,
    connect: Connect,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    loud = connect(server, enable_connection_logs=True)
    quiet = connect(server, "crypto")
    for client in (loud, quiet):
        Recorder.of(client.status)
        client.start_stream_thread()
    wait_for(lambda: str(loud.state) == str(quiet.state) == "logged in")
    loud.close_stream()
    quiet.close_stream()
    output = capsys.readouterr()
    assert output.out == ""
    lines = output.err.splitlines()
    assert [line.split(": ")[1].split(" to ")[0] for line in lines] == [
        "connecting",
        "connected",
        "logged in",
        "disconnected",
        "closed",
    ]
    assert "crypto" not in output.err
    # The logger has both.
    assert {"/stocks", "/crypto"} <= {record.getMessage()[-7:] for record in caplog.records}
