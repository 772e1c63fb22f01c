"""``raw_data=True``: the wire's own dicts by the same routes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from rxpolygon.simulator import Simulator
from rxpolygon.status import Malformed
from rxpolygon.venues.polygon.channels import CHANNELS, Channel
from tests.client.support import Connect, Recorder, push_numbers, raiser, trade, wait_for_topics
from tests.client.wire_samples import SYMBOLS, sample
from tests.support import wait_for


@pytest.mark.parametrize(
    ("market", "channel"),
    [pytest.param(m, c, id=f"{m}-{c.name}") for c in CHANNELS for m in c.markets],
)
def test_raw_events_of_a_channel_are_the_wires_dicts(
    server: Simulator, connect: Connect, market: str, channel: Channel
) -> None:
    written, on_wire, spelled = SYMBOLS[market]
    client = connect(server, market, raw_data=True)
    recorder: Recorder[Any] = Recorder.of(getattr(client, f"subscribe_{channel.name}")([written]))
    client.start_stream_thread()
    wait_for_topics(server, f"{channel.prefix}.{on_wire}")
    message = sample(market, channel.prefix, spelled)
    server.push(market, message)
    assert recorder.wait() == [message]


def test_raw_spelling_reaches_who_asked_for_the_instrument(server: Simulator, connect: Connect) -> None:
    client = connect(server, "forex", raw_data=True)
    values: Recorder[Any] = Recorder.of(client.subscribe_fair_market_value(["EUR/USD"]))
    client.start_stream_thread()
    wait_for_topics(server, "FMV.EUR/USD")
    server.push("forex", sample("forex", "FMV", "C:EURUSD"))
    assert values.wait()[0]["sym"] == "C:EURUSD"


def test_raw_events_hold_unknown_kinds_and_odd_fields_and_no_statuses(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server, raw_data=True)
    everything: Recorder[Any] = Recorder.of(client.events)
    statuses = Recorder.of(client.status)
    marker = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw(
        '[{"ev":"ZZZ","a":1},{"ev":"T","sym":null,"p":"x"},{"ev":"status","status":"s"},7,{"b":2}]'
    )
    server.send_raw("not json")
    push_numbers(server, 1)
    marker.wait()
    assert everything.values == [
        {"ev": "ZZZ", "a": 1},
        {"ev": "T", "sym": None, "p": "x"},
        trade("AAPL", 1),
    ]
    malformed = [status.data for status in statuses.values if isinstance(status, Malformed)]
    assert malformed == [b"7", b'{"b":2}', b"not json"]
    assert client.stats.malformed == 3


def test_raw_observer_that_raises_gets_its_own_exception(server: Simulator, connect: Connect) -> None:
    client = connect(server, raw_data=True)
    source = client.subscribe_stock_trades(["AAPL"])
    errors = Recorder[object]()
    source.subscribe(raiser(ValueError("mine")), errors.on_error)
    alone = Recorder[object]()
    client.subscribe_stock_trades(["MSFT"]).subscribe(raiser(ValueError("mine too")), alone.on_error)
    other = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    server.push("stocks", [trade("MSFT"), trade("AAPL"), trade("AAPL", 2)])
    other.wait(2)
    assert [str(error) for error in errors.errors + alone.errors] == ["mine", "mine too"]


def test_raw_numbers_keep_their_wire_form(server: Simulator, connect: Connect) -> None:
    client = connect(server, raw_data=True)
    trades: Recorder[Any] = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw('[{"ev":"T","sym":"AAPL","p":"10.50","s":1e2,"i":12345678901234567890}]')
    trade_seen = cast("dict[str, Any]", trades.wait()[0])
    assert trade_seen == {"ev": "T", "sym": "AAPL", "p": "10.50", "s": 100.0, "i": 12345678901234567890}


def test_raw_data_that_nobody_observes_is_printed(
    server: Simulator, connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    client = connect(server, raw_data=True)
    client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    wait_for(lambda: client.stats.events)
    client.close_stream()
    assert str(trade("AAPL", 1)) in capsys.readouterr().out.splitlines()
