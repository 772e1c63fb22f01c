"""Flat files and tables: the same typed events, in the order of time, and every way to be broken."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import rxpolygon.operators as rxo
from rxpolygon import ReplayClient, errors, events
from rxpolygon.errors import RecordingError
from rxpolygon.history import HistoricalTrade, HistorySource, flat_file, table
from rxpolygon.history.inputs import CsvInput
from tests.replay.support import NOW, line, trade, write_recording

pl = pytest.importorskip("polars", reason="the extra frames is not installed")
pytest.importorskip("pyarrow", reason="the extra frames is not installed")

NS = NOW * 1_000_000
TRADES = (
    "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,"
    "sip_timestamp,size,tape,trf_id,trf_timestamp"
)

SAMPLES: dict[str, tuple[str, str, str, str, dict[str, object]]] = {
    "stock trades": (
        "stocks",
        TRADES,
        'MSFT,"12,37",0,11,1,1679990400018025984,276.16,1550,1679990400018381329,55,3,0,0',
        "HistoricalTrade",
        {
            "symbol": "MSFT",
            "price": 276.16,
            "size": 55.0,
            "timestamp": 1679990400018,
            "timestamp_ns": 1679990400018381329,
            "exchange": 11,
            "id": "1",
            "tape": 3,
            "conditions": (12, 37),
            "sequence_number": 1550,
            "participant_timestamp": 1679990400018,
            "trf_id": 0,
        },
    ),
    "stock quotes": (
        "stocks",
        "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,conditions,indicators,"
        "participant_timestamp,sequence_number,sip_timestamp,tape,trf_timestamp",
        'A,8,120.5,2,11,120.1,1,"1,81",604,1679990400018025984,7,1679990400018381329,1,',
        "HistoricalQuote",
        {
            "bid_price": 120.1,
            "ask_size": 2.0,
            "ask_exchange": 8,
            "condition": 1,
            "indicators": (604,),
            "timestamp_ns": 1679990400018381329,
        },
    ),
    "option trades": (
        "options",
        "ticker,conditions,correction,exchange,participant_timestamp,price,sip_timestamp,size",
        "O:SPY230327P00390000,209,0,322,,0.57,1679990400018381329,3",
        "HistoricalTrade",
        {"symbol": "O:SPY230327P00390000", "conditions": (209,), "id": None, "participant_timestamp": None},
    ),
    "futures trades": (
        "futures",
        "ticker,timestamp,sequence_number,conditions,price,size,correction,exchange,session_end_date",
        "ESU5,1754843586948.6707,12,,6400.25,2,,4,2025-08-10",
        "HistoricalFuturesTrade",
        {"timestamp": 1754843586948, "timestamp_ns": 1754843586948670700, "price": 6400.25},
    ),
    "futures quotes": (
        "futures",
        "ticker,timestamp,ask_timestamp,ask_price,ask_size,bid_timestamp,bid_price,bid_size,exchange",
        "ESU5,1754843586948.6707,,,,1754843586948.5,6400.25,2,4",
        "HistoricalFuturesQuote",
        {"ask_price": None, "ask_timestamp": None, "bid_price": 6400.25, "bid_timestamp": 1754843586948},
    ),
    "forex quotes": (
        "forex",
        "ticker,ask_exchange,ask_price,bid_exchange,bid_price,participant_timestamp",
        "C:EUR-USD,48,1.0848,48,1.0847,1679990400000000001",
        "HistoricalForexQuote",
        {"symbol": "EUR/USD", "bid_price": 1.0847, "exchange": 48, "timestamp_ns": 1679990400000000001},
    ),
    "crypto trades": (
        "crypto",
        "ticker,conditions,exchange,id,participant_timestamp,price,size",
        "X:BTC-USD,2,1,508,1679990400000000001,27000.5,0.25",
        "HistoricalCryptoTrade",
        {"symbol": "BTC-USD", "conditions": (2,), "id": "508", "timestamp": 1679990400000},
    ),
    "stock minutes": (
        "stocks",
        "ticker,volume,open,close,high,low,window_start,transactions",
        "A,1000,10,11,12,9,1679990400000000000,8",
        "MinuteAggregate",
        {"open": 10.0, "start": 1679990400000, "end": 1679990460000, "timestamp": 1679990400000},
    ),
    "index minutes": (
        "indices",
        "ticker,open,close,high,low,window_start",
        "I:SPX,10,11,12,9,1679990400000000000",
        "IndexMinuteAggregate",
        {"symbol": "I:SPX", "close": 11.0},
    ),
}


def csv_file(path: Path, header: str, *rows: str) -> Path:
    text = "".join(f"{row}\n" for row in (header, *rows)).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def row(number: int, at: float, symbol: str = "A", price: object = 10.0) -> str:
    ns = NS + round(at * 1e9)
    return f"{symbol},,0,4,{number},{ns},{price},{number},{ns},100,1,,"


def numbers_until_error(source: HistorySource[Any]) -> tuple[list[int], RecordingError]:
    seen: list[int] = []
    problems: list[Exception] = []
    source.events.subscribe(lambda event: seen.append(event.sequence_number), problems.append)
    assert len(problems) == 1
    assert isinstance(problems[0], RecordingError)
    return seen, problems[0]


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("name", ["day.csv", "day.csv.gz"])
def test_row_of_a_file_becomes_its_event(kind: str, name: str, tmp_path: Path) -> None:
    cluster, header, text, event_class, expected = SAMPLES[kind]
    path = csv_file(tmp_path / name, f"{header},a_new_column", f"{text},new")
    (event,) = flat_file(path, cluster)
    assert type(event).__name__ == event_class
    assert {field: getattr(event, field) for field in expected} == expected


@pytest.mark.parametrize("run_rows", [10, 64, 1_000, 1_000_000])
def test_events_come_in_the_order_of_time_however_they_are_cut(
    run_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rxpolygon.history.reading._BLOCK_BYTES", 2_000)
    monkeypatch.setattr("rxpolygon.history.sorting._BLOCK_ROWS", 16)
    chance = random.Random(1)
    rows: list[tuple[int, int]] = []
    lines: list[str] = []
    for symbol in ("A", "B", "C", "D"):
        at = 0
        for _ in range(300):
            at += chance.choice((0, 1, 1, 5))  # many equal times
            rows.append((at, len(rows)))
            lines.append(row(rows[-1][1], at / 1_000, symbol))
    path = csv_file(tmp_path / "day.csv.gz", TRADES, *lines)
    source = HistorySource[HistoricalTrade](CsvInput(str(path), "stocks"), run_rows)
    assert [event.sequence_number for event in source] == [number for _, number in sorted(rows)]


def test_flat_file_beside_a_recording_replays_in_the_order_of_time(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "day.csv", TRADES, row(1, 1), row(3, 3), row(2, 2, "B"))
    recording = write_recording(tmp_path / "a.jsonl", [line(n, trade(number=n)) for n in (0, 2, 4)])
    client = ReplayClient([recording, flat_file(path, "stocks")], "stocks", "max")
    seen: list[tuple[str, int | None]] = []
    everything: list[events.Event] = []
    client.subscribe_stock_trades().subscribe(
        lambda event: seen.append((event.symbol, event.sequence_number))
    )
    client.events.subscribe(everything.append)
    client.run()
    assert seen == [("A", 0), ("A", 1), ("A", 2), ("B", 2), ("A", 3), ("A", 4)]
    assert len(everything) == client.stats.events == 6


def test_bars_of_a_flat_file_are_those_of_the_recording(tmp_path: Path) -> None:
    times = [n * 0.7 for n in range(500)]
    path = csv_file(tmp_path / "day.csv", TRADES, *(row(n, at, price=10.0 + n) for n, at in enumerate(times)))
    recording = write_recording(
        tmp_path / "a.jsonl", [line(at, trade(number=n, at=at)) for n, at in enumerate(times)]
    )

    def bars(source: Any) -> list[rxo.Bar]:
        client = ReplayClient(source, "stocks", "max")
        found: list[rxo.Bar] = []
        client.subscribe_stock_trades().pipe(rxo.time_bars("1m")).subscribe(found.append)
        client.run()
        return found

    assert bars(flat_file(path, "stocks")) == bars(recording)
    assert len(bars(recording)) == 6


def test_minutes_are_told_when_they_end(tmp_path: Path) -> None:
    header = "ticker,volume,open,close,high,low,window_start,transactions"
    path = csv_file(tmp_path / "day.csv", header, f"A,1000,10,11,12,9,{NS},8")
    client = ReplayClient(flat_file(path, "stocks"), "stocks", "max")
    told: list[float] = []
    client.subscribe_stock_minute_aggregates().subscribe(
        lambda event: told.append(client.scheduler.now.timestamp() - event.start / 1_000)
    )
    client.run()
    assert told == [60.0]


def test_table_takes_the_names_of_files_and_of_fields(tmp_path: Path) -> None:
    by_field = pl.DataFrame(
        {
            "symbol": ["A", "B"],
            "price": [2, 1],
            "size": [1.0, 1.0],
            "timestamp_ns": [NS + 7, NS],
            "conditions": [[12, 37], None],
        }
    )
    found = list(table(by_field, "stocks"))
    assert [(event.symbol, event.price, event.timestamp_ns, event.conditions) for event in found] == [
        ("B", 1.0, NS, None),
        ("A", 2.0, NS + 7, (12, 37)),
    ]
    path = tmp_path / "day.parquet"
    by_field.rename({"symbol": "ticker", "timestamp_ns": "sip_timestamp"}).write_parquet(path)
    assert list(table(path, "stocks")) == found
    assert list(table(by_field.lazy(), "stocks")) == found
    assert list(table(pl.scan_parquet(path), "stocks")) == found


def test_columns_of_other_kinds_become_the_same_events() -> None:
    frame = pl.DataFrame(
        {"symbol": ["A", "B"], "price": [1.0, float("nan")], "size": [1.0, 1.0], "conditions": [[12], [37]]}
    ).with_columns(
        pl.col("conditions").cast(pl.Array(pl.Int64, 1)), timestamp=pl.lit("2023-11-14").str.to_date()
    )
    midnight = 1_699_920_000_000
    assert [(it.price, it.conditions, it.timestamp) for it in table(frame, "stocks")] == [
        (1.0, (12,), midnight),
        (None, (37,), midnight),
    ]


def test_table_with_times_beyond_all_time_is_an_error() -> None:
    for stamp in ("9" * 25, 17_000_000_400_000, 17_000_000_400_000_000, 1.7e16):
        frame = pl.DataFrame({"symbol": ["A"], "price": [1.0], "size": [1.0], "timestamp": [stamp]})
        with pytest.raises(RecordingError, match="the column timestamp has times beyond"):
            list(table(frame, "stocks"))


def test_table_with_times_before_all_replays_is_an_error() -> None:
    """A replay begins at 1970 at the earliest, and would pass them over in silence."""
    frame = pl.DataFrame({"symbol": ["A", "A"], "price": 1.0, "size": 1.0, "timestamp": [NOW, -1]})
    with pytest.raises(RecordingError, match="timestamp has times before 1970"):
        list(table(frame, "stocks"))


def test_symbol_of_another_cluster_in_a_table_is_an_error() -> None:
    frame = pl.DataFrame({"symbol": ["X:BTC-USD"], "price": [1.0], "size": [1.0], "timestamp": [1]})
    for read in (table(frame, "stocks"), table(frame, "stocks").bars("1m")):
        with pytest.raises(RecordingError, match="cluster 'crypto'"):
            list(read)


def test_lazy_table_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="a lazy table: it cannot be read"):
        list(table(pl.scan_parquet(tmp_path / "none.parquet"), "stocks"))
    frame = pl.LazyFrame({"symbol": ["A"], "price": ["ten"], "size": [1.0], "timestamp": [1_000]})
    with pytest.raises(RecordingError, match="values of another kind"):
        list(table(frame, "stocks"))


def test_file_that_is_observed_twice_is_read_twice(tmp_path: Path) -> None:
    source = flat_file(csv_file(tmp_path / "day.csv", TRADES, row(1, 1), row(0, 0)), "stocks")
    seen: list[int] = []
    done: list[bool] = []
    for _ in range(2):
        source.events.subscribe(
            lambda event: seen.append(event.sequence_number), None, lambda: done.append(True)
        )
    assert (seen, done) == ([0, 1, 0, 1], [True, True])


GOOD = [row(0, 0), row(2, 2), row(1, 1, "B")]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (row(3, 3, price="ten"), "price is 'ten'"),
        (row(3, 3, price="nan"), "price is 'nan'"),
        (row(3, 3, price="inf"), "price is 'inf'"),
        (row(3, 3).replace(",3,", ",99999999999999999999,"), "sequence_number is '99999999999999999999'"),
        (row(3, 3).replace("A,,", "A,@,"), "expected codes such as 12,37"),
        (row(3, 3, symbol="O:SPY241220P00720000"), "is of the cluster 'options', and this is of 'stocks'"),
        (row(3, 3).replace(str(NS + 3_000_000_000), "99999999999999999999"), "expected a time"),
        (row(3, 3).replace(str(NS + 3_000_000_000), "-5"), "expected a time"),
        (row(3, 3).replace(str(NS + 3_000_000_000), "17000000400000000"), "expected a time"),
        (row(3, 3).replace(str(NS + 3_000_000_000), "17000000400000"), "expected a time"),
        (row(3, 3, price="\x1c10"), "expected a number"),
        (row(3, 3, symbol='"A'), "expected 13 columns, got 1"),
        ("A,,0,4", "expected 13 columns, got 4"),
        (row(3, 3).replace(str(NS + 3_000_000_000), "yesterday"), "expected a time"),
        (row(3, 3, symbol=""), "ticker is empty"),
    ],
)
def test_bad_row_is_named_and_rows_before_it_are_given(bad: str, said: str, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "day.csv.gz", TRADES, *GOOD, bad, row(4, 4))
    seen, error = numbers_until_error(flat_file(path, "stocks"))
    assert (seen, error.path, error.line) == ([0, 1, 2], str(path), 5)
    assert said in str(error)


def test_lines_are_counted_with_those_that_hold_no_row_of_their_own(tmp_path: Path) -> None:
    rows = [row(0, 0), "", "", row(1, 1, symbol='"two\nlines"'), row(2, 2), "", row(3, 3, price="ten")]
    seen, error = numbers_until_error(flat_file(csv_file(tmp_path / "day.csv", TRADES, *rows), "stocks"))
    assert (seen, error.line) == ([0, 1, 2], 9)


def test_rows_are_given_once_where_blank_lines_stand_before_a_bad_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rxpolygon.history.reading._BLOCK_BYTES", 2_000)
    monkeypatch.setattr("rxpolygon.history.reading._FRAME_ROWS", 10)
    rows = [text for number in range(500) for text in (row(number, number), "")]
    path = csv_file(tmp_path / "day.csv", TRADES, *rows, row(500, 500, price="ten"))
    seen, error = numbers_until_error(flat_file(path, "stocks"))
    assert (seen, error.line) == ([*range(500)], 1_002)


def test_spaces_around_numbers_do_not_matter_to_either_reader(tmp_path: Path) -> None:
    good = row(1, 1, price=" 10.5 ")
    path = csv_file(tmp_path / "day.csv", TRADES, good)
    assert [event.price for event in flat_file(path, "stocks")] == [10.5]
    seen, _ = numbers_until_error(
        flat_file(csv_file(tmp_path / "day.csv", TRADES, good, row(2, 2, price="ten")), "stocks")
    )
    assert seen == [1]


def test_large_whole_numbers_keep_their_digits_before_a_bad_row(tmp_path: Path) -> None:
    large = 1_679_990_400_018_381_329
    path = csv_file(
        tmp_path / "day.csv",
        TRADES,
        row(large, 0),
        row(12, 1).replace(",12,", ",12.0,"),
        row(3, 3, price="ten"),
    )
    seen, _ = numbers_until_error(flat_file(path, "stocks"))
    assert seen == [large, 12]


def test_text_of_another_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes("\n".join([TRADES, row(0, 0), row(1, 1, symbol="Ä"), ""]).encode("latin-1"))
    seen, error = numbers_until_error(flat_file(path, "stocks"))
    assert (seen, error.line) == ([0], 3)
    assert "UTF-8" in str(error)


def test_bad_time_in_milliseconds_is_named(tmp_path: Path) -> None:
    good = "ESU5,1754843586948.6707,12,6400.25,2"
    header = "ticker,timestamp,sequence_number,price,size"
    for bad in ("soon", "1" * 30):
        path = csv_file(tmp_path / "day.csv", header, good, good.replace("1754843586948.6707", bad))
        seen, error = numbers_until_error(flat_file(path, "futures"))
        assert (seen, error.line) == ([12], 3)


def test_stocks_are_no_options(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "day.csv", TRADES, row(0, 0, "O:SPY241220P00720000"), row(1, 1, "AAPL"))
    seen, error = numbers_until_error(flat_file(path, "options"))
    assert (seen, error.line) == ([0], 3)
    assert "AAPL is no option contract" in str(error)


def test_source_of_another_cluster_is_refused(tmp_path: Path) -> None:
    source = flat_file(csv_file(tmp_path / "day.csv", TRADES, row(0, 0)), "stocks")
    with pytest.raises(errors.InvalidArgumentError, match="it has stocks, and this replay is of options"):
        ReplayClient(source, "options")
    with pytest.raises(
        errors.InvalidArgumentError, match=r"raw_data=True .* only recordings have .*day\.csv"
    ):
        ReplayClient(source, "stocks", raw_data=True)


def test_copy_that_cannot_be_written_is_told_to_observers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_file(tmp_path / "day.csv", TRADES, *(row(number, number) for number in range(30)))
    source = HistorySource[HistoricalTrade](CsvInput(str(path), "stocks"), run_rows=10)
    folder = tmp_path / "gone" / "rxpolygon-sort"

    @contextmanager
    def gone(**_: object) -> Iterator[str]:
        yield str(folder)

    monkeypatch.setattr("tempfile.TemporaryDirectory", gone)
    monkeypatch.setattr("rxpolygon.history.reading._FRAME_ROWS", 10)
    monkeypatch.setattr("rxpolygon.history.reading._BLOCK_BYTES", 500)
    seen, error = numbers_until_error(source)
    assert seen == []
    assert "TMPDIR" in str(error)


def test_cut_file_gives_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "day.csv.gz"
    text = "".join(f"{line}\n" for line in (TRADES, *(row(n * 7919 % 10_007, n) for n in range(10_000))))
    packed = gzip.compress(text.encode())
    path.write_bytes(packed[: len(packed) // 2])
    seen, error = numbers_until_error(flat_file(path, "stocks"))
    assert seen == [n * 7919 % 10_007 for n in range(len(seen))]
    assert len(seen) > 1_000
    assert error.line == len(seen) + 2
    assert "cut off" in str(error)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "empty"),
        ("symbol,last,volume", "wrong columns"),
        ("ticker,price,sip_timestamp", "size is missing"),
        ("symbol,price,size", "sip_timestamp (or timestamp) is missing"),
        ("price,size,timestamp", "ticker (or symbol) is missing"),
        ("ticker,price,size,sip_timestamp\rA,1,1,1\rB,", "no row of a CSV file"),
    ],
)
def test_wrong_columns_are_an_error(header: str, said: str, tmp_path: Path) -> None:
    seen, error = numbers_until_error(flat_file(csv_file(tmp_path / "day.csv", header), "stocks"))
    assert (seen, error.line) == ([], 1)
    assert said in str(error)


def test_broken_flat_file_ends_a_replay_after_its_good_rows(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "day.csv", TRADES, *GOOD, "x")
    client = ReplayClient(flat_file(path, "stocks"), "stocks", "max")
    seen: list[object] = []
    problems: list[Exception] = []
    client.subscribe_stock_trades().subscribe(seen.append, problems.append)
    with pytest.raises(RecordingError, match="line 5"):
        client.run()
    assert (len(seen), len(problems)) == (3, 1)


def test_wrong_arguments_raise_at_the_call(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        flat_file(tmp_path / "none.csv", "stocks")
    with pytest.raises(RecordingError, match="this is a folder"):
        flat_file(tmp_path, "stocks")
    (tmp_path / "day.parquet").touch()
    with pytest.raises(errors.InvalidArgumentError, match=r"for Parquet there is table\(\)"):
        flat_file(tmp_path / "day.parquet", "stocks")
    (tmp_path / "day_aggs_v1").mkdir()
    days = csv_file(tmp_path / "day_aggs_v1" / "2024-03-01.csv.gz", "ticker,open,close,high,low,window_start")
    with pytest.raises(errors.InvalidArgumentError, match="the live stream has no days"):
        flat_file(days, "stocks")
    with pytest.raises(errors.InvalidTypeError, match="data"):
        table([1], "stocks")
    with pytest.raises(errors.InvalidArgumentError, match="cluster"):
        table(pl.DataFrame(), "bonds")
