"""Typed Observables over real sockets, in both encodings, by both transports, plain and over TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reactivex import operators as ops

from rxpolygon import operators as rxo
from rxpolygon.alpaca import (
    CryptoDataStream,
    CryptoTrade,
    DailyBar,
    Imbalance,
    LimitUpLimitDown,
    MinuteBar,
    OptionDataStream,
    OptionTrade,
    Orderbook,
    Quote,
    Trade,
    TradeCancel,
    TradeCorrection,
    TradingStatus,
    UpdatedBar,
)
from rxpolygon.events import Event
from rxpolygon.operators import Bar, Reconciliation
from rxpolygon.simulator import Simulator
from rxpolygon.status import Gap, Reconnecting, Refused, Subscribed
from rxpolygon.topics import Topic
from tests.alpaca.support import (
    FEED,
    Connect,
    ids,
    push,
    push_until,
    statuses,
    topics,
    trade,
    wait_for_topics,
)
from tests.client.support import Recorder
from tests.support import wait_for
from tests.venues.alpaca.samples import INSTANT, INSTANT_NS, SAMPLES

CHANNELS: dict[str, type[Event]] = {
    "trades": Trade,
    "quotes": Quote,
    "bars": MinuteBar,
    "updated_bars": UpdatedBar,
    "daily_bars": DailyBar,
    "trading_statuses": TradingStatus,
    "lulds": LimitUpLimitDown,
    "imbalances": Imbalance,
}


def sample(kind: type[Event]) -> dict[str, Any]:
    tag = kind.__struct_config__.tag
    return next({**item, "S": "AAPL", "t": INSTANT} for item in SAMPLES["stocks"] if item["T"] == tag)


@pytest.mark.parametrize("name", CHANNELS)
def test_each_channel_gives_its_own_events(
    name: str, server: Simulator, connect: Connect, encoding: str, transport: str
) -> None:
    stream = connect(server, encoding=encoding, transport=transport)
    seen: Recorder[Any] = Recorder.of(getattr(stream, f"subscribe_{name}")("aapl", "IBM"))
    stream.start_stream_thread()
    wait_for(lambda: len(topics(server)) == 2)
    server.push(FEED, sample(CHANNELS[name]))
    (event,) = seen.wait()
    assert type(event) is CHANNELS[name]
    assert (event.symbol, event.timestamp_ns) == ("AAPL", INSTANT_NS)
    getattr(stream, f"unsubscribe_{name}")("AAPL", "IBM")
    assert seen.wait_for_end() is None
    wait_for_topics(server)


def test_over_tls(
    tls_server: Simulator, certificate: tuple[Path, Path], connect: Connect, encoding: str, transport: str
) -> None:
    stream = connect(tls_server, encoding=encoding, transport=transport, ca_certs=str(certificate[0]))
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    stream.start_stream_thread()
    wait_for_topics(tls_server, "trades.AAPL")
    push(tls_server, 1, 2, 3)
    assert ids(seen.wait(3)) == [1, 2, 3]


def test_corrections_and_cancels_come_with_the_trades_and_revise_bars(
    server: Simulator, connect: Connect, encoding: str
) -> None:
    stream = connect(server, encoding=encoding)
    cancels: Recorder[TradeCancel] = Recorder.of(stream.register_trade_cancels())
    corrections: Recorder[TradeCorrection] = Recorder.of(stream.register_trade_corrections())
    bars: Recorder[Bar] = Recorder.of(
        stream.subscribe_trades("AAPL").pipe(
            ops.merge(stream.register_trade_cancels(), stream.register_trade_corrections()),
            rxo.time_bars("1m", corrections=True),
        )
    )
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL")
    server.push(FEED, [trade(1, p=10.0), trade(2, p=99.0), trade(3, p=11.0)])
    server.push(FEED, trade(4, at="2023-11-14T22:15:00Z"))
    (first,) = bars.wait()
    assert (first.high, first.count, first.revision) == (99.0, 3, 0)
    server.push(
        FEED,
        {
            "T": "x",
            "S": "AAPL",
            "i": 2,
            "x": "V",
            "p": 99.0,
            "s": 100,
            "a": "E",
            "t": "2023-11-14T22:15:01Z",
            "z": "C",
        },
    )
    (_, second) = bars.wait(2)
    assert (second.high, second.count, second.revision) == (11.0, 2, 1)
    correction = {
        "T": "c",
        "S": "AAPL",
        "x": "V",
        "oi": 3,
        "op": 11.0,
        "os": 100,
        "oc": ["@"],
        "ci": 5,
        "cp": 12.0,
    }
    server.push(FEED, {**correction, "cs": 50, "cc": ["@"], "t": "2023-11-14T22:15:02Z", "z": "C"})
    (_, _, third) = bars.wait(3)
    assert (third.high, third.volume, third.revision) == (12.0, 150.0, 2)
    assert cancels.wait()[0].cancels == ("V", 2)
    assert corrections.wait()[0].corrects == ("V", 3)
    assert topics(server) == {"trades.AAPL"}
    stream.unregister_trade_cancels()
    assert cancels.wait_for_end() is None


def test_odd_lots_move_no_price_of_a_bar(server: Simulator, connect: Connect) -> None:
    stream = connect(server)
    bars: Recorder[Bar] = Recorder.of(stream.subscribe_trades("AAPL").pipe(rxo.time_bars("1m")))
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL")
    server.push(FEED, [trade(1, p=10.0), trade(2, p=99.0, s=7, c=["@", "I"]), trade(3, p=50.0, c=["W"])])
    server.push(FEED, trade(4, at="2023-11-14T22:15:00Z"))
    (bar,) = bars.wait()
    assert (bar.high, bar.close, bar.volume) == (10.0, 10.0, 207.0)


def test_server_bars_and_quotes_fit_the_operators(server: Simulator, connect: Connect) -> None:
    stream = connect(server)
    revised: Recorder[Bar] = Recorder.of(
        stream.subscribe_bars("SPY").pipe(ops.merge(stream.subscribe_updated_bars("SPY")), rxo.revisions())
    )
    joined = Recorder.of(stream.subscribe_trades("SPY").pipe(rxo.join_quotes(stream.subscribe_quotes("SPY"))))
    once = Recorder.of(stream.subscribe_trades("SPY").pipe(rxo.deduplicate()))
    stream.start_stream_thread()
    wait_for(lambda: len(topics(server)) == 4)
    bar = {
        "S": "SPY",
        "o": 1.0,
        "h": 3.0,
        "l": 1.0,
        "c": 2.0,
        "v": 10,
        "n": 4,
        "vw": 2.0,
        "t": "2023-11-14T22:13:00Z",
    }
    server.push(FEED, [{"T": "b", **bar}, {"T": "u", **bar, "h": 4.0}])
    assert [(seen.revision, seen.high, seen.count) for seen in revised.wait(2)] == [(0, 3.0, 4), (1, 4.0, 4)]
    server.push(
        FEED,
        [
            {"T": "q", "S": "SPY", "bp": 10.0, "bs": 1, "ap": 11.0, "as": 1, "t": "2023-11-14T22:13:19.9Z"},
            trade(1, "SPY", p=11.0),
            trade(1, "SPY", p=11.0),
        ],
    )
    assert [(pair.mid, pair.side.value) for pair in joined.wait(2)] == [(10.5, "buy")] * 2
    push(server, 2, symbol="SPY")
    assert ids(once.wait(2)) == [1, 2]


def test_everything_and_single_symbols_share_one_connection(server: Simulator, connect: Connect) -> None:
    stream = connect(server)
    every, single = Recorder.of(stream.subscribe_trades("*")), Recorder.of(stream.subscribe_trades("IBM"))
    events = Recorder.of(stream.events)
    stream.start_stream_thread()
    wait_for(lambda: "trades.*" in topics(server))
    push(server, 1)
    push(server, 2, symbol="IBM")
    assert ids(every.wait(2)) == [1, 2]
    assert ids(single.wait()) == [2]
    assert ids(events.wait(2)) == [1, 2]
    wait_for(lambda: stream.stats.events == 2)  # counted when their list of frames is done


def test_raw_data_is_the_same_in_both_encodings(server: Simulator, connect: Connect, encoding: str) -> None:
    stream = connect(server, raw_data=True, encoding=encoding)
    seen: Recorder[Any] = Recorder.of(stream.subscribe_trades("AAPL"))
    handled: list[Any] = []
    stream.subscribe_trades(handled.append, "AAPL")
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL")
    server.push(FEED, trade(1, at="2023-11-14T22:13:20.000000001Z"))
    assert seen.wait() == [trade(1, at="2023-11-14T22:13:20.000000001Z")]
    wait_for(lambda: handled == seen.values)
    wait_for(lambda: stream.stats.last_event_time)


def test_subscriptions_are_restored_after_a_restart(
    server: Simulator, connect: Connect, encoding: str
) -> None:
    stream = connect(server, encoding=encoding)
    told = statuses(stream)
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    stream.subscribe_quotes("IBM")
    stream.register_trade_cancels()
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL", "quotes.IBM")
    push(server, 1)
    seen.wait()
    server.restart()
    # Those of the second connection: of the first one, which gets nothing any more, there may be a rest.
    wait_for(lambda: server.subscriptions.get(2) == frozenset({"trades.AAPL", "quotes.IBM"}))
    push(server, 2)
    assert ids(seen.wait(2)) == [1, 2]
    (gap,) = [status for status in told if isinstance(status, Gap) and status.channel == "trades"]
    assert (gap.symbols, gap.cause) == (("AAPL",), "reconnect")
    assert any(isinstance(status, Reconnecting) for status in told)
    assert told.count(Subscribed(Topic("trades", "AAPL"))) == 2
    stream.close_stream()
    others = [status for status in told if isinstance(status, Gap) and status is not gap]
    assert {(gap.channel, gap.symbols) for gap in others} == {("quotes", ("IBM",)), ("cancelErrors", ("*",))}


def test_many_symbols_go_in_commands_of_32_kib(server: Simulator, connect: Connect, encoding: str) -> None:
    names = [f"S{number}" for number in range(9_000)]
    stream = connect(server, encoding=encoding)
    stream.subscribe_trades(*names)
    stream.start_stream_thread()
    wait_for(lambda: len(topics(server)) == len(names))
    assert len([entry for entry in server.received if entry.action == "subscribe"]) > 1


def test_refused_channel_ends_alone(connect: Connect, encoding: str) -> None:
    with Simulator(venue="alpaca", market=False, refuse=["lulds"]) as server:
        stream = connect(server, encoding=encoding)
        told = statuses(stream)
        bands, seen = (
            Recorder.of(stream.subscribe_lulds("AAPL")),
            Recorder.of(stream.subscribe_trades("AAPL")),
        )
        stream.start_stream_thread()
        assert "lulds.AAPL" in str(bands.wait_for_end())
        push_until(server, lambda: bool(seen.values))
        assert [str(status.topic) for status in told if isinstance(status, Refused)] == ["lulds.AAPL"]


def test_symbol_limit_ends_only_what_is_beyond_it(connect: Connect) -> None:
    with Simulator(venue="alpaca", market=False, symbol_limit=2) as server:
        stream = connect(server)
        seen = Recorder.of(stream.subscribe_trades("AAPL", "IBM"))
        stream.start_stream_thread()
        wait_for(lambda: len(topics(server)) == 2)
        beyond = Recorder.of(stream.subscribe_quotes("MSFT"))
        assert "symbol limit exceeded" in str(beyond.wait_for_end())
        assert "subscribe to fewer" in str(beyond.wait_for_end())
        push(server, 1)
        assert ids(seen.wait()) == [1]


def test_damaged_frames_cost_nothing_but_themselves(
    server: Simulator, connect: Connect, encoding: str
) -> None:
    stream = connect(server, encoding=encoding)
    seen = Recorder.of(stream.subscribe_trades("AAPL"))
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL")
    for data in (b"\xff\x00garbage", b"", b"\x91", b"[", b"[]", b"\x90"):
        server.send_raw(data, binary=True)
    push(server, 1)
    assert ids(seen.wait()) == [1]
    assert stream.stats.malformed >= 4


def test_crypto_stream(server: Simulator) -> None:
    url = server.url_of("v1beta3/crypto/us")
    with CryptoDataStream("demo", "SECRET", url_override=url) as stream:
        trades, books = (
            Recorder.of(stream.subscribe_trades("BTC/USD")),
            Recorder.of(stream.subscribe_orderbooks("BTC/USD")),
        )
        wait_for(lambda: len(topics(server)) == 2)
        instant = {"S": "BTC/USD", "t": INSTANT}
        server.push("v1beta3/crypto/us", {"T": "t", "p": 30_000.5, "s": 0.25, "i": 7, "tks": "B", **instant})
        server.push(
            "v1beta3/crypto/us", {"T": "o", "b": [{"p": 1.0, "s": 2.0}], "a": [], "r": True, **instant}
        )
        (seen,), (book,) = trades.wait(), books.wait()
    assert isinstance(seen, CryptoTrade)
    assert (seen.price, seen.taker_side, seen.timestamp_ns) == (30_000.5, "B", INSTANT_NS)
    assert isinstance(book, Orderbook)
    assert (book.reset, book.bids[0].size) == (True, 2.0)


def test_order_book_follows_the_changes_of_the_crypto_stream(server: Simulator) -> None:
    path = "v1beta3/crypto/us"
    with CryptoDataStream("demo", "SECRET", url_override=server.url_of(path)) as stream:
        books = Recorder.of(stream.subscribe_orderbooks("BTC/USD").pipe(rxo.order_book()))
        wait_for(lambda: topics(server))
        updates: list[dict[str, Any]] = [
            {"b": [{"p": 1.0, "s": 2.0}, {"p": 0.5, "s": 4.0}], "a": [{"p": 3.0, "s": 1.0}], "r": True},
            {"b": [{"p": 1.0, "s": 0}], "a": []},
            {"a": [{"p": 2.5, "s": 7.0}]},
        ]
        for update in updates:
            server.push(path, {"T": "o", "S": "BTC/USD", "t": INSTANT, **update})
        books.wait(3)
    assert [(book.bids, book.asks) for book in books.values] == [
        (((1.0, 2.0), (0.5, 4.0)), ((3.0, 1.0),)),
        (((0.5, 4.0),), ((3.0, 1.0),)),
        (((0.5, 4.0),), ((2.5, 7.0), (3.0, 1.0))),
    ]
    assert {book.timestamp for book in books.values} == {INSTANT_NS // 1_000_000}


def test_option_stream(server: Simulator) -> None:
    with OptionDataStream("demo", "SECRET", url_override=server.url_of("v1beta1/indicative")) as stream:
        trades = Recorder.of(stream.subscribe_trades("AAPL240315C00172500"))
        wait_for(lambda: len(topics(server)) == 1)
        server.push(
            "v1beta1/indicative",
            {"T": "t", "S": "AAPL240315C00172500", "p": 2.84, "s": 1, "x": "N", "c": "S", "t": INSTANT},
        )
        (seen,) = trades.wait()
    assert isinstance(seen, OptionTrade)
    assert (seen.conditions, seen.timestamp_ns) == ("S", INSTANT_NS)


def test_own_bars_agree_with_the_servers(connect: Connect, encoding: str) -> None:
    """By the letters of three tapes, with late trades, cancels and corrections."""
    with Simulator(venue="alpaca", seed=5, speed=300) as server:
        stream = connect(server.url_of("v2/sip"), encoding=encoding)
        own = stream.subscribe_trades("*").pipe(
            ops.merge(stream.register_trade_cancels(), stream.register_trade_corrections()),
            rxo.time_bars("1m", lateness="2s", corrections=True),
        )
        servers = stream.subscribe_bars("*").pipe(
            ops.merge(stream.subscribe_updated_bars("*")), rxo.revisions()
        )
        pairs: dict[tuple[str, int], Reconciliation] = {}

        def keep(result: Reconciliation) -> None:
            if result.own is not None and result.server is not None:
                pairs[result.own.symbol, result.own.start] = result

        own.pipe(rxo.reconcile(servers)).subscribe(keep)
        stream.start_stream_thread()
        wait_for(
            lambda: len(pairs) >= 50 and all(result.agrees for result in list(pairs.values())),
            message=lambda: str([result for result in pairs.values() if not result.agrees]),
        )


def test_market_of_the_simulator_is_streamed_whole(connect: Connect, transport: str, encoding: str) -> None:
    with (
        Simulator(venue="alpaca", seed=3, speed=200) as server,
        connect(server, transport=transport, encoding=encoding) as stream,
    ):
        told = statuses(stream)
        names = [name for name in CHANNELS if name != "imbalances"]
        counts = {
            name: Recorder.of(getattr(stream, f"subscribe_{name}")("*")) for name in ("trades", "quotes")
        }
        for name in names:
            getattr(stream, f"subscribe_{name}")("*")
        bars = Recorder.of(stream.subscribe_trades("*").pipe(rxo.time_bars("1m")))
        bars.wait(3)
        for recorder in counts.values():  # each was subscribed at a time of its own
            recorder.wait()
        assert stream.stats.malformed == 0
        assert not [status for status in told if isinstance(status, (Refused, Gap))]
