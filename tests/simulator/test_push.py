"""What a test sends by hand."""

from __future__ import annotations

import pytest
import websocket

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, UsageError
from rxpolygon.simulator import Simulator
from tests.simulator.wire import Client, trade


def test_push_reaches_only_those_who_subscribed(quiet: Simulator) -> None:
    with Client(quiet.url) as client, Client(quiet.url, "options") as other:
        client.log_in().subscribe("T.AAPL")
        other.log_in().subscribe("T.*")
        assert quiet.push("stocks", [trade("AAPL"), trade("IBM"), trade("AAPL", q=2)]) == 1
        assert [event["q"] for event in client.frame()] == [1, 2]


def test_push_when_nobody_logged_in_reaches_nobody(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.next()
        assert quiet.push("stocks", trade("AAPL")) == 0


def test_push_to_an_unknown_cluster_is_an_error(quiet: Simulator) -> None:
    with pytest.raises(InvalidArgumentError, match="cluster"):
        quiet.push("bonds", trade("AAPL"))


def test_push_of_what_is_no_event_is_an_error(quiet: Simulator) -> None:
    with pytest.raises(InvalidTypeError, match="an event must be a dict with the wire's letters, not str"):
        quiet.push("stocks", '{"ev": "T"}')  # type: ignore[arg-type] # that is the test


def test_push_when_not_running_is_an_error() -> None:
    with pytest.raises(UsageError, match="running"):
        Simulator().push("stocks", trade("AAPL"))


@pytest.mark.parametrize("data", ["not json", b"\xff\xfe", b"", "[]"])
def test_raw_frame_goes_out_as_it_is(quiet: Simulator, data: str | bytes) -> None:
    with Client(quiet.url, skip_utf8_validation=True) as client:
        client.log_in()
        assert quiet.send_raw(data) == 1
        payload = data.encode() if isinstance(data, str) else data
        assert client.raw() == (websocket.ABNF.OPCODE_TEXT, payload)


def test_raw_frame_goes_only_to_the_cluster_named(quiet: Simulator) -> None:
    with Client(quiet.url) as stocks, Client(quiet.url, "crypto") as crypto:
        stocks.log_in()
        crypto.log_in()
        assert quiet.send_raw("[]", cluster="crypto") == 1
        assert crypto.frame() == []


def test_raw_frame_of_megabytes_goes_out_whole(quiet: Simulator) -> None:
    data = b"[" + b" " * 5_000_000 + b"]"
    with Client(quiet.url) as client:
        client.log_in()
        quiet.send_raw(data)
        assert client.raw()[1] == data


def test_sent_events_are_kept_by_connection(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in().subscribe("T.*")
        quiet.push("stocks", [trade("AAPL"), trade("IBM")])
        quiet.push("stocks", trade("AAPL", q=2))
        client.take(3)
    assert [event["sym"] for event in quiet.sent[1]] == ["AAPL", "IBM", "AAPL"]
    assert quiet.frames_sent == 2
