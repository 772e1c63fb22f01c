"""Awaiting the first value, the last, or all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, overload

from reactivex import Observable
from reactivex import operators as ops

from rxpolygon.aio._inlet import raisable
from rxpolygon.errors import InvalidTypeError

__all__ = ["first", "last", "to_list"]

T = TypeVar("T")
D = TypeVar("D")


class _Nothing:
    """Stands for no default, as None may be one."""


_NOTHING = _Nothing()


@overload
async def first(observable: Observable[T]) -> T: ...
@overload
async def first(observable: Observable[T], default: D) -> T | D: ...
async def first(observable: Observable[T], default: D | _Nothing = _NOTHING) -> T | D:
    """Waits for the first value and disposes the subscription.

    It subscribes at once and takes the value from whatever thread it comes. (``await observable`` of RxPY
    waits for the last value, and does not wake the loop when that comes from another thread.) Cancellation
    disposes, so :func:`asyncio.timeout` sets a limit.

    Args:
        observable: The source.
        default: What a source gives that completes without a value.

    Raises:
        SequenceContainsNoElementsError: The source completed without a value and there is no default; it is
            the error of RxPY's own ``first``.
        InvalidTypeError: ``observable`` is none.
        Exception: What the source ended with.

    Example:
        >>> import asyncio
        >>> import reactivex as rx
        >>> from rxpolygon import aio
        >>> asyncio.run(aio.first(rx.of(1, 2, 3))), asyncio.run(aio.first(rx.empty(), None))
        (1, None)
    """
    if isinstance(default, _Nothing):
        return await _only(observable, ops.first())
    return await _only(observable, ops.first_or_default(default_value=default))  # type: ignore[arg-type]


@overload
async def last(observable: Observable[T]) -> T: ...
@overload
async def last(observable: Observable[T], default: D) -> T | D: ...
async def last(observable: Observable[T], default: D | _Nothing = _NOTHING) -> T | D:
    """Waits for the end and gives the last value.

    Otherwise it is as :func:`first`.

    Args:
        observable: The source.
        default: What a source gives that completes without a value.

    Raises:
        SequenceContainsNoElementsError: The source completed without a value and there is no default.
        InvalidTypeError: ``observable`` is none.
        Exception: What the source ended with.

    Example:
        >>> import asyncio
        >>> import reactivex as rx
        >>> from rxpolygon import aio
        >>> asyncio.run(aio.last(rx.of(1, 2, 3)))
        3
    """
    if isinstance(default, _Nothing):
        return await _only(observable, ops.last())
    return await _only(observable, ops.last_or_default(default))  # type: ignore[arg-type]


async def to_list(observable: Observable[T]) -> list[T]:
    """Waits for the end and gives all values; ``ops.take`` or the like before it bounds their number.

    Otherwise it is as :func:`first`.

    Args:
        observable: The source.

    Raises:
        InvalidTypeError: ``observable`` is none.
        Exception: What the source ended with.

    Example:
        >>> import asyncio
        >>> import reactivex as rx
        >>> from rxpolygon import aio
        >>> asyncio.run(aio.to_list(rx.of(1, 2, 3)))
        [1, 2, 3]
    """
    return await _only(observable, ops.to_list())


async def _only(observable: Observable[T], operator: Callable[[Observable[T]], Observable[D]]) -> D:
    """The one value that an operator makes of a source."""
    if not isinstance(observable, Observable):
        raise InvalidTypeError("observable", observable, "an Observable")
    loop = asyncio.get_running_loop()
    result: asyncio.Future[D] = loop.create_future()

    def tell(settle: Callable[[D], None] | Callable[[Exception], None], outcome: object) -> None:
        def settle_once() -> None:
            if not result.done():
                settle(outcome)  # type: ignore[arg-type]  # what belongs to it, see below

        try:
            loop.call_soon_threadsafe(settle_once)
        except RuntimeError:  # the loop was closed: nobody waits any more
            subscription.dispose()

    subscription = operator(observable).subscribe(
        lambda value: tell(result.set_result, value),
        lambda error: tell(result.set_exception, raisable(error)),
    )
    try:
        return await result
    finally:
        subscription.dispose()
