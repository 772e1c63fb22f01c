"""Signals that end a command: in order, and never at a moment when something is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

__all__ = ["Interrupted", "catch_signals", "undivided"]

# Ctrl-C, a polite kill, and the end of the terminal, which Windows does not have.
_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_SHELLS_OFFSET: Final = 128  # what shells add to a signal's number


class Interrupted(KeyboardInterrupt):
    """A signal asks the command to end.

    Attributes:
        status: The exit status that tells of it.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = _SHELLS_OFFSET + number


def catch_signals() -> None:
    """Let signals raise :class:`Interrupted` in the main thread from now on."""
    for number in _numbers():
        # nohup has the terminal's end ignored, and it stays so. A shell without job control has Ctrl-C
        # ignored in what runs in its background, which kill -INT would then not end.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def undivided(action: Callable[[], object]) -> None:
    """Run something short that an interrupt must not cut in two; one that comes meanwhile is raised after it.

    Bytes that were written, and the note that they were, belong together: else an interrupt between the two
    would let them be written again.

    Raises:
        Interrupted: A signal came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        action()
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = [
        (number, signal.signal(number, note))
        for number in _numbers()
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    try:
        action()
    finally:
        for number, handler in before:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if came:
        raise Interrupted(came[0])


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted(number)
