"""What a test that fails says: both lines, what the letters stand for, and the first difference."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest
from reactivex import Observable
from reactivex import operators as ops

from rxpolygon.events import Trade
from rxpolygon.testing import assert_stream, quote, trade
from rxpolygon.testing.code_text import CodeWriter, describe, quoted

Pipeline = Callable[..., Observable[Any]]  # Any: a pipeline may emit anything


def large(source: Observable[Trade]) -> Observable[Trade]:
    def is_large(it: Trade) -> bool:
        return it.size >= 1_000

    return source.pipe(ops.filter(is_large))


def same(source: Observable[Trade]) -> Observable[Trade]:
    return source


def failure(pipeline: Pipeline, *arguments: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_stream(pipeline, *arguments, **options)
    return str(caught.value)


def first_difference(pipeline: Pipeline, *arguments: Any, **options: Any) -> str:
    text = failure(pipeline, *arguments, **options)
    (line,) = [line for line in text.splitlines() if line.startswith("first difference, ")]
    return line.removeprefix("first difference, ")


def test_failure_draws_all_lines_and_points_at_the_difference() -> None:
    said = failure(large, "-t-L-(Lt)|", "---L---L|", values={"L": trade(size=5_000)})
    assert said == dedent(
        """\
        the stream is not as expected

          given     -t-L-(Lt)|
          expected  ---L--   -L|
          got       ---L-L   |
                         ^

        first difference, at 5 s (frame 5): expected nothing, got L = trade("AAPL", 10.0, 5000, at=5)

          t  trade("AAPL", 10.0, 100)
          L  trade("AAPL", 10.0, 5000)"""
    )


def test_failure_with_several_sources_draws_each_by_its_name() -> None:
    said = failure(lambda trades, quotes: trades, {"trades": "-t|", "quotes": "q--q"}, "--t|")
    assert "  trades    -t|\n  quotes    q--q\n  expected  --t|\n  got       -t|\n             ^\n" in said


def test_value_with_another_field_is_told_field_by_field() -> None:
    values = {"t": trade(size=100), "u": trade(size=200, exchange=4)}
    said = failure(same, "-t|", "-u|", values=values)
    assert "\n    size: expected 200, got 100\n    exchange: expected 4, got None\n" in said


@pytest.mark.parametrize(
    ("given", "expect", "said"),
    [
        ("-t|", "--t|", "at 1 s (frame 1): expected nothing, got trade"),
        ("--|", "-t|", 'at 1 s (frame 1): expected t = "t", got nothing'),
        (
            "-t|",
            "-t--|",
            "at 4 s (frame 4): expected the completion, which came at 2 s (frame 2), 2 s earlier",
        ),
        ("-t-", "-t|", "at 2 s (frame 2): expected the completion, got nothing"),
        ("-t|", "-t-", "at 2 s (frame 2): expected nothing, got the completion"),
        ("-t#", "-t|", "at 2 s (frame 2): expected the completion, got an error MarbleError('#')"),
        ("-t|", "-t#", "at 2 s (frame 2): expected an error MarbleError, got the completion"),
        ("(tt)", "t", "at 0 s (frame 0): expected nothing, got t = trade"),
    ],
)
def test_first_difference_says_what_was_expected_and_what_came(given: str, expect: str, said: str) -> None:
    assert (
        first_difference(same, given, expect)
        .replace("got t = trade", "got trade")
        .startswith(said.replace("got t = trade", "got trade"))
    )


def test_value_at_another_time_is_told_with_both_times() -> None:
    def delayed(source: Observable[Trade]) -> Observable[str]:
        return source.pipe(ops.delay(0.5), ops.map(lambda _: "x"))

    assert first_difference(delayed, "-t--", "--x-") == (
        'at 2 s (frame 2): expected x = "x", which came at 1500 ms (frame 1, between frames), '
        "500 ms earlier than expected"
    )


def test_values_without_a_letter_get_one_of_their_own() -> None:
    def sizes(source: Observable[Trade]) -> Observable[float]:
        def size_of(it: Trade) -> float:
            return it.size

        return source.pipe(ops.map(size_of))

    said = failure(sizes, "ABA|", "---|", values={"A": trade(size=1), "B": trade(size=2)})
    assert "  got       CDC|\n" in said
    assert said.endswith("  C  1\n  D  2")


def test_error_in_a_pipeline_is_the_cause() -> None:
    def broken(source: Observable[Trade]) -> Observable[float]:
        return source.pipe(ops.map(lambda it: 1 / 0))

    with pytest.raises(AssertionError, match="got an error ZeroDivisionError") as caught:
        assert_stream(broken, "-t|", "-1|")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_subscription_that_differs_is_drawn_with_the_source() -> None:
    assert failure(same, "-t-|", "-t-|", subscriptions="^----!") == dedent(
        """\
        the source was not observed as expected

          given     -t-|
          expected  ^----!
          got       ^--!"""
    )


def test_source_that_is_not_released_shows_no_end() -> None:
    said = failure(
        lambda trades, quotes: trades,
        {"trades": "-t-|", "quotes": "q---"},
        "-t-|",
        subscriptions={"quotes": "^--!", "trades": "^--!"},
    )
    assert said.startswith("quotes was not observed as expected")
    assert "  got none" in said


def test_long_lists_of_values_are_cut() -> None:
    def numbers(_: Observable[Trade]) -> Observable[int]:
        from reactivex import range as numbers_from

        return numbers_from(0, 100)

    assert failure(numbers, "-", "-").endswith("  ... and 60 more")


def test_values_are_written_as_their_authors_would() -> None:
    assert describe(trade("IBM", 1.5, at=2.25, conditions=(12,))) == (
        'trade("IBM", 1.5, 100, conditions=(12,), at=2.25)'
    )
    assert describe(quote("IBM", 1.0, 2.0, ask_size=3.0)) == 'quote("IBM", 1.0, 2.0, ask_size=3)'
    assert describe(Trade(symbol="IBM", price=1.5)) == 'Trade(symbol="IBM", price=1.5)'
    assert describe({"a": [1, (2,)], "b": {3}}) == '{"a": [1, (2,)], "b": {3}}'
    assert describe(float("nan")) == 'float("nan")'


@pytest.mark.parametrize("text", ["", "plain", "it's", 'say "hi"', "both ' and \"", "\\", "a\nb", "ü"])
def test_quoted_text_reads_back(text: str) -> None:
    assert eval(quoted(text)) == text


def test_imports_of_written_values_are_from_public_packages() -> None:
    writer = CodeWriter()
    writer.code(Trade(symbol="IBM"))
    writer.code(ValueError("x"))
    assert writer.imports == ["from rxpolygon.events import Trade"]
