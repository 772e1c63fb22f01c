"""Streams of a client as lines on stdout, until something ends them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from reactivex import Observable
from reactivex.disposable import CompositeDisposable

from rxpolygon.cli.console import StatusLines, say
from rxpolygon.cli.lines import Lines
from rxpolygon.client import StreamClient
from rxpolygon.errors import LoginTimeoutError, SubscriptionRefusedError

__all__ = ["follow"]


def follow(
    client: StreamClient,
    streams: Mapping[str, Observable[Any]],  # Any: whatever the function makes lines of
    line_of: Callable[[Any], bytes],
    *,
    limit: int | None,
    seconds: float | None,
) -> None:
    """Run a client and write what its streams give, in the order in which it comes.

    A stream that ends by an error is told on stderr while others go on.

    Args:
        client: Not started yet.
        streams: Observables of that client, by the names to tell their errors with.
        line_of: Makes a line, with its newline, of each value.
        limit: End after so many lines.
        seconds: End after so long.

    Raises:
        RxPolygonError: The stream ended by it, or the last of several streams did; or stdout cannot be
            written.
        BrokenPipeError: Nobody reads stdout any more.
    """
    lines = Lines(limit)
    ends = _Ends(len(streams), lines)
    observed = CompositeDisposable()
    for name, stream in streams.items():
        observed.add(
            stream.subscribe(
                lambda value: lines.put(line_of(value)),
                partial(ends.failed, name),
                ends.completed,
            )
        )
    told = StatusLines(client.url, ends.give_up)
    client.status.subscribe(told.tell)
    try:
        client.start_stream_thread()
        lines.write(seconds)
        if seconds is not None and not told.was_there and ends.error is None:
            ends.give_up(LoginTimeoutError(client.url, seconds))
    except KeyboardInterrupt:
        lines.end()
        lines.write_rest()
    finally:
        # First, so that nothing waits for stdout; and so that no half of a bar is written at the close.
        lines.end()
        observed.dispose()
        client.close_stream()
    if ends.error is not None:
        raise ends.error


class _Ends:
    """Counts the streams that have ended."""

    def __init__(self, count: int, lines: Lines) -> None:
        self._left = count
        self._lines = lines
        self._lock = threading.Lock()
        #: What ended the last stream; None while streams go on, and when it ended well.
        self.error: Exception | None = None

    def failed(self, name: str, error: Exception) -> None:
        """A stream ended by an error. The last one's is kept; a refusal before that is told."""
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
        if is_last:
            self.give_up(error)
        elif isinstance(error, SubscriptionRefusedError):  # any other error ends all of them
            say(f"{name}: {error}")

    def give_up(self, error: Exception) -> None:
        """End all streams by an error."""
        self.error = error
        self._lines.end()

    def completed(self) -> None:
        """A stream ended well."""
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
        if is_last:
            self._lines.end()
