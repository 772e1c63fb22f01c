"""What can be replayed, and the checks that every file must pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, RecordingError
from rxpolygon.events import Event
from rxpolygon.recording.lines import LATEST_NS
from rxpolygon.recording.reader import Recording

__all__ = ["Feed", "RecordingSource", "Source", "Span", "sources_from", "to_instant_ns"]

Payload = bytes | Event

_TABLES: Final = (".csv", ".csv.gz", ".csv.zst", ".parquet")
_NO_RECORDING: Final = (
    "this is no recording: give flat_file(path, cluster) of rxpolygon.history instead of a flat file's path, "
    "or table(path, cluster) of Parquet's"
)
_NS_IN_MS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Feed(Protocol):
    """A source that is being read, once."""

    @property
    def kind(self) -> type[Event] | None:
        """The class of its events; None when it gives frames."""

    @property
    def line(self) -> int | None:
        """The line of the pair that was given last; None where there are no lines."""

    @property
    def position(self) -> int:
        """How many of the source's bytes have been read."""

    def __iter__(self) -> Iterator[tuple[int, Payload]]:
        """Pairs of time, in Unix nanoseconds and never going back, and frame or event."""


@runtime_checkable
class Source(Protocol):
    """Something that can be replayed, as often as one likes."""

    @property
    def name(self) -> str:
        """How errors call it: usually a path."""

    @property
    def size(self) -> int:
        """Its bytes; 0 if that is not known."""

    def open(self) -> Feed:
        """Read it from its beginning."""


class RecordingSource:
    """A file that :func:`rxpolygon.record` wrote.

    Args:
        path: The file.

    Raises:
        RecordingError: It is not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name: Final = os.fspath(path)
        if os.path.isdir(self.name):
            raise RecordingError(self.name, None, "this is a folder: name the files in it")
        if not os.path.isfile(self.name):
            raise RecordingError(self.name, None, "there is no such file")
        if self.name.lower().endswith(_TABLES):
            raise RecordingError(self.name, None, _NO_RECORDING)

    @property
    def size(self) -> int:
        """The file's bytes on the disk."""
        return Recording(self.name).size

    def open(self) -> Feed:
        """Read the file from its beginning."""
        return _RecordingFeed(self.name)


class _RecordingFeed(Recording):
    kind: type[Event] | None = None


class Span:
    """From when to when: the end is not part of it.

    Example:
        >>> Span(None, 1_700_000_000_000).end_ns
        1700000000000000000
    """

    def __init__(self, start: datetime | int | str | None, end: datetime | int | str | None) -> None:
        self.start_ns: Final = 0 if start is None else to_instant_ns("start", start)
        # No recording has later times; the clock takes them for "never".
        self.end_ns: Final = LATEST_NS if end is None else min(to_instant_ns("end", end), LATEST_NS)
        if self.end_ns <= self.start_ns:
            raise InvalidArgumentError("end", end, "it must be later than start")


def to_instant_ns(argument: str, value: datetime | int | str) -> int:
    """Unix nanoseconds from an aware datetime, its ISO 8601 text, or Unix milliseconds.

    Raises:
        InvalidArgumentError: The text is no time, or the time zone is missing.
        InvalidTypeError: It is something else.

    Example:
        >>> to_instant_ns("start", "2023-11-14T22:13:20Z")
        1700000000000000000
    """
    if isinstance(value, bool) or not isinstance(value, (datetime, int, str)):
        raise InvalidTypeError(argument, value, "an aware datetime, its ISO 8601 text, or Unix milliseconds")
    if isinstance(value, int):
        if not 0 <= value < LATEST_NS // _NS_IN_MS:
            raise InvalidArgumentError(
                argument,
                value,
                "Unix milliseconds lie between 0 and the year 2262; of ns divide by 1_000_000",
            )
        return value * _NS_IN_MS
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise InvalidArgumentError(argument, value, "use a time such as '2024-03-01T14:30:00Z'") from None
    if instant.tzinfo is None:
        raise InvalidArgumentError(argument, value, "the time zone is missing: add one, such as 'Z' for UTC")
    return (instant - _EPOCH) // _MICROSECOND * 1_000


def sources_from(
    paths: str | os.PathLike[str] | Source | Iterable[str | os.PathLike[str] | Source],
    market: str | None = None,
) -> list[Source]:
    """What a user's ``paths`` stand for.

    Args:
        paths: One path or source, or several.
        market: Of which sources that know theirs must be; None for any.

    Raises:
        InvalidTypeError: Something in it is neither a path nor a source.
        InvalidArgumentError: There is nothing in it, or a source of another market.
        RecordingError: A file is not there.
    """
    if isinstance(paths, (str, os.PathLike, Source)):
        paths = [paths]
    elif not isinstance(paths, Iterable) or isinstance(paths, bytes):
        raise InvalidTypeError("paths", paths, "a path, a source, or several")
    sources = [_source_from(path) for path in paths]
    if not sources:
        raise InvalidArgumentError("paths", [], "at least one path or source")
    for source in sources:
        own = getattr(source, "market", None)  # not every Source knows it
        if market is not None and own is not None and own != market:
            raise InvalidArgumentError(
                "paths", source, f"it has {own}, and this replay is of {market}: replay it beside this one"
            )
    return sources


def _source_from(path: object) -> Source:
    if isinstance(path, (str, os.PathLike)):
        return RecordingSource(os.path.expanduser(os.fspath(path)))
    if isinstance(path, Source):
        return path
    raise InvalidTypeError("paths", path, "a path, a source, or several")
