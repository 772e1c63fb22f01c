"""The OpenTelemetry meter, read by the SDK."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import Counter, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader, Metric

from rxpolygon import StreamClient
from rxpolygon.errors import InvalidTypeError
from rxpolygon.metrics import OpenTelemetryMeter
from rxpolygon.metrics.figures import FIGURES
from rxpolygon.simulator import Simulator
from tests.client.support import Recorder, push_numbers, wait_for_topics
from tests.metrics.conftest import Connect
from tests.metrics.support import is_gone, live_through
from tests.support import wait_for

Point = tuple[str, frozenset[tuple[str, object]]]


def of(name: str, client: str = "stocks", **attributes: str) -> Point:
    named = {f"rxpolygon.{key}": value for key, value in attributes.items()}
    return f"rxpolygon.{name}", frozenset({"rxpolygon.client": client, **named}.items())


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def provider(reader: InMemoryMetricReader) -> Iterator[MeterProvider]:
    provider = MeterProvider([reader], shutdown_on_exit=False)
    yield provider
    provider.shutdown()


def metrics(reader: InMemoryMetricReader) -> list[Metric]:
    data = reader.get_metrics_data()
    if data is None:
        return []
    return [
        metric
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]


def read(reader: InMemoryMetricReader) -> dict[Point, float]:
    return {
        (metric.name, frozenset((point.attributes or {}).items())): point.value  # type: ignore[union-attr]
        for metric in metrics(reader)
        for point in metric.data.data_points
    }


def wait_for_frames(client: StreamClient) -> None:
    wait_for(lambda: client.stats.frames)


def wait_for_events(client: StreamClient, count: int) -> None:
    wait_for(lambda: client.stats.events == count)


def test_a_reader_sees_what_a_live_client_did(
    reader: InMemoryMetricReader, provider: MeterProvider, server: Simulator, connect: Connect
) -> None:
    client = connect()
    OpenTelemetryMeter(client, provider=provider)
    live_through(server, client)
    wait_for(lambda: client.stats.buffered_bytes == 0)
    found, stats = read(reader), client.stats
    assert found[of("events")] == 7
    assert found[of("received")] == stats.bytes
    assert found[of("malformed")] == 1
    assert found[of("reconnects")] == 1
    assert found[of("gaps", cause="reconnect")] == 1
    assert found[of("frames.dropped", policy="block")] == 0
    assert found[of("lag")] == pytest.approx(stats.lag)
    assert found[of("connection.state", state="authenticated")] == 1
    assert found[of("connection.state", state="reconnecting")] == 0
    kinds = {metric.name: type(metric.data).__name__ for metric in metrics(reader)}
    assert kinds["rxpolygon.events"] == kinds["rxpolygon.buffered"] == "Sum"
    assert kinds["rxpolygon.lag"] == "Gauge"
    assert {name.removeprefix("rxpolygon.") for name in kinds} == {
        *(figure.instrument for figure in FIGURES),
        "connection.state",
    }


def test_counters_go_on_growing_when_a_client_starts_anew(server: Simulator, connect: Connect) -> None:
    differences = {Counter: AggregationTemporality.DELTA, ObservableCounter: AggregationTemporality.DELTA}
    reader = InMemoryMetricReader(preferred_temporality=differences)  # type: ignore[arg-type]
    provider = MeterProvider([reader], shutdown_on_exit=False)
    client = connect()
    OpenTelemetryMeter(client, provider=provider)
    gained = []
    for count in (3, 2):
        trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
        client.start_stream_thread()
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, *range(count), symbol="AAPL")
        trades.wait(count)
        wait_for_events(client, count)
        gained.append(read(reader)[of("events")])
        client.close_stream()
        wait_for_topics(server)
    assert gained == [3, 2]
    provider.shutdown()


def test_several_clients_have_an_attribute_each(
    reader: InMemoryMetricReader, provider: MeterProvider, connect: Connect
) -> None:
    stocks, spare = connect(), connect()
    meter = OpenTelemetryMeter(stocks, provider=provider)
    meter.add(spare, "spare")
    assert {of("events"), of("events", "spare")} <= read(reader).keys()
    meter.remove(spare)
    assert of("events", "spare") not in read(reader)


def test_after_the_close_nothing_is_reported(
    reader: InMemoryMetricReader, provider: MeterProvider, connect: Connect
) -> None:
    client = connect()
    with OpenTelemetryMeter(client, provider=provider):
        assert read(reader)
    assert not read(reader)


def test_a_client_that_is_forgotten_takes_its_figures_along(
    reader: InMemoryMetricReader, provider: MeterProvider, server: Simulator
) -> None:
    client = StreamClient("demo", host=server.url)
    OpenTelemetryMeter(client, provider=provider)
    with client:
        wait_for_frames(client)
        assert read(reader)
    gone = weakref.ref(client)
    del client
    wait_for(lambda: is_gone(gone))
    assert not read(reader)


@pytest.mark.parametrize("wrong", ["console", object()])
def test_what_is_no_provider_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidTypeError, match="provider must be a MeterProvider"):
        OpenTelemetryMeter(provider=wrong)  # type: ignore[arg-type]
