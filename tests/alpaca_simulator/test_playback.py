"""Serving a recording of Alpaca's messages."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from rxpolygon import record
from rxpolygon.alpaca import StockDataStream
from rxpolygon.events.alpaca import Trade
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Duplicate, Reorder
from tests.alpaca_simulator.packed import pack, stamp
from tests.alpaca_simulator.samples import CRYPTO, STOCKS
from tests.alpaca_simulator.wire import FORMATS, Client, Ended, Message, nanoseconds
from tests.simulator.markets import REGULAR_HOURS
from tests.support import wait_for

Record = Callable[..., Path]
forms = pytest.mark.parametrize("form", FORMATS)
TRADE, QUOTE, BAR = (STOCKS[kind][1] for kind in ("trade", "quote", "bar"))
CANCEL = STOCKS["cancel"][1] | {"S": "AAPL"}


@pytest.fixture
def recording(tmp_path: Path) -> Record:
    """Write frames, given as lists of messages, as a recording with 100 ms between them."""

    def write(*frames: list[Message], recorded: str = "json") -> Path:
        path = tmp_path / "day.jsonl"
        written = json.dumps if recorded == "json" else _in_base64
        lines = [f"[{n * 100_000_000},{written(frame)}]\n" for n, frame in enumerate(frames, 1)]
        path.write_text("".join(lines))
        return path

    return write


def _in_base64(frame: list[Message]) -> str:
    """A msgpack frame as recordings hold it."""
    packed = pack([{**m, "t": stamp(nanoseconds(m["t"]))} if "t" in m else m for m in frame])
    return json.dumps(base64.b64encode(packed).decode())


def play(
    path: Path, form: str, channels: dict[str, list[str]], cluster: str = "v2/iex", **options: Any
) -> Any:
    """The frames that a client gets of a recording."""
    with (
        Simulator(venue="alpaca", recording=path, speed="max", on_end="close", **options) as simulator,
        Client(simulator.url_of(cluster), form) as client,
    ):
        client.log_in().subscribe(**channels)
        frames = []
        try:
            while True:
                frames.append(client.frame())
        except Ended:
            return frames


def plain(frames: list[list[Message]]) -> list[list[Message]]:
    """Frames with their stamps as nanoseconds."""
    return [[message | {"t": nanoseconds(message["t"])} for message in frame] for frame in frames]


@forms
@pytest.mark.parametrize("recorded", FORMATS)
def test_recorded_messages_go_to_those_who_subscribed(recording: Record, form: str, recorded: str) -> None:
    control: Message = {"T": "success", "msg": "authenticated"}
    path = recording([TRADE, QUOTE], [control], [BAR], [CANCEL, QUOTE], recorded=recorded)
    frames = play(path, form, {"trades": ["AAPL"], "quotes": ["*"]})
    assert plain(frames) == plain([[TRADE, QUOTE], [CANCEL, QUOTE]])
    assert plain(play(path, form, {"trades": ["AAPL"]})) == plain([[TRADE], [CANCEL]])
    assert play(path, form, {"trades": ["IBM"]}) == []


@forms
@pytest.mark.parametrize("recorded", FORMATS)
def test_recorded_messages_may_be_doubled_and_late(recording: Record, form: str, recorded: str) -> None:
    frames = [[TRADE | {"i": number}] for number in range(200)]
    faults = [Duplicate(share=0.2), Reorder(share=0.3, within=2)]
    played = play(recording(*frames, recorded=recorded), form, {"trades": ["*"]}, faults=faults)
    numbers = [message["i"] for frame in played for message in frame]
    assert set(numbers) == set(range(200))
    assert len(numbers) > 200
    assert numbers != sorted(numbers)


@forms
def test_recording_of_crypto_is_served_on_its_stream_only(recording: Record, form: str) -> None:
    path = recording([CRYPTO["trade"][1]])
    channels = {"trades": ["BTC/USD"]}
    assert plain(play(path, form, channels, "v1beta3/crypto/us")) == plain([[CRYPTO["trade"][1]]])
    with Simulator(venue="alpaca", recording=path) as simulator, Client(simulator.url, form) as client:
        client.log_in()
        error = client.next()
        assert (error["code"], error["msg"]) == (500, "the recording holds crypto, not v2/iex")


@forms
@pytest.mark.parametrize("encoding", FORMATS)
def test_what_a_stream_recorded_is_served_again(
    tmp_path: Path, form: str, encoding: Literal["json", "msgpack"]
) -> None:
    path = tmp_path / "live.jsonl.gz"
    with (
        Simulator(venue="alpaca", start=REGULAR_HOURS, speed=100) as simulator,
        StockDataStream("demo", "secret", url_override=simulator.url, encoding=encoding) as stream,
    ):
        seen: list[Trade] = []
        with record(stream, path):
            stream.subscribe_trades("AAPL").subscribe(seen.append)
            wait_for(lambda: len(seen) > 50)
            stream.close_stream()
    played = [message for frame in play(path, form, {"trades": ["AAPL"]}) for message in frame]
    assert [(m["i"], m["p"], nanoseconds(m["t"])) for m in played][: len(seen)] == [
        (trade.id, trade.price, trade.timestamp_ns) for trade in seen
    ]
