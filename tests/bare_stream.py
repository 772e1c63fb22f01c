"""The way from frames to observers, without a connection and without threads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rxpolygon.delivery import Delivery
from rxpolygon.errors import RxPolygonError
from rxpolygon.events import Event
from rxpolygon.fan import Fan, FrameFan, StatusFan
from rxpolygon.router import Router
from rxpolygon.status import Status
from rxpolygon.subscriber import Interest, KeyedObservable
from rxpolygon.topics import Topic
from rxpolygon.venues.polygon.channels import event_types
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = ["BareStream"]


class _NoHandlers:
    wants_frames = False

    def on_frame(self, frame: bytes) -> None: ...

    def on_event(self, event: object) -> None: ...

    def on_status(self, status: Status) -> None: ...

    def on_end(self, error: RxPolygonError | None) -> None: ...


class BareStream:
    """What a client of the stocks cluster does with frames, once they are read."""

    def __init__(self) -> None:
        self.router = Router(event_types("stocks"), str, lambda topics: None)
        codec = PolygonCodec("ws://x", StreamCluster.STOCKS, "k")
        self._delivery = Delivery(codec, self.router, Fan[Event](), FrameFan(), StatusFan(), _NoHandlers())

    def observable(self, prefixes: str, symbols: Iterable[str]) -> KeyedObservable[Any]:
        """The events of channels of one letter; ``*`` is every symbol."""
        topics = [Topic(prefix, symbol) for prefix in prefixes for symbol in symbols]
        return KeyedObservable(self.router, Interest(topics))

    def send(self, frames: list[bytes]) -> None:
        self._delivery.frames(frames)
