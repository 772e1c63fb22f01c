"""The example bot: one pipeline in marbles, in replays at any speed, and live."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from reactivex import Observable

from rxpolygon import ReplayClient, StreamClient
from rxpolygon.events import Quote, Trade
from rxpolygon.examples.order_flow_bot import Fill, Settings, accounts, order_flow, trade_on
from rxpolygon.examples.order_flow_bot.command import main
from rxpolygon.recording import read_frames
from rxpolygon.simulator import Simulator
from rxpolygon.testing import EPOCH, assert_stream, having, quote, record_marble, run_stream, trade
from tests.client.support import wait_for_topics
from tests.still_time import StillTime
from tests.support import PATIENCE

OPENING = 1_381_152_600_000  # 2013-10-07 09:30 in New York
DEFAULT = Settings()
VALUES: dict[str, object] = {
    "q": quote(bid=9.99, ask=10.01),
    "r": quote(bid=10.00, ask=10.02),
    "B": trade(price=10.01, size=5_000),
    "S": trade(price=9.99, size=9_000),
    "s": trade(price=9.99, size=200),
    "+": having(shares=100, price=10.01, symbol="AAPL"),
}


def fills_of(path: Path, speed: Any, settings: Settings = DEFAULT, **options: Any) -> list[Fill]:
    client = ReplayClient(path, "stocks", speed, **options)
    fills: list[Fill] = []
    trade_on(client, settings=settings).subscribe(fills.append)
    client.run()
    return fills


@pytest.fixture
def day(real_data: Path) -> Path:
    return real_data / "us-equities-open-5min.jsonl"


# In marbles.


def test_buying_at_the_offer_makes_the_bot_buy_at_the_offer() -> None:
    given = {"quotes": "q--q-q|", "trades": "-B----|"}
    assert_stream(order_flow, given, "-----+|", values=VALUES, frame="80ms")


def test_order_is_filled_at_the_quote_in_force_when_it_arrives() -> None:
    values = VALUES | {"u": having(shares=100, price=10.02, timestamp=EPOCH + 150)}
    given = {"quotes": "q-r-----q|", "trades": "-B-------|"}
    assert_stream(order_flow, given, "--------u|", values=values, frame="50ms")


def test_flow_that_turns_reverses_the_position() -> None:
    given = {"quotes": "q--q--q--|", "trades": "-B--S----|"}
    strong = VALUES | {"S": trade(price=9.99, size=20_000)}
    fills = run_stream(order_flow, given, values=strong).values
    assert [(fill.shares, fill.price) for fill in fills] == [(100, 10.01), (-200, 9.99)]


def test_balanced_flow_leaves_the_position() -> None:
    given = {"quotes": "q--q--q--|", "trades": "-B--S----|"}
    even = VALUES | {"S": trade(price=9.99, size=3_900)}
    fills = run_stream(order_flow, given, values=even).values
    assert [fill.shares for fill in fills] == [100, -100]


def test_little_flow_moves_nothing() -> None:
    assert_stream(order_flow, {"quotes": "q------", "trades": "-s-----"}, "-------", values=VALUES)


def test_old_flow_is_forgotten() -> None:
    patient = Settings(half_life=1.0)

    def bot(trades: Observable[Trade], quotes: Observable[Quote]) -> Observable[Fill]:
        return order_flow(trades, quotes, patient)

    given = {"quotes": "q 60s q-|", "trades": "-B 60s S|"}
    fills = run_stream(bot, given, values=VALUES).values
    assert [fill.shares for fill in fills] == [100, -200]


@pytest.mark.parametrize("conditions", [(2,), (12,), (15,), (37,)], ids=str)
def test_trades_that_do_not_tell_the_price_do_not_count(conditions: tuple[int, ...]) -> None:
    values = VALUES | {"B": trade(price=10.01, size=5_000, conditions=conditions)}
    assert_stream(order_flow, {"quotes": "q----", "trades": "-B---"}, "-----", values=values)


def test_trades_without_a_quote_do_not_count() -> None:
    assert_stream(order_flow, {"quotes": "-----", "trades": "-B---"}, "-----", values=VALUES)


def test_symbols_are_traded_each_for_itself() -> None:
    values = VALUES | {"p": quote("IBM", 180.0, 180.1), "I": trade("IBM", 180.0, 5_000)}
    given = {"quotes": "(qp)--|", "trades": "-(BI)-|"}
    fills = run_stream(order_flow, given, values=values).values
    assert [(fill.symbol, fill.shares, fill.price) for fill in fills] == [
        ("AAPL", 100, 10.01),
        ("IBM", -100, 180.0),
    ]


def test_error_of_a_source_ends_the_bot() -> None:
    given = {"quotes": "q#", "trades": "---|"}
    assert_stream(
        order_flow, given, "-#", values=VALUES, subscriptions={"quotes": ["^!", "^!"], "trades": "^!"}
    )


def test_account_counts_position_cash_and_profit() -> None:
    fills: dict[str, object] = {
        "b": Fill("AAPL", EPOCH, 100, 10.0, 9.9),
        "s": Fill("AAPL", EPOCH + 1, -200, 11.0, 11.1),
    }
    expected: dict[str, object] = {
        "1": having(fills=1, shares=100, cash=-1_000.0, profit=pytest.approx(-10.0)),
        "2": having(fills=2, shares=-100, cash=1_200.0, profit=pytest.approx(90.0)),
    }
    assert_stream(accounts, "bs|", "12|", values=fills | expected)


# In replay.


def test_decisions_on_the_real_opening_are_equal_at_every_speed(day: Path) -> None:
    end = OPENING + 30_000
    wanted = fills_of(day, "max", end=end)
    assert len(wanted) > 5
    assert fills_of(day, "max", end=end) == wanted
    assert fills_of(day, 100.0, end=end) == wanted


def test_decisions_on_two_hours_of_the_real_day_are_equal_at_every_speed(real_data: Path) -> None:
    path, end = real_data / "us-equities-2013-10-07.jsonl.gz", OPENING + 3_600_000
    start = OPENING - 3_600_000
    wanted = fills_of(path, "max", start=start, end=end)
    assert len(wanted) > 500
    assert fills_of(path, 20_000.0, start=start, end=end) == wanted


def test_fills_of_the_real_opening_are_near_its_quotes_and_in_order(day: Path) -> None:
    fills = fills_of(day, "max")
    assert {fill.symbol for fill in fills} == {"AIG", "BAC", "IBM"}
    assert all(fill.mid - 1 < fill.price < fill.mid + 1 for fill in fills)
    assert [fill.timestamp for fill in fills] == sorted(fill.timestamp for fill in fills)


def test_stretch_of_the_real_opening_becomes_a_marble_test(day: Path) -> None:
    text = record_marble(day, order_flow, start=OPENING, end=OPENING + 60_000, symbols=["IBM"])
    assert "from rxpolygon.examples.order_flow_bot import Fill" in text
    names: dict[str, Callable[[], None]] = {}
    exec(text, names)
    names["test_recorded_stream"]()


# Live.


@pytest.fixture
def market() -> Iterator[Simulator]:
    with Simulator(seed=1, speed=60) as server:
        yield server


def test_bot_trades_live_on_the_simulator(market: Simulator) -> None:
    traded = threading.Event()
    fills: list[Fill] = []

    def keep(fill: Fill) -> None:
        fills.append(fill)
        traded.set()

    with StreamClient("demo", host=market.url) as client:
        trade_on(client, ["AAPL", "TSLA"]).subscribe(keep)
        assert traded.wait(2 * PATIENCE)
    assert fills[0].symbol in ("AAPL", "TSLA")


def test_live_decisions_of_a_recording_are_those_of_its_replay(day: Path) -> None:
    # The live stream has no end, so orders of the last seconds stay on their way. And its silences are those
    # of this machine: with a latency of 2 s the recording has none, and by StillTime the stream has none.
    slow = Settings(latency=2_000)
    wanted = [fill for fill in fills_of(day, "max", slow) if fill.timestamp < OPENING + 290_000]
    came = threading.Event()
    fills: list[Fill] = []

    def keep(fill: Fill) -> None:
        fills.append(fill)
        if len(fills) == len(wanted):
            came.set()

    with Simulator(market=False) as server, StreamClient("demo", host=server.url) as client:
        trade_on(client, settings=slow).subscribe(keep, scheduler=StillTime())
        wait_for_topics(server, "T.*", "Q.*")
        for _, frame in read_frames(day):
            server.push("stocks", orjson.loads(frame))
        assert came.wait(2 * PATIENCE), len(fills)
    assert fills[: len(wanted)] == wanted


def test_command_trades_on_the_simulator() -> None:
    def said_after(seconds: str) -> list[str]:
        out = io.StringIO()
        assert main(["--seconds", seconds, "--speed", "300", "--symbols", "AAPL"], out) == 0
        return out.getvalue().splitlines()

    # On a busy machine it may take longer until there is a trade.
    *_, aapl, total = next(lines for seconds in ("1", "5", "20") if len(lines := said_after(seconds)) > 1)
    assert aapl.startswith("AAPL")
    assert total.startswith("all")


def test_command_trades_on_a_recording(day: Path) -> None:
    first, second = io.StringIO(), io.StringIO()
    assert main([str(day), "--symbols", "IBM"], first) == 0
    assert main([str(day), "--symbols", "IBM", "--speed", "2000"], second) == 0
    assert first.getvalue() == second.getvalue()
    assert "IBM      buys   100 at 18" in first.getvalue()


def test_command_whose_output_is_cut_ends_in_silence(day: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for options in ([], ["-u"]):
        command = [sys.executable, *options, "-m", "rxpolygon.examples.order_flow_bot", str(day)]
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
        assert (done.stderr, done.returncode) == ("", 0)
    os.close(writing)


def test_command_with_a_speed_of_nothing_says_so(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(day), "--speed", "0"], io.StringIO()) == 1
    assert "speed=0.0 is not allowed" in capsys.readouterr().err
    assert main(["--speed", "0"], io.StringIO()) == 1


def test_command_without_its_recording_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere.jsonl"], io.StringIO()) == 1
    assert "nowhere.jsonl" in capsys.readouterr().err
