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

import logging
from importlib.metadata import version

from rxpolygon import errors, events, status
from rxpolygon.client import StreamClient
from rxpolygon.connection.policy import Reconnect
from rxpolygon.recording import record
from rxpolygon.replay import ReplayClient
from rxpolygon.venues.polygon.names import StreamCluster, StreamHost, StreamServicePrefix

__all__ = [
    "Reconnect",
    "ReplayClient",
    "StreamClient",
    "StreamCluster",
    "StreamHost",
    "StreamServicePrefix",
    "errors",
    "events",
    "record",
    "status",
]

__version__ = version("rxpolygon")

logging.getLogger("rxpolygon").addHandler(logging.NullHandler())
