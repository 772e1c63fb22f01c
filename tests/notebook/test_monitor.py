"""``monitor``: the figures of a client, live and at its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from reactivex.testing import TestScheduler

from rxpolygon import ReplayClient, StreamClient
from rxpolygon.alpaca import StockDataStream
from rxpolygon.errors import InvalidTypeError
from rxpolygon.notebook import LiveView, monitor
from rxpolygon.simulator import Simulator
from tests.notebook.support import cells_of, rows, watch
from tests.support import wait_for

pytest.importorskip("ipywidgets")


def figures(view: LiveView) -> dict[str, str]:
    """The figures by their titles."""
    html = str(view._repr_mimebundle_()["text/html"])
    titles = cells_of(html.replace("<th", "<td").replace("/th>", "/td>"))
    return dict(zip(titles[: len(titles) // 2], titles[len(titles) // 2 :], strict=True))


def test_client_that_was_not_started_is_idle() -> None:
    with monitor(StreamClient("demo")) as view:
        assert figures(view)["state"] == "idle"
        assert figures(view)["events/s"] == "0"


def test_state_and_rate_follow_the_client_and_its_end_ends_the_view() -> None:
    clock = TestScheduler()
    with Simulator(market=False) as server:
        client = StreamClient("demo", host=server.url)
        seen: list[object] = []
        client.subscribe_stock_trades(["IBM"]).subscribe(seen.append)
        view = monitor(client, scheduler=clock)
        drawn = watch(view)
        client.start_stream_thread()
        wait_for(lambda: figures(view)["state"] == "logged in")
        wait_for(lambda: server.subscriptions)
        clock.advance_to(10)
        for _ in range(300):
            server.push("stocks", {"ev": "T", "sym": "IBM", "p": 10.0, "s": 1, "t": 1})
        wait_for(lambda: client.stats.events == len(seen) == 300)
        clock.advance_to(11)
        assert float(figures(view)["events/s"]) > 100
        assert "300 events" in drawn[-1]
        client.close_stream()
        wait_for(lambda: "completed" in drawn[-1])  # it is drawn after the end is told
    assert not view.is_live
    assert "closed" in cells_of(drawn[-1])


def test_it_draws_twice_a_second_and_only_what_changes() -> None:
    clock = TestScheduler()
    with monitor(StreamClient("demo"), scheduler=clock) as view:
        drawn = watch(view)
        clock.advance_to(30)
        texts = [cells_of(html)[2] for html in drawn]
        assert len(drawn) <= 21  # the line of rates grows once a second, for twenty seconds
        assert texts[-1] == "▁" * 20


def test_losses_are_told_below_the_figures() -> None:
    with (
        Simulator(market=False) as server,
        StreamClient("demo", host=server.url) as client,
        monitor(client) as view,
    ):
        wait_for(lambda: figures(view)["state"] == "logged in")
        server.send_raw(b"this is no JSON")
        wait_for(lambda: figures(view)["malformed"] == "1")
        wait_for(lambda: "malformed (15 bytes" in str(view))
        server.drop_connections()
        wait_for(lambda: int(figures(view)["reconnects"]) >= 1)
        wait_for(lambda: "reconnecting in" in str(view))


def test_refused_login_is_shown_as_the_end() -> None:
    with Simulator(market=False) as server, StreamClient("wrong", host=server.url) as client:
        view = monitor(client)
        wait_for(lambda: not view.is_live)
        assert "refused the login" in str(view)
        assert "wrong" not in rows(view)[0]


def test_replay_can_be_watched(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text('[1700000000000000000,[{"ev":"T","sym":"IBM","p":10.5,"s":100,"t":1700000000000}]]\n')
    client = ReplayClient(path, speed="max")
    view = monitor(client)
    assert figures(view)["state"] == "idle"
    client.run()
    assert not view.is_live
    assert "stocks, 1 connection, 1 event · completed" in str(view)


def test_stream_of_the_other_venue_can_be_watched() -> None:
    with Simulator(venue="alpaca", market=False) as server:
        stream = StockDataStream("demo", "secret", url_override=server.url)
        view = monitor(stream)
        drawn = watch(view)
        with stream:
            wait_for(lambda: figures(view)["state"] == "logged in")
        wait_for(lambda: drawn and "completed" in drawn[-1])
    assert "StockDataStream, 1 connection" in drawn[-1]


def test_what_is_no_client_is_named() -> None:
    with pytest.raises(InvalidTypeError, match="StockDataStream"):
        monitor(object())  # type: ignore[arg-type]  # for whoever checks no types
