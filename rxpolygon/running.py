"""The streams that run in this process: one to a cluster with a key, as the server allows.

A notebook cell that is run twice would otherwise open a second connection that makes the server drop the
first. And a forked child must not touch the connections of its parent.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

from rxpolygon.errors import AlreadyStreamingError

__all__ = ["Runner", "register"]


class Runner(Protocol):
    """What is registered."""

    @property
    def is_streaming(self) -> bool:
        """Whether its threads run."""

    def after_fork(self) -> None:
        """Called in a forked child, where the threads of the parent do not exist."""


_lock = threading.Lock()
_runners: weakref.WeakValueDictionary[tuple[str, str], Runner] = weakref.WeakValueDictionary()
_watches_forks = False


def register(url: str, account: str, runner: Runner) -> None:
    """Note that a stream starts.

    Args:
        url: Where to.
        account: What tells the account from others; no key in clear.
        runner: The stream.

    Raises:
        AlreadyStreamingError: Another stream with the same key to the same URL runs.
    """
    global _watches_forks
    place = (url, account)
    with _lock:
        other = _runners.get(place)
        if other is not None and other is not runner and other.is_streaming:
            raise AlreadyStreamingError(url, other)
        _runners[place] = runner
        if not _watches_forks and hasattr(os, "register_at_fork"):
            _watches_forks = True
            os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # the parent may have held it
    for runner in list(_runners.values()):
        runner.after_fork()
    _runners.clear()
