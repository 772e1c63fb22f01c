"""``aio.first``, ``last`` and ``to_list``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
import reactivex as rx
from reactivex.internal.exceptions import SequenceContainsNoElementsError

from rxpolygon import aio
from rxpolygon.errors import InvalidTypeError
from tests.aio.sources import Hot, emitting, until
from tests.support import PATIENCE

Waiting = Callable[[Hot[int]], Awaitable[object]]


async def _every(source: rx.Observable[int]) -> list[int]:
    return [value async for value in aio.stream(source)]


def test_first_takes_the_first_value_of_another_thread_and_disposes() -> None:
    source: Hot[int] = Hot()
    with emitting(source, range(5), completes=False):
        assert asyncio.run(aio.first(source)) == 0
    assert not source.is_observed


def test_last_and_to_list_wait_for_the_end() -> None:
    source: Hot[int] = Hot()
    with emitting(source, range(5)):
        assert asyncio.run(aio.last(source)) == 4
    with emitting(source, range(5)):
        assert asyncio.run(aio.to_list(source)) == [0, 1, 2, 3, 4]


def test_values_that_are_none_are_values() -> None:
    nones = rx.of(None, None)
    assert asyncio.run(aio.first(nones, 5)) is None
    assert asyncio.run(aio.last(nones)) is None
    assert asyncio.run(aio.to_list(nones)) == [None, None]


@pytest.mark.parametrize("waiting", [aio.first, aio.last])
def test_empty_source_is_rx_own_error(waiting: Waiting) -> None:
    source: Hot[int] = Hot()
    with emitting(source, []), pytest.raises(SequenceContainsNoElementsError):
        asyncio.run(_awaited(waiting(source)))


def test_empty_source_gives_the_default() -> None:
    empty: rx.Observable[int] = rx.empty()
    assert asyncio.run(aio.first(empty, None)) is None
    assert asyncio.run(aio.last(empty, "none")) == "none"
    assert asyncio.run(aio.to_list(empty)) == []


@pytest.mark.parametrize("error", [StopIteration("none left"), StopAsyncIteration("none left")])
@pytest.mark.parametrize("waiting", [aio.first, aio.last, aio.to_list, _every])
def test_error_that_means_an_end_to_python_is_still_an_error(
    waiting: Callable[[rx.Observable[int]], Awaitable[object]], error: Exception
) -> None:
    with pytest.raises(RuntimeError, match=f"the source raised {type(error).__name__}") as caught:
        asyncio.run(asyncio.wait_for(_awaited(waiting(rx.throw(error))), PATIENCE))
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("waiting", [aio.first, aio.last, aio.to_list])
def test_error_of_the_source_is_raised(waiting: Waiting) -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        task = asyncio.ensure_future(waiting(source))
        await until(lambda: source.is_observed)
        threading.Thread(target=source.fail, args=[OSError("gone")]).start()
        with pytest.raises(OSError, match="gone"):
            await task
        await until(lambda: not source.is_observed)  # released by the thread that failed, after it told so

    asyncio.run(main())


@pytest.mark.parametrize("waiting", [aio.first, aio.last, aio.to_list])
def test_a_limit_of_time_disposes(waiting: Waiting) -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        async with asyncio.timeout(0.01):
            await waiting(source)

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert not source.is_observed


def test_a_loop_that_was_closed_meanwhile_is_noticed() -> None:
    source: Hot[int] = Hot()
    loop = asyncio.new_event_loop()
    task = loop.create_task(aio.first(source))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    source.emit(1)
    assert not source.is_observed
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's complaint is deserved


def test_no_observable_is_refused() -> None:
    with pytest.raises(InvalidTypeError, match="observable must be an Observable, not int"):
        asyncio.run(aio.first(1))  # type: ignore[call-overload]


async def _awaited(waiting: Awaitable[object]) -> object:
    return await waiting
