"""What the constructors take, and how they say no."""

from __future__ import annotations

import inspect
import re
import warnings
from typing import Any

import pytest

from rxpolygon import alpaca
from rxpolygon.alpaca import (
    CryptoDataStream,
    CryptoFeed,
    DataFeed,
    OptionDataStream,
    OptionsFeed,
    StockDataStream,
)
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.simulator import Simulator
from tests.alpaca.support import Connect, wait_for_topics

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports a part of websockets that is deprecated
    from alpaca.data import enums as vendor_enums
    from alpaca.data import live as vendor

HOST = "wss://stream.data.alpaca.markets"


@pytest.mark.parametrize(
    ("feed", "path"),
    [
        (DataFeed.IEX, "/v2/iex"),
        ("SIP", "/v2/sip"),
        ("delayed_sip", "/v2/delayed_sip"),
        (vendor_enums.DataFeed.OTC, "/v2/otc"),
        (DataFeed.BOATS, "/v1beta1/boats"),
        (DataFeed.OVERNIGHT, "/v1beta1/overnight"),
    ],
)
def test_feed_is_a_path(feed: Any, path: str) -> None:
    assert StockDataStream("k", "s", feed=feed).url == HOST + path


def test_other_streams_have_their_own_paths() -> None:
    assert StockDataStream("k", "s").url == f"{HOST}/v2/iex"
    assert CryptoDataStream("k", "s").url == f"{HOST}/v1beta3/crypto/us"
    assert OptionDataStream("k", "s").url == f"{HOST}/v1beta1/indicative"
    assert OptionDataStream("k", "s", feed="opra").url == f"{HOST}/v1beta1/opra"
    assert (
        StockDataStream("k", "s", url_override="ws://127.0.0.1:1/v2/test?x=1").url
        == "ws://127.0.0.1:1/v2/test?x=1"
    )


def test_simulator_serves_every_feed(server: Simulator) -> None:
    for feed in (*DataFeed, *CryptoFeed, *OptionsFeed):
        assert server.url_of(feed.path.strip("/")).endswith(feed.path)


def test_test_stream_is_named_where_it_is_one_of_the_market() -> None:
    with pytest.raises(InvalidArgumentError, match=r"'iex'.*v2/test"):
        StockDataStream("k", "s", feed="nasdaq")
    with pytest.raises(InvalidArgumentError, match=r"use one of 'us'$"):
        CryptoDataStream("k", "s", feed="eu")


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", "ENVKEY")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "ENVSECRET")
    StockDataStream()
    monkeypatch.setenv("APCA_API_SECRET_KEY", " ")
    with pytest.raises(InvalidArgumentError, match="APCA_API_SECRET_KEY"):
        StockDataStream()
    monkeypatch.delenv("APCA_API_SECRET_KEY")
    with pytest.raises(InvalidArgumentError, match="APCA_API_SECRET_KEY"):
        StockDataStream()
    monkeypatch.delenv("APCA_API_KEY_ID")
    with pytest.raises(InvalidArgumentError, match="APCA_API_KEY_ID"):
        StockDataStream()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"api_key": ""}, InvalidArgumentError, "api_key"),
        ({"secret_key": "a b"}, InvalidArgumentError, "<hidden>"),
        ({"secret_key": 7}, InvalidTypeError, "secret_key"),
        ({"feed": 7}, InvalidTypeError, "DataFeed"),
        ({"encoding": "xml"}, InvalidArgumentError, "'msgpack', 'json'"),
        ({"url_override": "http://x"}, InvalidArgumentError, "url_override"),
        ({"url_override": "wss://user:pass@x/v2/iex"}, InvalidArgumentError, "<hidden>"),
        ({"url_override": 7}, InvalidTypeError, "url_override"),
        ({"raw_data": "yes"}, InvalidTypeError, "raw_data"),
        ({"transport": "quick"}, InvalidArgumentError, "transport"),
        ({"overflow": "forget"}, InvalidArgumentError, "overflow"),
        ({"max_buffer": 0}, InvalidArgumentError, "max_buffer"),
        ({"max_frame": -1}, InvalidArgumentError, "max_frame"),
        ({"reconnect": 5}, InvalidTypeError, "reconnect"),
        ({"data_timeout": 0}, InvalidArgumentError, "data_timeout"),
        ({"data_timeout": {"stock_trades": 5}}, InvalidArgumentError, "'trades'"),
        ({"ca_certs": "/nowhere.pem"}, InvalidArgumentError, "ca_certs"),
        ({"on_error": 7}, InvalidTypeError, "on_error"),
        ({"websocket_params": 7}, InvalidTypeError, "websocket_params"),
        (
            {"websocket_params": {"origin": "x", "ping_interval": 1}},
            InvalidArgumentError,
            "origin.*ping_interval",
        ),
        ({"websocket_params": {"compression": "deflate"}}, InvalidArgumentError, "compression"),
        ({"websocket_params": {"ping_timeout": -1}}, InvalidArgumentError, "ping_timeout"),
        ({"websocket_params": {"max_queue": 1.5}}, InvalidTypeError, "max_queue"),
        ({"websocket_params": {"additional_headers": 7}}, InvalidTypeError, "additional_headers"),
        ({"data_timeout": {"trade_cancels": 5}}, InvalidArgumentError, "'daily_bars'"),
        ({"websocket_params": {"extra_headers": {"A": "b\r\nC: d"}}}, InvalidArgumentError, "control"),
        ({"websocket_params": {"extra_headers": {"A B": "c"}}}, InvalidArgumentError, "names of headers"),
        ({"websocket_params": {"extra_headers": {"": "c"}}}, InvalidArgumentError, "names of headers"),
    ],
    ids=str,
)
def test_wrong_argument_is_named(options: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments = {"api_key": "KEYID", "secret_key": "SECRET", **options}
    with pytest.raises(error) as caught:
        StockDataStream(**arguments)
    assert re.search(words, str(caught.value)), str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_parameters_of_the_websocket_are_honoured(
    server: Simulator, connect: Connect, transport: str
) -> None:
    params = {
        "ping_interval": None,
        "ping_timeout": None,
        "max_queue": None,
        "max_size": 2**20,
        "open_timeout": 5,
        "compression": None,
        # A login by headers: the server then answers 403 to that by message, which is ignored.
        "extra_headers": {"APCA-API-KEY-ID": "demo"},
        "additional_headers": [("APCA-API-SECRET-KEY", "x")],
    }
    stream = connect(server, websocket_params=params, transport=transport)
    stream.subscribe_trades("AAPL")
    stream.start_stream_thread()
    wait_for_topics(server, "trades.AAPL")


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        (StockDataStream, vendor.StockDataStream),
        (CryptoDataStream, vendor.CryptoDataStream),
        (OptionDataStream, vendor.OptionDataStream),
    ],
)
def test_every_public_method_and_argument_of_the_vendors_class_is_here(own: type, theirs: type) -> None:
    public = {name for name in dir(theirs) if not name.startswith("_")}
    assert public <= set(dir(own))
    mine = list(inspect.signature(own).parameters.values())
    vendors = list(inspect.signature(theirs).parameters.values())
    positional = [p.name for p in vendors if p.name != "data_timeout"]
    assert [p.name for p in mine[: len(positional)]] == positional
    assert "data_timeout" in {p.name for p in mine}


def test_everything_that_is_listed_exists_and_is_documented() -> None:
    for name in alpaca.__all__:
        assert (getattr(alpaca, name).__doc__ or "").strip(), name
    for kind in (StockDataStream, CryptoDataStream, OptionDataStream):
        for name, member in inspect.getmembers(kind):
            if not name.startswith("_"):
                assert (inspect.getdoc(member) or "").strip(), name
