"""Push events into pipelines, and tell what an event costs there."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rxpolygon.events import Trade

__all__ = ["Push", "ignore", "price_of", "pushed", "without_gc"]

Push = Callable[[Any], object]


def ignore(_: object) -> None:
    """The observer of every pipeline."""


def price_of(event: Any) -> float:
    """The price of a trade; 0 for a quote."""
    return event.price if type(event) is Trade else 0.0


@contextmanager
def without_gc() -> Iterator[None]:
    """No garbage collection inside."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def pushed(
    frames: Sequence[bytes], decode: Callable[[bytes], Iterable[Any]], push_trade: Push, push_quote: Push
) -> float:
    """Microseconds of the thread's own time that an event of the second half of the frames is pushed.

    The frames, of as many events each, are decoded one by one, which is not counted.
    """
    seconds, count = 0.0, 0
    for number, frame in enumerate(frames):
        events = [(push_trade if type(event) is Trade else push_quote, event) for event in decode(frame)]
        start = time.thread_time()
        for push, event in events:
            push(event)
        if number >= len(frames) // 2:
            seconds += time.thread_time() - start
            count += len(events)
    return seconds / count * 1e6
