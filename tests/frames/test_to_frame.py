"""``to_frame``, ``to_arrow`` and ``frame``: when a frame comes, and what is in it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import reactivex as rx

from rxpolygon import frames
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, MissingPackageError, UsageError
from rxpolygon.events import (
    CryptoQuote,
    CryptoTrade,
    Imbalance,
    Level2Book,
    Quote,
    SecondAggregate,
    Trade,
    UnknownEvent,
    alpaca,
)
from rxpolygon.operators import AsOf, Bar, Nbbo, Side, TradeWithQuote
from tests.operators.streams import END, ERROR, Hot, Lab, quote, trade
from tests.still_time import StillTime

UTC_MS = pl.Datetime("ms", "UTC")
UTC_NS = pl.Datetime("ns", "UTC")


def times(values: list[Any]) -> list[list[int]]:
    """The timestamps of each frame."""
    return [frame["timestamp"].to_physical().to_list() for frame in values]


def seen(watch: Any) -> list[tuple[float, object]]:
    return [(at, times([it])[0] if isinstance(it, pl.DataFrame) else it) for at, it in watch.seen]


def test_count_ends_a_frame_and_completion_the_last() -> None:
    lab = Lab()
    source = lab.hot("-a-b-c--d|", a=trade(at=1), b=trade(at=2), c=trade(at=3), d=trade(at=4))
    watch = lab.watch(source.pipe(frames.to_frame(3)))
    lab.run()
    assert seen(watch) == [(5, [1, 2, 3]), (9, [4]), (9, END)]


def test_a_later_window_of_event_time_ends_a_frame_and_late_events_are_in_the_present_one() -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(frames.to_frame(every="1m")))
    stamps = [60_000, 119_999, 120_000, 61_000, None, 500_000]
    source.send(*[trade(symbol=f"S{number}", at=at) for number, at in enumerate(stamps)])
    assert times(list(watch.values)) == [[60_000, 119_999], [120_000, 61_000, None]]
    source.complete()
    assert times(list(watch.values))[2:] == [[500_000]]


@pytest.mark.parametrize("odd", [10**15, 10**18, -(10**18)])
def test_a_number_that_is_no_time_moves_no_window(odd: int) -> None:
    kept: list[pl.DataFrame] = []
    rows = [trade(at=at) for at in (0, odd, 59_999, 60_000)]
    rx.from_iterable(rows).pipe(frames.to_frame(every="1m")).subscribe(kept.append, scheduler=StillTime())
    assert times(kept) == [[0, odd, 59_999], [60_000]]


def test_of_both_bounds_the_first_ends_a_frame() -> None:
    frames_seen: list[pl.DataFrame] = []
    rx.of(*[trade(at=at) for at in (0, 1, 2, 1_000, 1_001)]).pipe(frames.to_frame(2, "1s")).subscribe(
        frames_seen.append, scheduler=StillTime()
    )
    assert times(frames_seen) == [[0, 1], [2], [1_000, 1_001]]


def test_silence_ends_a_frame_between_one_and_two_times_every() -> None:
    lab = Lab()
    source = lab.hot("-a--------b---------", a=trade(at=1), b=trade(at=2))
    watch = lab.watch(source.pipe(frames.to_frame(every="2s")))
    lab.run()
    assert [(3 <= at <= 5 or 12 <= at <= 14, values) for at, values in seen(watch)] == [
        (True, [1]),
        (True, [2]),
    ]


def test_error_comes_after_what_is_gathered() -> None:
    lab = Lab()
    source = lab.hot("-a-b-#", a=trade(at=1), b=trade(at=2))
    watch = lab.watch(source.pipe(frames.to_frame(10, "1h")))
    lab.run()
    assert seen(watch) == [(5, [1, 2]), (5, ERROR)]


def test_an_empty_stream_has_no_frame() -> None:
    lab = Lab()
    watch = lab.watch(lab.hot("--|").pipe(frames.to_frame(3)))
    lab.run()
    assert watch.seen == [(2, END)]


def test_dispose_releases_the_source_and_the_timer_and_emits_nothing() -> None:
    lab = Lab()
    source: Hot[Trade] = lab.source()
    watch = lab.watch(source.pipe(frames.to_frame(every="1s")))
    source.send(trade(at=1))
    watch.subscription.dispose()
    lab.run()
    assert not source.observers
    assert watch.seen == []


def test_each_subscription_gathers_for_itself() -> None:
    source: Hot[Any] = Hot()
    pipeline = source.pipe(frames.to_frame(2))
    first: list[pl.DataFrame] = []
    second: list[pl.DataFrame] = []
    pipeline.subscribe(first.append)
    source.send(trade(at=1))
    pipeline.subscribe(second.append)
    source.send(trade(at=2), trade(at=3))
    assert (times(first), times(second)) == ([[1, 2]], [[2, 3]])


def test_an_observer_that_raises_gets_that_in_its_on_error() -> None:
    errors: list[Exception] = []

    def refuse(frame: object) -> None:
        raise KeyError("no")

    source: Hot[Trade] = Hot()
    source.pipe(frames.to_frame(1)).subscribe(refuse, errors.append)
    source.send(trade())
    assert [repr(error) for error in errors] == ["KeyError('no')"]
    assert not source.observers


def test_events_of_several_threads_are_all_there_and_frames_come_one_at_a_time() -> None:
    source: Hot[Trade] = Hot()
    kept: list[pl.DataFrame] = []
    busy = threading.Lock()

    def keep(frame: pl.DataFrame) -> None:
        assert busy.acquire(blocking=False)
        kept.append(frame)
        busy.release()

    source.pipe(frames.to_frame(7)).subscribe(keep)
    rows = [trade(at=at) for at in range(2_000)]
    threads = [threading.Thread(target=source.send, args=rows[start::4]) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    source.complete()
    assert sorted(at for frame in times(kept) for at in frame) == list(range(2_000))
    assert {frame.height for frame in kept[:-1]} == {7}


def test_another_kind_of_event_is_an_error_and_releases_the_source() -> None:
    lab = Lab()
    source: Hot[Any] = lab.source()
    watch = lab.watch(source.pipe(frames.to_frame(2)))
    source.send(trade(), quote())
    assert isinstance(watch.end, InvalidTypeError)
    assert "event must be a Trade like others of its frame" in str(watch.end)
    assert not source.observers


def test_a_value_that_its_column_cannot_hold_is_an_error_that_names_it() -> None:
    odd = Trade(symbol="A", price="ten")  # type: ignore[arg-type]  # what a careless hand makes
    with pytest.raises(UsageError, match=r"column 'price' of Trade cannot hold its values as double.*ten"):
        frames.frame([odd])


def test_types_of_a_trade() -> None:
    schema = frames.frame([Trade(symbol="A", price=1, size=2, timestamp=3, conditions=(12, 37))]).schema
    assert dict(schema) == {
        "symbol": pl.Categorical,
        "price": pl.Float64,
        "size": pl.Float64,
        "timestamp": UTC_MS,
        "exchange": pl.Int64,
        "id": pl.String,
        "tape": pl.Int64,
        "conditions": pl.List(pl.Int64),
        "sequence_number": pl.Int64,
        "participant_timestamp": UTC_MS,
        "fractional_size": pl.String,
        "trf_id": pl.Int64,
        "trf_timestamp": UTC_MS,
    }


BAR = Bar(symbol="A", start=0, end=1, open=1, high=1, low=1, close=1, volume=1, vwap=None, count=1)
FINE = Imbalance(symbol="A", wire_timestamp=1_700_000_000_123_456_789)
TEXT_TIMED = alpaca.Trade(symbol="A", wire_timestamp="2023-11-14T22:13:20.123456789Z", conditions=("@",))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (SecondAggregate(symbol="A"), {"start": UTC_MS, "end": UTC_MS, "otc": pl.Boolean}),
        (BAR, {"start": UTC_MS, "vwap": pl.Float64, "is_final": pl.Boolean}),
        (FINE, {"timestamp": UTC_MS, "timestamp_ns": UTC_NS, "wire_timestamp": pl.Int64}),
        (TEXT_TIMED, {"timestamp": UTC_MS, "timestamp_ns": UTC_NS, "conditions": pl.List(pl.String)}),
        (Level2Book(symbol="A", bids=((1.0, 2.0),)), {"bids": pl.List(pl.List(pl.Float64))}),
        (CryptoQuote(symbol="A", received_timestamp=5), {"received_timestamp": UTC_MS}),
        (UnknownEvent(kind="X", data={"a": [1, None]}), {"kind": pl.String, "data": pl.String}),
    ],
    ids=lambda it: type(it).__name__,
)
def test_types_of_other_events(event: Any, expected: dict[str, Any]) -> None:
    schema = frames.frame([event]).schema
    assert {name: schema[name] for name in expected} == expected


def test_instants_are_the_instants() -> None:
    event = TEXT_TIMED
    [row] = frames.frame([event]).select("timestamp", pl.col("timestamp_ns").dt.epoch("ns")).rows()
    assert row[0] == event.time.replace(microsecond=123_000)
    assert row[1] == event.timestamp_ns


def test_a_trade_with_its_quote() -> None:
    pair = TradeWithQuote(trade(at=5), quote(at=1), 10.0, 2.0, Side.UNKNOWN, False)
    frame = frames.frame([pair])
    assert frame.columns == ["symbol", "timestamp", "trade", "quote", "mid", "spread", "side", "is_stale"]
    assert frame.schema["side"] == pl.Categorical
    assert frame.select(pl.col("trade").struct.field("price"), "mid", "side").rows() == [
        (10.0, 10.0, "unknown")
    ]
    assert frames.frame([], TradeWithQuote[Trade, Quote]).schema == frame.schema


@pytest.mark.parametrize(
    ("sale", "kind"),
    [
        (trade(), TradeWithQuote[Trade, Quote]),
        (
            CryptoTrade(symbol="BTC-USD", price=1.0, timestamp=1),
            TradeWithQuote[CryptoTrade, CryptoQuote],
        ),
        (alpaca.Trade(symbol="A", price=1.0), TradeWithQuote[alpaca.Trade, alpaca.Quote]),
    ],
)
def test_trades_that_have_no_quote_yet_have_the_columns_of_those_that_have(sale: Any, kind: Any) -> None:
    frame = frames.frame([TradeWithQuote(sale, None, None, None, Side.UNKNOWN, False)])
    assert frame.schema == frames.frame([], kind).schema


def test_parts_of_a_class_that_nothing_tells_become_text_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    met = [AsOf(trade(), None, False), AsOf(trade(), quote(), False)]
    kept: list[pl.DataFrame] = []
    rx.from_iterable(met).pipe(frames.to_frame(1)).subscribe(kept.append)
    assert [frame.schema["right"] for frame in kept] == [pl.String, pl.String]
    (record,) = [it for it in caplog.records if it.name == "rxpolygon.frames"]
    assert "the first 1 events do not tell what AsOf has in right" in record.getMessage()


def test_a_part_of_another_class_is_an_error_that_names_both() -> None:
    parts: list[Any] = [quote(), Nbbo("A", 2, 1.0, 1.0, 1, 2.0, 1.0, 2)]
    pairs = [TradeWithQuote(trade(), part, None, None, Side.UNKNOWN, False) for part in parts]
    with pytest.raises(UsageError, match=r"column 'quote' .* a Quote was expected, not a Nbbo"):
        frames.frame(pairs)


def test_types_of_pandas() -> None:
    pytest.importorskip("pandas")
    rows = [Trade(symbol="A", price=1, timestamp=3, exchange=None), Trade(symbol="B", exchange=4, tape=1)]
    table = frames.frame(rows, engine="pandas")
    found = {name: str(kind) for name, kind in table.dtypes.items()}
    assert found["symbol"] == "category"
    assert found["timestamp"] == "datetime64[ms, UTC]"
    assert found["price"] == "float64"
    assert found["exchange"] == "Int64"
    assert table["exchange"].tolist()[1] == 4
    assert frames.frame([SecondAggregate(symbol="A")], engine="pandas")["otc"].dtype == "boolean"


def test_the_operator_gives_pandas_frames() -> None:
    pd = pytest.importorskip("pandas")
    kept: list[Any] = []
    rx.of(trade(), trade()).pipe(frames.to_frame(2, engine="pandas")).subscribe(kept.append)
    assert [type(frame) for frame in kept] == [pd.DataFrame]
    assert len(kept[0]) == 2


def test_frame_of_nothing_needs_a_kind() -> None:
    with pytest.raises(InvalidArgumentError, match="at least one event"):
        frames.frame([])
    assert frames.frame([], Trade).schema == frames.frame([trade()]).schema


@pytest.mark.parametrize("every", [None, "1m"])
def test_raw_data_is_refused_by_name(every: str | None, tmp_path: Path) -> None:
    for operator in (frames.to_frame(1, every), frames.to_arrow(1, every), frames.to_parquet(tmp_path)):
        errors: list[Exception] = []
        raw: Any = rx.of({"ev": "T", "sym": "A"})
        raw.pipe(operator).subscribe(on_error=errors.append)
        assert [type(error) for error in errors] == [InvalidTypeError]
        assert "what becomes a row must be an event, a bar" in str(errors[0])
        assert "not dict" in str(errors[0])


def test_wrong_arguments_are_refused_at_the_call() -> None:
    with pytest.raises(InvalidArgumentError, match="give count=, every= "):
        frames.to_frame()
    with pytest.raises(InvalidArgumentError, match="count=0"):
        frames.to_arrow(0)
    with pytest.raises(InvalidTypeError, match=r'a length of time goes into every="1m", not str'):
        frames.to_frame("1m")  # type: ignore[call-overload]
    with pytest.raises(InvalidArgumentError, match="every='soon'"):
        frames.to_frame(every="soon")
    with pytest.raises(InvalidArgumentError, match="engine='numpy' is not allowed: use one of"):
        frames.to_frame(1, engine="numpy")  # type: ignore[call-overload]
    with pytest.raises(InvalidTypeError, match="kind must be a class of events"):
        frames.to_frame(1, kind=int)


@pytest.mark.parametrize(
    ("package", "extra", "call"),
    [
        ("polars", "frames", lambda: frames.to_frame(1)),
        ("pyarrow", "frames", lambda: frames.to_arrow(1)),
        ("pyarrow", "frames", lambda: frames.to_parquet("data")),
        ("pandas", "pandas", lambda: frames.to_frame(1, engine="pandas")),
        ("polars", "frames", lambda: frames.from_frame(None, Trade)),
    ],
)
def test_a_missing_package_is_told_at_the_call(
    package: str, extra: str, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackageError, match=f"{package!r}.*rxpolygon\\[{extra}\\]"):
        call()


def test_import_of_the_room_needs_none_of_its_packages() -> None:
    program = (
        "import sys\nsys.modules.update(polars=None, pyarrow=None, pandas=None)\nimport rxpolygon.frames\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
