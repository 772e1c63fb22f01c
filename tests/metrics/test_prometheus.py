"""The Prometheus collector, scraped over HTTP."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics
from prometheus_client.parser import text_string_to_metric_families

import rxpolygon.metrics
from rxpolygon import ReplayClient, StreamClient
from rxpolygon.alpaca import StockDataStream
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.metrics import PrometheusCollector
from rxpolygon.metrics.figures import FIGURES
from rxpolygon.simulator import Simulator
from tests.client.support import Recorder, trade, wait_for_topics
from tests.metrics.conftest import Connect
from tests.metrics.support import is_gone, live_through
from tests.support import PATIENCE, wait_for

Sample = tuple[str, frozenset[tuple[str, str]]]
Scrape = Callable[[], dict[Sample, float]]


def of(name: str, client: str = "stocks", **labels: str) -> Sample:
    return f"rxpolygon_{name}", frozenset({"client": client, **labels}.items())


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def scrape(registry: CollectorRegistry) -> Iterator[Scrape]:
    """Reads a real endpoint of the registry, as the Prometheus server does."""
    endpoint, thread = start_http_server(0, "127.0.0.1", registry)

    def read() -> dict[Sample, float]:
        url = f"http://127.0.0.1:{endpoint.server_port}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        samples = [sample for family in families for sample in family.samples]
        found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
        assert len(found) == len(samples)
        return found

    yield read
    endpoint.shutdown()
    endpoint.server_close()
    thread.join(10)


def test_a_scrape_tells_what_a_live_client_did(
    registry: CollectorRegistry, scrape: Scrape, server: Simulator, connect: Connect
) -> None:
    client = connect()
    registry.register(PrometheusCollector(client))
    live_through(server, client)
    wait_for(lambda: client.stats.buffered_bytes == 0)
    found, stats = scrape(), client.stats
    assert found[of("events_total")] == 7
    assert found[of("frames_total")] == stats.frames
    assert found[of("received_bytes_total")] == stats.bytes
    assert found[of("malformed_total")] == 1
    assert found[of("connections_total")] == stats.connections == 2
    assert found[of("reconnects_total")] == 1
    assert found[of("gaps_total", cause="reconnect")] == 1
    assert found[of("gaps_total", cause="malformed")] == 1
    assert found[of("gaps_total", cause="dropped")] == 0
    assert sum(value for (name, _), value in found.items() if name == "rxpolygon_disconnects_total") == 1
    assert found[of("dropped_frames_total", policy="block")] == 0
    assert found[of("buffered_bytes")] == 0
    assert found[of("lag_seconds")] == pytest.approx(stats.lag)
    assert stats.last_event_time is not None
    assert found[of("last_event_timestamp_seconds")] == stats.last_event_time.timestamp()
    states = {labels: value for (name, labels), value in found.items() if name.endswith("_state")}
    assert {dict(labels)["rxpolygon_connection_state"] for labels, value in states.items() if value} == {
        "authenticated"
    }
    assert len(states) == 7


def test_figures_that_are_not_known_yet_are_absent(
    registry: CollectorRegistry, scrape: Scrape, connect: Connect
) -> None:
    registry.register(PrometheusCollector(connect()))
    found = scrape()
    assert found[of("events_total")] == 0
    assert of("lag_seconds") not in found
    assert of("last_event_timestamp_seconds") not in found


def test_drops_are_told_by_policy(
    registry: CollectorRegistry, scrape: Scrape, server: Simulator, connect: Connect
) -> None:
    client = connect(overflow="drop_newest", max_buffer=2_000)
    registry.register(PrometheusCollector(client))

    def stand_still(_: object) -> None:
        wait_for(lambda: client.stats.dropped)

    client.subscribe_stock_trades(["AAPL"]).subscribe(stand_still)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    for number in range(200):
        server.push("stocks", trade("AAPL", number))
    # All have come, and each was delivered or dropped: nothing is counted any more.
    wait_for(lambda: client.stats.events + client.stats.dropped == 200, message=lambda: str(client.stats))
    found = scrape()
    assert found[of("dropped_frames_total", policy="drop_newest")] == client.stats.dropped > 0
    assert found[of("dropped_frames_total", policy="drop_oldest")] == 0


def test_several_clients_have_a_label_each(
    registry: CollectorRegistry, scrape: Scrape, server: Simulator, connect: Connect
) -> None:
    stocks, crypto, spare = connect(), connect("crypto"), connect()
    collector = PrometheusCollector(stocks, crypto)
    collector.add(spare, "spare")
    registry.register(collector)
    trades = Recorder.of(crypto.subscribe_crypto_trades(["BTC-USD"]))
    crypto.start_stream_thread()
    wait_for_topics(server, "XT.BTC-USD")
    server.push("crypto", {"ev": "XT", "pair": "BTC-USD", "p": 1, "s": 1, "t": 1_700_000_000_000})
    trades.wait()
    wait_for(lambda: crypto.stats.events == 1)
    found = scrape()
    counts = {client: found[of("events_total", client)] for client in ("stocks", "crypto", "spare")}
    assert counts == {"stocks": 0, "crypto": 1, "spare": 0}
    collector.remove(spare)
    assert of("events_total", "spare") not in scrape()


def test_a_replay_is_measured_too(registry: CollectorRegistry, scrape: Scrape, tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text('[1700000000000000000,[{"ev":"T","sym":"AAPL","p":189.5,"s":100,"t":1700000000000}]]\n')
    replay = ReplayClient(path, "stocks", "max")
    registry.register(PrometheusCollector(replay))
    replay.run()
    found = scrape()
    assert found[of("events_total")] == 1
    assert found[of("connection_state", rxpolygon_connection_state="closed")] == 1


def test_a_stream_of_the_other_venue_goes_by_its_class(registry: CollectorRegistry, scrape: Scrape) -> None:
    with Simulator(venue="alpaca", market=False) as alpaca:
        stream = StockDataStream("demo", "secret", url_override=alpaca.url)
        registry.register(PrometheusCollector(stream))
        with stream:
            wait_for(lambda: stream.stats.frames)
            assert scrape()[of("connections_total", "StockDataStream")] == 1


def test_a_client_that_is_forgotten_takes_its_figures_along(
    registry: CollectorRegistry, scrape: Scrape, server: Simulator
) -> None:
    client = StreamClient("demo", host=server.url)
    collector = PrometheusCollector(client)
    registry.register(collector)
    Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    assert of("events_total") in scrape()
    client.close_stream()
    gone = weakref.ref(client)
    del client
    wait_for(lambda: is_gone(gone))
    assert not any(name.startswith("rxpolygon_") for name, _ in scrape())
    collector.add(StreamClient("demo"))  # the name is free again


def test_no_label_depends_on_the_data(
    registry: CollectorRegistry, server: Simulator, connect: Connect
) -> None:
    client = connect()
    collector = PrometheusCollector(client)
    before = {sample[:2] for sample in samples(collector)}
    trades = Recorder.of(client.subscribe_stock_trades())
    client.start_stream_thread()
    wait_for_topics(server, "T.*")
    server.push("stocks", [trade(f"S{number}") for number in range(500)])
    trades.wait(500)
    wait_for(lambda: client.stats.events == 500)
    after = {sample[:2] for sample in samples(collector)}
    assert {name for name, _ in after - before} == {
        "rxpolygon_lag_seconds",
        "rxpolygon_last_event_timestamp_seconds",
    }


def samples(collector: PrometheusCollector) -> list[tuple[str, frozenset[tuple[str, str]], float]]:
    return [
        (sample.name, frozenset(sample.labels.items()), sample.value)
        for family in collector.collect()
        for sample in family.samples
    ]


def test_names_follow_the_conventions() -> None:
    for figure in FIGURES:
        unit = {"By": "bytes", "s": "seconds"}.get(figure.unit, "")
        assert figure.name.endswith(unit)
        assert not figure.name.endswith("_total")
        assert figure.help.endswith(".")


def test_the_stricter_format_takes_them_too(registry: CollectorRegistry, connect: Connect) -> None:
    registry.register(PrometheusCollector(connect()))
    text = open_metrics(registry)  # type: ignore[no-untyped-call]
    assert b"# TYPE rxpolygon_connection_state stateset" in text


def test_a_registry_knows_the_names_before_there_is_a_client(registry: CollectorRegistry) -> None:
    registry.register(PrometheusCollector())
    with pytest.raises(ValueError, match="rxpolygon_events"):
        registry.register(PrometheusCollector())


def test_two_clients_of_one_name_are_refused(connect: Connect) -> None:
    with pytest.raises(InvalidArgumentError, match="name='stocks' is not allowed: another client"):
        PrometheusCollector(connect(), connect())


def test_a_client_may_be_added_twice(connect: Connect) -> None:
    client = connect()
    collector = PrometheusCollector(client)
    collector.add(client)
    assert len([it for it in samples(collector) if it[0] == "rxpolygon_events_total"]) == 1


@pytest.mark.parametrize("wrong", [None, "stocks", object()])
def test_what_is_no_client_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidTypeError, match="client must be a client such as StreamClient"):
        PrometheusCollector(wrong)  # type: ignore[arg-type]


def test_a_name_that_is_no_text_is_refused(connect: Connect) -> None:
    with pytest.raises(InvalidTypeError, match="name must be text"):
        PrometheusCollector().add(connect(), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("package", "name", "told"),
    [
        ("prometheus_client", "PrometheusCollector", "prometheus-client"),
        ("opentelemetry", "OpenTelemetryMeter", "opentelemetry-api"),
    ],
)
def test_a_missing_package_is_told_with_its_extra(package: str, name: str, told: str) -> None:
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import rxpolygon.metrics\n"
        "try:\n"
        f"    rxpolygon.metrics.{name}\n"
        "except rxpolygon.errors.MissingPackageError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert f"needs the package {told!r}: install it with  pip install 'rxpolygon[metrics]'" in done.stdout


def test_the_table_of_the_documentation_is_that_of_the_code() -> None:
    rows = re.findall(
        r"^(rxpolygon_\w+) +rxpolygon\.([\w.]+) ", rxpolygon.metrics.__doc__ or "", re.MULTILINE
    )
    suffixes = {"counter": "_total"}
    expected = {f"rxpolygon_{it.name}{suffixes.get(it.kind, '')}": it.instrument for it in FIGURES} | {
        "rxpolygon_connection_state": "connection.state"
    }
    assert dict(rows) == expected
