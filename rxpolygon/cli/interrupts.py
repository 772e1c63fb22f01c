"""Ctrl-C at a moment when nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

__all__ = ["SIGNALS", "undivided"]

#: What ends a command.
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def undivided(action: Callable[[], None]) -> None:
    """Run something short that an interrupt must not cut in two; one that comes meanwhile is raised after it.

    Bytes that were written, and the note that they were, belong together: else an interrupt between the two
    would let them be written again.

    Raises:
        KeyboardInterrupt: A signal came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        action()
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = [(number, signal.signal(number, note)) for number in SIGNALS]
    try:
        action()
    finally:
        for number, handler in before:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if came:
        raise KeyboardInterrupt
