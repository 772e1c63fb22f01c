"""Market-data websockets as typed ReactiveX streams.

Example:
    >>> import rxpolygon
    >>> from reactivex import operators as ops
    >>> from rxpolygon import operators as rxo
    >>> from rxpolygon.simulator import Simulator
    >>> with Simulator(seed=1, speed=600) as server:
    ...     with rxpolygon.StreamClient("demo", host=server.url) as client:
    ...         bars = client.subscribe_stock_trades(["AAPL"]).pipe(rxo.time_bars("1m"))
    ...         bar = bars.pipe(ops.first()).run()
    >>> bar.symbol, bar.low <= bar.open <= bar.high
    ('AAPL', True)
"""

# Whoever has rxpolygon installed has its pytest plugin in all of their tests, and a command's --help
# should not wait for a stream's machinery: a name is imported when it is first used.
from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rxpolygon import (
        aio,
        alpaca,
        errors,
        events,
        frames,
        history,
        metrics,
        notebook,
        operators,
        recording,
        simulator,
        status,
        testing,
    )
    from rxpolygon.client import StreamClient
    from rxpolygon.connection.policy import Reconnect
    from rxpolygon.recording import record
    from rxpolygon.replay import ReplayClient
    from rxpolygon.venues.polygon.names import StreamCluster, StreamHost, StreamServicePrefix

    __version__: str

__all__ = [
    "Reconnect",
    "ReplayClient",
    "StreamClient",
    "StreamCluster",
    "StreamHost",
    "StreamServicePrefix",
    "aio",
    "alpaca",
    "errors",
    "events",
    "frames",
    "history",
    "metrics",
    "notebook",
    "operators",
    "record",
    "recording",
    "simulator",
    "status",
    "testing",
]

_PLACES: Final = {
    "client": ("StreamClient",),
    "connection.policy": ("Reconnect",),
    "recording": ("record",),
    "replay": ("ReplayClient",),
    "venues.polygon.names": ("StreamCluster", "StreamHost", "StreamServicePrefix"),
}
_MODULES: Final = (
    "aio",
    "alpaca",
    "errors",
    "events",
    "frames",
    "history",
    "metrics",
    "notebook",
    "operators",
    "recording",
    "simulator",
    "status",
    "testing",
)

logging.getLogger("rxpolygon").addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # a type checker would take every name for an existing one

    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")  # which makes it an attribute
        if name == "__version__":
            found: object = import_module("importlib.metadata").version(__name__)
        else:
            place = next((module for module, names in _PLACES.items() if name in names), None)
            if place is None:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
            found = getattr(import_module(f"{__name__}.{place}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
