"""What a full queue does: the four policies, and how drops are told."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque

import pytest

from rxpolygon import aio
from rxpolygon.errors import QueueFullError
from rxpolygon.operators import Overflow
from tests.aio.sources import Hot, emitting, take_all, until
from tests.support import wait_for


def taken(overflow: Overflow, count: int = 6, capacity: int = 2) -> list[int]:
    """What a loop gets that begins to take when everything has been emitted."""
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        async with aio.stream(source, capacity, overflow) as values:
            source.emit(*range(count))
            source.complete()
            return [value async for value in values]

    return asyncio.run(main())


def test_drop_oldest_keeps_the_newest() -> None:
    assert taken("drop_oldest") == [4, 5]


def test_drop_newest_keeps_the_oldest() -> None:
    assert taken("drop_newest") == [0, 1]


def test_drop_newest_bears_a_loop_that_takes_everything_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread may do so between any two steps of the source's."""

    class Taken(deque[int]):
        def __len__(self) -> int:
            count = super().__len__()
            if count > 1:
                self.clear()
            return count

    monkeypatch.setattr("rxpolygon.aio._inlet.deque", Taken)
    assert taken("drop_newest", 3, 1) == [0]


def test_error_ends_the_loop_after_what_is_queued_and_releases_the_source() -> None:
    source: Hot[int] = Hot()
    values: list[int] = []

    async def main() -> None:
        async with aio.stream(source, 2, "error") as stream:
            source.emit(1, 2, 3)
            assert not source.is_observed
            with pytest.raises(QueueFullError, match="queue of 2 values"):
                await take_all(stream, values)

    asyncio.run(main())
    assert values == [1, 2]


def test_block_makes_the_source_wait_and_loses_nothing() -> None:
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        async with aio.stream(source, 3) as values:
            await until(lambda: values.waiting == 3)
            await until(lambda: values._inlet is not None and values._inlet.blocked)
            assert values.waiting == 3
            return [value async for value in values]

    with emitting(source, range(200)):
        assert asyncio.run(main()) == list(range(200))


def test_every_drop_is_told_to_on_drop_on_the_sources_thread() -> None:
    source: Hot[int] = Hot()
    told: list[tuple[int, str]] = []

    def on_drop(value: int) -> None:
        told.append((value, threading.current_thread().name))

    async def main() -> int:
        async with aio.stream(source, 1, "drop_oldest", on_drop=on_drop) as values:
            thread = threading.Thread(target=source.emit, args=[1, 2, 3], name="wire")
            thread.start()
            await until(lambda: not thread.is_alive())
            assert await anext(values) == 3
        return values.dropped

    assert asyncio.run(main()) == 2
    assert told == [(1, "wire"), (2, "wire")]


def test_without_on_drop_the_first_and_the_number_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        taken("drop_newest", 5)
    assert [record.getMessage() for record in caplog.records] == [
        "1 event so far were dropped by aio.stream, whose queue was full: 2",
        "3 events were dropped by aio.stream, whose queue was full",
    ]


def test_on_drop_that_raises_ends_the_loop_with_that() -> None:
    source: Hot[int] = Hot()

    def refuse(value: int) -> None:
        raise LookupError(f"not {value}")

    async def main() -> None:
        async with aio.stream(source, 1, "drop_newest", on_drop=refuse) as values:
            source.emit(1, 2)
            assert not source.is_observed
            assert await anext(values) == 1
            with pytest.raises(LookupError, match="not 2"):
                await anext(values)

    asyncio.run(main())


def test_several_sources_that_wait_all_go_on() -> None:
    source: Hot[int] = Hot()
    threads = [threading.Thread(target=source.emit, args=range(n, 400, 4)) for n in range(4)]

    async def main() -> list[int]:
        async with aio.stream(source, 2) as values:
            for thread in threads:
                thread.start()
            return [await anext(values) for _ in range(400)]

    assert sorted(asyncio.run(main())) == list(range(400))
    for thread in threads:
        thread.join()


def test_source_that_waits_goes_on_when_the_source_itself_ends() -> None:
    """Two threads, one of which waits for room while the other completes: an end beats a wait."""
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        async with aio.stream(source, 1) as values:
            thread = threading.Thread(target=source.emit, args=[1, 2])
            thread.start()
            await until(lambda: values._inlet is not None and values._inlet.blocked)
            source.complete()
            wait_for(lambda: not thread.is_alive())
            return [value async for value in values]

    assert asyncio.run(main()) == [1]
