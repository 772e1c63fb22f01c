"""What operators leave out is told at the end of the stream, whichever way it ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from reactivex import Observable

import rxpolygon.operators as rxo
from tests.operators.streams import Hot, Watch, trade

Operator = Callable[[Observable[Any]], Observable[Any]]

# Of these events each leaves out the last two.
EVENTS = [trade(at=at, id=str(id)) for at, id in [(200_000, 1), (400_000, 2), (400_000, 2), (400_000, 2)]]
LATE = [trade(at=at) for at in (0, 400_000, 100, 200)]
CASES: dict[str, tuple[Callable[[], Operator], list[Any]]] = {
    "time_bars": (lambda: rxo.time_bars("1m", late="drop"), LATE),
    "reorder": (lambda: rxo.reorder("1s"), [*LATE[:2], trade(at=600_000), *LATE[2:]]),
    "deduplicate": (lambda: rxo.deduplicate(), EVENTS),
}


@pytest.mark.parametrize("end", ["complete", "fail", "dispose", "complete, dispose"])
@pytest.mark.parametrize("case", CASES)
def test_number_of_losses_is_told_once_at_each_end(
    case: str, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, events = CASES[case]
    source: Hot[Any] = Hot()
    watch = Watch[Any]().of(source.pipe(make()))
    with caplog.at_level(logging.INFO, "rxpolygon.operators"):
        source.send(*events)
        if end == "fail":
            source.fail()
        if "complete" in end:
            source.complete()
        if "dispose" in end:
            watch.dispose()
    first, last = caplog.messages
    assert first.startswith("1 event so far")
    assert last.startswith("2 events ")


def test_number_of_dropped_values_is_told_at_disposal(caplog: pytest.LogCaptureFixture) -> None:
    entered, gate = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        entered.set()
        gate.wait(20)

    source: Hot[int] = Hot()
    subscription = source.pipe(rxo.buffered(1, "drop_newest")).subscribe(slow)
    source.send(0)
    assert entered.wait(20)
    source.send(1, 2, 3)
    subscription.dispose()
    gate.set()
    assert caplog.messages[-1] == "2 events were dropped by buffered, whose queue was full"
