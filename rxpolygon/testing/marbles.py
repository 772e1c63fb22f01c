"""Marble strings: read them into times and signs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["COMPLETED", "FAILED", "RELEASED", "SUBSCRIBED", "Mark", "Marble", "Span", "parse", "parse_span"]

#: The signs that are no values.
COMPLETED: Final = "|"
FAILED: Final = "#"
SUBSCRIBED: Final = "^"
RELEASED: Final = "!"

_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PASSING: Final = re.compile(r"(?:(?<=\s)|(?<=^))([0-9]+)(ms|s|m|h|d)(?=\s|$)")


class Mark(NamedTuple):
    """A sign and its time.

    Attributes:
        at: Milliseconds after the beginning of the line; whole, unless a timer came between milliseconds.
        sign: A value's sign, or one of those that are no values.
    """

    at: float
    sign: str


class Marble(NamedTuple):
    """A line, read.

    Attributes:
        marks: What the line shows, in order.
        end: Milliseconds at which the line ends: that of its last frame's end.
    """

    marks: tuple[Mark, ...]
    end: int


class Span(NamedTuple):
    """When something was observed, in milliseconds after the beginning.

    Attributes:
        subscribed: From when.
        released: Until when; None: to the end.
    """

    subscribed: float
    released: float | None


def parse(text: str, frame: int, *, argument: str = "marble") -> Marble:
    """Read a line of values.

    Args:
        text: The line, see :mod:`rxpolygon.testing`.
        frame: A frame's length in milliseconds.
        argument: What the line is, for errors.

    Raises:
        InvalidArgumentError: It cannot be read; the message names the column.

    Example:
        >>> parse("-a(bc)|", frame=1_000).marks
        (Mark(at=1000, sign='a'), Mark(at=2000, sign='b'), Mark(at=2000, sign='c'), Mark(at=3000, sign='|'))
        >>> parse("a 59s b", frame=1_000).marks[1].at
        60000
    """
    marble = _read(text, frame, argument)
    ended = False
    for mark in marble.marks:
        if mark.sign in (SUBSCRIBED, RELEASED):
            raise InvalidArgumentError(argument, text, f"{mark.sign!r} stands in lines of subscriptions only")
        if ended:
            raise InvalidArgumentError(argument, text, f"{mark.sign!r} comes after the end of the stream")
        ended = mark.sign in (COMPLETED, FAILED)
    return marble


def parse_span(text: str, frame: int, *, argument: str) -> Span:
    """Read a line such as ``^---!``.

    Raises:
        InvalidArgumentError: It is not one ``^`` and at most one ``!`` after it.
    """
    marks = _read(text, frame, argument).marks
    signs = "".join(mark.sign for mark in marks)
    if signs not in (SUBSCRIBED, SUBSCRIBED + RELEASED):
        raise InvalidArgumentError(argument, text, "it has one '^' and, if it is released, one '!': '-^--!'")
    return Span(marks[0].at, marks[1].at if len(marks) > 1 else None)


def _read(text: str, frame: int, argument: str) -> Marble:
    if not isinstance(text, str):
        raise InvalidTypeError(argument, text, "a marble string such as '--t-q|'")
    marks: list[Mark] = []
    column = at = 0
    group: int | None = None  # where it began

    def wrong(problem: str) -> InvalidArgumentError:
        return InvalidArgumentError(argument, text, f"column {column + 1}: {problem}")

    while column < len(text):
        sign = text[column]
        passing = _PASSING.match(text, column)
        if passing:
            if group is not None:
                raise wrong("no time passes inside a group")
            at += int(passing[1]) * _UNIT_MS[passing[2]]
            column = passing.end()
            continue
        if sign == "(":
            if group is not None:
                raise wrong("a group inside a group")
            group = column
        elif sign == ")":
            if group is None:
                raise wrong("the group was not opened")
            group = None
            at += frame
        elif sign == "-":
            if group is not None:
                raise wrong("no time passes inside a group")
            at += frame
        elif not sign.isspace():
            marks.append(Mark(at, sign))
            at += frame if group is None else 0
        column += 1
    if group is not None:
        column = group
        raise wrong("the group is not closed")
    return Marble(tuple(marks), at)


def spans_as_marks(spans: Iterable[Span]) -> list[list[Mark]]:
    """Spans as lines that can be drawn."""
    lines = []
    for span in spans:
        marks = [Mark(span.subscribed, SUBSCRIBED)]
        if span.released is not None:
            marks.append(Mark(span.released, RELEASED))
        lines.append(marks)
    return lines
