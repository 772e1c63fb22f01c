"""A client's statistics for Prometheus and for OpenTelemetry (extra ``metrics``).

Both read :attr:`~rxpolygon.StreamClient.stats` when they are asked, on the thread that asks: the stream does
not wait for them, and they have no thread of their own. They hold clients weakly, so that a client which is
closed and forgotten takes its figures along.

======================================  ================================  ====================================
Prometheus                              OpenTelemetry                     what
======================================  ================================  ====================================
rxpolygon_events_total                  rxpolygon.events                  market events decoded
rxpolygon_frames_total                  rxpolygon.frames                  websocket messages received
rxpolygon_received_bytes_total          rxpolygon.received                their size
rxpolygon_malformed_total               rxpolygon.malformed               frames or events that were broken
rxpolygon_dropped_frames_total          rxpolygon.frames.dropped          frames given up, by ``policy``
rxpolygon_gaps_total                    rxpolygon.gaps                    gaps in the data, by ``cause``
rxpolygon_connections_total             rxpolygon.connections             connections opened, or tried to
rxpolygon_disconnects_total             rxpolygon.disconnects             ends of connections, by ``cause``
rxpolygon_reconnects_total              rxpolygon.reconnects              returns after a loss
rxpolygon_refusals_total                rxpolygon.refusals                topics that the server refused
rxpolygon_buffered_bytes                rxpolygon.buffered                what waits for observers
rxpolygon_lag_seconds                   rxpolygon.lag                     age of the newest event when it came
rxpolygon_last_event_timestamp_seconds  rxpolygon.last_event.timestamp    its own time, Unix seconds
rxpolygon_connection_state              rxpolygon.connection.state        1 for the present state, else 0
======================================  ================================  ====================================

Each has the label ``client`` (attribute ``rxpolygon.client``), the client's name among those that are
measured: its cluster (or its class, if it has none), unless another one is given. No label has more values
than there are clients, causes, policies or states; symbols are none.

Example:
    >>> from prometheus_client import CollectorRegistry, generate_latest
    >>> from rxpolygon import StreamClient
    >>> from rxpolygon.metrics import PrometheusCollector
    >>> registry = CollectorRegistry()  # or prometheus_client.REGISTRY, as usual
    >>> client = StreamClient("demo", "crypto")
    >>> registry.register(PrometheusCollector(client))
    >>> [line for line in generate_latest(registry).decode().splitlines() if "events_total{" in line]
    ['rxpolygon_events_total{client="crypto"} 0.0']
"""

# The classes need packages of the extra, each its own, so nothing is imported before it is used.
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from rxpolygon.errors import MissingPackageError
from rxpolygon.metrics.clients import Measured

if TYPE_CHECKING:
    from rxpolygon.metrics.opentelemetry import OpenTelemetryMeter
    from rxpolygon.metrics.prometheus import PrometheusCollector

__all__ = ["Measured", "OpenTelemetryMeter", "PrometheusCollector"]

_PLACES: Final = {
    "PrometheusCollector": ("prometheus", "prometheus-client"),
    "OpenTelemetryMeter": ("opentelemetry", "opentelemetry-api"),
}


if not TYPE_CHECKING:  # a type checker would take every name for an existing one

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, package = _PLACES[name]
        try:
            return getattr(import_module(f"{__name__}.{module}"), name)
        except ImportError as error:
            raise MissingPackageError(name, package, "metrics") from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
