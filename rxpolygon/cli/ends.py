"""How the streams that a command follows have ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from reactivex import Observable
from reactivex.disposable import CompositeDisposable

from rxpolygon.cli.console import say
from rxpolygon.errors import RxPolygonError, SubscriptionRefusedError

__all__ = ["Ends"]


class Ends:
    """Observes streams and counts those that have ended.

    Args:
        on_over: Called when the last of them has, or when the command is to give up.
    """

    def __init__(self, on_over: Callable[[], object]) -> None:
        self._on_over = on_over
        self._left = 0  # under the lock
        self._lock = threading.Lock()
        #: What ended the last stream; None while streams go on, and when it ended well.
        self.error: Exception | None = None

    def observe(
        self,
        streams: Mapping[str, Observable[Any]],  # Any: whatever the function takes
        on_next: Callable[[Any], None],
    ) -> CompositeDisposable:
        """Subscribe streams, each under the name to tell its error with."""
        self._left = len(streams)
        observed = CompositeDisposable()
        for name, stream in streams.items():
            observed.add(stream.subscribe(on_next, partial(self._failed, name), self._completed))
        return observed

    def give_up(self, error: Exception) -> None:
        """End all streams by an error; the first one counts."""
        if self.error is None:
            self.error = error
        self._on_over()

    def _failed(self, name: str, error: Exception) -> None:
        """A stream ended by an error. The last one's is kept; a refusal before that is told."""
        if self._was_last() or not isinstance(error, RxPolygonError):
            self.give_up(error)  # what is none of ours is a bug here, which must not end in silence
        elif isinstance(error, SubscriptionRefusedError):  # any other error ends all of them
            say(f"{name}: {error}")

    def _completed(self) -> None:
        if self._was_last():
            self._on_over()

    def _was_last(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left == 0
