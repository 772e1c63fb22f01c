"""The bounded buffer and its four policies."""

from __future__ import annotations

import threading

import pytest

from rxpolygon.connection.buffer import BufferFigures, FrameBuffer, Overflow
from rxpolygon.connection.effects import Effect, Tell
from rxpolygon.status import CaughtUp, Dropped, Lagging, ServerMessage, Status
from tests.support import PATIENCE, wait_for


def note(text: str) -> Tell:
    return Tell(ServerMessage("note", text))


def drain(buffer: FrameBuffer) -> list[bytes | Status]:
    """Everything up to a marker that is put now."""
    buffer.tell(note("end"))
    found: list[bytes | Status] = []
    while True:
        item = buffer.take()
        if isinstance(item, list):
            found += item
        elif isinstance(item, Tell):
            if item == note("end"):
                return found
            found.append(item.status)


def filled(overflow: Overflow, frames: int, limit: int = 30) -> FrameBuffer:
    buffer = FrameBuffer(limit, overflow)
    for number in range(frames):
        buffer.put([b"%010d" % number])
    return buffer


def without_water_marks(items: list[bytes | Status]) -> list[bytes | Status]:
    return [item for item in items if not isinstance(item, (Lagging, CaughtUp))]


def test_frames_and_effects_keep_their_order() -> None:
    buffer = FrameBuffer(1_000, "block")
    buffer.put([b"a", b"b"])
    buffer.tell(note("between"))
    buffer.put([b"c"])
    assert drain(buffer) == [b"a", b"b", ServerMessage("note", "between"), b"c"]
    figures = buffer.figures
    assert (figures.frames, figures.bytes, figures.dropped) == (3, 3, 0)


def test_drop_oldest_keeps_the_newest_and_marks_the_hole_first() -> None:
    buffer = filled("drop_oldest", 5)
    assert buffer.figures.dropped == 2
    expected = [Dropped(2, 20), b"%010d" % 2, b"%010d" % 3, b"%010d" % 4]
    assert without_water_marks(drain(buffer)) == expected


def test_drop_newest_keeps_the_oldest_and_marks_the_hole_last() -> None:
    buffer = filled("drop_newest", 5)
    assert buffer.figures.dropped == 2
    expected = [b"%010d" % 0, b"%010d" % 1, b"%010d" % 2, Dropped(2, 20)]
    assert without_water_marks(drain(buffer)) == expected


def test_drops_in_the_middle_of_a_batch_are_exact() -> None:
    batch = [b"%010d" % number for number in range(5)]
    newest = FrameBuffer(30, "drop_newest")
    newest.put([b"x"])
    newest.put(list(batch))
    assert without_water_marks(drain(newest)) == [b"x", *batch[:2], Dropped(3, 30)]
    oldest = FrameBuffer(30, "drop_oldest")
    oldest.put(list(batch[:3]))
    oldest.put(list(batch[3:4]))
    assert without_water_marks(drain(oldest)) == [Dropped(1, 10), *batch[1:4]]


def test_drop_oldest_keeps_effects_and_their_order() -> None:
    buffer = FrameBuffer(20, "drop_oldest")
    buffer.put([b"%010d" % 0])
    buffer.tell(note("one"))
    buffer.put([b"%010d" % 1])
    buffer.tell(note("two"))
    buffer.put([b"%010d" % 2])
    buffer.put([b"%010d" % 3])
    found = [item for item in without_water_marks(drain(buffer)) if not isinstance(item, Dropped)]
    assert found == [
        ServerMessage("note", "one"),
        ServerMessage("note", "two"),
        b"%010d" % 2,
        b"%010d" % 3,
    ]


def test_batch_larger_than_the_buffer_is_cut_even_when_nothing_waits() -> None:
    batch = [b"%010d" % number for number in range(5)]
    newest = FrameBuffer(30, "drop_newest")
    newest.put(list(batch))
    assert without_water_marks(drain(newest)) == [*batch[:3], Dropped(2, 20)]
    oldest = FrameBuffer(30, "drop_oldest")
    oldest.put(list(batch))
    assert without_water_marks(drain(oldest)) == [Dropped(2, 20), *batch[2:]]
    assert not FrameBuffer(30, "error").put(list(batch))


def test_error_policy_refuses_what_does_not_fit() -> None:
    buffer = FrameBuffer(10, "error")
    assert buffer.put([b"12345"])
    assert not buffer.put([b"123456"])


@pytest.mark.parametrize("overflow", ["block", "drop_oldest", "drop_newest", "error"])
def test_single_large_frame_passes_an_empty_buffer(overflow: Overflow) -> None:
    buffer = FrameBuffer(10, overflow)
    assert buffer.put([b"x" * 100])
    assert without_water_marks(drain(buffer)) == [b"x" * 100]


def test_block_holds_the_putting_thread_and_loses_nothing() -> None:
    buffer = FrameBuffer(30, "block")
    frames = [b"%010d" % number for number in range(100)]
    putting = threading.Thread(target=lambda: buffer.put(list(frames)))
    putting.start()
    taken: list[bytes] = []
    while len(taken) < len(frames):
        item = buffer.take()
        if isinstance(item, list):
            assert buffer.figures.size <= 30
            taken += item
    putting.join(PATIENCE)
    assert taken == frames
    assert not putting.is_alive()


def test_what_is_worked_on_counts_until_the_next_take() -> None:
    buffer = FrameBuffer(100, "block")
    buffer.put([b"12345"])
    assert isinstance(buffer.take(), list)
    assert buffer.figures.size == 5
    buffer.tell(note("next"))
    assert isinstance(buffer.take(), Effect)
    assert buffer.figures.size == 0


def test_lagging_comes_first_and_caught_up_after() -> None:
    buffer = filled("block", 3)
    statuses = [item for item in drain(buffer) if isinstance(item, Status)]
    assert isinstance(statuses[0], Lagging)
    assert isinstance(statuses[-1], CaughtUp)


def test_discard_counts_waiting_frames_and_frees_a_blocked_put() -> None:
    buffer = FrameBuffer(10, "block")
    buffer.put([b"1234567890"])
    putting = threading.Thread(target=lambda: buffer.put([b"x" * 10]))
    putting.start()
    wait_for(lambda: buffer.is_held)
    assert buffer.discard() == 1
    putting.join(PATIENCE)
    assert not putting.is_alive()
    assert buffer.put([b"late"])
    assert without_water_marks(drain(buffer)) == []


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_discard_still_tells_what_was_dropped(overflow: Overflow) -> None:
    buffer = filled(overflow, 5)
    assert buffer.discard() == 3
    assert without_water_marks(drain(buffer)) == [Dropped(2, 20)]


def test_buffer_counts_as_held_until_the_putting_thread_says_that_it_goes_on() -> None:
    buffer = filled("block", 3)
    putting = threading.Thread(target=buffer.put, args=([b"%010d" % 3],))
    putting.start()
    while not buffer.is_held:
        assert putting.is_alive()
    while not isinstance(buffer.take(), list):  # the mark of high water comes first
        pass
    buffer.take()  # what was taken before is done, and there is room
    putting.join(PATIENCE)
    assert not putting.is_alive()
    assert buffer.is_held
    buffer.let_go()
    assert not buffer.is_held


def test_figures_tell_no_frames_whose_drops_are_not_counted_yet() -> None:
    buffer = filled("drop_oldest", 3)
    seen: list[BufferFigures] = []
    reading = threading.Thread(target=lambda: seen.append(buffer.figures))

    def is_wanted() -> bool:  # asked in the middle of a put
        reading.start()
        reading.join(0.1)  # it can only end here if it waits for nobody
        return True

    buffer.put([b"%010d" % 3, b"%010d" % 4], is_wanted)
    reading.join(PATIENCE)
    assert seen == [BufferFigures(frames=5, bytes=50, size=30, dropped=2)]
