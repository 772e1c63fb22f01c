"""Recordings of Alpaca's streams: kept byte for byte, and replayed with the methods of the live ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

import rxpolygon.operators as rxo
from rxpolygon import ReplayClient, record
from rxpolygon.alpaca import CryptoReplayStream, OptionReplayStream, StockChannels, StockReplayStream, Trade
from rxpolygon.errors import InvalidTypeError, RecordingError
from rxpolygon.operators import Bar
from rxpolygon.recording import read_frames
from rxpolygon.recording.lines import lines_of
from rxpolygon.simulator import Simulator
from tests.alpaca.support import Connect, ids, push, trade, wait_for_topics
from tests.replay.support import trade as polygon_trade
from tests.support import wait_for

#: 2023-11-14 22:13:20 UTC in ns: the instant of the trades.
NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
CONTRACT = "AAPL240315C00172500"


def recording(path: Path, *frames: list[dict[str, object]], encoding: str = "json") -> Path:
    """A recording of frames, one a second."""
    encode = orjson.dumps if encoding == "json" else msgspec.msgpack.encode
    path.write_bytes(lines_of([(NS + at * SECOND_NS, [encode(frame)]) for at, frame in enumerate(frames)]))
    return path


def bars_of(stream: StockChannels) -> list[Bar]:
    """A pipeline that takes a live stream or a replay."""
    bars: list[Bar] = []
    stream.subscribe_trades("AAPL").pipe(rxo.time_bars("1s")).subscribe(bars.append)
    return bars


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.gz"])
def test_recording_of_a_stream_replays_as_it_was(
    server: Simulator, connect: Connect, encoding: str, name: str, tmp_path: Path
) -> None:
    stream = connect(server, encoding=encoding)
    live: list[Trade] = []
    raw: list[bytes] = []
    stream.messages.subscribe(raw.append)
    stream.subscribe_trades("AAPL").subscribe(live.append)
    with record(stream, tmp_path / name):
        stream.start_stream_thread()
        wait_for_topics(server, "trades.AAPL")
        push(server, *range(20))
        wait_for(lambda: len(live) == 20)
    stream.close_stream()

    assert [recorded.frame for recorded in read_frames(tmp_path / name)] == raw
    replay = StockReplayStream(tmp_path / name, "max")
    again: list[Trade] = []
    replay.subscribe_trades(again.append, "AAPL")
    replay.run()
    assert again == live
    assert replay.stats.events == 20
    assert replay.stats.frames == len(raw)


def test_frames_of_both_encodings_may_stand_in_one_recording(tmp_path: Path) -> None:
    first = recording(tmp_path / "a.jsonl", [trade(1)], [trade(2)], encoding="msgpack")
    second = recording(tmp_path / "b.jsonl", [trade(3)], [trade(4)])
    (tmp_path / "both.jsonl").write_bytes(first.read_bytes()[: first.read_bytes().index(b"\n") + 1])
    with (tmp_path / "both.jsonl").open("ab") as file:
        file.write(second.read_bytes())
    replay = StockReplayStream(tmp_path / "both.jsonl", "max")
    seen: list[Trade] = []
    replay.subscribe_trades("*").subscribe(seen.append)
    replay.run()
    assert ids(seen) == [1, 3, 4]


def test_operators_take_the_recordings_time_at_every_speed(tmp_path: Path) -> None:
    seconds = [[trade(n, at=f"2023-11-14T22:13:{20 + n}Z")] for n in range(5)]
    path = recording(tmp_path / "a.jsonl", *seconds)
    found = []
    for speed in ("max", 100):
        replay = StockReplayStream(path, speed)
        bars = bars_of(replay)
        replay.run()
        found.append(bars)
    assert found[0] == found[1]
    assert [bar.start for bar in found[0]] == [NS // 1_000_000 + n * 1_000 for n in range(5)]


def test_replay_runs_again_from_the_beginning(tmp_path: Path) -> None:
    replay = StockReplayStream(recording(tmp_path / "a.jsonl", [trade(1)], [trade(2)]), "max")
    for _ in range(3):
        seen: list[Trade] = []
        replay.subscribe_trades(seen.append, "AAPL")
        replay.run()
        assert ids(seen) == [1, 2]


def test_coroutine_handler_gets_all_in_order_before_run_returns(tmp_path: Path) -> None:
    replay = StockReplayStream(recording(tmp_path / "a.jsonl", [trade(n) for n in range(100)]), "max")
    seen: list[Trade] = []

    async def keep(event: Trade) -> None:
        seen.append(event)

    replay.subscribe_trades(keep, "AAPL")
    replay.run()
    assert ids(seen) == [*range(100)]


def test_handler_may_stop_the_replay(tmp_path: Path) -> None:
    replay = StockReplayStream(recording(tmp_path / "a.jsonl", [trade(1)], [trade(2)]), 1)
    seen: list[Trade] = []

    def stop(event: Trade) -> None:
        seen.append(event)
        replay.stop()

    replay.subscribe_trades(stop, "AAPL")
    replay.run()
    assert ids(seen) == [1]


def test_raw_data_gives_dicts_alike_in_both_encodings(encoding: str, tmp_path: Path) -> None:
    replay = StockReplayStream(
        recording(tmp_path / "a.jsonl", [trade(1)], encoding=encoding), "max", raw_data=True
    )
    seen: list[Any] = []
    replay.subscribe_trades("AAPL").subscribe(seen.append)
    replay.run()
    assert seen == [trade(1)]


def test_instant_beyond_the_calendar_stops_nothing(tmp_path: Path) -> None:
    replay = StockReplayStream(recording(tmp_path / "a.jsonl", [trade(1, t=-(10**18))]), "max")
    seen: list[Trade] = []
    replay.subscribe_trades(seen.append, "AAPL")
    replay.run()
    assert ids(seen) == [1]
    assert seen[0].time is None
    assert replay.stats.last_event_time is None


def test_crypto_and_options_have_replays_of_their_own(tmp_path: Path) -> None:
    pair = {"T": "t", "S": "BTC/USD", "p": 1.5, "s": 2.0, "t": "2023-11-14T22:13:20Z", "i": 1, "tks": "B"}
    option = {"T": "t", "S": CONTRACT, "p": 1.5, "s": 2, "t": "2023-11-14T22:13:20Z", "x": "N", "c": "I"}
    crypto = CryptoReplayStream(recording(tmp_path / "a.jsonl", [pair]), "max")
    options = OptionReplayStream(recording(tmp_path / "b.jsonl", [option]), "max", beside=crypto)
    seen: list[Any] = []
    crypto.subscribe_trades("BTC/USD").subscribe(seen.append)
    options.subscribe_trades(CONTRACT).subscribe(seen.append)
    crypto.run()
    assert [event.symbol for event in seen] == ["BTC/USD", CONTRACT]


def test_replays_of_both_venues_play_on_one_clock(tmp_path: Path) -> None:
    ours = recording(tmp_path / "a.jsonl", [trade(1)], [trade(2)])
    path = tmp_path / "b.jsonl"
    path.write_bytes(lines_of([(NS + SECOND_NS // 2, [orjson.dumps([polygon_trade("MSFT")])])]))
    alpaca = StockReplayStream(ours, "max")
    polygon = ReplayClient(path, "stocks", beside=alpaca)
    seen: list[str] = []
    alpaca.subscribe_trades("*").subscribe(lambda event: seen.append(event.symbol))
    polygon.subscribe_stock_trades().subscribe(lambda event: seen.append(event.symbol))
    polygon.run()
    assert seen == ["AAPL", "MSFT", "AAPL"]


def test_error_that_comes_before_run_waits_is_told_once(
    tmp_path: Path, uncaught: list[BaseException]
) -> None:
    class EndsAtOnce(StockReplayStream):
        def start_stream_thread(self) -> None:
            super().start_stream_thread()
            self.wait_finished()

    replay = EndsAtOnce(recording(tmp_path / "a.jsonl", [trade(1, "BTC/USD")]), "max")
    replay.subscribe_trades(print, "*")
    with pytest.raises(RecordingError, match="crypto"):
        replay.run()
    assert uncaught == []


@pytest.mark.parametrize(
    ("make", "frame", "said"),
    [
        (StockReplayStream, [trade(1, "BTC/USD")], "of the stream 'crypto'"),
        (StockReplayStream, [trade(1, CONTRACT)], "of the stream 'options'"),
        (StockReplayStream, [polygon_trade()], "a frame of Polygon.io"),
        (ReplayClient, [trade(1)], "a frame of Alpaca"),
    ],
)
def test_data_of_another_stream_is_an_error(make: Any, frame: Any, said: str, tmp_path: Path) -> None:
    replay = make(recording(tmp_path / "a.jsonl", frame), speed="max")
    told: list[Exception] = []
    subscribe = getattr(replay, "subscribe_trades", None) or replay.subscribe_stock_trades
    subscribe("*").subscribe(on_error=told.append)
    with pytest.raises(RecordingError, match=said):
        replay.run()
    assert said in str(told[0])


def test_packed_frames_in_a_replay_of_the_other_venue_are_an_error(tmp_path: Path) -> None:
    replay = ReplayClient(recording(tmp_path / "a.jsonl", [trade(1)], encoding="msgpack"), "stocks", "max")
    replay.subscribe_stock_trades().subscribe(on_error=lambda error: None)
    with pytest.raises(RecordingError, match="line 1: a frame of Alpaca"):
        replay.run()


def test_wrong_arguments_raise_at_the_call(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        StockReplayStream(tmp_path / "none.jsonl")
    path = recording(tmp_path / "a.jsonl", [trade(1)])
    with pytest.raises(InvalidTypeError, match="beside"):
        StockReplayStream(path, beside=7)  # type: ignore[arg-type]  # wrong on purpose
