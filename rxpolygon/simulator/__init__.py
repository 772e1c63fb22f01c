"""A server that speaks a vendor's protocol: a made-up market or a recording, with faults on demand.

Example:
    >>> from rxpolygon.simulator import Simulator
    >>> with Simulator(market=False) as simulator:
    ...     simulator.connections
    0
"""

from rxpolygon.simulator import faults
from rxpolygon.simulator.journal import Received
from rxpolygon.simulator.simulator import Simulator

__all__ = ["Received", "Simulator", "faults"]
