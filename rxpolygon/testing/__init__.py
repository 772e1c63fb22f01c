"""Test strategies with marbles: market events on virtual time.

A marble string shows a stream, one sign a frame (a second, unless a test says otherwise)::

    --t-(qt)--|        a trade after 2 s; at 4 s a quote, then a trade; completion after 7 s

    -        a frame in which nothing happens
    t        any other sign is a value, whose meaning the test gives; by default ``t`` is a trade, ``q`` a
             quote, ``b`` a bar and ``a`` an aggregate of the server
    (qt)     several at one time; a group is one frame long, however many signs it has
     59s     time passes: a number and its unit (ms, s, m, h, d) between spaces
    |  #     completion; error
    ^  !     in lines of subscriptions: observed from here, released here
             other spaces mean nothing, so lines can be aligned

So ``a 59s b`` has ``b`` a minute after ``a``. Unlike in RxPY and RxJS a group takes one frame, and a value at
the very beginning is seen.

A market event without a time takes that of its marble: :data:`EPOCH` and the frames before it. A bar ends
there. What an operator holds back is still the letter under which it was sent.

Tests over a real connection have fixtures, see :mod:`rxpolygon.testing.plugin`.

Example:
    >>> from reactivex import operators as ops
    >>> from rxpolygon.testing import assert_stream, trade
    >>> def large(trades):
    ...     return trades.pipe(ops.filter(lambda it: it.size >= 1_000))
    >>> assert_stream(large, given="-t-L-L|", expect="---L-L|", values={"L": trade(size=5_000)})
"""

# The plugin lives in this package and is loaded in every test run of whoever has it installed: so nothing is
# imported before it is used.
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rxpolygon.testing.builders import EPOCH, aggregate, bar, quote, trade
    from rxpolygon.testing.partial import having
    from rxpolygon.testing.recorded import record_marble, to_marble
    from rxpolygon.testing.run import MarbleError, StreamRun, Told, run_stream
    from rxpolygon.testing.sources import cold
    from rxpolygon.testing.stream import assert_stream

__all__ = [
    "EPOCH",
    "trade",
    "quote",
    "bar",
    "aggregate",
    "having",
    "cold",
    "assert_stream",
    "run_stream",
    "StreamRun",
    "Told",
    "MarbleError",
    "to_marble",
    "record_marble",
]

_PLACES: Final = {
    "builders": ("EPOCH", "trade", "quote", "bar", "aggregate"),
    "partial": ("having",),
    "sources": ("cold",),
    "stream": ("assert_stream",),
    "run": ("run_stream", "StreamRun", "Told", "MarbleError"),
    "recorded": ("to_marble", "record_marble"),
}


if not TYPE_CHECKING:  # a type checker would take every name for an existing one

    def __getattr__(name: str) -> object:
        for module, names in _PLACES.items():
            if name in names:
                return getattr(import_module(f"{__name__}.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
