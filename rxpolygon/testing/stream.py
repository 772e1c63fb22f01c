"""``assert_stream``: a pipeline against marbles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from reactivex import Observable

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.testing.builders import EPOCH, placed
from rxpolygon.testing.drawing import Row
from rxpolygon.testing.marbles import (
    COMPLETED,
    FAILED,
    SUBSCRIBED,
    Mark,
    Span,
    parse,
    parse_span,
    spans_as_marks,
)
from rxpolygon.testing.report import Legend, first_difference, picture
from rxpolygon.testing.run import Given, MarbleError, Plan, StreamRun, Told, make_plan, run_plan

__all__ = ["assert_stream"]

#: Lines such as ``^--!`` for the sources by name, one for each time that a source was observed.
Subscriptions = str | Sequence[str] | Mapping[str, str | Sequence[str]]


def assert_stream(
    pipeline: Callable[..., Observable[Any]],  # Any: a pipeline may emit anything
    given: Given,
    expect: str,
    *,
    values: Mapping[str, object] | None = None,
    frame: str | timedelta = "1s",
    epoch: int | datetime = EPOCH,
    error: Exception | type[Exception] = MarbleError,
    observe: str = SUBSCRIBED,
    subscriptions: Subscriptions | None = None,
    until: str | timedelta | None = None,
) -> None:
    """Check what a pipeline makes of its sources, and when, on virtual time.

    The test takes no time: a clock of its own steps from event to event, and the pipeline's timers
    (``throttle``, ``buffer_with_time``, ``time_bars`` in a silence) run on it, because the output is observed
    with it as scheduler, and so is everything piped from the sources. As in a replay, a timer that is due at
    an event's time runs before the event. Operators that are handed another scheduler, and threads, stay on
    real time.

    The lines are described in :mod:`rxpolygon.testing`. Sources are hot, see :func:`cold` for others. Events
    of several sources at one time come in the order of ``given``.

    It runs to the end of the longest line, that last frame included; so dashes at the end of ``expect`` say
    that nothing more comes until then.

    Args:
        pipeline: What is tested: a function of its source to an Observable. With several sources, a
            function that takes them by name.
        given: The source's line, or a mapping of argument names to lines.
        expect: The line of the output.
        values: What letters stand for, in all lines. In sources ``t``, ``q``, ``b`` and ``a`` are a trade, a
            quote, a bar and an aggregate unless it says otherwise. In ``expect`` a letter that has no value
            and is in no source stands for itself, as a str; one that sources send stands for any event that
            they sent under it, so a delayed ``t`` is still a ``t``; give events letters of their own where it
            matters which one comes. A market event without a time takes that
            of its marble. An expected value may be anything that is equal (``pytest.approx``,
            :class:`having`).
        frame: How long a sign is, "1s", "100ms" or a timedelta.
        epoch: Where time begins: Unix ms UTC, or an aware datetime.
        error: What ``#`` sends in a source and stands for in ``expect``: an exception, which is compared by
            class and arguments, or a class.
        observe: When the output is observed and released, such as ``--^---!``; by default from the beginning
            to the end.
        subscriptions: When sources are observed and released: a line for a single source, or lines by the
            source's name; a list where a source is observed several times. A line without ``!`` says that
            it is not released.
        until: How long to run instead; what comes then or later does not happen.

    Raises:
        AssertionError: The stream is another. The message draws all lines below one another, says what their
            letters stand for, and tells the first difference.
        InvalidArgumentError: A line cannot be read, a letter has no value, or ``given`` are no arguments of
            ``pipeline``.
        InvalidTypeError: ``pipeline`` is no function that returns an Observable.

    Example:
        >>> from rxpolygon import operators as rxo
        >>> from rxpolygon.testing import assert_stream, bar, trade
        >>> assert_stream(
        ...     lambda trades: trades.pipe(rxo.time_bars("2s")),
        ...     given="xyz |",
        ...     expect="--A(B|)",
        ...     values={
        ...         "x": trade(price=10.0),
        ...         "y": trade(price=12.0),
        ...         "z": trade(price=11.0),
        ...         "A": bar(open=10.0, close=12.0, at=0, every="2s", volume=200, count=2, vwap=11.0),
        ...         "B": bar(close=11.0, at=2, every="2s"),
        ...     },
        ... )
    """
    __tracebackhide__ = True
    plan = make_plan(given, values, frame, epoch, error, observe, until)
    line = parse(expect, plan.frame, argument="expect")
    if until is None:
        plan = plan._replace(end=max(plan.end, line.end, int(plan.observed.released or 0)))
    expected = [_expected(mark, plan) for mark in line.marks]
    wanted = _wanted_spans(subscriptions, plan)
    run = run_plan(pipeline, plan)
    sent = {sign: {*map(id, values)} for sign, values in run.sent.items()}
    expected = [*map(partial(_as_sent, sent), expected, run.told), *expected[len(run.told) :]]
    if first_difference(expected, run.told, error, plan.frame) is not None:
        raise AssertionError(_stream_text(plan, line.end, expected, run, error)) from run.error
    for name, spans in wanted.items():
        if list(run.subscriptions[name]) != spans:
            raise AssertionError(_subscription_text(plan, name, spans, run))


def _expected(mark: Mark, plan: Plan) -> Told:
    if mark.sign == COMPLETED:
        return Told(mark.at, COMPLETED, None)
    if mark.sign == FAILED:
        return Told(mark.at, FAILED, plan.error)
    value = plan.values.get(mark.sign, mark.sign)
    return Told(mark.at, mark.sign, placed(value, plan.epoch + int(mark.at)))


def _as_sent(sent: Mapping[str, set[int]], expected: Told, told: Told) -> Told:
    """What is expected, or the very event that came if it was sent under the same letter, maybe earlier."""
    is_sent = told.at == expected.at and id(told.value) in sent.get(expected.sign, ())
    return expected._replace(value=told.value) if is_sent else expected


def _wanted_spans(subscriptions: Subscriptions | None, plan: Plan) -> dict[str, list[Span]]:
    if subscriptions is None:
        return {}
    if not isinstance(subscriptions, Mapping):
        if plan.are_named:
            raise InvalidArgumentError("subscriptions", subscriptions, "give a mapping of the sources' names")
        subscriptions = dict.fromkeys(plan.sources, subscriptions)
    wanted = {}
    for name, lines in subscriptions.items():
        if name not in plan.sources:
            raise InvalidArgumentError("subscriptions", name, f"sources are {', '.join(plan.sources)}")
        if not isinstance(lines, (str, Sequence)):
            raise InvalidTypeError("subscriptions", lines, "a line such as '^--!', or several in a list")
        texts = [lines] if isinstance(lines, str) else lines
        wanted[name] = [parse_span(text, plan.frame, argument=f"subscriptions of {name}") for text in texts]
    return wanted


def _stream_text(
    plan: Plan, end: int, expected: Sequence[Told], run: StreamRun[Any], error: Exception | type[Exception]
) -> str:
    legend = Legend(plan.values)
    rows = _source_rows(plan, legend)
    for it in expected:
        if it.sign not in (COMPLETED, FAILED):
            legend.know(it.sign, it.value, plan.values.get(it.sign, it.value))
    told = [it if it.sign else it._replace(sign=legend.sign_of(it.value)) for it in run.told]
    is_over = run.is_completed or run.error is not None
    rows["expected"] = Row([Mark(it.at, it.sign) for it in expected], end)
    rows["got"] = Row([Mark(it.at, it.sign) for it in told], 0 if is_over else plan.end)
    difference = first_difference(expected, told, error, plan.frame)
    assert difference is not None
    return "\n".join(
        [
            "the stream is not as expected",
            "",
            *picture(rows, plan.frame, difference.at),
            "",
            f"first difference, {difference.text}",
            "",
            *legend.lines(),
        ]
    )


def _subscription_text(plan: Plan, name: str, wanted: Sequence[Span], run: StreamRun[Any]) -> str:
    legend = Legend(plan.values)
    rows = {name: _source_rows(plan, legend)[name]}
    for title, spans in (("expected", wanted), ("got", run.subscriptions[name])):
        for number, marks in enumerate(spans_as_marks(spans)):
            end = marks[-1].at if len(marks) > 1 else plan.end
            rows[f"{title} {number + 1}" if len(spans) > 1 else title] = Row(marks, end)
        if not spans:
            rows[f"{title} none"] = Row([], 0)
    title = (
        f"{name} was not observed as expected"
        if plan.are_named
        else "the source was not observed as expected"
    )
    return "\n".join([title, "", *picture(rows, plan.frame)])


def _source_rows(plan: Plan, legend: Legend) -> dict[str, Row]:
    rows = {}
    for name, (marble, is_cold) in plan.sources.items():
        for mark in marble.marks:
            if mark.sign not in (COMPLETED, FAILED):
                legend.know(mark.sign, plan.value(mark.sign, mark.at), plan.values[mark.sign])
        rows[f"{name} (cold)" if is_cold else name] = Row(marble.marks, marble.end)
    return rows
