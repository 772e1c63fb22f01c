"""What is measured: one table, from which both kinds of metrics are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, get_args

from msgspec import Struct

from rxpolygon.connection.buffer import OVERFLOW_POLICIES
from rxpolygon.connection.causes import Cause
from rxpolygon.metrics.clients import Measured
from rxpolygon.stats import StreamStats
from rxpolygon.status import State

__all__ = ["FIGURES", "Figure", "states_of"]

# Shown as 0 before they first happen, so that a rate over time sees the first one too.
_DISCONNECT_CAUSES: Final = (*get_args(Cause), "closed")
_GAP_CAUSES: Final = ("reconnect", "dropped", "malformed", "resubscribed")

Values = Iterable[tuple[str, float]]


class Figure(Struct, frozen=True):
    """Something that is measured of a client.

    Attributes:
        name: Its name for Prometheus, without the prefix and a counter's ``_total``; it ends in the unit.
        instrument: Its name for OpenTelemetry, without the prefix and the unit.
        kind: ``counter`` only grows within a run, ``level`` goes up and down and can be summed over clients,
            ``gauge`` cannot.
        unit: By the UCUM, as OpenTelemetry has units.
        help: What it is.
        read: Its values, each with its label's value; none where it is not known.
        label: The name of that label; None where there is just one value, under an empty text.
    """

    name: str
    instrument: str
    kind: Literal["counter", "level", "gauge"]
    unit: str
    help: str
    read: Callable[[StreamStats], Values]
    label: str | None = None


def states_of(client: Measured) -> dict[str, bool]:
    """Every state a client can be in, and whether it is in it."""
    present = type(client.state)
    return {kind.__name__.lower(): kind is present for kind in State.__subclasses__()}


def _one(read: Callable[[StreamStats], float | None]) -> Callable[[StreamStats], Values]:
    def values(stats: StreamStats) -> Values:
        value = read(stats)
        return () if value is None else (("", value),)

    return values


def _each(
    read: Callable[[StreamStats], Mapping[str, int]], known: Iterable[str]
) -> Callable[[StreamStats], Values]:
    zeros = dict.fromkeys(known, 0)
    return lambda stats: {**zeros, **read(stats)}.items()


def _last_event(stats: StreamStats) -> float | None:
    return None if stats.last_event_time is None else stats.last_event_time.timestamp()


FIGURES: Final = (
    Figure("events", "events", "counter", "{event}", "Market events decoded.", _one(lambda it: it.events)),
    Figure(
        "frames", "frames", "counter", "{frame}", "Websocket messages received.", _one(lambda it: it.frames)
    ),
    Figure(
        "received_bytes",
        "received",
        "counter",
        "By",
        "Size of the websocket messages received.",
        _one(lambda it: it.bytes),
    ),
    Figure(
        "malformed",
        "malformed",
        "counter",
        "{error}",
        "Frames or events that could not be decoded.",
        _one(lambda it: it.malformed),
    ),
    Figure(
        "dropped_frames",
        "frames.dropped",
        "counter",
        "{frame}",
        "Frames given up because observers are too slow, by the overflow policy.",
        _each(lambda it: {it.overflow: it.dropped}, OVERFLOW_POLICIES),
        "policy",
    ),
    Figure(
        "gaps",
        "gaps",
        "counter",
        "{gap}",
        "Gaps in a channel's data, by their cause.",
        _each(lambda it: it.gaps_by_cause, _GAP_CAUSES),
        "cause",
    ),
    Figure(
        "connections",
        "connections",
        "counter",
        "{connection}",
        "Connections opened, failed attempts included.",
        _one(lambda it: it.connections),
    ),
    Figure(
        "disconnects",
        "disconnects",
        "counter",
        "{disconnect}",
        "Ends of connections, by their cause.",
        _each(lambda it: it.disconnects, _DISCONNECT_CAUSES),
        "cause",
    ),
    Figure(
        "reconnects",
        "reconnects",
        "counter",
        "{reconnect}",
        "Returns to the server after a loss, begun.",
        _one(lambda it: it.reconnects),
    ),
    Figure(
        "refusals",
        "refusals",
        "counter",
        "{topic}",
        "Topics that the server refused.",
        _one(lambda it: it.refused),
    ),
    Figure(
        "buffered_bytes",
        "buffered",
        "level",
        "By",
        "What waits for observers.",
        _one(lambda it: it.buffered_bytes),
    ),
    Figure(
        "lag_seconds",
        "lag",
        "gauge",
        "s",
        "Time from the newest event's own time to its delivery.",
        _one(lambda it: it.lag),
    ),
    Figure(
        "last_event_timestamp_seconds",
        "last_event.timestamp",
        "gauge",
        "s",
        "The newest event's own time, since the epoch.",
        _one(_last_event),
    ),
)
