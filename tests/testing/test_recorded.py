"""What was recorded becomes a marble test: its text runs, passes, and fails when the pipeline changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from reactivex import Observable
from reactivex import operators as ops

from rxpolygon import operators as rxo
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, RecordingError
from rxpolygon.events import CryptoTrade, Event, Quote, Trade
from rxpolygon.operators import Side
from rxpolygon.testing import EPOCH, quote, record_marble, to_marble, trade

NOW = 1_700_000_000_000
FRAMES = (
    '[1700000000020000000,[{"ev":"T","sym":"IBM","p":10,"s":5,"t":1700000000019},'
    '{"ev":"Q","sym":"IBM","bp":9,"ap":11,"bs":1,"as":100,"t":1700000000020}]]\n'
    '[1700000000050000000,[{"ev":"status","status":"success","message":"subscribed to: T.IBM"}]]\n'
    '[1700000000060000000,[{"ev":"T","sym":"MSFT","p":50,"s":1,"t":1700000000060}]]\n'
    '[1700000000100000000,[{"ev":"T","sym":"IBM","p":11,"s":5,"t":1700000000100},{"ev":"NEW"}]]\n'
    '[1700000000200000000,[{"ev":"T","sym":"IBM","p":12,"s":5,"t":1700000000200}]]\n'
)


def sides(trades: Observable[Trade], quotes: Observable[Quote]) -> Observable[Side]:
    def side_of(pair: rxo.TradeWithQuote[Trade, Quote]) -> Side:
        return pair.side

    return trades.pipe(rxo.join_quotes(quotes), ops.map(side_of))


def minute_bars(trades: Observable[Trade]) -> Observable[rxo.Bar]:
    return trades.pipe(rxo.time_bars("1m"))


def failing(trades: Observable[Trade]) -> Observable[Trade]:
    def fail(it: Trade) -> Trade:
        raise ValueError(it.symbol)

    return trades.pipe(ops.map(fail))


def run(text: str, pipeline: Callable[..., Any] | None = None) -> None:
    """Run the one test of a pasted module; a gap for the pipeline is filled."""
    names: dict[str, Any] = {} if pipeline is None else {"pipeline": pipeline}
    exec(compile(text, "pasted", "exec"), names)
    (test,) = [found for name, found in names.items() if name.startswith("test_")]
    test()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "day.jsonl"
    path.write_text(FRAMES)
    return path


def test_events_become_a_test_that_passes() -> None:
    events = [quote(at=0), trade(price=10.01, at=1), quote(bid=9.0, at=1), trade(price=9.0, at=75)]
    text = to_marble(events, sides, name="test_sides_of_two_trades")
    assert "def test_sides_of_two_trades() -> None:" in text
    assert "from rxpolygon.operators import Side\n" in text
    assert "from tests.testing.test_recorded import sides\n" in text
    assert '"A": Side.BUY,' in text
    run(text)


def test_pasted_test_fails_when_the_pipeline_does_something_else() -> None:
    text = to_marble([trade(at=0), trade(at=61)], minute_bars)
    with pytest.raises(AssertionError, match="first difference"):
        run(text.replace("        minute_bars,", "        lambda trades: trades,"))


def test_without_a_pipeline_the_expected_line_is_left_open() -> None:
    text = to_marble([trade(at=0), trade(at=2)])
    assert "pipeline,  # import it" in text
    assert 'expect="---",  # what it should emit' in text
    run(text, lambda source: source.pipe(ops.ignore_elements()))


def test_equal_events_share_a_letter() -> None:
    text = to_marble([trade(at=0), trade(at=1), trade(price=11.0, at=2)])
    assert 'given="aab",' in text


def test_long_silence_is_a_length_of_time() -> None:
    assert 'given="a 3598s ab",' in to_marble([trade(at=0), trade(at=3_599), trade(price=10.5, at=3_600)])


@pytest.mark.parametrize(
    ("times", "frame"),
    [([0, 60], '"1m"'), ([0, 0.1], '"100ms"'), ([0, 0.01, 0.5], '"10ms"'), ([0.001, 0.002], '"1ms"')],
)
def test_frame_is_the_longest_that_fits(times: list[float], frame: str) -> None:
    assert f"frame={frame}," in to_marble([trade(at=at) for at in times])


def test_marbles_begin_with_the_first_event_wherever_it_is() -> None:
    text = to_marble([trade(at=0.005), trade(at=0.045)], minute_bars)
    assert f"epoch={EPOCH + 5:_}," in text
    assert 'given="a---a",' in text
    run(text)


def test_longer_frame_moves_events_and_keeps_their_times() -> None:
    text = to_marble([trade(at=0), trade(at=1.5), trade(at=2)], minute_bars, frame="1s")
    assert 'given="aba",' in text
    assert '"b": trade("AAPL", 10.0, 100, at=1.5),' in text
    run(text)


def test_event_that_is_late_keeps_its_time_and_comes_with_the_newest() -> None:
    text = to_marble([trade(at=5), trade(at=3), trade(at=6)])
    assert 'given="(ab)a",' in text
    assert '"b": trade("AAPL", 10.0, 100, at=3),' in text


def test_sources_may_be_named() -> None:
    events: Mapping[str, list[Any]] = {"fast": [trade(at=0)], "slow": [trade(at=1)]}
    text = to_marble(events)
    assert '"fast": "a-",' in text
    assert '"slow": "-a",' in text


def test_other_events_have_sources_and_values_too() -> None:
    text = to_marble([CryptoTrade(symbol="BTC-USD", price=1.0, timestamp=NOW), trade(timestamp=NOW + 1_000)])
    assert '"crypto_trades": ' in text
    assert 'CryptoTrade(symbol="BTC-USD", price=1.0)' in text
    run(text, lambda crypto_trades, trades: trades.pipe(ops.ignore_elements()))


def delayed(trades: Observable[Trade]) -> Observable[Trade]:
    return trades.pipe(ops.delay(1.0))


def test_event_that_the_pipeline_holds_back_keeps_its_letter() -> None:
    text = to_marble([trade(at=0), trade(price=11.0, at=2)], delayed)
    assert 'given="a-b",' in text
    assert 'expect="-a-",' in text
    run(text)


def test_error_of_the_pipeline_is_expected() -> None:
    text = to_marble([trade(at=0)], failing)
    assert 'expect="#"' in text
    assert 'error=ValueError("AAPL"),' in text
    run(text)


def test_bars_that_the_pipeline_made_are_written_out() -> None:
    text = to_marble([trade(at=0), trade(at=61)], minute_bars)
    assert f"start={EPOCH}" in text
    run(text)


def test_no_events_raise() -> None:
    with pytest.raises(InvalidArgumentError, match="there are none"):
        to_marble([])


def test_recording_becomes_a_test_by_times_of_receipt(recording: Path) -> None:
    text = record_marble(recording, sides, symbols=["IBM"], end=NOW + 150)
    assert '"trades": "a-------b",' in text
    assert '"quotes": "c--------",' in text
    assert 'frame="10ms",' in text
    assert "epoch=1_700_000_000_020," in text
    assert '"a": trade("IBM", 10.0, 5, timestamp=1700000000019),' in text
    run(text)


def test_recording_becomes_a_test_by_timestamps(recording: Path) -> None:
    text = record_marble(recording, minute_bars, symbols=["MSFT"], by="timestamp")
    assert '"a": trade("MSFT", 50.0, 1),' in text
    run(text)


def test_test_of_a_recording_has_what_the_pipeline_takes(recording: Path) -> None:
    alone = record_marble(recording, minute_bars, symbols=["IBM"], end=NOW + 150)
    assert 'given="a-------b",' in alone
    assert "quote" not in alone
    run(alone)
    silent = record_marble(recording, sides, symbols=["IBM"], start=NOW + 90)
    assert '"trades": "ab",' in silent
    assert '"quotes": "--",' in silent
    run(silent)


def test_pipeline_whose_arguments_are_no_kinds_takes_what_there_is(recording: Path) -> None:
    def anything(source: Observable[Any]) -> Observable[Any]:
        return source

    assert 'given="' in record_marble(recording, anything, start=NOW + 150)
    with pytest.raises(InvalidArgumentError, match=r"the pipeline takes \(source"):
        record_marble(recording, anything, symbols=["IBM"], end=NOW + 90)


def test_stretch_of_a_recording_is_cut_out_by_datetimes(recording: Path) -> None:
    start = datetime.fromtimestamp(NOW / 1_000 + 0.15, UTC)
    assert 'given="a",' in record_marble(recording, minute_bars, start=start)


def test_unknown_event_of_a_recording_is_a_source_of_its_own(recording: Path) -> None:
    text = record_marble(recording, start=NOW + 90, end=NOW + 110)
    assert '"unknown_events": "b",' in text
    run(text, lambda trades, unknown_events: trades.pipe(ops.ignore_elements()))


market_events = st.one_of(
    st.builds(trade, st.sampled_from(["A", "B"]), st.sampled_from([9.5, 10.0, 10.5]), st.integers(1, 3)),
    st.builds(quote, st.sampled_from(["A", "B"]), st.sampled_from([9.0, 9.5]), st.sampled_from([10.0, 11.0])),
)


@given(st.lists(st.tuples(st.integers(0, 200_000), market_events), min_size=1, max_size=20))
def test_pasted_test_of_any_events_passes(arrivals: list[tuple[int, Event]]) -> None:
    events = [replace(event, timestamp=EPOCH + at) for at, event in [(0, trade()), (0, quote()), *arrivals]]
    run(to_marble(events, sides))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"by": "size"}, "'received' or 'timestamp'"),
        ({"start": NOW + 10_000}, "no events of this cluster, of these symbols"),
        ({"symbols": "AMD"}, "no events of this cluster, of these symbols"),
        ({"start": 1.5}, "start must be an aware datetime"),
        ({"start": NOW, "end": NOW}, "later than start"),
        ({"name": "class"}, "a name for a function"),
        ({"name": "two words"}, "a name for a function"),
    ],
)
def test_wrong_argument_raises(recording: Path, options: dict[str, Any], problem: str) -> None:
    with pytest.raises((InvalidArgumentError, InvalidTypeError), match=problem):
        record_marble(recording, **options)


@pytest.mark.parametrize("events", [None, 5, [{"p": 10}], [trade(at=1), None]])
def test_what_is_no_event_raises(events: Any) -> None:
    with pytest.raises(InvalidTypeError, match="events must be market events"):
        to_marble(events)


@pytest.mark.parametrize("symbols", ["ibm", "IBM,AMD", ["IBM"], ("ibm", "amd")])
def test_symbols_are_spelled_as_for_a_client(recording: Path, symbols: Any) -> None:
    text = record_marble(recording, symbols=symbols, end="2023-11-14T22:13:20.150Z")
    assert text == record_marble(recording, symbols={"IBM"}, end=NOW + 150)
    assert "MSFT" not in text


def test_events_without_any_time_raise() -> None:
    with pytest.raises(InvalidArgumentError, match="at least one needs a timestamp"):
        to_marble([trade(), trade()])


def test_more_events_than_letters_raise_and_many_do_not() -> None:
    many = [trade(price=float(price), at=price) for price in range(1, 1_500)]
    run(to_marble(many, minute_bars))
    with pytest.raises(InvalidArgumentError, match="take fewer"):
        to_marble([trade(price=float(price), at=price) for price in range(1, 5_000)])


def test_recording_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no\.jsonl"):
        record_marble(tmp_path / "no.jsonl")
