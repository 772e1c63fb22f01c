"""The thread that a server runs in: started, asked to do things, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from rxpolygon.errors import UsageError

if TYPE_CHECKING:
    from rxpolygon.simulator.server import Server

__all__ = ["Runner"]

T = TypeVar("T")

_ANSWER_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 30.0  # a machine that is very busy may need some; it is done in one as a rule


_NOT_RUNNING: Final = "the simulator is not running: start it, or use it in a with block"


class Runner:
    """Runs a server on an event loop in a thread of its own. Every method may be called from any thread.

    Attributes:
        server: The running server, or the last one; None before the first start.
        port: Where it listens; None before the first start.
    """

    def __init__(self, make_server: Callable[[], Server]) -> None:
        """Begin; nothing runs yet.

        Args:
            make_server: Makes the server, on the thread.
        """
        self.server: Server | None = None
        self.port: int | None = None
        self._make_server = make_server
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._asked: set[Future[Any]] | None = None  # what waits for an answer; None where no loop answers
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def __repr__(self) -> str:
        return "running" if self.is_running else "not running"

    @property
    def is_running(self) -> bool:
        """Whether it was started and not closed since."""
        return self._thread is not None

    def start(self) -> None:
        """Listen, and return when clients can connect. Starting twice changes nothing.

        Raises:
            OSError: The port is taken.
        """
        with self._lock:
            if self._thread is not None:
                return
            ready = _Ready()
            self._thread = threading.Thread(
                target=self._run, args=(ready,), name="rxpolygon-simulator", daemon=True
            )
            self._thread.start()
            ready.event.wait()
            if ready.error is not None:
                self._thread.join()
                self._thread = None
                raise ready.error

    def close(self) -> None:
        """Close every connection with 1001 and end the thread, within two seconds. Twice is fine."""
        with self._lock:
            thread, loop, stop = self._thread, self._loop, self._stop
            if thread is None or loop is None or stop is None:
                return
            with contextlib.suppress(RuntimeError):  # the loop has ended by an error of its own
                loop.call_soon_threadsafe(stop.set)
            thread.join(_STOP_SECONDS)
            self._thread = None

    def do(self, act: Callable[[Server], T]) -> T:
        """Run something on the event loop's thread and return its result.

        Raises:
            UsageError: Nothing runs.
        """
        if self.server is not None and threading.current_thread() is self._thread:
            return act(self.server)
        answer: Future[T] = Future()
        with self._asking:
            server = self.server
            if self._asked is None or self._loop is None or server is None:
                raise UsageError(_NOT_RUNNING)
            self._asked.add(answer)
            self._loop.call_soon_threadsafe(self._answer, answer, lambda: act(server))
        try:
            return answer.result(_ANSWER_SECONDS)
        except CancelledError as error:
            raise UsageError(_NOT_RUNNING) from error

    def _answer(self, answer: Future[T], act: Callable[[], T]) -> None:
        with self._asking:
            if self._asked is None:
                return
            self._asked.discard(answer)
        try:
            answer.set_result(act())
        except Exception as error:
            answer.set_exception(error)

    def _answer_nobody(self) -> None:
        """The server ends: who asks now, or waits for an answer, is told so."""
        with self._asking:
            waiting, self._asked = self._asked, None
        for answer in waiting or ():
            answer.cancel()

    def _run(self, ready: _Ready) -> None:
        # The listener watches its socket, which Windows' default loop cannot.
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve(ready))
        except Exception as error:
            if ready.event.is_set():
                raise
            ready.error = error
            ready.event.set()

    async def _serve(self, ready: _Ready) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.server = self._make_server()
        self.port = self.server.start()
        self._asked = set()
        ready.event.set()
        try:
            await self._stop.wait()
            await self.server.stop()
        finally:
            self._answer_nobody()


class _Ready:
    """That the server listens, or why not."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.error: Exception | None = None
