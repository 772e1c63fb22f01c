from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from rxpolygon.operators._turns import Turns
from tests.operators.streams import END, ERROR, Watch


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Threads give way to each other as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_hasty_threads")
def test_turns_four_threads_lose_nothing_keep_order_and_never_overlap() -> None:
    """When all threads are back everything is handled: nobody left work for a worker that had gone."""
    watch: Watch[tuple[int, int]] = Watch()
    turns = Turns(watch)
    inside = [0]
    overlaps = [0]

    def handle(value: tuple[int, int]) -> None:
        inside[0] += 1
        overlaps[0] += inside[0] != 1
        turns.emit(value)
        inside[0] -= 1

    enter = turns.entry(handle)
    count = 5_000

    def send(thread: int) -> None:
        for number in range(count):
            if thread % 2:
                enter((thread, number))
            else:
                turns.run(handle, (thread, number))

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert overlaps == [0]
    assert len(watch.values) == 4 * count
    for one in range(4):
        assert [number for thread, number in watch.values if thread == one] == list(range(count))


def test_turns_handler_that_enters_again_is_called_after_it_returns() -> None:
    watch: Watch[int] = Watch()
    turns = Turns(watch)

    def handle(value: int) -> None:
        if value < 3:
            enter(value + 1)
        turns.emit(value)

    enter = turns.entry(handle)
    enter(0)
    assert watch.values == [0, 1, 2, 3]


def test_turns_exception_goes_to_on_error_and_work_goes_on() -> None:
    watch: Watch[int] = Watch()
    turns = Turns(watch)
    handled: list[int] = []

    def handle(value: int) -> None:
        handled.append(value)
        enter(2)
        turns.run(handled.append, 3)
        raise ERROR

    enter = turns.entry(handle)
    enter(1)
    assert watch.end is ERROR
    assert handled == [1, 3], "an event is nothing to anybody after the end; what cleans up is done"


def test_turns_exception_of_on_completed_goes_up() -> None:
    class Faulty(Watch[int]):
        def on_completed(self) -> None:
            super().on_completed()
            raise ERROR

    watch = Faulty()
    turns = Turns(watch)
    with pytest.raises(type(ERROR)):
        turns.run(turns.end, None)
    assert watch.end == END
    turns.run(watch.values.append, 7)
    assert watch.values == [7]
