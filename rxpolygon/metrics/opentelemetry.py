"""Statistics as instruments of an OpenTelemetry meter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from types import TracebackType
from typing import Final, Self

from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation, get_meter_provider

from rxpolygon.errors import InvalidTypeError
from rxpolygon.metrics.clients import ClientSet, Measured
from rxpolygon.metrics.figures import FIGURES, Figure, states_of

__all__ = ["OpenTelemetryMeter"]

_SCOPE: Final = "rxpolygon"
_PREFIX: Final = "rxpolygon."
_CLIENT: Final = "rxpolygon.client"
_STATE: Final = "rxpolygon.state"


class OpenTelemetryMeter:
    """Gives the figures of clients to OpenTelemetry, as observable instruments of the meter ``rxpolygon``.

    Make one, and add clients to it as they come::

        meter = OpenTelemetryMeter(stocks, crypto)

    The figures are read whenever a reader of the provider collects, on its thread; :mod:`rxpolygon.metrics`
    lists them. Counters go on growing when a client is started anew; only a run that has counted as much by
    the next reading as the one before it had at the last, or more, is taken for the same, so read more often
    than you restart. The lag and the time of the last event are absent until there was an event.

    The API cannot take instruments back: make one object for the program's life and add clients to it. After
    :meth:`close`, or at the end of a ``with`` block, its instruments report nothing.

    Args:
        clients: Clients to measure, each under the name of its cluster; :meth:`add` gives other names. They
            are held weakly: one that nobody else holds any more is no longer measured.
        provider: Whose meter it is; the program's global one by default.

    Raises:
        InvalidArgumentError: Two clients are of the same cluster: add one under a name of its own.
        InvalidTypeError: This is no client, or no provider.
        MissingPackageError: The package opentelemetry-api is not installed (extra ``metrics``).

    Example:
        >>> from opentelemetry.sdk.metrics import MeterProvider
        >>> from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        >>> from rxpolygon import StreamClient
        >>> reader = InMemoryMetricReader()
        >>> client = StreamClient("demo")
        >>> with OpenTelemetryMeter(client, provider=MeterProvider([reader], shutdown_on_exit=False)):
        ...     data = reader.get_metrics_data()
        >>> data.resource_metrics[0].scope_metrics[0].metrics[0].name
        'rxpolygon.events'
    """

    def __init__(self, *clients: Measured, provider: MeterProvider | None = None) -> None:
        if provider is not None and not isinstance(provider, MeterProvider):
            raise InvalidTypeError("provider", provider, "a MeterProvider, or None for the global one")
        self._clients = ClientSet(*clients)
        self._growing = _Growing()
        meter = (provider or get_meter_provider()).get_meter(_SCOPE, version("rxpolygon"))
        for figure in FIGURES:
            self._observe(meter, figure)
        meter.create_observable_up_down_counter(
            f"{_PREFIX}connection.state",
            [self._states],
            description="1 for the state that the stream is in, 0 for the others.",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, client: Measured, name: str | None = None) -> None:
        """Measure another client.

        Args:
            client: It is not kept alive by this.
            name: The attribute ``rxpolygon.client``; by default the name of its cluster, or that of its class
                if it has no cluster (``StockDataStream``).

        Raises:
            InvalidArgumentError: Another client has this name.
            InvalidTypeError: This is no client, or its name no text.
        """
        self._clients.add(client, name)

    def remove(self, client: Measured) -> None:
        """Measure a client no more; nothing happens if it was not measured."""
        self._clients.remove(client)

    def close(self) -> None:
        """Measure no client any more."""
        self._clients.clear()

    def _observe(self, meter: Meter, figure: Figure) -> None:
        create = {
            "counter": meter.create_observable_counter,
            "level": meter.create_observable_up_down_counter,
            "gauge": meter.create_observable_gauge,
        }[figure.kind]
        create(_PREFIX + figure.instrument, [partial(self._read, figure)], figure.unit, figure.help)

    def _read(self, figure: Figure, options: CallbackOptions) -> Iterator[Observation]:
        for name, client in self._clients.present():
            for label, value in figure.read(client.stats):
                attributes = {_CLIENT: name}
                if figure.label is not None:
                    attributes[f"{_PREFIX}{figure.label}"] = label
                if figure.kind == "counter":
                    value = self._growing.total((figure.name, name, label), value)
                yield Observation(value, attributes)

    def _states(self, options: CallbackOptions) -> Iterator[Observation]:
        for name, client in self._clients.present():
            for state, is_present in states_of(client).items():
                yield Observation(int(is_present), {_CLIENT: name, _STATE: state})


class _Growing:
    """Totals over all runs of a client: its own counters begin at 0 with each.

    A reader that exports differences would take that for a loss.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # several readers may collect at once
        self._seen: dict[tuple[str, str, str], tuple[float, float]] = {}  # what runs before gave, the newest

    def total(self, counter: tuple[str, str, str], value: float) -> float:
        """The total, given what the present run has counted so far."""
        with self._lock:
            before, newest = self._seen.get(counter, (0, 0))
            if value < newest:
                before += newest
            self._seen[counter] = before, value
            return before + value
