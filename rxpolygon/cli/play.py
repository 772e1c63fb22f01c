"""Streams of a replay as lines on stdout, until something ends them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from reactivex import Observable

from rxpolygon.cli.console import say
from rxpolygon.cli.ends import Ends
from rxpolygon.cli.formats import Format
from rxpolygon.cli.lines import Lines
from rxpolygon.cli.replay_view import replay_progress
from rxpolygon.replay.streams import ReplayStreams

__all__ = ["play"]


def play(
    client: ReplayStreams,
    streams: Mapping[str, Observable[Any]],  # Any: events of whichever channel it is, or bars
    shown: Format,
    limit: int | None,
) -> None:
    """Run a replay and write what its streams give as lines.

    Args:
        client: Not started yet.
        streams: Observables of that client.
        shown: Makes a line of each value.
        limit: End after so many lines.

    Raises:
        RecordingError: A file is broken; what comes before that place has been written.
        RxPolygonError: Stdout cannot be written.
        BrokenPipeError: Nobody reads stdout any more.
        KeyboardInterrupt: A signal ended it; what came before has been written.
    """
    lines = _ReplayLines(client, shown, limit)
    ends = Ends(lines.end)
    observed = ends.observe(streams, lines.put_item)
    try:
        with replay_progress(client), _interruptible(lines):
            client.start_stream_thread()
            lines.write()
    finally:
        # In this order nothing waits for stdout, and no bar is written that the user has cut.
        lines.end()
        observed.dispose()
        client.close_stream()
    if malformed := client.stats.malformed:
        say(f"frames or events that could not be decoded, and are left out: {malformed:,}")
    if ends.error is not None:
        raise ends.error


class _ReplayLines(Lines):
    """Lines at whose limit the replay ends, so that no break after it counts."""

    def __init__(self, client: ReplayStreams, shown: Format, limit: int | None) -> None:
        super().__init__(limit, shown.heading)
        self._client = client
        self._line_of = shown.line_of
        self._missing = limit  # replay thread only

    def put_item(self, item: Struct) -> None:
        """Add the line of an event or a bar."""
        self.put(self._line_of(item))
        if self._missing is not None:
            self._missing -= 1
            if self._missing == 0:
                self._client.close_stream()


@contextmanager
def _interruptible(lines: Lines) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        lines.end()
        lines.write_rest()
        raise
