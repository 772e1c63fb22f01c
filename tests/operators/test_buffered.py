from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
from reactivex import Observable, abc
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon.errors import InvalidArgumentError, OverflowError, QueueFullError
from rxpolygon.operators import Overflow
from tests.operators.streams import END, ERROR, Hot

NAME = "rxpolygon-buffered"
LIMIT = 20.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    pause = threading.Event()
    deadline = monotonic() + LIMIT
    while not condition():
        assert monotonic() < deadline, f"waited {LIMIT} s for {what}"
        pause.wait(0.001)


def wait_until_blocked(sender: threading.Thread) -> None:
    """The thread waits for room, or is about to: its stack ends in a Condition's wait."""

    def is_waiting() -> bool:
        frame = sys._current_frames().get(sender.ident or 0)
        return frame is not None and frame.f_code is threading.Condition.wait.__code__

    wait_until(is_waiting, "the source to wait for room")


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(NAME)]


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    yield
    wait_until(lambda: not own_threads(), f"the threads to end: {own_threads()}")


class Slow(abc.ObserverBase[int]):
    """An observer that is busy with a value until it is let go."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.errors: list[Exception] = []
        self.end: str | None = None
        self.threads: set[str] = set()
        self.busy = threading.Event()
        self.go = threading.Event()

    def on_next(self, value: int) -> None:
        self.threads.add(threading.current_thread().name)
        self.busy.set()
        assert self.go.wait(LIMIT)
        self.seen.append(value)

    def on_error(self, error: Exception) -> None:
        self.errors.append(error)

    def on_completed(self) -> None:
        self.end = END

    def wait_for_end(self) -> None:
        wait_until(lambda: self.end is not None or bool(self.errors), "the end")


def busy_with_first(source: Hot[int], slow: Slow) -> None:
    """The observer holds 0, so that what follows must wait in the queue."""
    source.send(0)
    assert slow.busy.wait(LIMIT)


def test_buffered_values_arrive_in_order_in_the_named_thread() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    slow.go.set()
    source.pipe(rxo.buffered(1_000, name=f"{NAME}-mine")).subscribe(slow)
    source.send(*range(500))
    source.complete()
    slow.wait_for_end()
    assert slow.seen == list(range(500))
    assert slow.threads == {f"{NAME}-mine"}
    assert not source.observers


def test_buffered_error_comes_after_what_is_queued() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    source.pipe(rxo.buffered(10)).subscribe(slow)
    source.send(1, 2, 3)
    source.fail()
    slow.go.set()
    slow.wait_for_end()
    assert (slow.seen, slow.errors) == ([1, 2, 3], [ERROR])


@pytest.mark.parametrize(
    ("overflow", "seen", "dropped"),
    [("drop_oldest", [0, 3, 4], [1, 2]), ("drop_newest", [0, 1, 2], [3, 4])],
)
def test_buffered_full_queue_drops_counts_and_tells(
    overflow: Overflow, seen: list[int], dropped: list[int]
) -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    told: list[int] = []
    source.pipe(rxo.buffered(2, overflow, on_drop=told.append)).subscribe(slow)
    busy_with_first(source, slow)
    source.send(1, 2, 3, 4)
    source.complete()
    slow.go.set()
    slow.wait_for_end()
    assert (slow.seen, told) == (seen, dropped)


def test_buffered_drop_without_listener_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    with caplog.at_level(logging.WARNING, "rxpolygon.operators"):
        source.pipe(rxo.buffered(1, "drop_oldest")).subscribe(slow)
        busy_with_first(source, slow)
        source.send(1, 2, 3)
        source.complete()
    slow.go.set()
    slow.wait_for_end()
    assert "2 events were dropped by buffered, whose queue was full" in caplog.messages


def test_buffered_on_drop_that_raises_goes_to_on_error() -> None:
    def fail(_: int) -> None:
        raise ERROR

    source: Hot[int] = Hot()
    slow = Slow()
    source.pipe(rxo.buffered(1, "drop_newest", on_drop=fail)).subscribe(slow)
    busy_with_first(source, slow)
    source.send(1, 2)
    assert not source.observers
    slow.go.set()
    slow.wait_for_end()
    assert (slow.seen, slow.errors) == ([0, 1], [ERROR])


def test_buffered_error_policy_delivers_what_is_queued_and_then_fails() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    source.pipe(rxo.buffered(2, "error")).subscribe(slow)
    busy_with_first(source, slow)
    source.send(1, 2, 3)
    assert not source.observers
    slow.go.set()
    slow.wait_for_end()
    assert slow.seen == [0, 1, 2]
    (error,) = slow.errors
    assert isinstance(error, QueueFullError)
    assert isinstance(error, OverflowError)
    assert error.limit == 2
    assert "2 values" in str(error)


def test_buffered_block_makes_the_source_wait_and_loses_nothing() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    sent: list[int] = []
    source.pipe(rxo.buffered(2)).subscribe(slow)
    busy_with_first(source, slow)

    def send() -> None:
        for value in range(1, 50):
            source.send(value)
            sent.append(value)
        source.complete()

    sender = threading.Thread(target=send)
    sender.start()
    wait_until(lambda: len(sent) == 2, "the queue to fill")
    slow.go.set()
    sender.join(LIMIT)
    slow.wait_for_end()
    assert slow.seen == list(range(50))


def test_buffered_dispose_wakes_a_source_that_waits_for_room() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    subscription = source.pipe(rxo.buffered(1)).subscribe(slow)
    busy_with_first(source, slow)
    sender = threading.Thread(target=source.send, args=(1, 2, 3))
    sender.start()
    wait_until_blocked(sender)
    subscription.dispose()
    sender.join(LIMIT)
    assert not sender.is_alive()
    slow.go.set()
    wait_until(lambda: not own_threads(), "the thread to end")
    assert slow.seen == [0]
    assert not source.observers


def test_buffered_observer_that_emits_into_a_full_queue_does_not_wait_for_itself() -> None:
    source: Hot[int] = Hot()
    done = threading.Event()
    seen: list[int] = []

    def on_next(value: int) -> None:
        seen.append(value)
        if value == 0:
            source.send(1, 2, 3)
            source.complete()

    source.pipe(rxo.buffered(1)).subscribe(on_next, on_completed=done.set)
    source.send(0)
    assert done.wait(LIMIT)
    assert seen == [0, 1, 2, 3]


def test_buffered_observer_that_raises_gets_it_in_on_error_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source: Hot[int] = Hot()
    errors: list[Exception] = []

    def fail(_: int) -> None:
        raise ERROR

    source.pipe(rxo.buffered(10)).subscribe(fail, errors.append)
    source.send(1, 2)
    wait_until(lambda: bool(errors) and not own_threads(), "the error")
    assert errors == [ERROR]
    assert not source.observers
    assert "an observer raised; it is detached" in caplog.messages


def test_buffered_exception_that_nobody_takes_goes_to_the_hook_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source: Hot[int] = Hot()
    hooked: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda it: hooked.append(it.exc_value))

    def misspelt(_: int) -> int:
        raise ERROR

    source.pipe(rxo.buffered(10), ops.map(misspelt)).subscribe()
    source.send(1)
    wait_until(lambda: bool(hooked) and not own_threads(), "the error")
    assert hooked == [ERROR]
    assert not source.observers


def test_buffered_observer_that_raises_wakes_a_source_that_waits_for_room() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    errors: list[Exception] = []

    def fail(value: int) -> None:
        slow.on_next(value)
        raise ERROR

    source.pipe(rxo.buffered(1)).subscribe(fail, errors.append)
    busy_with_first(source, slow)
    sender = threading.Thread(target=source.send, args=(1, 2, 3))
    sender.start()
    wait_until_blocked(sender)
    slow.go.set()
    sender.join(LIMIT)
    assert not sender.is_alive()
    wait_until(lambda: bool(errors), "the error")


def test_buffered_disposed_by_its_observer_ends_the_thread() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    slow.go.set()
    source.pipe(rxo.buffered(10), ops.take(1)).subscribe(slow)
    source.send(1, 2, 3)
    slow.wait_for_end()
    wait_until(lambda: not own_threads(), "the thread to end")
    assert slow.seen == [1]
    assert not source.observers


def test_buffered_two_subscriptions_have_threads_of_their_own() -> None:
    source: Hot[int] = Hot()
    first, second = Slow(), Slow()
    both = source.pipe(rxo.buffered(10))
    both.subscribe(first)
    both.subscribe(second)
    second.go.set()
    source.send(1, 2)
    source.complete()
    second.wait_for_end()
    assert (first.seen, second.seen) == ([], [1, 2])
    first.go.set()
    first.wait_for_end()
    assert first.threads.isdisjoint(second.threads)


def test_buffered_empty_source_completes() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    source.pipe(rxo.buffered(1)).subscribe(slow)
    source.complete()
    slow.wait_for_end()
    assert slow.end == END


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no source")], ids=repr)
def test_buffered_source_that_raises_when_observed_leaves_no_thread(error: BaseException) -> None:
    class Faulty(Observable[int]):
        def subscribe(self, *_: object, **__: object) -> abc.DisposableBase:
            raise error

    with pytest.raises(type(error)):
        Faulty().pipe(rxo.buffered(1)).subscribe()
    wait_until(lambda: not own_threads(), "the thread to end")


def test_buffered_many_sending_threads_lose_nothing() -> None:
    source: Hot[int] = Hot()
    slow = Slow()
    slow.go.set()
    source.pipe(rxo.buffered(7)).subscribe(slow)
    senders = [threading.Thread(target=source.send, args=range(n, 4_000, 4)) for n in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(LIMIT)
    source.complete()
    slow.wait_for_end()
    assert sorted(slow.seen) == list(range(4_000))
    assert [value for value in slow.seen if value % 4 == 1] == list(range(1, 4_000, 4))


@pytest.mark.parametrize(("capacity", "overflow"), [(0, "block"), (1, "forget")])
def test_buffered_wrong_arguments_raise_at_the_call(capacity: int, overflow: str) -> None:
    with pytest.raises(InvalidArgumentError):
        rxo.buffered(capacity, overflow)  # type: ignore[call-overload]
