"""The key goes over the wire once and is shown nowhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence

import pytest

from rxpolygon.errors import AlreadyStreamingError, AuthenticationError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator import faults as wrong
from tests.client.support import Connect, Recorder, push_numbers, topics
from tests.support import wait_for

_KEY = "tOpSeCrEt123"


@pytest.fixture
def secret_server() -> Simulator:
    """A server that knows the key."""
    return Simulator(market=False, api_keys=[_KEY])


def _shown(things: Sequence[object]) -> str:
    texts = [f"{thing!r} {thing}" for thing in things]
    texts += ["".join(traceback.format_exception(one)) for one in things if isinstance(one, Exception)]
    return "\n".join(texts)


def test_key_of_a_good_login_is_shown_nowhere(
    secret_server: Simulator,
    connect: Connect,
    transport: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with secret_server as server:
        client = connect(server, api_key=_KEY, transport=transport, enable_connection_logs=True)
        statuses = Recorder.of(client.status)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        frames = Recorder.of(client.messages)
        client.start_stream_thread()
        wait_for(lambda: "T.AAPL" in topics(server))
        push_numbers(server, 1)
        trades.wait()
        shown = _shown([client, client.stats, client.state, client.url, client.subscribe_stock_trades(["A"])])
        client.close_stream()
        output = capsys.readouterr()
        everything = [shown, _shown([*statuses.values, *frames.values]), caplog.text, output.out, output.err]
    assert "logged in" in output.err
    assert "sending: login" in caplog.text
    assert all(_KEY not in text for text in everything)


@pytest.mark.parametrize("message", ["authentication failed", f"unknown key {_KEY}", f'"{_KEY}" is no key'])
def test_key_of_a_refused_login_is_shown_nowhere_even_if_the_server_echoes_it(
    connect: Connect,
    transport: str,
    message: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with Simulator(market=False, faults=[wrong.RefuseLogin(message=message)]) as server:
        client = connect(server, api_key=_KEY, transport=transport, enable_connection_logs=True)
        statuses = Recorder.of(client.status)
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        error = trades.wait_for_end()
    assert isinstance(error, AuthenticationError)
    output = capsys.readouterr()
    for text in (_shown([error, *statuses.values, client]), caplog.text, output.out, output.err):
        assert _KEY not in text
    assert _KEY not in repr(vars(error))


def test_key_echoed_in_other_statuses_and_damaged_frames_is_masked(
    secret_server: Simulator, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with secret_server as server:
        client = connect(server, api_key=_KEY)
        statuses = Recorder.of(client.status)
        client.start_stream_thread()
        wait_for(lambda: str(client.state) == "logged in")
        server.send_raw(f'[{{"ev":"status","status":"news","message":"hello {_KEY}"}}]')
        server.send_raw(f'[{{"ev":"status","status":"{_KEY}","message":"hello"}}]')
        server.send_raw(f"not json {_KEY}")
        wait_for(lambda: client.stats.malformed)
        client.close_stream()
    assert _KEY not in _shown(statuses.values)
    assert _KEY not in caplog.text


def test_key_is_not_in_the_error_of_a_second_client(secret_server: Simulator, connect: Connect) -> None:
    with secret_server as server:
        connect(server, api_key=_KEY).start_stream_thread()
        with pytest.raises(AlreadyStreamingError) as caught:
            connect(server, api_key=_KEY).start_stream_thread()
    assert _KEY not in _shown([caught.value])


def test_key_is_sent_once_and_in_the_login_only(secret_server: Simulator, connect: Connect) -> None:
    with secret_server as server:
        client = connect(server, api_key=_KEY)
        client.subscribe_stock_trades(["AAPL"])
        client.start_stream_thread()
        wait_for(lambda: topics(server) == {"T.AAPL"})
        assert [entry.action for entry in server.received] == ["auth", "subscribe"]
        assert _KEY not in repr(server.received)
