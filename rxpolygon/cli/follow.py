"""Streams of a client as lines on stdout, until something ends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactivex import Observable

from rxpolygon.cli.console import StatusLines
from rxpolygon.cli.ends import Ends
from rxpolygon.cli.formats import Format
from rxpolygon.cli.lines import Lines
from rxpolygon.live import LiveStreams

__all__ = ["follow"]


def follow(
    client: LiveStreams,
    streams: Mapping[str, Observable[Any]],  # Any: whatever the function makes lines of
    shown: Format,
    *,
    limit: int | None,
    seconds: float | None,
) -> None:
    """Run a client and write what its streams give, in the order in which it comes.

    A stream that ends by an error is told on stderr while others go on.

    Args:
        client: Not started yet.
        streams: Observables of that client, by the names to tell their errors with.
        shown: Makes a line of each value.
        limit: End after so many lines.
        seconds: End after so long.

    Raises:
        RxPolygonError: The stream ended by it, or the last of several streams did; or stdout cannot be
            written.
        BrokenPipeError: Nobody reads stdout any more.
        KeyboardInterrupt: A signal ended it; what came before has been written.
    """
    lines = Lines(limit, shown.heading)
    ends = Ends(lines.end)

    def put(value: Any) -> None:  # Any: as said
        lines.put(shown.line_of(value))

    observed = ends.observe(streams, put)
    told = StatusLines(client.url, ends.give_up)
    client.status.subscribe(told.tell)
    try:
        client.start_stream_thread()
        lines.write(seconds)
    except KeyboardInterrupt:
        lines.write_rest()
        raise
    finally:
        # First, so that nothing waits for stdout; and so that no half of a bar is written at the close.
        lines.end()
        observed.dispose()
        client.close_stream()
    if seconds is not None:
        told.end_after(seconds)
    if ends.error is not None:
        raise ends.error
