"""Marble strings are read as they are described."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.testing.drawing import Row, draw, length_of_time
from rxpolygon.testing.marbles import Marble, Mark, Span, parse, parse_span


def read(text: str, frame: int = 1_000) -> list[tuple[float, str]]:
    return [(mark.at, mark.sign) for mark in parse(text, frame).marks]


@pytest.mark.parametrize(
    ("text", "marks", "end"),
    [
        ("", [], 0),
        ("---", [], 3_000),
        ("a-b|", [(0, "a"), (2_000, "b"), (3_000, "|")], 4_000),
        ("-(ab)c#", [(1_000, "a"), (1_000, "b"), (2_000, "c"), (3_000, "#")], 4_000),
        ("-a   -(b|)", [(1_000, "a"), (3_000, "b"), (3_000, "|")], 4_000),
        ("a 59s b", [(0, "a"), (60_000, "b")], 61_000),
        ("10ms a 1m b", [(10, "a"), (61_010, "b")], 62_010),
        ("5s", [], 5_000),
        ("-5s", [(1_000, "5"), (2_000, "s")], 3_000),
        ("1 2", [(0, "1"), (1_000, "2")], 2_000),
    ],
)
def test_line_is_read_as_times_and_signs(text: str, marks: list[tuple[int, str]], end: int) -> None:
    assert read(text) == marks
    assert parse(text, 1_000).end == end


def test_frame_of_milliseconds_keeps_times_exact() -> None:
    assert read("--a-b", frame=5) == [(10, "a"), (20, "b")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a(b", "column 2: the group is not closed"),
        ("ab)", "column 3: the group was not opened"),
        ("(a(b))", "column 3: a group inside a group"),
        ("(a-b)", "column 3: no time passes inside a group"),
        ("a|b", "'b' comes after the end of the stream"),
        ("(|a)", "'a' comes after the end of the stream"),
        ("--^-a", r"'\^' stands in lines of subscriptions only"),
    ],
)
def test_line_that_cannot_be_read_raises_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(InvalidArgumentError, match=problem):
        parse(text, 1_000)


def test_line_that_is_no_text_raises() -> None:
    with pytest.raises(InvalidTypeError, match="a marble string"):
        parse(None, 1_000)  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize(
    ("text", "span"),
    [("^", Span(0, None)), ("-^--!", Span(1_000, 4_000)), ("(^!)", Span(0, 0)), ("^ 10s -", Span(0, None))],
)
def test_subscription_line_is_read_as_a_span(text: str, span: Span) -> None:
    assert parse_span(text, 1_000, argument="observe") == span


@pytest.mark.parametrize("text", ["", "---", "!", "!^", "^^", "^-a-!", "^!!"])
def test_subscription_line_of_another_form_raises(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"one '\^'"):
        parse_span(text, 1_000, argument="observe")


def test_lines_of_different_widths_are_drawn_in_columns() -> None:
    rows = [parse("-(abc)-d|", 1_000), parse("-a---|", 1_000)]
    assert draw([Row(row.marks, row.end) for row in rows], 1_000) == ["-(abc)-d|", "-a    ---|"]


def test_long_silence_common_to_all_lines_is_drawn_as_a_length_of_time() -> None:
    assert draw([Row([Mark(0, "a"), Mark(60_000, "b")], 61_000), Row([], 61_000)], 1_000) == [
        "a 59s b",
        "- 59s -",
    ]


def test_mark_between_frames_is_drawn_in_its_frame() -> None:
    assert draw([Row([Mark(1_500, "a")], 3_000)], 1_000) == ["-a-"]


streams = st.lists(st.tuples(st.integers(0, 80), st.sampled_from("abcXYZ")), max_size=12).map(sorted)


@given(st.lists(streams, min_size=1, max_size=3), st.integers(1, 2_000))
def test_what_is_drawn_reads_back_as_the_same_marks(lines: list[list[tuple[int, str]]], frame: int) -> None:
    rows = [Row([Mark(place * frame, sign) for place, sign in line], 90 * frame) for line in lines]
    for row, text in zip(rows, draw(rows, frame), strict=True):
        assert parse(text, frame) == Marble(tuple(row.marks), 90 * frame)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(3_600_000, "1 h"), (90_000, "90 s"), (60_000, "1 m"), (1, "1 ms"), (1.25, "1.25 ms"), (0, "0 s")],
)
def test_length_of_time_is_told_in_its_largest_unit(milliseconds: float, text: str) -> None:
    assert length_of_time(milliseconds) == text
