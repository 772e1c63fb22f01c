"""Streams of a replay as lines on stdout, until something ends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from reactivex import Observable

from rxpolygon.alpaca import CryptoReplayStream, OptionReplayStream, StockReplayStream
from rxpolygon.cli.console import say
from rxpolygon.cli.ends import Ends
from rxpolygon.cli.feeds import no_such_venue
from rxpolygon.cli.formats import Format, event_format
from rxpolygon.cli.lines import Lines
from rxpolygon.cli.menus import AlpacaMenu, Menu, PolygonMenu, alpaca_market
from rxpolygon.cli.options import ALL, instant_from, speed_from, symbols_from
from rxpolygon.cli.replay_view import replay_progress
from rxpolygon.errors import UsageError
from rxpolygon.operators import Bar
from rxpolygon.replay import ReplayClient
from rxpolygon.replay.streams import ReplayStreams

__all__ = ["Played", "play", "replay_lines"]


_ALPACA: Final[dict[str, Callable[..., ReplayStreams]]] = {
    "stocks": StockReplayStream,
    "crypto": CryptoReplayStream,
    "options": OptionReplayStream,
}


class Played(Struct, frozen=True):
    """What the options say of a replay.

    Attributes:
        venue: Whose data it is.
        cluster: The cluster, or the market.
        paths: The files.
        speed: How many times as fast as it was, or ``max``.
        start: Where to begin.
        end: Where to end.
        channel: The channels.
        symbols: The symbols; None for all.
        bars: A length, to make bars of.
    """

    venue: str
    cluster: str
    paths: tuple[Path, ...]
    speed: str
    start: str | None
    end: str | None
    channel: str
    symbols: str | None
    bars: str | None


def replay_lines(asked: Played, *, json: bool, csv: bool, limit: int | None) -> None:
    """Replay what is asked for, and write it as lines.

    Args:
        asked: What the options say.
        json: Whether ``--json`` was given.
        csv: Whether ``--csv`` was given.
        limit: End after so many lines.

    Raises:
        UsageError: An option is wrong.
        RxPolygonError: As for :func:`play`.
    """
    client, menu = _recorded(asked)
    wanted = symbols_from(asked.symbols)
    kinds = menu.kinds(asked.channel) if asked.bars is None else [Bar]
    shown = event_format(kinds, json=json, csv=csv)
    if asked.bars is None:
        streams = menu.streams(asked.channel, wanted)
    elif asked.channel != ALL:
        raise UsageError("--bars takes its prices from the cluster's own channel: leave out --channel")
    else:
        streams = {"bars": menu.bars(asked.bars, wanted)}
    play(client, streams, shown, limit)


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
        lines.write_rest()
        raise


def _recorded(asked: Played) -> tuple[ReplayStreams, Menu]:
    """A replay, and the streams that it offers."""
    paths, speed = list(asked.paths), speed_from(asked.speed)
    start, end = instant_from(asked.start), instant_from(asked.end)
    match asked.venue:
        case "polygon":
            client = ReplayClient(paths, asked.cluster, speed, start=start, end=end)
            return client, PolygonMenu(client, client.cluster.market)
        case "alpaca":
            market = alpaca_market(asked.cluster)
            stream = _ALPACA[market](paths, speed, start=start, end=end)
            return stream, AlpacaMenu(stream, market)
        case _:
            raise no_such_venue(asked.venue)
