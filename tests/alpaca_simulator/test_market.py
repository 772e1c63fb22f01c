"""The made-up market in Alpaca's words is the one that Polygon's clients see."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest

from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Amend, Fault, Reorder
from tests.alpaca_simulator.wire import FORMATS, Client, Message, nanoseconds
from tests.simulator import wire as polygon
from tests.simulator.markets import REGULAR_HOURS

forms = pytest.mark.parametrize("form", FORMATS)
MINUTE_NS = 60_000_000_000


def stream(
    channels: dict[str, list[str]],
    count: int,
    form: str = "json",
    cluster: str = "v2/sip",
    faults: Iterable[Fault] = (),
    **options: Any,
) -> list[Message]:
    """The first messages of some channels."""
    arguments: dict[str, Any] = {"seed": 9, "start": REGULAR_HOURS, "speed": 300} | options
    with (
        Simulator(venue="alpaca", faults=faults, **arguments) as simulator,
        Client(simulator.url_of(cluster), form) as client,
    ):
        client.log_in().subscribe(**channels)
        return client.take(count)


def polygon_stream(params: str, count: int, cluster: str = "stocks", **options: Any) -> list[Message]:
    """The same from the other venue."""
    arguments: dict[str, Any] = {"seed": 9, "start": REGULAR_HOURS, "speed": 300} | options
    with Simulator(**arguments) as simulator, polygon.Client(simulator.url, cluster) as client:
        client.log_in().subscribe(params)
        return client.take(count)


def milliseconds(message: Message) -> int:
    return nanoseconds(message["t"]) // 1_000_000


@forms
def test_trades_are_those_of_the_other_venue(form: str) -> None:
    ours = stream({"trades": ["AAPL", "IBM"]}, 300, form)
    theirs = polygon_stream("T.AAPL,T.IBM", 300)
    assert [(m["S"], m["p"], m["s"], str(m["i"]), milliseconds(m)) for m in ours] == [
        (m["sym"], m["p"], m["s"], m["i"], m["t"]) for m in theirs
    ]


@forms
def test_quotes_are_those_of_the_other_venue(form: str) -> None:
    ours = stream({"quotes": ["AAPL"]}, 300, form)
    theirs = polygon_stream("Q.AAPL", 300)
    assert [(m["bp"], m["bs"], m["ap"], m["as"], milliseconds(m)) for m in ours] == [
        (m["bp"], m["bs"], m["ap"], m["as"], m["t"]) for m in theirs
    ]


def test_minute_bars_are_those_of_the_other_venue() -> None:
    ours = stream({"bars": ["AAPL", "KO"]}, 12)
    theirs = polygon_stream("AM.AAPL,AM.KO", 12)
    letters = ("o", "h", "l", "c", "v", "vw")
    assert [(m["S"], milliseconds(m), *(m[name] for name in letters)) for m in ours] == [
        (m["sym"], m["s"], *(m[name] for name in letters)) for m in theirs
    ]


def test_crypto_is_that_of_the_other_venue() -> None:
    ours = stream({"trades": ["BTC/USD"]}, 100, cluster="v1beta3/crypto/us")
    theirs = polygon_stream("XT.BTC-USD", 100, "crypto")
    assert [(m["S"], m["p"], m["s"], m["tks"], milliseconds(m)) for m in ours] == [
        (m["pair"].replace("-", "/"), m["p"], m["s"], "B" if m["c"] == [2] else "S", m["t"]) for m in theirs
    ]


def test_stamps_of_a_symbol_rise_below_the_millisecond_too() -> None:
    stamps = [nanoseconds(m["t"]) for m in stream({"trades": ["AAPL"]}, 2_000, rate=400, speed=20)]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps)
    assert len({stamp // 1_000_000 for stamp in stamps}) < len(stamps)  # some shared a millisecond


def test_iex_has_one_exchange_and_sip_many() -> None:
    assert {m["x"] for m in stream({"trades": ["AAPL"]}, 200, cluster="v2/iex")} == {"V"}
    exchanges = {m["x"] for m in stream({"trades": ["AAPL"]}, 200)}
    assert len(exchanges) > 5
    assert {"D", "Q", "P"} <= exchanges


def test_conditions_are_letters_and_begin_with_the_settlement() -> None:
    nasdaq, nyse = (stream({"trades": [symbol]}, 400, rate=40, speed=60) for symbol in ("AAPL", "IBM"))
    assert {m["c"][0] for m in nasdaq} <= {"@", "C", "N", "R"}
    assert {m["c"][0] for m in nyse} <= {" ", "C", "N", "R"}
    odd_lots = [m for m in nasdaq if "I" in m["c"]]
    assert odd_lots
    assert all(m["s"] < 100 for m in odd_lots)
    assert {m["z"] for m in nasdaq} == {"C"}
    assert {m["z"] for m in nyse} == {"A"}


def test_daily_bar_comes_with_each_minute_and_covers_the_day_so_far() -> None:
    with (
        Simulator(venue="alpaca", seed=2, start=REGULAR_HOURS, speed=300) as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in().subscribe(bars=["AAPL"], dailyBars=["AAPL"])
        messages = client.take(20)
    minutes, days = messages[::2], messages[1::2]
    assert [m["T"] for m in messages] == ["b", "d"] * 10
    assert {m["t"] for m in days} == {"2025-11-06T05:00:00Z"}  # midnight in New York
    for number, day in enumerate(days, 1):
        seen = minutes[:number]
        assert day["o"] == minutes[0]["o"]
        assert day["h"] == max(m["h"] for m in seen)
        assert day["l"] == min(m["l"] for m in seen)
        assert day["c"] == seen[-1]["c"]
        assert day["v"] == pytest.approx(sum(m["v"] for m in seen))
        assert day["n"] == sum(m["n"] for m in seen)
        assert day["vw"] == pytest.approx(sum(m["vw"] * m["v"] for m in seen) / day["v"], abs=1e-3)


def test_day_of_crypto_begins_at_midnight_utc() -> None:
    (bar,) = stream({"dailyBars": ["BTC/USD"]}, 1, cluster="v1beta3/crypto/us")
    assert bar["t"] == "2025-11-06T00:00:00Z"


def test_updated_bar_comes_after_the_half_minute_and_holds_the_late_trades() -> None:
    with (
        Simulator(
            venue="alpaca",
            seed=4,
            start=REGULAR_HOURS,
            speed=300,
            rate=3,
            faults=[Reorder(share=0.3, within=20)],
        ) as simulator,
        Client(simulator.url) as client,
    ):
        client.log_in().subscribe(bars=["AAPL"], updatedBars=["AAPL"], trades=["AAPL"])
        messages = client.until(lambda seen: sum(m["T"] == "u" for m in seen) == 3)
    first: dict[str, Message] = {}
    for place, message in enumerate(messages):
        if message["T"] == "b":
            assert message["t"] not in first
            first[message["t"]] = message
        elif message["T"] == "u":
            end = nanoseconds(message["t"]) + MINUTE_NS
            newest = max(nanoseconds(m["t"]) for m in messages[:place] if m["T"] == "t")
            assert end + MINUTE_NS // 2 <= newest + 3_000_000_000 < end + MINUTE_NS
            volume = sum(
                m["s"]
                for m in messages[:place]
                if m["T"] == "t"
                and end - MINUTE_NS <= nanoseconds(m["t"]) < end
                and not {"M", "Q", "9"} & set(m["c"])
            )
            assert message["v"] == pytest.approx(volume)
            assert message["v"] > first[message["t"]]["v"]
            assert message["n"] > first[message["t"]]["n"]


def test_without_late_trades_there_are_no_updated_bars() -> None:
    kinds = {m["T"] for m in stream({"bars": ["AAPL"], "updatedBars": ["AAPL"]}, 10)}
    assert kinds == {"b"}


@forms
def test_amendments_name_the_trade_that_was_sent(form: str) -> None:
    messages = stream(
        {"trades": ["AAPL"]}, 600, form, faults=[Amend(share=0.2, within=1)], speed=100, rate=20
    )
    trades = {m["i"]: m for m in messages if m["T"] == "t"}
    amended = [m for m in messages if m["T"] in "cx"]
    assert {m["T"] for m in amended} == {"c", "x"}
    assert {m["a"] for m in amended if m["T"] == "x"} == {"C", "E"}
    for message in amended:
        prefix = "o" if message["T"] == "c" else ""
        trade = trades[message["oi" if prefix else "i"]]
        assert (message[prefix + "p"], message[prefix + "s"]) == (trade["p"], trade["s"])
        assert (message["x"], message["z"]) == (trade["x"], trade["z"])
        assert 0 < nanoseconds(message["t"]) - nanoseconds(trade["t"]) <= 1_001_000_000
        if prefix:
            assert message["oc"] == trade["c"]
            assert message["cp"] < message["op"]
            assert message["ci"] not in trades


def test_amendments_come_only_on_demand() -> None:
    assert {m["T"] for m in stream({"trades": ["*"]}, 3_000)} == {"t"}


def test_test_stream_has_the_symbol_of_the_vendor() -> None:
    assert {m["S"] for m in stream({"quotes": ["*"]}, 200, cluster="v2/test")} == {"FAKEPACA"}


def test_delayed_stream_is_fifteen_minutes_behind_the_clock() -> None:
    with Simulator(venue="alpaca", rate=50) as simulator:
        with Client(simulator.url_of("v2/delayed_sip")) as client:
            client.log_in().subscribe(trades=["AAPL"])
            stamp = nanoseconds(client.next()["t"])
            behind = time.time_ns() - stamp  # after it came, for the clock goes on until then
        with Client(simulator.url_of("v2/sip")) as client:
            client.log_in().subscribe(trades=["AAPL"])
            stamp = nanoseconds(client.next()["t"])
            assert time.time_ns() - stamp < MINUTE_NS
    assert 15 * MINUTE_NS <= behind < 16 * MINUTE_NS


def test_statuses_tell_that_a_symbol_trades() -> None:
    statuses = stream({"statuses": ["AAPL", "IBM"]}, 6, speed=3_000)
    assert {(m["S"], m["sc"], m["sm"]) for m in statuses} == {
        ("AAPL", "T", "Trading Resumption"),
        ("IBM", "3", "Resume"),
    }
    stamps = [milliseconds(m) // 1_000 for m in statuses if m["S"] == "AAPL"]
    assert all(later - earlier == 300 for earlier, later in pairwise(stamps[1:]))


@pytest.mark.parametrize("faults", [(), (Amend(share=0.1),)])
def test_same_seed_gives_the_same_stream(faults: tuple[Fault, ...]) -> None:
    channels = {"trades": ["AAPL"], "quotes": ["IBM"], "lulds": ["*"]}
    assert stream(channels, 500, faults=faults) == stream(channels, 500, faults=faults)


def apples_of(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message["S"] == "AAPL"]


def test_clients_with_the_same_subscriptions_share_frames_and_others_have_their_own() -> None:
    with (
        Simulator(
            venue="alpaca",
            start=REGULAR_HOURS,
            speed=50,
            second_connection="allow",
            keep_sent=True,
        ) as simulator,
        Client(simulator.url) as first,
        Client(simulator.url) as second,
        Client(simulator.url, "msgpack") as packed,
        Client(simulator.url) as other,
    ):
        for client in (first, second, packed):
            client.log_in()
        other.log_in()
        for client in (first, second, packed):
            client.subscribe(trades=["AAPL"])
        other.subscribe(trades=["AAPL", "IBM"])
        for client in (first, second, packed):
            client.take(50)
        other.until(lambda seen: len(apples_of(seen)) == 20)
        sent, frames = simulator.sent, simulator.sent_frames
    # The market begins with the first one, and the others join it where it is by then.
    joined = [id(frame) for frame in frames[1]].index(id(frames[2][0]))
    assert all(a is b for a, b in zip(frames[1][joined:], frames[2], strict=False))
    assert sent[1][sent[1].index(sent[3][0]) :][:50] == sent[3][:50]
    apples = apples_of(sent[4])
    assert sent[1][sent[1].index(apples[0]) :][:20] == apples[:20]
