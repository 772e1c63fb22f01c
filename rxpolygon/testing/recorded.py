"""Turn what was recorded into a marble test, as Python to paste."""

from __future__ import annotations

import inspect
import keyword
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from msgspec.structs import replace
from reactivex import Observable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.events import Event
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.recording import read_frames
from rxpolygon.replay.sources import Span
from rxpolygon.settings import cluster_from
from rxpolygon.symbols import normal_symbol, requested_symbols
from rxpolygon.testing.builders import placed
from rxpolygon.testing.drawing import Row, draw
from rxpolygon.testing.marbles import Marble, Mark
from rxpolygon.testing.marbles import Span as MarbleSpan
from rxpolygon.testing.pasting import MarbleTest, marble_test
from rxpolygon.testing.report import Legend
from rxpolygon.testing.run import MarbleError, Plan, run_plan
from rxpolygon.topics import EVERY_SYMBOL
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = ["record_marble", "to_marble"]

#: Frames that read well; the longest into which all times fit is taken.
_FRAMES_MS: Final = (60_000, 1_000, 100, 10, 1)

Pipeline = Callable[..., Observable[Any]]  # Any: a pipeline may emit anything


class _Arrival(NamedTuple):
    """An event, and when it came (Unix ms)."""

    at: int
    event: Event


def to_marble(
    events: Iterable[Event] | Mapping[str, Iterable[Event]],
    pipeline: Pipeline | None = None,
    *,
    name: str = "test_recorded_stream",
    frame: str | timedelta | None = None,
) -> str:
    """A marble test of these events, as Python to paste into a test file.

    Events arrive by their timestamps; one that is older than those before it comes with the newest of them,
    and without a timestamp likewise, as in a live stream. Each kind of event becomes a source of its own
    (``trades``, ``quotes``, ``crypto_trades``, ``minute_aggregates``, ...); events of one time in two sources
    come in the order in which the sources stand.

    Args:
        events: The events, in their order of arrival; or a mapping, if sources shall have other names. A
            source's name is that of an argument of the pipeline.
        pipeline: What is tested. It is run, and the test expects what it does now: correct that line to what
            it should do. Without a pipeline the line is left to you.
        name: The test's name.
        frame: How long a sign is; by default the longest of 1m, 1s, 100ms, 10ms and 1ms that fits. Events
            between frames come at the beginning of theirs, and keep their timestamps.

    Returns:
        A module of Python with one test.

    Raises:
        InvalidArgumentError: There are no events, more different ones than there are letters (some two
            thousand), or none has a timestamp.

    Example:
        >>> from rxpolygon.testing import to_marble, trade
        >>> print(to_marble([trade("IBM", 181.5, at=1), trade("IBM", 181.25, at=3)]))
        from rxpolygon.testing import assert_stream, trade
        <BLANKLINE>
        <BLANKLINE>
        def test_recorded_stream() -> None:
            assert_stream(
                pipeline,  # import it
                given="a-b",
                expect="---",  # what it should emit
                values={
                    "a": trade("IBM", 181.5, 100),
                    "b": trade("IBM", 181.25, 100),
                },
                epoch=1_700_146_801_000,
            )
    """
    if isinstance(events, Mapping):
        streams = {source: _by_timestamp(found) for source, found in events.items()}
    else:
        streams = _by_kind(_by_timestamp(events))
    return _test(streams, pipeline, name, frame)


def record_marble(
    path: str | os.PathLike[str],
    pipeline: Pipeline | None = None,
    *,
    start: int | datetime | str | None = None,
    end: int | datetime | str | None = None,
    symbols: str | Iterable[str] | None = None,
    cluster: StreamCluster | str = StreamCluster.STOCKS,
    by: Literal["received", "timestamp"] = "received",
    name: str = "test_recorded_stream",
    frame: str | timedelta | None = None,
) -> str:
    """A marble test of a stretch of a recording, as Python to paste into a test file.

    A failure seen live becomes a test in one step: give the moments around it. A recording may hold more
    than the pipeline takes: only what its arguments are named after (``trades``, ``quotes``, ...) is in the
    test, unless none of them is.

    Args:
        path: The recording.
        pipeline: What is tested; see :func:`to_marble`.
        start: The first time of receipt, inclusive: an aware datetime, its ISO text, or Unix ms UTC.
        end: The last one, exclusive.
        symbols: Only these, spelled as for a client.
        cluster: Which cluster it is of.
        by: Whether events come when they were received (to the millisecond), or by their timestamps as in
            :func:`to_marble`, which is easier to read where lateness does not matter.
        name: The test's name.
        frame: How long a sign is; by default the longest of 1m, 1s, 100ms, 10ms and 1ms that fits. Events
            between frames come at the beginning of theirs, and keep their timestamps.

    Returns:
        A module of Python with one test.

    Raises:
        RecordingError: The recording cannot be read up to ``end``.
        InvalidArgumentError: There are no events in that stretch, or more different ones than there are
            letters (some two thousand); or an argument has a value that is not allowed.
        InvalidTypeError: An argument has the wrong type.
    """
    if by not in ("received", "timestamp"):
        raise InvalidArgumentError("by", by, "use 'received' or 'timestamp'")
    span = Span(start, end)
    named = cluster_from(cluster)
    wanted = {normal_symbol(named.market, symbol) for symbol in requested_symbols(symbols)}
    arrivals = [
        arrival
        for arrival in _recorded(path, named, span)
        if EVERY_SYMBOL in wanted or normal_symbol(named.market, arrival.event.symbol) in wanted
    ]
    if not arrivals:
        hint = "it has no events of this cluster, of these symbols, received from start to end"
        raise InvalidArgumentError("path", os.fspath(path), hint)
    if by == "timestamp":
        arrivals = _by_timestamp(arrival.event for arrival in arrivals)
    return _test(_taken(_by_kind(arrivals), pipeline), pipeline, name, frame)


def _taken(
    streams: Mapping[str, Sequence[_Arrival]], pipeline: Pipeline | None
) -> Mapping[str, Sequence[_Arrival]]:
    """The streams that a pipeline takes by their names; one that it needs and that is not there is silent."""
    try:
        taken = {} if pipeline is None else inspect.signature(pipeline).parameters
    except (TypeError, ValueError):  # nothing that can be called, or a builtin that tells nothing
        return streams
    if not streams.keys() & taken.keys() or any(it.kind is it.VAR_KEYWORD for it in taken.values()):
        return streams
    needed = [it.name for it in taken.values() if it.default is it.empty]
    silent: dict[str, Sequence[_Arrival]] = {name: () for name in needed if name not in streams}
    return {name: found for name, found in streams.items() if name in taken} | silent


def _recorded(path: str | os.PathLike[str], cluster: StreamCluster, span: Span) -> Iterable[_Arrival]:
    codec = PolygonCodec("wss://recording", cluster, "")
    for received_ns, frame in read_frames(path):
        at = received_ns // 1_000_000
        if received_ns >= span.end_ns:
            return
        if received_ns >= span.start_ns:
            try:
                decoded: Sequence[object] = codec.decode(frame)
            except Exception:  # a frame that the live client, too, takes apart event by event
                decoded = codec.salvage(frame).events
            yield from (_Arrival(at, event) for event in decoded if isinstance(event, Event))


def _by_timestamp(events: Iterable[Event]) -> list[_Arrival]:
    if not isinstance(events, Iterable):
        raise InvalidTypeError("events", events, "market events, or a mapping of sources to theirs")
    found = list(events)
    for event in found:
        if not hasattr(event, "timestamp"):
            raise InvalidTypeError("events", event, "market events, or a mapping of sources to theirs")
    stamps = [event.timestamp for event in found if event.timestamp is not None]
    if found and not stamps:
        raise InvalidArgumentError("events", found[0], "at least one needs a timestamp")
    arrivals = []
    newest = stamps[0] if stamps else 0
    for event in found:
        newest = max(newest, event.timestamp or newest)
        arrivals.append(_Arrival(newest, event))
    return arrivals


def _by_kind(arrivals: Iterable[_Arrival]) -> dict[str, list[_Arrival]]:
    streams: dict[str, list[_Arrival]] = {}
    for arrival in arrivals:
        words = re.findall(r"[A-Z][a-z0-9]*", type(arrival.event).__name__)
        streams.setdefault("_".join(words).lower() + "s", []).append(arrival)
    return streams


def _test(
    streams: Mapping[str, Sequence[_Arrival]],
    pipeline: Pipeline | None,
    name: str,
    frame: str | timedelta | None,
) -> str:
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise InvalidArgumentError("name", name, "a name for a function, such as 'test_recorded_stream'")
    times = [arrival.at for arrivals in streams.values() for arrival in arrivals]
    if not times:
        raise InvalidArgumentError("events", [], "there are none in what was given")
    epoch = min(times)
    length = _fitting_frame(times, epoch) if frame is None else to_milliseconds("frame", frame)
    if frame is not None:
        streams = {source: _on_grid(arrivals, epoch, length) for source, arrivals in streams.items()}
    legend = _Letters(epoch)
    rows = {source: [legend.mark(arrival) for arrival in arrivals] for source, arrivals in streams.items()}
    end = (max(times) - epoch) // length * length + length
    output: list[Mark] = []
    if pipeline is not None:
        plan = _plan(rows, legend.values, length, epoch, end)
        run = run_plan(pipeline, plan)
        signs = {id(value): sign for sign, values in run.sent.items() for value in values}
        output = [
            Mark(it.at, it.sign or signs.get(id(it.value)) or legend.sign_of(it.value, it.at))
            for it in run.told
        ]
    lines = draw([*(Row(marks, end) for marks in rows.values()), Row(output, end)], length)
    error = None if pipeline is None else run.error
    return marble_test(
        MarbleTest(
            name=name,
            pipeline=pipeline,
            given=dict(zip(rows, lines, strict=False)),
            expect=lines[-1],
            values=legend.values,
            frame=length,
            epoch=epoch,
            error=error,
        )
    )


def _on_grid(arrivals: Iterable[_Arrival], epoch: int, frame: int) -> list[_Arrival]:
    return [it._replace(at=it.at - (it.at - epoch) % frame) for it in arrivals]


def _fitting_frame(times: Iterable[int], epoch: int) -> int:
    steps = math.gcd(*(at - epoch for at in times)) or 1_000
    return next(length for length in _FRAMES_MS if steps % length == 0)


def _plan(
    rows: Mapping[str, Sequence[Mark]], values: Mapping[str, object], frame: int, epoch: int, end: int
) -> Plan:
    sources = {source: (Marble(tuple(marks), end), False) for source, marks in rows.items()}
    error = MarbleError()
    return Plan(sources, len(rows) > 1, values, error, frame, epoch, MarbleSpan(0, None), end)


class _Letters:
    """Gives a letter to each event; equal ones share theirs."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._legend = Legend(())
        self.values: dict[str, object] = {}

    def mark(self, arrival: _Arrival) -> Mark:
        bare = _without_time(arrival)
        sign = self._legend.sign_of(bare, small=True)
        self.values.setdefault(sign, bare)
        return Mark(arrival.at - self._epoch, sign)

    def sign_of(self, value: object, at: float) -> str:
        """The letter of something that the pipeline emitted."""
        for sign, known in self.values.items():
            if type(known) is type(value) and placed(known, self._epoch + int(at)) == value:
                return sign
        sign = self._legend.sign_of(value)
        self.values.setdefault(sign, value)
        return sign


def _without_time(arrival: _Arrival) -> Event:
    """The event without its timestamp, if it came just then."""
    event = arrival.event
    if "timestamp" in event.__struct_fields__ and event.timestamp == arrival.at:
        return replace(event, timestamp=None)
    return event
