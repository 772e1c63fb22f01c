"""Delivery of the wire's own dicts, for ``raw_data=True``."""

from __future__ import annotations

from typing import Any

from rxpolygon.delivery import Delivery
from rxpolygon.venues.dialect import Broken

__all__ = ["RawDelivery"]


class RawDelivery(Delivery):
    """Hands observers dicts with the wire's names, by the same routes as typed events."""

    def _deliver_to_all(self, frames: list[bytes]) -> tuple[int, int | None]:
        count = 0
        stamp: int | None = None
        for frame in frames:
            if self._is_muted:
                self._muted_frames += 1
                continue
            self._messages.emit(frame)
            self._handlers.on_frame(frame)
            split = self._decoder.split(frame)
            for item in split.parts:
                if self._is_muted:
                    break
                if isinstance(item, Broken):
                    self._tell_malformed(item)
                elif self._deliver(item):
                    count += 1
                    stamp = self._timestamp_of(item) or stamp
        return count, stamp

    _route_frames = _deliver_to_all

    def _deliver(self, item: dict[str, Any]) -> bool:  # Any: what the wire may hold
        label = self._decoder.label(item)
        if label is None:
            return False
        # With raw_data=True the Observables carry dicts, which their static types cannot say.
        event: Any = item
        if label.event is not None and self._gaps.is_waiting:
            self._gaps.end(label.event, event)
        self._events.emit(event)
        self._handlers.on_event(event)
        if label.event is not None:
            self._route_to(label.event, label.symbol, event)
        return True

    def _timestamp_of(self, event: Any) -> int | None:
        label = self._decoder.label(event)
        return None if label is None else label.timestamp
