"""Calling observers so that none can hurt another, the connection, or the thread."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from reactivex import abc

# Observers of every type pass here; what they take is their own affair, hence Any.
__all__ = ["complete", "fail", "guarded", "uncaught"]

_log: Final = logging.getLogger("rxpolygon.observers")


def uncaught(error: BaseException) -> None:
    """Report an exception that nobody handled, as Python does for one that ends a thread.

    That is a traceback on stderr, unless the program has set ``threading.excepthook``.
    """
    thread = threading.current_thread()
    threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))


def fail(observer: abc.ObserverBase[Any], error: BaseException, *, log: bool = True) -> None:
    """Give an observer an error. One that has no ``on_error`` of its own gets a traceback on stderr."""
    if log:
        _log.error("an observer raised; it is detached", exc_info=error)
    shown = error if isinstance(error, Exception) else RuntimeError(f"an observer raised {error!r}")
    try:
        observer.on_error(shown)
    except BaseException as unhandled:
        uncaught(unhandled)


def complete(observer: abc.ObserverBase[Any]) -> None:
    """Complete an observer."""
    try:
        observer.on_completed()
    except BaseException as unhandled:
        uncaught(unhandled)


def guarded(function: Callable[[], object]) -> None:
    """Call a user's function; what it raises is reported and goes no further."""
    try:
        function()
    except BaseException as unhandled:
        _log.error("a handler raised", exc_info=sys.exc_info())
        uncaught(unhandled)
