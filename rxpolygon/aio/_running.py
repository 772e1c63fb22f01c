"""``running``: a client for the time of an ``async with`` block."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import TypeVar

from rxpolygon.errors import InvalidTypeError

__all__ = ["running"]

C = TypeVar("C")


def running(client: AbstractContextManager[C]) -> AbstractAsyncContextManager[C]:
    """Starts a client, and closes it at the end of the block without holding up the event loop.

    A client's ``close_stream`` waits for its threads; in a coroutine that would stop the loop, on which those
    threads may be waiting in turn. Here another thread waits, and the block ends when all has ended; a
    cancellation meanwhile is raised after that.

    Args:
        client: A :class:`~rxpolygon.StreamClient`, a :class:`~rxpolygon.ReplayClient`, or whatever else is a
            context manager that is entered at once and takes time to leave.

    Returns:
        An asynchronous context manager, which gives the client.

    Raises:
        InvalidTypeError: ``client`` is no context manager.

    Example:
        >>> import asyncio
        >>> import rxpolygon
        >>> from rxpolygon import aio
        >>> from rxpolygon.simulator import Simulator
        >>> async def main(url):
        ...     async with aio.running(rxpolygon.StreamClient("demo", host=url)) as client:
        ...         trade = await aio.first(client.subscribe_stock_trades("AAPL"))
        ...     return trade.symbol, client.is_streaming
        >>> with Simulator(seed=1, speed=60) as server:
        ...     asyncio.run(main(server.url))
        ('AAPL', False)
    """
    if not isinstance(client, AbstractContextManager):
        raise InvalidTypeError("client", client, "a StreamClient, a ReplayClient or the like")
    return _running(client)


@asynccontextmanager
async def _running(client: AbstractContextManager[C]) -> AsyncIterator[C]:
    entered = client.__enter__()
    try:
        yield entered
    finally:
        await _in_thread(lambda: client.__exit__(None, None, None))


async def _in_thread(function: Callable[[], object]) -> None:
    """Calls a function in a thread of its own and waits for it, come what may.

    (``asyncio.to_thread`` leaves its thread behind, and a cancellation leaves it at work.)
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def call() -> None:
        error: BaseException | None = None
        try:
            function()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, done, error)

    thread = threading.Thread(target=call, name="rxpolygon-aio-close", daemon=True)
    thread.start()
    cancellation: asyncio.CancelledError | None = None
    while not done.done():
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError as error:
            cancellation = error
    thread.join()  # it has nothing left to do
    if cancellation is not None:
        done.exception()  # seen, and less than the cancellation
        raise cancellation
    done.result()


def _settle(done: asyncio.Future[None], error: BaseException | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
