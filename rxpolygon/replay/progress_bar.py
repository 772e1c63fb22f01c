"""A replay's progress bar, in a notebook or on a terminal, by tqdm."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rxpolygon.errors import MissingPackageError
from rxpolygon.replay.progress import ReplayProgress

__all__ = ["ProgressBar"]


class ProgressBar:
    """Shows how much of the files has been read, with the time in the recording. Replay thread only.

    A replay that begins again gets a new bar.

    Args:
        title: What stands before the bar.

    Raises:
        MissingPackageError: tqdm is not installed.
    """

    def __init__(self, title: str) -> None:
        try:
            tqdm: Any = import_module("tqdm.auto").tqdm  # Any: the package has no types of its own
        except ImportError as error:
            raise MissingPackageError("show_progress", "tqdm", "notebook") from error
        # Without tqdm's own thread, which would outlive the replay.
        self._kind: Any = type("ReplayBar", (tqdm,), {"monitor_interval": 0})
        self._title = title
        self._bar: Any = None

    def show(self, present: ReplayProgress) -> None:
        """Draw the bar as it is now; the last one stays."""
        if self._bar is None:
            self._bar = self._kind(
                desc=self._title,
                total=present.total_bytes or None,
                unit="B" if present.total_bytes else " events",
                unit_scale=True,
            )
        if present.time is not None:
            self._bar.set_postfix_str(f"{present.time:%Y-%m-%d %H:%M:%S} UTC", refresh=False)
        done = present.bytes_read if present.total_bytes else present.frames
        self._bar.update(done - self._bar.n)
        if present.is_over:
            self._bar.close()
            self._bar = None
