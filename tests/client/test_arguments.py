"""What the constructor and the start accept, and how they say no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rxpolygon import Reconnect, StreamClient, StreamCluster, StreamHost
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, RxPolygonError
from rxpolygon.simulator import Simulator
from tests.client.support import Connect, Recorder, push_numbers, wait_for_topics


@pytest.mark.parametrize("cluster", [*StreamCluster, *(c.value for c in StreamCluster), "Stocks", " crypto "])
def test_cluster_by_enum_or_name_is_accepted(cluster: StreamCluster | str) -> None:
    client = StreamClient("KEY", cluster)
    assert client.cluster == str(cluster).strip().lower()
    assert client.url == f"wss://socket.polygon.io/{client.cluster.value}"


@pytest.mark.parametrize("cluster", ["bonds", "", "stock", "futures/", "stocks/x"])
def test_cluster_unknown_raises_with_the_names_allowed(cluster: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"'stocks'.*'futures/comex'") as caught:
        StreamClient("KEY", cluster)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, RxPolygonError)


@pytest.mark.parametrize("key", ["", "   ", "\t\n"])
def test_key_empty_raises(key: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"api_key.*empty"):
        StreamClient(key)


@pytest.mark.parametrize("key", ["SECRET KEY", "SECRET\x00KEY", "SECRET\nKEY"])
def test_key_with_spaces_or_controls_raises_without_showing_it(key: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        StreamClient(key)
    assert "SECRET" not in str(caught.value)


def test_key_with_spaces_around_is_stripped(server: Simulator, connect: Connect) -> None:
    client = connect(server, api_key=" demo\n")
    client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")


def test_key_absent_raises_and_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYGON_API_KEY", raising=False)
    monkeypatch.setenv("MASSIVE_API_KEY", "")
    with pytest.raises(InvalidArgumentError, match="POLYGON_API_KEY or MASSIVE_API_KEY"):
        StreamClient()


@pytest.mark.parametrize(
    ("environment", "is_accepted"),
    [
        ({"POLYGON_API_KEY": "demo"}, True),
        ({"MASSIVE_API_KEY": "demo"}, True),
        ({"POLYGON_API_KEY": "demo", "MASSIVE_API_KEY": "wrong"}, True),
        ({"POLYGON_API_KEY": "wrong", "MASSIVE_API_KEY": "demo"}, False),
    ],
)
def test_key_from_the_environment_logs_in(
    server: Simulator,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    is_accepted: bool,
) -> None:
    for name in ("POLYGON_API_KEY", "MASSIVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = connect(server, api_key=None)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    if is_accepted:
        wait_for_topics(server, "T.AAPL")
    else:
        assert trades.wait_for_end() is not None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"api_key": 5}, "api_key"),
        ({"api_key": b"KEY"}, "api_key"),
        ({"cluster": None}, "cluster"),
        ({"cluster": 5}, "cluster"),
        ({"host": None}, "host"),
        ({"host": 5}, "host"),
        ({"host": b"localhost"}, "host"),
        ({"on_message": 5}, "on_message"),
        ({"on_close": "print"}, "on_close"),
        ({"on_error": []}, "on_error"),
        ({"enable_connection_logs": "yes"}, "enable_connection_logs"),
        ({"raw_data": 1}, "raw_data"),
        ({"transport": None}, "transport"),
        ({"reconnect": True}, "reconnect"),
        ({"reconnect": 5}, "reconnect"),
        ({"overflow": None}, "overflow"),
        ({"max_buffer": "1"}, "max_buffer"),
        ({"max_buffer": True}, "max_buffer"),
        ({"max_frame": None}, "max_frame"),
        ({"ca_certs": 5}, "ca_certs"),
    ],
)
def test_argument_of_wrong_type_raises(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidTypeError, match=f"^{named} must be") as caught:
        StreamClient(**{"api_key": "KEY", **arguments})
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"transport": "slow"}, "'auto', 'default' or 'fast'"),
        ({"overflow": "drop"}, "'block', 'drop_oldest', 'drop_newest', 'error'"),
        ({"max_buffer": 0}, "above 0"),
        ({"max_buffer": -1}, "above 0"),
        ({"max_buffer": float("nan")}, "above 0"),
        ({"max_frame": float("inf")}, "above 0"),
        ({"ca_certs": "/nowhere/certificates.pem"}, "ca_certs"),
    ],
)
def test_argument_that_is_not_allowed_raises_and_says_what_is(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        StreamClient("KEY", **arguments)


def test_ca_certs_that_is_no_certificate_raises(tmp_path: Path) -> None:
    file = tmp_path / "certificates.pem"
    file.write_text("nothing")
    with pytest.raises(InvalidArgumentError, match="ca_certs"):
        StreamClient("KEY", ca_certs=str(file))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (StreamHost.REAL_TIME, "wss://socket.polygon.io/stocks"),
        (StreamHost.MASSIVE_BUSINESS, "wss://business.massive.com/stocks"),
        ("delayed.polygon.io", "wss://delayed.polygon.io/stocks"),
        ("localhost:8443", "wss://localhost:8443/stocks"),
        ("localhost:8443/", "wss://localhost:8443/stocks"),
        ("ws://127.0.0.1:8765", "ws://127.0.0.1:8765/stocks"),
        ("ws://127.0.0.1:8765/", "ws://127.0.0.1:8765/stocks"),
        ("wss://proxy.example/polygon/", "wss://proxy.example/polygon/stocks"),
        ("WSS://proxy.example", "wss://proxy.example/stocks"),
        ("ws://[::1]:8765", "ws://[::1]:8765/stocks"),
    ],
)
def test_host_in_each_form_gives_the_url(host: StreamHost | str, url: str) -> None:
    assert StreamClient("KEY", host=host).url == url


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "http://socket.polygon.io",
        "https://x",
        "ws://",
        "wss:///x",
        "a b",
        "ws://host:port",
        "x:99999",
    ],
)
def test_host_of_another_form_raises(host: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"host.*wss:// URL"):
        StreamClient("KEY", host=host)


def test_host_with_the_cluster_raises_and_says_that_it_is_added() -> None:
    with pytest.raises(InvalidArgumentError, match="without /stocks: the cluster is added"):
        StreamClient("KEY", host="wss://socket.polygon.io/stocks")


def test_symbols_that_are_no_list_raise_instead_of_being_lost() -> None:
    client = StreamClient("KEY")
    with pytest.raises(InvalidTypeError, match=r"force_uppercase_symbols.*one list"):
        client.subscribe_stock_trades("AAPL", "MSFT")  # type: ignore[arg-type]  # as with Alpaca's


@pytest.mark.parametrize(
    "host", ["wss://user:SECRET@x.example", "ws://x.example/?apiKey=SECRET", "ws://x.example/#SECRET"]
)
def test_host_with_secrets_raises_without_showing_them(host: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        StreamClient("KEY", host=host)
    assert "SECRET" not in str(caught.value)
    assert "SECRET" not in repr(vars(caught.value))


@pytest.mark.parametrize("suffix", ["", "/"])
def test_url_with_and_without_trailing_slash_connects(
    server: Simulator, connect: Connect, transport: str, suffix: str
) -> None:
    client = connect(server.url + suffix, transport=transport)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()


def test_tls_with_ca_certs_connects(
    tls_server: Simulator, connect: Connect, transport: str, certificate: tuple[Path, Path]
) -> None:
    # A bare host means TLS.
    host = tls_server.url.removeprefix("wss://")
    client = connect(host, transport=transport, ca_certs=str(certificate[0]))
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(tls_server, "T.AAPL")
    push_numbers(tls_server, 1, 2, 3)
    assert [event.price for event in trades.wait(3)] == [10.5] * 3


def test_reconnect_policy_is_accepted() -> None:
    StreamClient("KEY", reconnect=Reconnect(attempts=3))
    StreamClient("KEY", reconnect=None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"ping_interval": -1}, InvalidArgumentError),
        ({"ping_interval": "1"}, InvalidTypeError),
        ({"ping_timeout": -0.5}, InvalidArgumentError),
        ({"ping_timeout": float("nan")}, InvalidArgumentError),
        ({"ping_timeout": None}, InvalidTypeError),
        ({"ping_payload": 5}, InvalidTypeError),
        ({"ping_payload": "x" * 126}, InvalidArgumentError),
        ({"ping_payload": "é" * 63}, InvalidArgumentError),
        ({"skip_utf8_validation": "no"}, InvalidTypeError),
    ],
)
def test_start_with_wrong_arguments_raises_and_starts_nothing(
    arguments: dict[str, Any], error: type[RxPolygonError]
) -> None:
    client = StreamClient("KEY", host="ws://127.0.0.1:1")
    with pytest.raises(error, match=next(iter(arguments))):
        client.start_stream_thread(**arguments)
    assert str(client.state) == "idle"


@pytest.mark.parametrize("timeout", [-1, "5", None, float("inf")])
def test_close_with_wrong_timeout_raises(timeout: Any) -> None:
    with pytest.raises((InvalidArgumentError, InvalidTypeError), match="timeout"):
        StreamClient("KEY").close_stream(timeout)
