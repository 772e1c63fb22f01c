"""Frames in and out. A transport owns a thread and knows nothing of what the frames say."""

from rxpolygon.transport.base import Endpoint, Listener, Loss, Ping, Transport
from rxpolygon.transport.choice import TransportName, choose_transport

__all__ = ["Endpoint", "Listener", "Loss", "Ping", "Transport", "TransportName", "choose_transport"]
