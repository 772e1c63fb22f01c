"""Serving a recording."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from rxpolygon.errors import RecordingError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Duplicate, Fault, Reorder
from rxpolygon.simulator.playback import markets_in
from rxpolygon.simulator.venues.polygon import PolygonVenue
from tests.simulator.leaps import MINUTE, LeapingLoop
from tests.simulator.wire import PATIENCE, Client, Ended, trade

DATA = Path(__file__).parents[3] / "shared" / "data"
FIVE_MINUTES = DATA / "us-equities-open-5min.jsonl"
needs_data = pytest.mark.skipif(not FIVE_MINUTES.exists(), reason="the recordings are not here")

# A busy client reads for longer than three seconds what was sent before the close.
pytestmark = pytest.mark.usefixtures("patient_farewell")

Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Write frames, given as lists of events, as a recording with 100 ms between them."""

    def write(*frames: list[Any], name: str = "day.jsonl") -> Path:
        lines = [f"[{n * 100_000_000},{json.dumps(frame)}]\n" for n, frame in enumerate(frames, 1)]
        text = "".join(lines).encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    return write


def quote(symbol: str, **fields: object) -> dict[str, object]:
    return {"ev": "Q", "sym": symbol, "bp": 1.5, "bx": 1, **fields}


def play(path: Path, params: str, faults: Iterable[Fault] = (), cluster: str = "stocks") -> list[Any]:
    """What a client gets of a recording, played as fast as it reads."""
    with (
        Simulator(recording=path, speed="max", on_end="close", faults=faults) as simulator,
        Client(simulator.url, cluster) as client,
    ):
        client.log_in().subscribe(params)
        frames = []
        try:
            while True:
                frames.append(client.frame())
        except Ended:
            return frames


def test_frame_that_is_wanted_whole_goes_out_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    odd = b'[ {"ev":"T","sym":"A","p":1.50,"x":1} , {"sym":"A","ev":"Q"} ]'
    path.write_bytes(b"[1," + odd + b"]\n")
    with Simulator(recording=path, speed="max") as simulator, Client(simulator.url) as client:
        client.log_in().subscribe("T.A,Q.*")
        assert client.raw()[1] == odd


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.gz"])
def test_only_what_is_subscribed_is_served(record: Record, name: str) -> None:
    path = record(
        [trade("A", x=1), quote("A"), trade("B")],
        [quote("B")],
        [trade("B"), trade("A", q=2)],
        name=name,
    )
    assert play(path, "T.A") == [[trade("A", x=1)], [trade("A", q=2)]]


def test_statuses_in_a_recording_are_not_served(record: Record) -> None:
    path = record([{"ev": "status", "status": "connected"}], [trade("A", x=1)])
    assert play(path, "T.*") == [[trade("A", x=1)]]


def test_frame_that_is_no_array_of_objects_goes_out_unchanged(record: Record) -> None:
    path = record([trade("A", x=1)], [1, 2])
    assert play(path, "T.A") == [[trade("A", x=1)], [1, 2]]


@pytest.mark.parametrize(
    ("cluster", "param", "event"),
    [
        ("forex", "C.USDJPY", {"ev": "C", "p": "USD/JPY", "a": 1.5}),
        ("forex", "FMV.USD/JPY", {"ev": "FMV", "sym": "C:USDJPY", "fmv": 1.5}),
        ("crypto", "XL2.BTC-USD", {"ev": "XL2", "pair": "BTC-USD", "b": [], "a": []}),
        ("indices", "V.SPX", {"ev": "V", "T": "I:SPX", "val": 1}),
        ("options", "T.O:SPY271217C00600000", {"ev": "T", "sym": "O:SPY271217C00600000", "p": 1}),
        ("futures", "Q.ESZ7", {"ev": "Q", "sym": "ESZ7", "bt": 1, "bp": 2}),
        ("stocks", "NOI.NTEST.Q", {"ev": "NOI", "T": "NTEST.Q", "p": 480, "x": 10}),
    ],
)
def test_every_cluster_is_played(record: Record, cluster: str, param: str, event: Any) -> None:
    assert play(record([event]), param, cluster=cluster) == [[event]]


def test_speed_paces_the_playback(record: Record) -> None:
    path = record(*([trade("A", x=1, q=number)] for number in range(6)))
    with Simulator(recording=path, speed=2) as simulator, Client(simulator.url) as client:
        client.log_in()
        began = time.monotonic()
        client.subscribe("T.A")
        client.take(6)
        assert 0.24 < time.monotonic() - began < PATIENCE


def test_playback_begins_anew_for_each_connection(record: Record) -> None:
    path = record([trade("A", x=1)], [trade("A", q=2)])
    with Simulator(recording=path, speed="max") as simulator:
        for _ in range(2):
            with Client(simulator.url) as client:
                client.log_in().subscribe("T.A")
                assert [event["q"] for event in client.take(2)] == [1, 2]
                simulator.wait_finished(PATIENCE)


def test_subscriptions_made_together_miss_nothing(record: Record, loops: list[LeapingLoop]) -> None:
    path = record([trade("A", x=1), quote("A"), quote("B")])
    with Simulator(recording=path, speed="max", settle=MINUTE) as simulator, Client(simulator.url) as client:
        client.log_in()
        for topic in ("T.A", "Q.A", "Q.B"):
            assert client.subscribe(topic)[0]["status"] == "success"
            loops[0].leap(MINUTE / 2)
        loops[0].leap(MINUTE)
        assert len(client.frame()) == 3


def test_end_holds_the_connection_and_is_told(record: Record) -> None:
    with Simulator(recording=record([trade("A", x=1)]), speed="max") as simulator:
        assert not simulator.finished.is_set()
        with pytest.raises(TimeoutError):
            simulator.wait_finished(0.01)
        with Client(simulator.url) as client:
            client.log_in().subscribe("T.A")
            simulator.wait_finished(PATIENCE)
            client.next()
            assert client.unsubscribe("T.A")[0]["status"] == "success"


def test_end_may_close_the_connection(record: Record) -> None:
    path = record([trade("A", x=1)])
    with (
        Simulator(recording=path, speed="max", on_end="close") as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in().subscribe("T.A")
        assert client.end() == 1000


def test_end_may_repeat_the_recording(record: Record) -> None:
    path = record([trade("A", x=1)], [trade("A", q=2)])
    with (
        Simulator(recording=path, speed="max", on_end="repeat") as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in().subscribe("T.A")
        assert [event["q"] for event in client.take(6)] == [1, 2] * 3


def test_client_that_leaves_ends_its_playback(record: Record) -> None:
    path = record(*([trade("A", x=1, q=number)] for number in range(200)))
    with Simulator(recording=path, speed=1) as simulator:
        with Client(simulator.url) as client:
            client.log_in().subscribe("T.A")
            client.next()
        simulator.wait_for(lambda sim: not sim.open_connections, PATIENCE)
        assert not simulator.finished.is_set()


def test_cut_recording_is_served_up_to_the_cut_with_a_warning(
    record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    path = record([trade("A", x=1)], [trade("A", q=2)], [trade("A", q=3)])
    path.write_bytes(path.read_bytes()[:-30])
    with caplog.at_level(logging.WARNING, "rxpolygon.simulator"):
        assert play(path, "T.A") == [[trade("A", x=1)], [trade("A", q=2)]]
    assert f"{path}, line 3" in caplog.text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"date,open,high\n1,2,3\n", "expected"),
        (b'[1,[{"ev":"status","status":"connected"}]]\n', "no market data"),
        (b'[1,[{"ev":', "line 1"),
    ],
)
def test_file_that_is_no_recording_is_told_at_once(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=says):
        Simulator(recording=path)


def test_client_of_another_cluster_is_told(record: Record) -> None:
    path = record([{"ev": "XT", "pair": "BTC-USD"}])
    with Simulator(recording=path, speed="max") as simulator, Client(simulator.url) as client:
        status = client.log_in().next()
        assert status["status"] == "error"
        assert status["message"] == "the recording holds crypto, not stocks"
        assert client.subscribe("T.*")[0]["status"] == "success"
        assert not simulator.finished.is_set()


@pytest.mark.parametrize(
    ("event", "markets"),
    [
        ({"ev": "XT", "pair": "BTC-USD"}, {"crypto"}),
        ({"ev": "C", "p": "EUR/USD"}, {"forex"}),
        ({"ev": "T", "sym": "O:SPY271217C00600000"}, {"options"}),
        ({"ev": "A", "sym": "I:SPX"}, {"indices"}),
        ({"ev": "T", "sym": "AAPL", "x": 4}, {"stocks"}),
        ({"ev": "Q", "sym": "ESZ7", "bt": 1}, {"futures"}),
        ({"ev": "AM", "sym": "ESZ7", "n": 4}, {"futures"}),
        ({"ev": "T", "sym": "ESZ7", "p": 1}, {"stocks", "futures"}),
        ({"ev": "LULD", "T": "AAPL"}, {"stocks"}),
    ],
)
def test_market_of_a_recording_is_told_from_its_events(
    record: Record, event: dict[str, object], markets: set[str]
) -> None:
    assert markets_in(record([event]), PolygonVenue()) == markets


def test_reordered_playback_holds_the_same_events_in_another_order(record: Record) -> None:
    path = record(*([trade("A", x=1, q=number)] for number in range(300)))
    frames = play(path, "T.A", [Reorder(share=0.3, within=1.0)])
    numbers = [event["q"] for frame in frames for event in frame]
    assert sorted(numbers) == list(range(300))
    assert numbers != sorted(numbers)
    assert all(abs(place - number) <= 11 for place, number in enumerate(numbers))


def test_doubled_playback_holds_every_event_once_or_twice(record: Record) -> None:
    path = record(*([trade("A", x=1, q=number)] for number in range(300)))
    frames = play(path, "T.A", [Duplicate(share=0.3)])
    numbers = [event["q"] for frame in frames for event in frame]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(300))
    assert 350 < len(numbers) < 430


@needs_data
def test_real_five_minutes_arrive_as_they_were_recorded() -> None:
    lines = FIVE_MINUTES.read_bytes().splitlines()
    expected = [line.partition(b",")[2][:-1] for line in lines]
    with (
        Simulator(recording=FIVE_MINUTES, speed="max", on_end="close") as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in().subscribe("T.*,Q.*")
        assert [client.raw()[1] for _ in expected] == expected
        assert client.end() == 1000


@needs_data
@pytest.mark.parametrize(
    ("name", "cluster", "params", "count"),
    [
        ("us-equities-open-5min.jsonl", "stocks", "T.IBM,Q.BAC", 900 + 2_920),
        ("forex-usdjpy-2013-01-01.jsonl", "forex", "C.USDJPY", 1_000),
        ("crypto-coinbase-2021-04-17.jsonl.gz", "crypto", "XT.*,XQ.*", 214),
    ],
)
def test_real_recordings_serve_what_is_subscribed(name: str, cluster: str, params: str, count: int) -> None:
    assert sum(map(len, play(DATA / name, params, cluster=cluster))) == count
