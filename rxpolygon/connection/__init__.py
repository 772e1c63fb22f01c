"""The life of one connection: decided by a pure state machine, carried by threads and a bounded buffer."""

from rxpolygon.connection.buffer import FrameBuffer, Overflow
from rxpolygon.connection.carrier import Carrier, Sink
from rxpolygon.connection.machine import Machine
from rxpolygon.connection.policy import Reconnect

__all__ = ["Carrier", "FrameBuffer", "Machine", "Overflow", "Reconnect", "Sink"]
