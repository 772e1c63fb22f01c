"""Every loss is told, in its place: after the last event before it and before the first one after it."""

from __future__ import annotations

import threading

import pytest

from rxpolygon.connection import Overflow
from rxpolygon.simulator import Simulator
from rxpolygon.status import Dropped, Gap, Malformed, Unsubscribed
from tests.client.support import trade
from tests.faults.rig import Log, Rig, push, time_of, wait_subscribed
from tests.support import PATIENCE, wait_for


def raw(*trades: dict[str, object]) -> bytes:
    import orjson

    return orjson.dumps(list(trades))


def around(log: Log) -> list[str]:
    """What was told since the login, without what does not matter here."""
    return [kind for kind in log.kinds() if kind.isdigit() or kind in ("Gap", "Malformed", "Dropped")]


def test_broken_event_between_good_ones_is_a_gap_between_them(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    server.send_raw(raw(trade("AAPL", 1), {"ev": "T", "sym": "AAPL", "p": {}}, trade("AAPL", 3)))
    log.wait_number(3)
    assert around(log) == ["1", "Malformed", "Gap", "3"]
    assert log.of(Gap) == [Gap("T", ("AAPL",), time_of(1), time_of(3), "malformed", 1)]


def test_frame_that_is_cut_off_is_a_gap_behind_its_last_good_event(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    whole = raw(trade("AAPL", 1), trade("AAPL", 2))
    server.send_raw(whole[:-20])
    push(server, 5)
    log.wait_number(5)
    assert around(log) == ["1", "Malformed", "Gap", "5"]
    assert log.of(Gap) == [Gap("T", ("AAPL",), time_of(1), time_of(5), "malformed", 1)]


def test_rubbish_is_a_gap_of_every_channel(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    log.client.subscribe_stock_quotes(["AAPL"]).subscribe(lambda event: None)
    wait_subscribed(server, "Q.AAPL")
    server.send_raw(b"<html>")
    log.wait(Malformed)
    log.client.close_stream(PATIENCE)
    assert {(gap.channel, gap.before) for gap in log.of(Gap)} == {("T", None), ("Q", None)}


def test_damage_of_a_channel_that_nobody_observes_is_no_gap(plain: Rig) -> None:
    server = plain.server()
    log = plain.stream(server)
    server.send_raw(b'[{"ev":"LULD","T":"AAPL","h":{}}]')
    push(server, 1)
    log.wait_number(1)
    assert log.of(Malformed)
    assert not log.of(Gap)


def test_subscription_that_the_server_takes_away_is_asked_for_again_behind_a_gap(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    push(server, 1)
    log.wait_number(1)
    server.send_raw(b'[{"ev":"status","status":"success","message":"unsubscribed to: T.AAPL"}]')
    log.wait(Unsubscribed)
    wait_for(lambda: [entry.action for entry in server.received].count("subscribe") == 2)
    push(server, 4)
    log.wait_number(4)
    assert log.of(Gap) == [Gap("T", ("AAPL",), time_of(1), time_of(4), "resubscribed")]


def flood(server: Simulator, log: Log) -> None:
    """More than the buffer holds while the observer of the status is held."""
    entered, released = threading.Event(), threading.Event()

    def hold(event: object) -> None:
        entered.set()
        released.wait(PATIENCE)

    log.client.subscribe_stock_trades(["HOLD"]).subscribe(hold)
    wait_subscribed(server, "T.HOLD")
    push(server, 0, symbol="HOLD")
    assert entered.wait(PATIENCE)
    before = log.client.stats.frames
    push(server, *range(1, 101))
    wait_for(lambda: log.client.stats.frames - before == 100)
    released.set()


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_drops_are_told_before_the_gap_and_counted(rig: Rig, overflow: Overflow) -> None:
    server = rig.server()
    log = rig.stream(server, overflow=overflow, max_buffer=2_000)
    flood(server, log)
    log.wait(Dropped)
    wait_for(lambda: not log.client.stats.buffered_bytes)  # or the next one would find no room either
    push(server, 200)
    log.wait_number(200)
    missing = [number for number in range(1, 101) if number not in log.numbers]
    assert missing
    assert sum(dropped.frames for dropped in log.of(Dropped)) == len(missing) == log.client.stats.dropped
    (gap,) = log.of(Gap)
    after = min(missing) - 1 or None
    before = min(number for number in log.numbers if number > max(missing))
    assert gap.cause == "dropped"
    assert gap.dropped == len(missing)
    assert gap.before == time_of(before)
    assert gap.after == (time_of(after) if after else time_of(0))
    assert around(log).index("Dropped") < around(log).index("Gap") < around(log).index(str(before))


def test_losses_one_after_another_without_data_are_one_gap(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    push(server, 1)
    log.wait_number(1)
    for connection in (2, 3):
        server.restart()
        wait_for(lambda number=connection: number in server.subscriptions)  # type: ignore[misc]
    push(server, 7)
    log.wait_number(7)
    assert log.of(Gap) == [Gap("T", ("AAPL",), time_of(1), time_of(7), "reconnect")]


def test_gap_without_an_event_after_it_is_told_at_the_end(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    push(server, 1)
    log.wait_number(1)
    server.restart()
    wait_for(lambda: 2 in server.subscriptions)
    log.client.close_stream(PATIENCE)
    assert log.of(Gap) == [Gap("T", ("AAPL",), time_of(1), None, "reconnect")]


def test_topic_wanted_for_the_first_time_after_a_loss_has_no_gap(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    server.restart()
    wait_for(lambda: 2 in server.subscriptions)
    seen: list[object] = []
    log.client.subscribe_stock_quotes(["AAPL"]).subscribe(seen.append)
    wait_subscribed(server, "Q.AAPL")
    server.push("stocks", {"ev": "Q", "sym": "AAPL", "bp": 1.0, "ap": 1.1, "t": time_of(1)})
    wait_for(lambda: seen)
    assert not log.of(Gap)
