"""How a recording under way is shown, on a terminal and as lines, and its summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rxpolygon.cli.board import Meter
from rxpolygon.cli.console import say, terminal
from rxpolygon.recording import RecordingStats

__all__ = ["progress_lines", "progress_text", "recording_progress", "size_text", "summary_text"]

_BAR_WIDTH: Final = 16
_PAUSE: Final = 5.0  # seconds between two lines in a log
_UNITS: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))

Show = Callable[[RecordingStats], None]


@contextmanager
def recording_progress(seconds: float | None) -> Iterator[Show]:
    """Shows figures on stderr whenever it is called: in one line of a terminal, or as a line now and then.

    Args:
        seconds: How long it will take; then a terminal shows how much of it is over.
    """
    console = terminal()
    if console is None:
        yield progress_lines(_PAUSE)
        return
    meter = Meter()

    def line(stats: RecordingStats) -> RenderableType:
        text = Text(progress_text(stats, meter.rate(stats.frames)), no_wrap=True, overflow="crop")
        if not seconds:
            return text
        grid = Table.grid(padding=(0, 1))
        grid.add_row(ProgressBar(seconds, min(meter.elapsed, seconds), _BAR_WIDTH), text)
        return grid

    with Live(
        line(RecordingStats()), console=console, auto_refresh=False, transient=True, redirect_stdout=False
    ) as live:
        yield lambda stats: live.update(line(stats), refresh=True)


def progress_lines(pause: float) -> Show:
    """Tells figures as a line, unless it did so less than a pause of seconds ago."""
    meter = Meter()
    told = 0.0

    def show(stats: RecordingStats) -> None:
        nonlocal told
        if meter.elapsed - told >= pause:
            told = meter.elapsed
            say(progress_text(stats, meter.rate(stats.frames)))

    return show


def progress_text(stats: RecordingStats, rate: float) -> str:
    """What there is so far.

    Example:
        >>> progress_text(RecordingStats(frames=1_234, bytes=56_000, written_bytes=7_000), 78.9)
        '1,234 frames, 79 a second, 56.0 kB (7.0 kB on disk)'
    """
    dropped = f", {stats.dropped_frames:,} dropped" if stats.dropped_frames else ""
    return (
        f"{stats.frames:,} frames, {rate:,.0f} a second, {size_text(stats.bytes)} "
        f"({size_text(stats.written_bytes)} on disk){dropped}"
    )


def summary_text(stats: RecordingStats) -> str:
    """What there was, at the end.

    Example:
        >>> summary_text(RecordingStats(frames=9, bytes=1_500, written_bytes=300, files=("a.gz", "a.1.gz")))
        '9 frames (1.5 kB), 0 dropped, 300 bytes in 2 files: a.gz to a.1.gz'
    """
    count = len(stats.files)
    files = f"{count:,} {'file' if count == 1 else 'files'}"
    if count:
        files += f": {stats.files[0]}"
    if count > 1:
        files += f" to {Path(stats.files[-1]).name}"
    return (
        f"{stats.frames:,} frames ({size_text(stats.bytes)}), {stats.dropped_frames:,} dropped, "
        f"{size_text(stats.written_bytes)} in {files}"
    )


def size_text(size: int) -> str:
    """A number of bytes for a person.

    Example:
        >>> size_text(999), size_text(1_540_000)
        ('999 bytes', '1.5 MB')
    """
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} bytes"
