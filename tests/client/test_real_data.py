"""Real market data over a real websocket: every event arrives, and bars equal the published ones."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from reactivex import operators as ops

from rxpolygon import StreamClient
from rxpolygon import operators as rxo
from rxpolygon.events import Event, Trade
from rxpolygon.operators import Bar
from rxpolygon.simulator import Simulator
from tests.client.support import Connect, Recorder, wait_for_topics
from tests.support import PATIENCE, wait_for

# The basic rule of the data's README: trades without a condition set prices, all trades add volume.
_BASIC: Final[rxo.SaleRules[Trade]] = rxo.SaleRules(
    updates_high_low=lambda trade: not trade.conditions,
    updates_open_close=lambda trade: not trade.conditions,
    updates_volume=lambda trade: True,
)
_OPENING: Final = 1_381_152_600_000  # 2013-10-07 09:30 in New York
_MINUTE: Final = 60_000
_SYMBOLS: Final = ("IBM", "BAC", "AIG")


def _recorded(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
    return [event for line in lines for event in json.loads(line)[1]]


def _published(folder: Path) -> dict[tuple[str, int], tuple[float, ...]]:
    with (folder / "us-equities-2013-10-07.minute-bars.csv").open() as file:
        return {
            (row["symbol"], int(row["start_ms_utc"])): tuple(
                float(row[name]) for name in ("open", "high", "low", "close", "volume")
            )
            for row in csv.DictReader(file)
        }


def _wait_for_events(client: StreamClient, count: int) -> None:
    limit = 2 * PATIENCE
    wait_for(lambda: client.stats.events == count, limit, message=lambda: f"{count}: {client.stats}")


def _serve(server: Simulator, cluster: str, events: list[dict[str, Any]], *topics: str) -> None:
    """Send events once all topics are on the wire: the simulator itself would begin between two of them."""
    wait_for_topics(server, *topics)
    for start in range(0, len(events), 100):
        server.push(cluster, events[start : start + 100])


def _values(bar: Bar) -> tuple[float, ...]:
    return (bar.open, bar.high, bar.low, bar.close, bar.volume)


def test_minute_bars_of_the_opening_equal_the_published_ones(
    real_data: Path, connect: Connect, transport: str
) -> None:
    path = real_data / "us-equities-open-5min.jsonl"
    published = _published(real_data)
    with Simulator(recording=path, speed="max") as server:
        client = connect(server, transport=transport)
        trades = client.subscribe_stock_trades(list(_SYMBOLS))
        bars = Recorder.of(trades.pipe(rxo.time_bars("1m", sales=_BASIC)))
        client.start_stream_thread()
        server.wait_finished()
        _wait_for_events(client, 900 + 3_061 + 555)
        client.close_stream()  # which closes the last minute's bars
    made = {(bar.symbol, bar.start): _values(bar) for bar in bars.values}
    minutes = [_OPENING + number * _MINUTE for number in range(5)]
    assert set(made) == {(symbol, minute) for symbol in _SYMBOLS for minute in minutes}
    equal = {place for place, values in made.items() if values == published[place]}
    # The first minute holds the opening auction, which is treated apart; AIG opened in the second one.
    late = ("AIG", minutes[1])
    assert equal == {(symbol, minute) for symbol in _SYMBOLS for minute in minutes[1:]} - {late}
    assert made[late][:4] == published[late][:4]


def test_every_trade_and_quote_of_the_opening_arrives_in_order(
    real_data: Path, connect: Connect, transport: str
) -> None:
    path = real_data / "us-equities-open-5min.jsonl"
    recorded = _recorded(path)
    with Simulator(market=False) as server:
        client = connect(server, transport=transport)
        everything = Recorder.of(client.events)
        client.subscribe_stock_trades()
        client.subscribe_stock_quotes()
        client.start_stream_thread()
        _serve(server, "stocks", recorded, "T.*", "Q.*")
        _wait_for_events(client, len(recorded))
    assert len(everything.values) == len(recorded) == 10_508
    assert [_key(event) for event in everything.values] == [
        (event["ev"], event["sym"], event["t"], event["q"]) for event in recorded
    ]
    first = next(event for event in recorded if event["ev"] == "T")
    trade = next(event for event in everything.values if isinstance(event, Trade))
    assert (trade.price, trade.size, trade.exchange, trade.id, trade.conditions) == (
        first["p"],
        first["s"],
        first["x"],
        str(first["i"]),
        tuple(first["c"]),
    )


def _key(event: Any) -> tuple[str, str, int, int]:
    return (type(event).__name__[0], event.symbol, event.timestamp, event.sequence_number)


def test_only_what_is_subscribed_of_the_opening_arrives(real_data: Path, connect: Connect) -> None:
    path = real_data / "us-equities-open-5min.jsonl"
    with Simulator(market=False) as server:
        client = connect(server)
        trades = Recorder.of(client.subscribe_stock_trades(["ibm"]))
        quotes = Recorder.of(client.subscribe_stock_quotes(["BAC"]))
        client.start_stream_thread()
        _serve(server, "stocks", _recorded(path), "T.IBM", "Q.BAC")
        _wait_for_events(client, 900 + 2_920)
        assert [len(trades.values), len(quotes.values)] == [900, 2_920]


def test_every_forex_quote_arrives(real_data: Path, connect: Connect, transport: str) -> None:
    path = real_data / "forex-usdjpy-2013-01-01.jsonl"
    recorded = _recorded(path)
    with Simulator(recording=path, speed="max") as server:
        client = connect(server, "forex", transport=transport)
        quotes = Recorder.of(client.subscribe_forex_quotes(["C:USDJPY"]))
        client.start_stream_thread()
        server.wait_finished()
        _wait_for_events(client, 1_000)
        assert [(q.ask_price, q.bid_price, q.timestamp, q.exchange) for q in quotes.values] == [
            (event["a"], event["b"], event["t"], int(event["x"])) for event in recorded
        ]
        assert client.stats.malformed == 0


def test_every_crypto_event_arrives(real_data: Path, connect: Connect, transport: str) -> None:
    path = real_data / "crypto-coinbase-2021-04-17.jsonl.gz"
    recorded = _recorded(path)
    with Simulator(market=False) as server:
        client = connect(server, "crypto", transport=transport)
        channels: dict[str, Recorder[Any]] = {
            "XT": Recorder.of(client.subscribe_crypto_trades()),
            "XQ": Recorder.of(client.subscribe_crypto_quotes()),
            "XL2": Recorder.of(client.subscribe_crypto_level2_book()),
        }
        everything: Recorder[Event] = Recorder.of(client.events.pipe(ops.filter(lambda event: True)))
        client.start_stream_thread()
        _serve(server, "crypto", recorded, "XT.*", "XQ.*", "XL2.*")
        _wait_for_events(client, len(recorded))
    assert {name: len(one.values) for name, one in channels.items()} == {"XT": 107, "XQ": 107, "XL2": 2_053}
    assert Counter(event.symbol for event in everything.values) == Counter(
        event["pair"] for event in recorded
    )
    assert len({event.symbol for event in everything.values}) == 10
    books = [event for event in recorded if event["ev"] == "XL2"]
    assert [[list(level) for level in book.bids] for book in channels["XL2"].values] == [
        book["b"] for book in books
    ]


@pytest.mark.parametrize(
    ("name", "cluster"),
    [
        ("forex-usdjpy-2013-01-01.jsonl", "crypto"),
        ("us-equities-open-5min.jsonl", "forex"),
        ("crypto-coinbase-2021-04-17.jsonl.gz", "stocks"),
    ],
)
def test_recording_of_another_cluster_is_told(
    real_data: Path, connect: Connect, name: str, cluster: str
) -> None:
    with Simulator(recording=real_data / name, speed="max") as server:
        client = connect(server, cluster)
        statuses = Recorder.of(client.status)
        client.start_stream_thread()
        wait_for(lambda: any("the recording holds" in str(status) for status in statuses.values))
