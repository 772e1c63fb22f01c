"""How far a replay has come, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn
from rich.text import Text

from rxpolygon.cli.console import terminal
from rxpolygon.replay import ReplayProgress
from rxpolygon.replay.streams import ReplayStreams

__all__ = ["replay_progress"]

_REDRAWS: Final = 4  # a second


@contextmanager
def replay_progress(client: ReplayStreams) -> Iterator[None]:
    """Shows a bar on stderr inside the block, if that is a terminal and the lines go somewhere else."""
    console = None if sys.stdout.isatty() else terminal()
    if console is None:
        yield
        return
    columns = (BarColumn(), TaskProgressColumn(), _TimeColumn(client))
    with Progress(
        *columns, console=console, refresh_per_second=_REDRAWS, transient=True, redirect_stdout=False
    ) as progress:
        task = progress.add_task("", total=1.0)

        def show(present: ReplayProgress) -> None:
            progress.update(task, completed=present.share)

        shown = client.progress.subscribe(show)
        try:
            yield
        finally:
            shown.dispose()


class _TimeColumn(ProgressColumn):
    """The time in the recording, which goes on between two reports of the progress."""

    def __init__(self, client: ReplayStreams) -> None:
        super().__init__()
        self._client = client

    def render(self, task: Task) -> Text:
        """The time of this moment; nothing before the first report."""
        if not task.completed:
            return Text("")
        return Text(f"{self._client.scheduler.now:%Y-%m-%d %H:%M:%S} UTC")
