"""``aio.stream``: what comes out of the loop, and when."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

import pytest
import reactivex as rx
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import operators as ops
from reactivex.scheduler import NewThreadScheduler

from rxpolygon import aio
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, UsageError
from rxpolygon.operators import Overflow
from tests.aio.sources import Hot, emitting, take_all, until
from tests.support import wait_for


def test_values_of_another_thread_come_in_order_then_the_loop_ends() -> None:
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        return [value async for value in aio.stream(source)]

    with emitting(source, range(5_000)):
        assert asyncio.run(main()) == list(range(5_000))
    assert not source.is_observed


def test_error_of_the_source_is_raised_after_what_is_queued_and_only_once() -> None:
    source: Hot[int] = Hot()
    taken: list[int] = []

    async def main() -> None:
        async with aio.stream(source) as values:
            source.emit(1, 2)
            source.fail(OSError("the wire broke"))
            with pytest.raises(OSError, match="the wire broke"):
                await take_all(values, taken)
            assert await anext(values, None) is None
        assert not source.is_observed

    asyncio.run(main())
    assert taken == [1, 2]


def test_error_wakes_a_task_that_waits() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        waiting = asyncio.ensure_future(anext(aio.stream(source)))
        await until(lambda: source.is_observed)
        threading.Thread(target=source.fail, args=[OSError("gone")]).start()
        with pytest.raises(OSError, match="gone"):
            await waiting

    asyncio.run(main())


def test_nothing_is_observed_before_the_loop_begins() -> None:
    source: Hot[int] = Hot()
    values = aio.stream(source)  # outside of any event loop
    assert not source.is_observed
    assert repr(values) == "<AsyncStream, new, 0 waiting, 0 dropped>"

    async def main() -> int:
        iterator = aiter(values)
        assert source.is_observed
        source.emit(7, 8)
        assert values.waiting == 2
        return await anext(iterator)

    assert asyncio.run(main()) == 7


def test_a_burst_wakes_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source: Hot[int] = Hot()

    async def main() -> int:
        loop = asyncio.get_running_loop()
        calls: deque[object] = deque()
        real = loop.call_soon_threadsafe

        def count(callback: Callable[..., object], *arguments: object) -> asyncio.Handle:
            calls.append(callback)
            return real(callback, *arguments)

        monkeypatch.setattr(loop, "call_soon_threadsafe", count)
        values = aio.stream(source)
        waiting = asyncio.ensure_future(anext(values))
        await until(lambda: source.is_observed)
        source.emit(*range(1_000))
        assert [await waiting, *[await anext(values) for _ in range(999)]] == list(range(1_000))
        return len(calls)

    assert asyncio.run(main()) == 1


def test_other_tasks_get_a_turn_while_values_wait() -> None:
    source: Hot[int] = Hot()
    turns = []

    async def other() -> None:
        while True:
            turns.append(taken)
            await asyncio.sleep(0)

    taken = 0

    async def main() -> None:
        nonlocal taken
        async with aio.stream(source) as values:
            source.emit(*range(2_000))
            source.complete()
            task = asyncio.create_task(other())
            async for _ in values:
                taken += 1
            task.cancel()

    asyncio.run(main())
    assert taken == 2_000
    assert len(turns) >= 9


@given(
    st.lists(st.integers(0, 30), max_size=20),
    st.integers(1, 20),
    st.sampled_from(["block", "drop_oldest", "drop_newest"]),
)
@settings(deadline=None, max_examples=40)
def test_what_is_taken_and_what_is_dropped_are_the_source_together(
    bursts: list[int], capacity: int, overflow: Overflow
) -> None:
    source: Hot[int] = Hot()
    dropped: list[int] = []
    total = sum(bursts)

    async def main() -> list[int]:
        values = aio.stream(source, capacity, overflow, on_drop=dropped.append)
        taken = [value async for value in values]
        assert values.dropped == len(dropped)
        return taken

    with emitting(source, range(total)):
        taken = asyncio.run(main())
    assert sorted(taken + dropped) == list(range(total))
    assert taken == sorted(taken)
    assert dropped == sorted(dropped)
    assert overflow != "block" or not dropped


def test_two_loops_in_two_threads_each_take_everything() -> None:
    source: Hot[int] = Hot()
    results: list[list[int]] = []

    async def main() -> None:
        results.append([value async for value in aio.stream(source, 10)])

    threads = [threading.Thread(target=asyncio.run, args=[main()]) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(source.observers) == 2)
    source.emit(*range(300))
    source.complete()
    for thread in threads:
        thread.join()
    assert results == [list(range(300))] * 2


def test_two_loops_one_after_another_each_make_their_stream() -> None:
    source = rx.of(1, 2, 3)
    for _ in range(2):
        assert asyncio.run(aio.to_list(source)) == [1, 2, 3]


def test_a_stream_of_another_loop_is_refused() -> None:
    source: Hot[int] = Hot()
    streams = [aio.stream(source)]

    async def begin() -> None:
        aiter(streams[0])

    async def go_on() -> None:
        with pytest.raises(UsageError, match="another event loop"):
            await anext(streams[0])

    asyncio.run(begin())
    asyncio.run(go_on())
    streams.clear()
    source.emit(1)  # its loop is closed: now the source is released
    assert not source.is_observed


def test_a_second_task_at_once_is_refused() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        async with aio.stream(source) as values:
            first = asyncio.create_task(anext(values))
            await until(lambda: source.is_observed)
            await asyncio.sleep(0)
            with pytest.raises(UsageError, match="another task waits"):
                await anext(values)
            source.emit(5)
            assert await first == 5

    asyncio.run(main())


def test_outside_of_a_loop_it_says_so() -> None:
    with pytest.raises(UsageError, match="no running event loop"):
        aiter(aio.stream(rx.of(1)))


def test_a_cold_source_of_another_thread_is_held_back_by_the_loop() -> None:
    numbers = rx.from_iterable(range(20_000)).pipe(ops.subscribe_on(NewThreadScheduler()))

    async def main() -> list[int]:
        return [value async for value in aio.stream(numbers, 100)]

    assert asyncio.run(main()) == list(range(20_000))


def test_a_source_on_the_loops_own_thread_cannot_wait_and_says_what_to_do() -> None:
    async def main() -> list[int]:
        taken: list[int] = []
        with pytest.raises(UsageError, match=r"own thread.*queue of 3 values.*subscribe_on"):
            await take_all(aio.stream(rx.from_iterable(range(10)), 3), taken)
        return taken

    assert asyncio.run(main()) == [0, 1, 2]


def test_a_source_on_the_loops_own_thread_needs_no_other_while_there_is_room() -> None:
    async def main() -> list[int]:
        return [value async for value in aio.stream(rx.from_iterable(range(10)), 10)]

    assert asyncio.run(main()) == list(range(10))


@pytest.mark.parametrize("capacity", [0, -1])
def test_capacity_must_hold_a_value(capacity: int) -> None:
    with pytest.raises(InvalidArgumentError, match="capacity"):
        aio.stream(rx.of(1), capacity)


def test_wrong_arguments_are_refused_at_the_call() -> None:
    with pytest.raises(InvalidTypeError, match="capacity must be an int"):
        aio.stream(rx.of(1), 2.5)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="overflow='forget' is not allowed: use one of block"):
        aio.stream(rx.of(1), 1, "forget")  # type: ignore[arg-type]
    with pytest.raises(InvalidTypeError, match="observable must be an Observable, not list"):
        aio.stream([1])  # type: ignore[arg-type]
