"""The vendor's sample messages of every channel, with the oddities that were seen on the wire."""

from __future__ import annotations

import orjson
import pytest

from rxpolygon import events
from rxpolygon.events import Event
from rxpolygon.venues.polygon.channels import CHANNELS
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster


def decoded(cluster: str, message: dict[str, object]) -> Event:
    """One event, by the fast path where it goes, else by the tolerant one."""
    codec = PolygonCodec("ws://localhost", StreamCluster(cluster), "key")
    frame = orjson.dumps([message])
    try:
        found = codec.decode(frame)
    except ValueError:
        salvaged = codec.salvage(frame)
        assert not salvaged.malformed
        found = salvaged.events
    (event,) = found
    assert isinstance(event, Event)
    return event


SAMPLES: list[tuple[str, dict[str, object], type[Event], dict[str, object]]] = [
    (
        "stocks",
        {"ev": "T", "sym": "MSFT", "x": 4, "i": "12345", "z": 3, "p": 114.125, "s": 100, "c": [0, 12],
         "t": 1536036818784, "q": 3681328},
        events.Trade,
        {"symbol": "MSFT", "price": 114.125, "size": 100.0, "conditions": (0, 12), "id": "12345", "tape": 3,
         "exchange": 4, "timestamp": 1536036818784, "sequence_number": 3681328, "trf_id": None},
    ),
    (
        "stocks",
        {"ev": "T", "sym": "BRK.B", "i": 77, "p": "412", "s": "0.5", "ds": "0.5", "t": 1536036818784.0,
         "trfi": 12, "trft": 1536036818780, "pt": 1536036818770},
        events.Trade,
        {"symbol": "BRK.B", "id": "77", "price": 412.0, "size": 0.5, "fractional_size": "0.5", "trf_id": 12,
         "trf_timestamp": 1536036818780, "participant_timestamp": 1536036818770, "conditions": None},
    ),
    (
        "stocks",
        {"ev": "Q", "sym": "MSFT", "c": 0, "bx": 4, "ax": 7, "bp": 114.125, "ap": 115, "bs": 100, "as": 160,
         "t": 1536036818784, "z": 3, "i": [604], "q": 50385480},
        events.Quote,
        {"bid_price": 114.125, "ask_price": 115.0, "bid_size": 100.0, "ask_size": 160.0, "bid_exchange": 4,
         "ask_exchange": 7, "condition": 0, "indicators": (604,), "tape": 3},
    ),
    (
        "stocks",
        {"ev": "AM", "sym": "GTE", "v": 4110, "av": 9470157, "op": 0.4372, "vw": 0.4488, "o": 0.4488,
         "c": 0.4486, "h": 0.4489, "l": 0.4486, "a": 0.4352, "z": 685, "s": 1610144640000,
         "e": 1610144700000},
        events.MinuteAggregate,
        {"open": 0.4488, "volume": 4110.0, "accumulated_volume": 9470157.0, "official_open": 0.4372,
         "day_vwap": 0.4352, "average_size": 685.0, "start": 1610144640000, "end": 1610144700000,
         "timestamp": 1610144640000, "otc": False},
    ),
    (
        "stocks",
        {"ev": "A", "sym": "SPCE", "v": 200, "av": 8642007, "op": 25.66, "vw": 25.3981, "o": 25.39,
         "c": 25.39, "h": 25.39, "l": 25.39, "a": 25.3714, "z": 50, "s": 1610144868000, "otc": True,
         "dv": "200.0"},
        events.SecondAggregate,
        {"end": 1610144869000, "otc": True, "exact_volume": "200.0", "exact_accumulated_volume": None},
    ),
    (
        "stocks",
        {"ev": "LULD", "T": "MSFT", "h": 218.22, "l": 215.87, "i": [2], "z": 3, "t": 1601315244123456,
         "q": 1},
        events.LimitUpLimitDown,
        {"symbol": "MSFT", "high": 218.22, "low": 215.87, "timestamp": 1601315244123,
         "timestamp_ns": 1601315244123456000, "indicators": (2,)},
    ),
    (
        "stocks",
        {"ev": "NOI", "T": "NTEST.Q", "t": 1601318039223013600, "at": 930, "a": "M", "i": 44, "x": 10,
         "o": 480, "p": 440, "b": 25.03},
        events.Imbalance,
        {"symbol": "NTEST.Q", "timestamp": 1601318039223, "timestamp_ns": 1601318039223013600,
         "auction_time": 930, "auction_type": "M", "symbol_sequence": 44, "imbalance_quantity": 480.0,
         "paired_quantity": 440.0, "book_clearing_price": 25.03},
    ),
    (
        "stocks",
        {"ev": "FMV", "fmv": 189.22, "sym": "AAPL", "t": 1678220098130000000},
        events.FairMarketValue,
        {"symbol": "AAPL", "value": 189.22, "timestamp": 1678220098130},
    ),
    (
        "forex",
        {"ev": "FMV", "fmv": 1.0631, "sym": "C:EURUSD", "t": 1678220098130},
        events.FairMarketValue,
        {"symbol": "C:EURUSD", "timestamp": 1678220098130, "timestamp_ns": 1678220098130000000},
    ),
    (
        "crypto",
        {"ev": "LV", "val": 33021.9, "sym": "X:BTC-USD", "t": 1610462007425},
        events.LaunchpadValue,
        {"symbol": "X:BTC-USD", "value": 33021.9},
    ),
    (
        "options",
        {"ev": "T", "sym": "O:AMC210827C00037000", "x": 65, "p": 1.54, "s": 1, "c": [233], "t": 1629820676333,
         "q": 651921857},
        events.Trade,
        {"symbol": "O:AMC210827C00037000", "price": 1.54, "id": None},
    ),
    (
        "forex",
        {"ev": "C", "p": "USD/CNH", "x": "44", "a": 6.83366, "b": 6.83363, "t": 1536036818784},
        events.ForexQuote,
        {"symbol": "USD/CNH", "exchange": 44, "ask_price": 6.83366, "bid_price": 6.83363},
    ),
    (
        "forex",
        {"ev": "CA", "pair": "USD/EUR", "o": 0.8687, "c": 0.86889, "h": 0.86889, "l": 0.8686, "v": 20,
         "s": 1539145740000},
        events.ForexMinuteAggregate,
        {"symbol": "USD/EUR", "end": 1539145800000, "volume": 20.0},
    ),
    (
        "forex",
        {"ev": "CAS", "pair": "USD/EUR", "o": 1, "c": 1, "h": 1, "l": 1, "v": 2, "s": 1539145740000},
        events.ForexSecondAggregate,
        {"open": 1.0, "end": 1539145741000},
    ),
    (
        "crypto",
        {"ev": "XT", "pair": "BTC-USD", "p": 33021.9, "t": 1610462007425, "s": 0.01616617, "c": [2],
         "i": 14272084, "x": 3, "r": 1610462007576},
        events.CryptoTrade,
        {"symbol": "BTC-USD", "id": "14272084", "conditions": (2,), "received_timestamp": 1610462007576},
    ),
    (
        "crypto",
        {"ev": "XQ", "pair": "BTC-USD", "bp": 33052.79, "bs": 0.48, "ap": 33073.19, "as": 0.601,
         "t": 1610462411115, "x": 1, "r": 1610462411128},
        events.CryptoQuote,
        {"bid_price": 33052.79, "ask_size": 0.601},
    ),
    (
        "crypto",
        {"ev": "XA", "pair": "BCD-USD", "v": 951.6112, "vw": 0.7756, "z": 73, "o": 0.772, "c": 0.784,
         "h": 0.784, "l": 0.771, "s": 1610463240000, "e": 1610463300000},
        events.CryptoMinuteAggregate,
        {"vwap": 0.7756, "average_size": 73.0},
    ),
    (
        "crypto",
        {"ev": "XAS", "pair": "BCD-USD", "v": 1, "o": 1, "c": 1, "h": 1, "l": 1, "s": 1610463240000},
        events.CryptoSecondAggregate,
        {"end": 1610463241000, "vwap": None},
    ),
    (
        "crypto",
        {"ev": "XL2", "pair": "BTC-USD", "t": 1610462411115, "r": 1610462411128, "x": 1,
         "b": [[33712.7, 0.25], [33709, "0.4"]], "a": [[33718.23, 1]]},
        events.Level2Book,
        {"bids": ((33712.7, 0.25), (33709.0, 0.4)), "asks": ((33718.23, 1.0),)},
    ),
    (
        "indices",
        {"ev": "V", "val": 3988.5, "T": "I:SPX", "t": 1678220098130},
        events.IndexValue,
        {"symbol": "I:SPX", "value": 3988.5, "timestamp": 1678220098130},
    ),
    (
        "indices",
        {"ev": "AM", "sym": "I:SPX", "op": 3985.67, "o": 3985.67, "c": 3985.67, "h": 3985.67, "l": 3985.67,
         "s": 1678220675805, "e": 1678220675805},
        events.IndexMinuteAggregate,
        {"official_open": 3985.67, "end": 1678220675805},
    ),
    (
        "futures",
        {"ev": "T", "sym": "ESZ5", "p": 6052, "s": 3, "t": 1734484219379, "q": 1},
        events.FuturesTrade,
        {"price": 6052.0, "size": 3.0},
    ),
    (
        "futures/cme",
        {"ev": "Q", "sym": "ESZ5", "bp": 6052, "bs": 3, "bt": 1734484219379, "ap": 6052.25, "as": 4,
         "at": 1734484219380, "t": 1734484219381},
        events.FuturesQuote,
        {"bid_timestamp": 1734484219379, "ask_timestamp": 1734484219380},
    ),
    (
        "futures",
        {"ev": "A", "sym": "ESZ5", "v": 5, "dv": 30260, "o": 6052, "c": 6052, "h": 6052, "l": 6052, "n": 2,
         "s": 1734484219000, "e": 1734484220000},
        events.FuturesSecondAggregate,
        {"total_value": 30260.0, "transactions": 2},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "message", "kind", "expected"), SAMPLES)
def test_sample_message_decodes_into_our_names(
    cluster: str, message: dict[str, object], kind: type[Event], expected: dict[str, object]
) -> None:
    event = decoded(cluster, message)
    assert type(event) is kind
    assert {name: getattr(event, name) for name in expected} == expected


def test_samples_cover_every_class_of_the_channel_table() -> None:
    shared = {events.IndexSecondAggregate, events.FuturesMinuteAggregate}  # differ from a twin by length only
    sampled = {kind for _, _, kind, _ in SAMPLES}
    assert {channel.event for channel in CHANNELS} - sampled == shared


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_event_with_nothing_but_a_symbol_has_none_elsewhere(channel: object) -> None:
    kind = channel.event  # type: ignore[attr-defined]  # pytest passes the row as an object
    event = kind(symbol="X")
    others = {name: getattr(event, name) for name in kind.__struct_fields__ if name not in ("symbol", "otc")}
    assert set(others.values()) == {None}
    assert event.timestamp is None
    assert event.timestamp_ns is None
    assert event.time is None


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_docstring_of_an_event_names_every_field(channel: object) -> None:
    kind = channel.event  # type: ignore[attr-defined]
    documented = "".join(base.__doc__ or "" for base in kind.__mro__[:-1])
    assert [name for name in kind.__struct_fields__ if f" {name}: ``" not in documented] == []


def test_unknown_event_keeps_everything() -> None:
    event = decoded("stocks", {"ev": "NEW", "sym": "AAPL", "t": 1700000000000, "deep": {"a": [1]}})
    assert isinstance(event, events.UnknownEvent)
    assert (event.kind, event.symbol, event.timestamp) == ("NEW", "AAPL", 1700000000000)
    assert event.data["deep"] == {"a": [1]}


def test_time_is_aware_and_exact_to_the_millisecond() -> None:
    event = events.Trade(symbol="A", timestamp=1_700_000_000_123)
    assert event.time.isoformat() == "2023-11-14T22:13:20.123000+00:00"


@pytest.mark.parametrize("stamp", [10**15, -(10**16), 10**20])
def test_number_beyond_the_calendar_is_no_time_and_no_exception(stamp: int) -> None:
    event = events.Trade(symbol="A", timestamp=stamp)
    assert event.timestamp == stamp
    assert event.time is None
