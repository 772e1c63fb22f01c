"""How a loop over a stream ends: cancellation, ``break``, ``aclose``, and a loop that is closed over it."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import pytest

from rxpolygon import aio
from rxpolygon.operators import Overflow
from tests.aio.sources import Hot, emitting, until
from tests.support import wait_for


def test_break_disposes_at_the_loops_next_turn() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        async for value in aio.stream(source, 1):
            if value == 3:
                break
        await until(lambda: not source.is_observed)

    with emitting(source, itertools.count()):
        asyncio.run(main())


def test_break_at_the_very_end_of_the_program_disposes() -> None:
    source: Hot[int] = Hot()

    async def main() -> int:
        async for value in aio.stream(source, 1):
            return value
        return -1

    with emitting(source, itertools.count()):
        assert asyncio.run(main()) == 0
    assert not source.is_observed


def test_after_a_break_a_stream_in_a_variable_goes_on() -> None:
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        taken = []
        async with aio.stream(source, 2) as values:
            for _ in range(3):
                async for value in values:
                    taken.append(value)
                    if value % 10 == 9:
                        break
        return taken

    with emitting(source, itertools.count()):
        assert asyncio.run(main()) == list(range(30))
    assert not source.is_observed


def test_exception_in_the_loops_body_disposes() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        async with aio.stream(source, 1) as values:
            async for value in values:
                raise KeyError(value)

    with emitting(source, itertools.count()), pytest.raises(KeyError):
        asyncio.run(main())
    assert not source.is_observed


def test_aclose_ends_a_loop_that_waits_elsewhere_and_may_be_called_again() -> None:
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        async with aclosing(aio.stream(source)) as values:

            async def take() -> list[int]:
                return [value async for value in values]

            task = asyncio.create_task(take())
            await until(lambda: source.is_observed)
            source.emit(1)
            await until(lambda: not values.waiting)
            await values.aclose()
            assert not source.is_observed
            assert "closed" in repr(values)
            return await task

    assert asyncio.run(main()) == [1]


def test_a_stream_that_is_closed_before_it_begins_is_empty() -> None:
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        values = aio.stream(source)
        await values.aclose()
        return [value async for value in values]

    assert asyncio.run(main()) == []
    assert not source.is_observed


async def waiting_for_the_first(values: AsyncIterator[int]) -> None:
    await anext(values)


async def waiting_for_a_later_one(values: AsyncIterator[int]) -> None:
    async for _ in values:
        pass


async def working_on_a_value(values: AsyncIterator[int]) -> None:
    async with aclosing(values):  # type: ignore[type-var]  # AsyncStream has aclose
        async for _ in values:
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("consumer", "values"),
    [(waiting_for_the_first, 0), (waiting_for_a_later_one, 3), (working_on_a_value, 1)],
)
def test_cancellation_at_each_wait_disposes(
    consumer: Callable[[AsyncIterator[int]], Awaitable[None]], values: int
) -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        stream = aio.stream(source)
        task = asyncio.ensure_future(consumer(stream))
        await until(lambda: source.is_observed)
        source.emit(*range(values))
        await until(lambda: not stream.waiting)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not source.is_observed  # though `stream` is still here
        assert await anext(stream, None) is None

    asyncio.run(main())


def test_cancellation_at_the_turn_of_other_tasks_disposes() -> None:
    source: Hot[int] = Hot()
    taken = []

    async def main() -> None:
        stream = aio.stream(source)

        async def take() -> None:
            async for value in stream:
                taken.append(value)

        task = asyncio.create_task(take())
        await until(lambda: source.is_observed)
        source.emit(*range(1_000))
        while not taken:
            await asyncio.sleep(0)
        task.cancel()  # it has given others a turn, and values wait
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not source.is_observed

    asyncio.run(main())
    assert len(taken) < 1_000


def test_timeout_over_a_loop_disposes() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        async with asyncio.timeout(0.01):
            async for _ in aio.stream(source):
                pass

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert not source.is_observed


def test_cancellation_wakes_a_source_that_waits() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        stream = aio.stream(source, 1)

        async def take() -> None:
            async for _ in stream:
                await asyncio.Event().wait()

        task = asyncio.create_task(take())
        await until(lambda: stream._inlet is not None and stream._inlet.blocked)
        task.cancel()
        await asyncio.wait([task])
        await stream.aclose()
        await until(lambda: not source.is_observed)  # the source's thread, awake again, may release it

    with emitting(source, itertools.count()):
        asyncio.run(main())


@pytest.mark.parametrize("overflow", ["block", "drop_oldest", "drop_newest", "error"])
def test_a_loop_that_is_closed_while_the_source_goes_on_is_noticed(overflow: Overflow) -> None:
    source: Hot[int] = Hot()
    stream = aio.stream(source, 10, overflow, on_drop=lambda _: None)
    loop = asyncio.new_event_loop()
    with emitting(source, itertools.count()):
        assert loop.run_until_complete(stream.__anext__()) >= 0
        loop.close()
    # The thread above ends only when nobody observes any more.
    assert not source.is_observed


def test_a_loop_that_is_closed_over_a_task_that_waits_is_noticed() -> None:
    source: Hot[int] = Hot()
    loop = asyncio.new_event_loop()
    stream = aio.stream(source)
    task = loop.create_task(stream.__anext__())
    loop.run_until_complete(asyncio.sleep(0))
    assert source.is_observed
    loop.close()
    source.emit(1, 2)
    assert not source.is_observed
    task._log_destroy_pending = False


def test_a_source_that_waits_when_the_loop_is_closed_goes_on() -> None:
    source: Hot[int] = Hot()
    stream = aio.stream(source, 1)
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        aiter(stream)

    loop.run_until_complete(begin())
    thread = threading.Thread(target=source.emit, args=[1, 2, 3])
    thread.start()
    wait_for(lambda: stream._inlet is not None and stream._inlet.blocked)
    loop.close()
    thread.join()
    assert not source.is_observed


def test_a_source_that_waits_goes_on_when_the_iterator_is_let_go_while_the_loop_is_busy() -> None:
    """As in ``with client:`` inside a coroutine: the loop's thread waits for the source's."""
    source: Hot[int] = Hot()

    async def main() -> None:
        streams = [aio.stream(source, 1)]
        aiter(streams[0])
        thread = threading.Thread(target=source.emit, args=[1, 2, 3])
        thread.start()
        wait_for(lambda: streams[0]._inlet is not None and streams[0]._inlet.blocked)
        streams.clear()
        wait_for(lambda: not thread.is_alive())

    asyncio.run(main())
    assert not source.is_observed


def test_an_iterator_in_a_cycle_is_let_go_by_the_garbage_collector() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        stream = aio.stream(source)
        holder: list[object] = [stream]
        holder.append(holder)
        aiter(stream)
        del stream, holder
        gc.collect()
        await until(lambda: not source.is_observed)

    asyncio.run(main())


def test_no_thread_is_made() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        before = set(threading.enumerate())
        async with aio.stream(source) as values:
            source.emit(1)
            await anext(values)
            assert set(threading.enumerate()) <= before

    asyncio.run(main())
