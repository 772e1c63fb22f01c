"""Every spelling reaches the wire in the one form, and whatever comes back reaches its observer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from orjson import dumps
from reactivex import operators as ops

from rxpolygon import ReplayClient
from rxpolygon.events import Event
from rxpolygon.simulator import Simulator
from tests.client.support import (
    NOW,
    Connect,
    Recorder,
    commands,
    numbers,
    push_numbers,
    trade,
    wait_for_topics,
)
from tests.client.wire_samples import sample

_CONTRACT = "SPY241220P00720000"

_SPELLINGS = [
    ("stocks", "stock_trades", "T", ["aapl", "AAPL", " Aapl "], "AAPL", "AAPL"),
    ("stocks", "stock_trades", "T", ["brk.a", "BRK.A"], "BRK.A", "BRK.A"),
    ("stocks", "fair_market_value", "FMV", ["aapl"], "AAPL", "AAPL"),
    ("options", "option_trades", "T", [_CONTRACT, f"O:{_CONTRACT}", _CONTRACT.lower()], f"O:{_CONTRACT}", ""),
    ("options", "fair_market_value", "FMV", [_CONTRACT, f"O:{_CONTRACT}"], f"O:{_CONTRACT}", ""),
    (
        "forex",
        "forex_quotes",
        "C",
        ["USD/CNH", "USD-CNH", "C:USDCNH", "USDCNH", "C:USD-CNH", "usd/cnh", "c:usdcnh"],
        "USD/CNH",
        "USD/CNH",
    ),
    ("forex", "forex_second_aggregates", "CAS", ["USDCNH"], "USD/CNH", "USD/CNH"),
    ("forex", "fair_market_value", "FMV", ["EUR/USD", "EURUSD", "C:EURUSD"], "EUR/USD", "C:EURUSD"),
    ("forex", "launchpad_value", "LV", ["USD/EUR", "C:USD-EUR"], "USD/EUR", "C:USD-EUR"),
    ("forex", "launchpad_minute_aggregates", "AM", ["USD-EUR"], "USD/EUR", "C:USD-EUR"),
    ("crypto", "crypto_trades", "XT", ["BTC-USD", "X:BTC-USD", "x:btc-usd", "BTC/USD"], "BTC-USD", "BTC-USD"),
    ("crypto", "crypto_level2_book", "XL2", ["BTC-USD", "X:BTC-USD"], "BTC-USD", "BTC-USD"),
    ("crypto", "fair_market_value", "FMV", ["BTC-USD", "X:BTC-USD"], "BTC-USD", "X:BTC-USD"),
    ("crypto", "launchpad_value", "LV", ["BTC-USD"], "BTC-USD", "X:BTC-USD"),
    ("crypto", "launchpad_minute_aggregates", "AM", ["X:BTC-USD"], "BTC-USD", "X:BTC-USD"),
    ("indices", "index_value", "V", ["SPX", "I:SPX", "i:spx"], "I:SPX", "I:SPX"),
    ("indices", "indices_minute_aggregates", "AM", ["SPX", "I:SPX"], "I:SPX", "I:SPX"),
    ("futures", "futures_trades", "T", ["esz5", "ESZ5"], "ESZ5", "ESZ5"),
]


@pytest.mark.parametrize(
    ("market", "channel", "prefix", "written", "on_wire", "spelled"),
    [
        pytest.param(market, channel, prefix, one, wire, back or wire, id=f"{channel}-{one}")
        for market, channel, prefix, spellings, wire, back in _SPELLINGS
        for one in spellings
    ],
)
def test_spelling_reaches_the_wire_and_the_observer(
    server: Simulator,
    connect: Connect,
    market: str,
    channel: str,
    prefix: str,
    written: str,
    on_wire: str,
    spelled: str,
) -> None:
    client = connect(server, market)
    by_list: Recorder[Event] = Recorder.of(getattr(client, f"subscribe_{channel}")([written]))
    by_text: Recorder[Event] = Recorder.of(getattr(client, f"subscribe_{channel}")(written))
    client.start_stream_thread()
    wait_for_topics(server, f"{prefix}.{on_wire}")
    server.push(market, sample(market, prefix, spelled))
    assert by_list.wait()[0].symbol == spelled
    assert by_text.wait()[0].symbol == spelled
    getattr(client, f"unsubscribe_{channel}")([written])
    assert by_list.wait_for_end() is None
    assert by_text.wait_for_end() is None
    wait_for_topics(server)


@pytest.mark.parametrize("symbols", [None, [], ["*"], "*", "all", ["all"], (), ["AAPL", "*"], "T.*"])
def test_words_for_every_symbol_subscribe_the_wildcard(
    server: Simulator, connect: Connect, symbols: Iterable[str] | str | None
) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(symbols))
    client.start_stream_thread()
    wait_for_topics(server, "T.*")
    push_numbers(server, 1, symbol="AAPL")
    push_numbers(server, 2, symbol="ZVZZT")
    trades.wait(2)
    assert numbers(trades) == [1, 2]
    client.unsubscribe_stock_trades(symbols)
    assert trades.wait_for_end() is None
    wait_for_topics(server)


@pytest.mark.parametrize(
    ("text", "on_wire"),
    [
        ("AAPL", {"T.AAPL"}),
        ("T.AAPL,T.MSFT", {"T.AAPL", "T.MSFT"}),
        ("T.AAPL, T.MSFT", {"T.AAPL", "T.MSFT"}),
        ("AAPL,MSFT", {"T.AAPL", "T.MSFT"}),
        ("aapl,T.MSFT", {"T.AAPL", "T.MSFT"}),
        ("T.AAPL,T.AAPL", {"T.AAPL"}),
        ("T.BACpA", {"T.BACpA"}),
        ("BRK.B", {"T.BRK.B"}),
        ("AAPL,ALL", {"T.AAPL", "T.ALL"}),
        ("T.BRK.B", {"T.BRK.B"}),
    ],
)
def test_plain_text_may_hold_symbols_or_topics(
    server: Simulator, connect: Connect, text: str, on_wire: set[str]
) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(text))
    client.start_stream_thread()
    wait_for_topics(server, *on_wire)
    server.push("stocks", [trade(topic[2:], number) for number, topic in enumerate(sorted(on_wire))])
    trades.wait(len(on_wire))
    assert {f"T.{event.symbol}" for event in trades.values} == on_wire
    client.unsubscribe_stock_trades(text)
    assert trades.wait_for_end() is None
    wait_for_topics(server)


def test_plain_text_with_topics_of_other_channels_asks_for_them_too(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades("T.AAPL,Q.AAPL"))
    everything = Recorder.of(client.events)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "Q.AAPL")
    server.push("stocks", [sample("stocks", "Q", "AAPL"), trade("AAPL")])
    trades.wait()
    assert [type(event).__name__ for event in everything.values] == ["Quote", "Trade"]
    assert [type(event).__name__ for event in trades.values] == ["Trade"]
    client.unsubscribe_stock_trades("T.AAPL,Q.AAPL")
    assert trades.wait_for_end() is None
    wait_for_topics(server)


def test_event_covered_by_two_topics_of_one_call_comes_once(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades("T.*,T.AAPL"))
    client.start_stream_thread()
    wait_for_topics(server, "T.*")
    push_numbers(server, 1, 2)
    trades.wait(2)
    assert numbers(trades) == [1, 2]


def test_event_covered_by_two_spellings_of_one_call_comes_once(server: Simulator, connect: Connect) -> None:
    client = connect(server, "forex")
    quotes = Recorder.of(client.subscribe_forex_quotes("C.USD/CNH,C.USD-CNH"))
    marker = Recorder.of(client.subscribe_forex_quotes(["EUR/USD"]))
    client.start_stream_thread()
    wait_for_topics(server, "C.USD/CNH", "C.EUR/USD")
    server.push("forex", [sample("forex", "C", "USD/CNH"), sample("forex", "C", "EUR/USD")])
    marker.wait()
    assert len(quotes.values) == 1


def test_one_of_two_spellings_unsubscribed_leaves_the_other(tmp_path: Path) -> None:
    frame = dumps([sample("forex", "C", "USD/CNH")])
    recording = tmp_path / "forex.jsonl"
    recording.write_bytes(b"".join(b"[%d,%b]\n" % (NOW * 1_000_000, frame) for _ in range(2)))
    client = ReplayClient(recording, cluster="forex")
    quotes = Recorder.of(client.subscribe_forex_quotes("C.USD/CNH,C.USD-CNH"))
    client.unsubscribe_forex_quotes("C.USD-CNH")
    client.messages.pipe(ops.skip(1)).subscribe(lambda _: client.unsubscribe_forex_quotes("C.USD/CNH"))
    client.run()
    assert (len(quotes.values), quotes.completions) == (1, 1)


def test_symbols_may_be_any_iterable_and_repeat(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    client.subscribe_stock_trades(symbol for symbol in ("msft", "MSFT", "aapl"))
    client.subscribe_stock_quotes({"IBM": 1})
    client.start_stream_thread()
    wait_for_topics(server, "T.MSFT", "T.AAPL", "Q.IBM")
    assert sorted(commands(server)) == [("subscribe", "Q.IBM"), ("subscribe", "T.MSFT,T.AAPL")]
    client.unsubscribe_stock_trades(symbol for symbol in ("msft", "MSFT"))
    wait_for_topics(server, "T.AAPL", "Q.IBM")


def test_symbol_not_forced_to_upper_case_is_sent_as_written(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["BACpA", "brk.b"], force_uppercase_symbols=False))
    upper = Recorder.of(client.subscribe_stock_trades(["BACPA"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.BACpA", "T.brk.b", "T.BACPA")
    server.push("stocks", [trade("BACpA", 1), trade("BACPA", 2)])
    upper.wait()
    assert numbers(trades) == [1]
    assert numbers(upper) == [2]


def test_symbol_not_forced_to_upper_case_is_unsubscribed_as_written(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["BACpA"], force_uppercase_symbols=False))
    upper = Recorder.of(client.subscribe_stock_trades(["BACPA"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.BACpA", "T.BACPA")
    client.unsubscribe_stock_trades(["BACpA"])
    assert trades.wait_for_end() is None
    wait_for_topics(server, "T.BACPA")
    assert not upper.is_over


def test_list_may_hold_the_channels_own_prefix(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["T.aapl", "MSFT"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    push_numbers(server, 1)
    trades.wait()


@pytest.mark.parametrize("written", ["t.aapl", "t.AAPL", "T.aapl"])
def test_prefix_in_a_list_is_unsubscribed_as_it_was_subscribed(
    server: Simulator, connect: Connect, written: str
) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades([written]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    client.unsubscribe_stock_trades([written])
    assert trades.wait_for_end() is None
    wait_for_topics(server)


def test_symbol_nobody_asked_for_reaches_no_observer(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    everything = Recorder.of(client.events)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.send_raw('[{"ev":"T","sym":"NEVER","q":1},{"ev":"Q","sym":"AAPL","bp":1}]')
    push_numbers(server, 2)
    trades.wait()
    assert numbers(trades) == [2]
    assert [event.symbol for event in everything.values] == ["NEVER", "AAPL", "AAPL"]
