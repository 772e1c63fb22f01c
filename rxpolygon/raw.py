"""Delivery of the wire's own dicts, for ``raw_data=True``."""

from __future__ import annotations

import math
from typing import Any

from rxpolygon.delivery import Delivery
from rxpolygon.events import Event, ServerBar, to_milliseconds
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

    def _deliver(self, item: dict[str, Any]) -> bool:  # Any: what JSON may hold
        key = self._decoder.raw_keys.get(item.get("ev", ""))
        if item.get("ev") == "status":
            return False
        # With raw_data=True the Observables carry dicts, which their static types cannot say.
        event: Any = item
        if key is not None and self._gaps.is_waiting:
            self._gaps.end(key[0], event)
        self._events.emit(event)
        self._handlers.on_event(event)
        if key is not None:
            kind, letter = key
            self._route_to(kind, str(item.get(letter, "")), event)
        return True

    def _timestamp_of(self, event: Any) -> int | None:
        kind, _ = self._decoder.raw_keys.get(event["ev"], (Event, ""))
        # Of a bar it is the start, s; of a trade that is the size.
        stamp = event.get("s" if issubclass(kind, ServerBar) else "t")
        is_number = isinstance(stamp, (int, float)) and math.isfinite(stamp)
        return to_milliseconds(int(stamp)) if is_number else None
