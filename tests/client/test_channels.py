"""The method pair of every row of the channel table, on every cluster."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator

import pytest
from reactivex import Observable

from rxpolygon import StreamClient, StreamCluster, StreamServicePrefix, events
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, WrongClusterError
from rxpolygon.events import Event
from rxpolygon.simulator import Simulator
from rxpolygon.venues.polygon.channels import CHANNELS, MARKETS, Channel
from tests.client.support import Connect, Recorder, commands, push_numbers, trade, wait_for_topics
from tests.client.wire_samples import SYMBOLS, sample
from tests.support import wait_for

# WIRE.md's table, typed anew: prefix, clusters, class of the events.
_EVERY = ("stocks", "options", "forex", "crypto", "indices", "futures")
_TABLE: dict[str, tuple[str, tuple[str, ...], type[Event]]] = {
    "stock_trades": ("T", ("stocks",), events.Trade),
    "stock_quotes": ("Q", ("stocks",), events.Quote),
    "stock_minute_aggregates": ("AM", ("stocks",), events.Aggregate),
    "stock_second_aggregates": ("A", ("stocks",), events.Aggregate),
    "stock_limit_up_limit_down": ("LULD", ("stocks",), events.LimitUpLimitDown),
    "stock_imbalances": ("NOI", ("stocks",), events.Imbalance),
    "option_trades": ("T", ("options",), events.Trade),
    "option_quotes": ("Q", ("options",), events.Quote),
    "option_minute_aggregates": ("AM", ("options",), events.Aggregate),
    "option_second_aggregates": ("A", ("options",), events.Aggregate),
    "forex_quotes": ("C", ("forex",), events.ForexQuote),
    "forex_minute_aggregates": ("CA", ("forex",), events.ForexAggregate),
    "forex_second_aggregates": ("CAS", ("forex",), events.ForexAggregate),
    "crypto_trades": ("XT", ("crypto",), events.CryptoTrade),
    "crypto_quotes": ("XQ", ("crypto",), events.CryptoQuote),
    "crypto_minute_aggregates": ("XA", ("crypto",), events.CryptoAggregate),
    "crypto_second_aggregates": ("XAS", ("crypto",), events.CryptoAggregate),
    "crypto_level2_book": ("XL2", ("crypto",), events.Level2Book),
    "index_value": ("V", ("indices",), events.IndexValue),
    "indices_minute_aggregates": ("AM", ("indices",), events.IndexAggregate),
    "indices_second_aggregates": ("A", ("indices",), events.IndexAggregate),
    "futures_trades": ("T", ("futures",), events.FuturesTrade),
    "futures_quotes": ("Q", ("futures",), events.FuturesQuote),
    "futures_minute_aggregates": ("AM", ("futures",), events.FuturesAggregate),
    "futures_second_aggregates": ("A", ("futures",), events.FuturesAggregate),
    "fair_market_value": ("FMV", _EVERY, events.FairMarketValue),
    "launchpad_value": ("LV", _EVERY, events.LaunchpadValue),
    "launchpad_minute_aggregates": ("AM", _EVERY, events.Aggregate),
}


def _pairs() -> Iterator[tuple[str, Channel]]:
    for channel in CHANNELS:
        for market in channel.markets:
            yield market, channel


def _expected_class(market: str, channel: Channel) -> type[Event]:
    # On indices and futures the launchpad's minutes come on the channel of the cluster's own minutes.
    own: dict[str, type[Event]] = {"indices": events.IndexAggregate, "futures": events.FuturesAggregate}
    if channel.name == "launchpad_minute_aggregates" and market in own:
        return own[market]
    return _TABLE[channel.name][2]


def test_channel_table_has_the_rows_of_the_wire() -> None:
    assert {channel.name: (channel.prefix, channel.markets) for channel in CHANNELS} == {
        name: row[:2] for name, row in _TABLE.items()
    }
    assert MARKETS == _EVERY


def test_client_has_a_pair_of_methods_for_each_row_and_no_others() -> None:
    names = {name for name in dir(StreamClient) if name.startswith(("subscribe_", "unsubscribe_"))}
    assert names == {f"{verb}_{name}" for name in _TABLE for verb in ("subscribe", "unsubscribe")}


@pytest.mark.parametrize("name", _TABLE)
def test_methods_have_the_signature_and_a_docstring(name: str) -> None:
    subscribe, unsubscribe = (
        getattr(StreamClient, f"{verb}_{name}") for verb in ("subscribe", "unsubscribe")
    )
    parameters = inspect.signature(subscribe).parameters
    assert list(parameters) == ["self", "symbols", "force_uppercase_symbols"]
    assert parameters["symbols"].default is None
    assert parameters["force_uppercase_symbols"].default is True
    assert list(inspect.signature(unsubscribe).parameters) == ["self", "symbols"]
    assert subscribe.__doc__
    assert unsubscribe.__doc__


@pytest.mark.parametrize("name", _TABLE)
def test_method_is_annotated_with_the_class_of_its_events(name: str) -> None:
    returned = typing.get_type_hints(getattr(StreamClient, f"subscribe_{name}"))["return"]
    assert typing.get_origin(returned) is Observable
    assert typing.get_args(returned) == (_TABLE[name][2],)


@pytest.mark.parametrize(("market", "channel"), [pytest.param(m, c, id=f"{m}-{c.name}") for m, c in _pairs()])
def test_events_of_a_channel_arrive_typed_until_unsubscribed(
    server: Simulator, connect: Connect, market: str, channel: Channel
) -> None:
    written, on_wire, spelled = SYMBOLS[market]
    client = connect(server, market)
    recorder: Recorder[Event] = Recorder.of(getattr(client, f"subscribe_{channel.name}")([written]))
    client.start_stream_thread()
    wait_for_topics(server, f"{channel.prefix}.{on_wire}")
    server.push(market, sample(market, channel.prefix, spelled))
    event = recorder.wait()[0]
    assert isinstance(event, _expected_class(market, channel))
    assert event.symbol == spelled
    assert 1_699_999_999_000 < event.timestamp < 1_700_000_200_000
    getattr(client, f"unsubscribe_{channel.name}")([written])
    assert recorder.wait_for_end() is None
    wait_for_topics(server)
    assert commands(server) == [
        ("subscribe", f"{channel.prefix}.{on_wire}"),
        ("unsubscribe", f"{channel.prefix}.{on_wire}"),
    ]


@pytest.mark.parametrize("cluster", ["futures/cme", "futures/cbot", "futures/nymex", "futures/comex"])
def test_exchange_of_futures_is_a_cluster_of_its_own(
    server: Simulator, connect: Connect, cluster: str
) -> None:
    client = connect(server, cluster)
    trades = Recorder.of(client.subscribe_futures_trades(["ESZ5"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.ESZ5")
    assert list(server.open_connections.values()) == [cluster]
    server.push(cluster, sample("futures", "T", "ESZ5"))
    assert isinstance(trades.wait()[0], events.FuturesTrade)


@pytest.mark.parametrize("cluster", list(StreamCluster))
@pytest.mark.parametrize("name", _TABLE)
def test_methods_of_another_cluster_raise(name: str, cluster: StreamCluster) -> None:
    client = StreamClient("KEY", cluster)
    if cluster.market in _TABLE[name][1]:
        getattr(client, f"subscribe_{name}")(["ANY"])
        return
    for method in (getattr(client, f"subscribe_{name}"), getattr(client, f"unsubscribe_{name}")):
        with pytest.raises(WrongClusterError, match=f"{name}.*{_TABLE[name][1][0]}"):
            method(["ANY"])


@pytest.mark.parametrize("prefix", StreamServicePrefix)
def test_prefix_enum_has_the_prefixes_of_the_table(prefix: StreamServicePrefix) -> None:
    assert prefix.value in {row[0] for row in _TABLE.values()}
    assert {name.lower() for name in StreamServicePrefix.__members__} == set(_TABLE)


def test_second_aggregates_are_apart_from_minute_aggregates(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    seconds = Recorder.of(client.subscribe_stock_second_aggregates())
    minutes = Recorder.of(client.subscribe_stock_minute_aggregates(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "A.*", "AM.AAPL")
    server.push("stocks", [sample("stocks", "AM", "AAPL"), sample("stocks", "A", "AAPL")])
    wait_for(lambda: seconds.values and minutes.values)
    client.unsubscribe_stock_second_aggregates()
    assert seconds.wait_for_end() is None
    wait_for_topics(server, "AM.AAPL")
    server.push("stocks", sample("stocks", "AM", "AAPL"))
    minutes.wait(2)
    assert [len(seconds.values), len(minutes.values)] == [1, 2]
    assert not minutes.is_over


def test_dotted_symbol_is_split_at_the_first_dot_only(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["BRK.B"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.BRK.B")
    server.push("stocks", [trade("BRK.B", 1)])
    assert trades.wait()[0].symbol == "BRK.B"
    client.unsubscribe_stock_trades(["brk.b"])
    assert trades.wait_for_end() is None
    wait_for_topics(server)


@pytest.mark.parametrize("symbols", [None, [], ["*"], "*", "all", ["AAPL", "*"], "Q.*"])
def test_every_option_contract_at_once_on_quotes_raises(symbols: list[str] | str | None) -> None:
    client = StreamClient("KEY", "options")
    with pytest.raises(InvalidArgumentError, match="by name"):
        client.subscribe_option_quotes(symbols)
    client.unsubscribe_option_quotes(symbols)


def test_more_option_contracts_on_quotes_than_allowed_raise() -> None:
    client = StreamClient("KEY", "options")
    names = [f"SPY241220P{number:08}" for number in range(1_001)]
    client.subscribe_option_quotes(names[:1_000])
    with pytest.raises(InvalidArgumentError, match="1,000"):
        client.subscribe_option_quotes(names)


@pytest.mark.parametrize("symbols", ["", " ", ["AAPL", ""], "AAPL,,MSFT", ["A B"], ["AAPL,MSFT"], "A PL"])
def test_symbol_empty_or_broken_raises_at_the_call(symbols: list[str] | str) -> None:
    client = StreamClient("KEY")
    with pytest.raises(InvalidArgumentError, match="symbol"):
        client.subscribe_stock_trades(symbols)
    with pytest.raises(InvalidArgumentError, match="symbol"):
        client.unsubscribe_stock_trades(symbols)


@pytest.mark.parametrize("symbols", [5, b"AAPL", ["AAPL", None], [["AAPL"]], True])
def test_symbols_of_another_type_raise_at_the_call(symbols: object) -> None:
    client = StreamClient("KEY")
    with pytest.raises(InvalidTypeError, match="symbols"):
        client.subscribe_stock_trades(symbols)  # type: ignore[arg-type]


def test_call_that_raised_asks_for_nothing(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    with pytest.raises(InvalidArgumentError):
        client.subscribe_stock_trades(["MSFT", ""])
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()
    assert commands(server) == [("subscribe", "T.AAPL")]
