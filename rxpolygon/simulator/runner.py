"""The thread that a server runs in: started, asked to do things, and ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from rxpolygon.errors import UsageError

if TYPE_CHECKING:
    from rxpolygon.simulator.server import Server

__all__ = ["Runner"]

T = TypeVar("T")

_ANSWER_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 30.0  # a machine that is very busy may need some; it is done in one as a rule


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
            loop.call_soon_threadsafe(stop.set)
            thread.join(_STOP_SECONDS)
            self._thread = None

    def do(self, act: Callable[[Server], T]) -> T:
        """Run something on the event loop's thread and return its result.

        Raises:
            UsageError: Nothing runs.
        """
        loop, server = self._loop, self.server
        if self._thread is None or loop is None or server is None:
            raise UsageError("the simulator is not running: start it, or use it in a with block")

        async def run() -> T:
            return act(server)

        if threading.current_thread() is self._thread:
            return act(server)
        return asyncio.run_coroutine_threadsafe(run(), loop).result(_ANSWER_SECONDS)

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
        ready.event.set()
        await self._stop.wait()
        await self.server.stop()


class _Ready:
    """That the server listens, or why not."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.error: Exception | None = None
