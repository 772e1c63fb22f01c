"""Calling observers so that none can hurt another, the connection, or the thread."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Final, Protocol

__all__ = ["complete", "end", "fail", "guarded", "pass_interrupt", "reported", "uncaught"]


class Ending(Protocol):
    """The part of an observer that hears of the end."""

    @property
    def on_error(self) -> Callable[[Exception], object]:
        """Told the error."""

    @property
    def on_completed(self) -> Callable[[], object]:
        """Told the good end."""


_log: Final = logging.getLogger("rxpolygon.observers")


def pass_interrupt(error: BaseException) -> None:
    """Raise a Ctrl-C: Python puts it into whatever the main thread does, and no observer raised it."""
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error


def uncaught(error: BaseException) -> None:
    """Report an exception that nobody handled, as Python does for one that ends a thread.

    That is a traceback on stderr, unless the program has set ``threading.excepthook``. A Ctrl-C is raised.
    """
    pass_interrupt(error)
    thread = threading.current_thread()
    hook = threading.excepthook
    reported(lambda: hook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))))


def reported(report: Callable[[], object]) -> None:
    """Log or report something; what a program's own hook or log handler raises goes to stderr, no further.

    A Ctrl-C is raised.
    """
    try:
        report()
    except BaseException as error:
        pass_interrupt(error)
        with contextlib.suppress(Exception):
            sys.stderr.write("".join(traceback.format_exception(error)))


def fail(observer: Ending, error: BaseException) -> None:
    """Give an observer the exception that it raised. If it does not handle it, it goes to stderr."""
    reported(lambda: _log.error("an observer raised; it is detached", exc_info=error))
    shown = error if isinstance(error, Exception) else RuntimeError(f"an observer raised {error!r}")
    try:
        observer.on_error(shown)
    except BaseException as unhandled:
        uncaught(unhandled)


def end(observers: Iterable[Ending], error: Exception | None) -> None:
    """Complete observers, or give all of them the same error.

    If some have no ``on_error``, the error is reported on stderr: once, however many they are.
    """
    unhandled: dict[int, BaseException] = {}
    for observer in observers:
        if error is None:
            complete(observer)
            continue
        try:
            observer.on_error(error)
        except BaseException as raised:
            unhandled[id(raised)] = raised
        error.__traceback__ = None  # else each observer that raises it would lengthen it
    for problem in unhandled.values():
        uncaught(problem)


def complete(observer: Ending) -> None:
    """Complete an observer."""
    try:
        observer.on_completed()
    except BaseException as unhandled:
        uncaught(unhandled)


def guarded(function: Callable[[], object]) -> None:
    """Call a user's function; what it raises is reported and goes no further."""
    try:
        function()
    except BaseException as error:
        pass_interrupt(error)
        unhandled = error
        reported(lambda: _log.error("a handler raised", exc_info=unhandled))
        uncaught(unhandled)
