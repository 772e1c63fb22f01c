"""Statistics as a Prometheus collector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, StateSetMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rxpolygon.metrics.clients import ClientSet, Measured
from rxpolygon.metrics.figures import FIGURES, Figure, states_of
from rxpolygon.stats import StreamStats

__all__ = ["PrometheusCollector"]

_PREFIX: Final = "rxpolygon_"
_CLIENT: Final = "client"


class PrometheusCollector(Collector):
    """Gives the figures of clients to a Prometheus registry.

    Register one, and add clients to it as they come::

        from prometheus_client import REGISTRY, start_http_server

        collector = PrometheusCollector(stocks, crypto)
        REGISTRY.register(collector)
        start_http_server(8000)

    The figures are read whenever they are scraped, on the scraping thread; :mod:`rxpolygon.metrics` lists
    them. Counters are those of a client's present run: they begin at 0 when it is started anew, which
    ``rate`` and ``increase`` take for what it is. ``rxpolygon_lag_seconds`` and
    ``rxpolygon_last_event_timestamp_seconds`` are absent until there was an event.

    Args:
        clients: Clients to measure, each under the name of its cluster; :meth:`add` gives other names. They
            are held weakly: one that nobody else holds any more is no longer measured.

    Raises:
        InvalidArgumentError: Two clients are of the same cluster: add one under a name of its own.
        InvalidTypeError: This is no client.
        MissingPackageError: The package prometheus-client is not installed (extra ``metrics``).

    Example:
        >>> from prometheus_client import CollectorRegistry
        >>> from rxpolygon import StreamClient
        >>> client, spare = StreamClient("demo"), StreamClient("demo")
        >>> collector = PrometheusCollector(client)
        >>> collector.add(spare, "spare")
        >>> registry = CollectorRegistry()
        >>> registry.register(collector)
        >>> registry.get_sample_value("rxpolygon_events_total", {"client": "spare"})
        0
    """

    def __init__(self, *clients: Measured) -> None:
        self._clients = ClientSet(*clients)

    def add(self, client: Measured, name: str | None = None) -> None:
        """Measure another client.

        Args:
            client: It is not kept alive by this.
            name: The value of the label ``client``; by default the name of its cluster, or that of its class
                if it has no cluster (``StockDataStream``).

        Raises:
            InvalidArgumentError: Another client has this name.
            InvalidTypeError: This is no client, or its name no text.
        """
        self._clients.add(client, name)

    def remove(self, client: Measured) -> None:
        """Measure a client no more; nothing happens if it was not measured."""
        self._clients.remove(client)

    def describe(self) -> Iterator[Metric]:
        """The metrics without values, for a registry to know their names."""
        for figure in FIGURES:
            yield _family(figure)
        yield _states()

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment; a registry calls it."""
        clients = self._clients.present()
        figures = [(name, client.stats) for name, client in clients]
        for figure in FIGURES:
            yield _family(figure, figures)
        states = _states()
        for name, client in clients:
            states.add_metric([name], states_of(client))
        yield states


def _family(figure: Figure, figures: list[tuple[str, StreamStats]] | None = None) -> Metric:
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    labels = (_CLIENT,) if figure.label is None else (_CLIENT, figure.label)
    family = kind(_PREFIX + figure.name, figure.help, labels=labels)
    for name, stats in figures or ():
        for label, value in figure.read(stats):
            family.add_metric((name,) if figure.label is None else (name, label), value)
    return family


def _states() -> StateSetMetricFamily:
    text = "1 for the state that the stream is in, 0 for the others."
    return StateSetMetricFamily(_PREFIX + "connection_state", text, labels=(_CLIENT,))
