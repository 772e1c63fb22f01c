"""Frames of a client on their way to files, until something ends them."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from reactivex import Observable

from rxpolygon.cli.board import Meter
from rxpolygon.cli.console import StatusLines, say
from rxpolygon.cli.ends import Ends
from rxpolygon.cli.record_view import recording_progress, summary_text
from rxpolygon.errors import RxPolygonError, UsageError
from rxpolygon.live import LiveStreams
from rxpolygon.recording import Recorder, record

__all__ = ["keep"]

_REDRAW: Final = 0.25  # seconds between two looks at the figures


def keep(
    client: LiveStreams,
    streams: Mapping[str, Observable[Any]],  # Any: the events of whichever channel it is
    path: Path,
    *,
    seconds: float | None,
    rotate_size: int | None,
    rotate_daily: bool,
) -> None:
    """Run a client, record what it receives, and tell what there was at the end.

    Where the server let nobody in, or sent nothing yet, there is nothing to keep, and no file stays.

    Args:
        client: Not started yet.
        streams: Observables of that client, for the server to send them.
        path: The file.
        seconds: End after so long.
        rotate_size: Bytes on the disk after which the next file begins.
        rotate_daily: Whether each day gets a file.

    Raises:
        RxPolygonError: The stream ended by it, or the files cannot be written.
        KeyboardInterrupt: A signal ended it; what came before is in the files.
    """
    over = threading.Event()
    recorder = _recorder(client, path, over, rotate_size, rotate_daily=rotate_daily)
    ends = Ends(over.set)
    told = StatusLines(client.url, ends.give_up)
    observed = ends.observe(streams, lambda _: None)
    client.status.subscribe(told.tell)
    interrupt: KeyboardInterrupt | None = None
    try:
        client.start_stream_thread()
        _watch(recorder, over, seconds)
    except KeyboardInterrupt as end:
        interrupt = end
    finally:
        recorder.close()
        observed.dispose()
        client.close_stream()
        has_any = told.was_there and recorder.stats.frames > 0
        if not has_any:
            _remove(recorder.stats.files)
    if seconds is not None and interrupt is None:
        told.end_after(seconds)
    _conclude(recorder, path, ends.error, has_any=has_any)
    if interrupt is not None:
        raise interrupt


def _recorder(
    client: LiveStreams, path: Path, over: threading.Event, rotate_size: int | None, *, rotate_daily: bool
) -> Recorder:
    try:
        if path.expanduser().is_dir():
            raise UsageError(f"{path} is a folder: name a file in it, such as {path / 'day.jsonl.gz'}")
        return record(
            client,
            path,
            rotate_size=rotate_size,
            rotate_daily=rotate_daily,
            on_error=lambda _: over.set(),
        )
    except OSError as error:
        raise RxPolygonError(f"cannot record to {path}: {_reason(error)}") from error


def _watch(recorder: Recorder, over: threading.Event, seconds: float | None) -> None:
    """Show how the recording goes until it is over, or for so long."""
    meter = Meter()
    with recording_progress(seconds) as show:
        while True:
            rest = _REDRAW if seconds is None else min(_REDRAW, seconds - meter.elapsed)
            if rest <= 0 or over.wait(rest):
                return
            show(recorder.stats)


def _conclude(recorder: Recorder, path: Path, error: Exception | None, *, has_any: bool) -> None:
    summary = summary_text(recorder.stats)
    if recorder.error is not None:
        raise RxPolygonError(f"cannot record to {path}: {_reason(recorder.error)} ({summary})")
    if has_any:
        say(f"recorded {summary}")
    elif error is None:
        say("recorded nothing: nothing came yet")
    if error is not None:
        raise error


def _reason(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _remove(files: Iterable[str]) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            os.remove(file)
