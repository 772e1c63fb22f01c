"""Streams in asyncio: ``async for`` over an Observable, and awaiting its values.

Everything here works in any running event loop, that of a notebook and uvloop's included, and takes values
from whatever thread they come.

Example:
    >>> import asyncio
    >>> import reactivex as rx
    >>> from rxpolygon import aio
    >>> async def main():
    ...     async for value in aio.stream(rx.of("a", "b")):
    ...         print(value)
    ...     return await aio.first(rx.of(1, 2))
    >>> asyncio.run(main())
    a
    b
    1
"""

from rxpolygon.aio._running import running
from rxpolygon.aio._stream import AsyncStream, stream
from rxpolygon.aio._values import first, last, to_list

__all__ = ["AsyncStream", "first", "last", "running", "stream", "to_list"]
