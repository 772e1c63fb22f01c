"""The user's callbacks ``on_message``, ``on_close`` and ``on_error``, and what stands in for them."""

from __future__ import annotations

import contextlib
import inspect
import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO, TypeAlias

from rxpolygon import isolation
from rxpolygon.errors import InvalidTypeError, RxPolygonError
from rxpolygon.events import Event
from rxpolygon.status import (
    Closed,
    Disconnected,
    Dropped,
    Gap,
    Lagging,
    Malformed,
    Reconnecting,
    Refused,
    State,
    Status,
    Subscribed,
    Unsubscribed,
)
from rxpolygon.text import printable

__all__ = ["CloseHandler", "ErrorHandler", "HandlerSet", "MessageHandler"]

MessageHandler: TypeAlias = Callable[[object, str], object] | Callable[[str], object]
CloseHandler: TypeAlias = Callable[[object, int | None, str], object] | Callable[[int | None, str], object]
ErrorHandler: TypeAlias = Callable[[object, Exception], object] | Callable[[Exception], object]

_MOST_HELD: Final = 100
# What people call the first of three parameters, or of two.
_OWNER_NAMES: Final = frozenset({"ws", "websocket", "client", "stream", "app"})

_log: Final = logging.getLogger("rxpolygon.connection")


class HandlerSet:
    """Calls the user's callbacks on the dispatch thread; what they raise goes no further.

    Args:
        owner: The client, given to handlers that take it as their first argument.
        on_message: ``(ws, text)`` or ``(text)``.
        on_close: ``(ws, code, message)`` or ``(code, message)``.
        on_error: ``(ws, exception)`` or ``(exception)``.
        is_observed: Whether anybody observes anything. As long as nobody ever did and there is no
            ``on_message``, statuses and events are written to the standard output.
        name: What statuses begin with in the log.
        log_to_stderr: Whether to write statuses to the standard error output too.

    Raises:
        InvalidTypeError: A handler cannot be called with these arguments.
    """

    def __init__(
        self,
        owner: object,
        on_message: MessageHandler | None,
        on_close: CloseHandler | None,
        on_error: ErrorHandler | None,
        is_observed: Callable[[], bool],
        *,
        name: str = "stream",
        log_to_stderr: bool = False,
    ) -> None:
        self._on_message = _adapted("on_message", on_message, owner, "(ws, text) or (text)", 1)
        self._on_close = _adapted("on_close", on_close, owner, "(ws, code, message) or (code, message)", 2)
        self._on_error = _adapted("on_error", on_error, owner, "(ws, exception) or (exception)", 1)
        self._is_observed = is_observed
        self._name = name
        self._log_to_stderr = log_to_stderr
        self._was_observed = False  # dispatch thread only, and the next
        self._held: deque[str] = deque(maxlen=_MOST_HELD)

    def _stands_in(self) -> bool:
        """Whether to write out what nobody looks at. Once anything was observed, never again."""
        if self._on_message is not None or self._was_observed:
            return False
        self._was_observed = self._is_observed()
        return not self._was_observed

    @property
    def wants_frames(self) -> bool:
        """Whether :meth:`on_frame` or :meth:`on_event` would do anything now."""
        return self._on_message is not None or self._stands_in()

    def on_frame(self, frame: bytes) -> None:
        """A frame came: its text goes to ``on_message``."""
        handler = self._on_message
        if handler is not None:
            text = frame.decode("utf-8", "replace")
            isolation.guarded(lambda: handler(text))

    def on_event(self, event: object) -> None:
        """An event, or its dict, came: written out when there is nobody else for it."""
        if self._stands_in():
            self._write_held()
            _write(
                sys.stdout, _line(event) if isinstance(event, Event) else printable(str(event), limit=2_000)
            )

    def on_status(self, status: Status) -> None:
        """A status is told."""
        isolation.reported(lambda: _log.log(_level(status), "%s: %s", self._name, status))
        if self._log_to_stderr:
            _write(sys.stderr, f"{time.strftime('%Y-%m-%d %H:%M:%S')} rxpolygon: {status}")
        if self._stands_in():
            # The first states are held back: whoever starts a client often observes it a moment later.
            self._held.append(str(status))
            if not isinstance(status, State) or (isinstance(status, Closed) and status.error is not None):
                self._write_held()
        handler = self._on_close
        if handler is not None and isinstance(status, Disconnected):
            code, reason = status.code, status.reason
            isolation.guarded(lambda: handler(code, reason))

    def _write_held(self) -> None:
        while self._held:
            _write(sys.stdout, self._held.popleft())

    def on_end(self, error: RxPolygonError | None) -> None:
        """The stream is over."""
        handler = self._on_error
        if handler is not None and error is not None:
            isolation.guarded(lambda: handler(error))


def _level(status: Status) -> int:
    """How much a status matters: states are the life of a connection, and topics may be thousands."""
    match status:
        case Closed(error=str()):
            return logging.ERROR
        case Disconnected(cause="closed"):
            return logging.INFO
        case Disconnected() | Reconnecting() | Refused() | Malformed() | Dropped() | Lagging() | Gap():
            return logging.WARNING
        case Subscribed() | Unsubscribed():
            return logging.DEBUG
        case _:
            return logging.INFO


def _adapted(
    name: str, handler: Callable[..., object] | None, owner: object, allowed: str, arguments: int
) -> Callable[..., object] | None:
    """The handler as a function without the leading client, told by its signature."""
    if handler is None:
        return None
    if not callable(handler):
        raise InvalidTypeError(name, handler, f"a function {allowed}, or None")
    with_owner, without = _takes(handler, arguments + 1), _takes(handler, arguments)
    if with_owner and (not without or _expects_owner(handler)):
        return lambda *values: handler(owner, *values)
    if without:
        return handler
    raise InvalidTypeError(name, handler, f"a function that takes {allowed}; this signature does not fit")


def _expects_owner(handler: Callable[..., object]) -> bool:
    """Whether a function that may be called with the client or without it wants the client.

    ``*args`` takes all there is. A parameter that may be left out is left out, as in ``queue.put(item,
    block=True)``, unless the first one is named after the client.
    """
    if inspect.isbuiltin(handler):
        return False
    try:
        parameters = list(inspect.signature(handler).parameters.values())
    except ValueError:  # other compiled things have no signature
        return False
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return True
    return parameters[0].name.strip("_") in _OWNER_NAMES


def _takes(handler: Callable[..., object], count: int) -> bool:
    try:
        inspect.signature(handler).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # some built-in functions have no signature
        return True
    return True


def _line(event: Event) -> str:
    shown = (
        f"{name}={getattr(event, name)!r}"
        for name in event.__struct_fields__
        if name != "symbol" and getattr(event, name) is not None
    )
    return printable(f"{event.symbol} {type(event).__name__}: {', '.join(shown)}", limit=2_000)


def _write(stream: TextIO | None, line: str) -> None:
    """Write a line, as well as the stream can: it may be closed, or a pipe that nobody reads any more."""
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        try:
            stream.write(f"{line}\n")
        except UnicodeEncodeError:
            stream.write(f"{ascii(line)[1:-1]}\n")
        stream.flush()
