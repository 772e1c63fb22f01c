"""Run a pipeline on virtual time."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable
from reactivex.scheduler import HistoricalScheduler

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.replay.virtual import on_virtual_time
from rxpolygon.testing.builders import EPOCH, aggregate, bar, instant_ms, placed, quote, trade
from rxpolygon.testing.marbles import COMPLETED, FAILED, SUBSCRIBED, Marble, Mark, Span, parse, parse_span
from rxpolygon.testing.sources import Cold, ColdSource, HotSource, Script

__all__ = ["DEFAULT_VALUES", "Given", "MarbleError", "Plan", "StreamRun", "Told", "run_plan", "run_stream"]

T = TypeVar("T")

#: What letters stand for when a test does not say: a trade, a quote, a bar, an aggregate.
DEFAULT_VALUES: Final[Mapping[str, object]] = {"t": trade(), "q": quote(), "b": bar(), "a": aggregate()}

#: One source, or several by the names of the pipeline's arguments.
Given = str | Cold | Mapping[str, str | Cold]

_MILLISECOND: Final = timedelta(milliseconds=1)
_LATEST_EPOCH: Final = 253_370_764_800_000  # 9999-01-01: room for a test before time ends
_LEAST: Final = timedelta(microseconds=1)  # the finest time of the virtual clock


class MarbleError(Exception):
    """What a ``#`` in a marble string sends, unless the test says otherwise."""

    def __init__(self, text: str = FAILED) -> None:
        super().__init__(text)


class Told(NamedTuple):
    """Something that an observer was told.

    Attributes:
        at: When, in milliseconds after the beginning.
        sign: A value's sign if it is known, ``|`` for the completion, ``#`` for an error.
        value: The value or the error; None for the completion.
    """

    at: float
    sign: str
    value: Any  # Any: whatever the pipeline emits


class StreamRun(Generic[T]):
    """What a pipeline did on virtual time.

    Attributes:
        told: All that it told its observer, in order.
        subscriptions: When each source was observed and released, by its name.
        sent: What the sources sent, by its sign, in order.
    """

    def __init__(
        self,
        told: Sequence[Told],
        subscriptions: Mapping[str, Sequence[Span]],
        sent: Mapping[str, Sequence[object]],
    ) -> None:
        self.told = tuple(told)
        self.subscriptions = subscriptions
        self.sent = sent

    def __repr__(self) -> str:
        end = f", error={self.error!r}" if self.error is not None else f", is_completed={self.is_completed}"
        return f"StreamRun(values={self.values!r}, times={self.times!r}{end})"

    @property
    def values(self) -> list[T]:
        """The values."""
        return [it.value for it in self.told if it.sign not in (COMPLETED, FAILED)]

    @property
    def times(self) -> list[float]:
        """When each value came, in seconds after the beginning."""
        return [it.at / 1_000 for it in self.told if it.sign not in (COMPLETED, FAILED)]

    @property
    def error(self) -> Exception | None:
        """The error that ended it."""
        return next((it.value for it in self.told if it.sign == FAILED), None)

    @property
    def is_completed(self) -> bool:
        """Whether it completed."""
        return any(it.sign == COMPLETED for it in self.told)


class Plan(NamedTuple):
    """A test, with everything read and checked.

    Attributes:
        sources: The lines of the sources by name; the name of a single one is ``given``.
        are_named: Whether the pipeline takes its sources by name.
        values: What the signs stand for.
        error: What ``#`` sends.
        frame: A frame's length in milliseconds.
        epoch: Where time begins, Unix ms UTC.
        observed: When the output is observed and released.
        end: How long to run, in milliseconds.
    """

    sources: Mapping[str, tuple[Marble, bool]]
    are_named: bool
    values: Mapping[str, object]
    error: Exception
    frame: int
    epoch: int
    observed: Span
    end: int

    def value(self, sign: str, at: float) -> object:
        """What a sign stands for at a time."""
        return placed(self.values[sign], self.epoch + int(at))


def make_plan(
    given: Given,
    values: Mapping[str, object] | None,
    frame: str | timedelta,
    epoch: int | datetime,
    error: Exception | type[Exception],
    observe: str,
    until: str | timedelta | None,
) -> Plan:
    """Read and check a test's arguments; see :func:`run_stream`."""
    length = to_milliseconds("frame", frame)
    are_named = isinstance(given, Mapping)
    lines: Mapping[str, str | Cold] = given if isinstance(given, Mapping) else {"given": given}
    own = _checked_values(values)
    thrown = _thrown(error)
    known = {**DEFAULT_VALUES, **own}
    sources = {}
    for name, line in lines.items():
        marble = parse(line.marble if isinstance(line, Cold) else line, length, argument=name)
        _require_known(name, marble, known)
        if thrown is None and any(mark.sign == FAILED for mark in marble.marks):
            raise InvalidArgumentError("error", error, "it cannot be made of a text alone: give an instance")
        sources[name] = (marble, isinstance(line, Cold))
    # A default that no source uses has no meaning, so that "b" may stand for itself in what is expected.
    used = {mark.sign for marble, _ in sources.values() for mark in marble.marks}
    known = {sign: value for sign, value in known.items() if sign in own or sign in used}
    observed = parse_span(observe, length, argument="observe")
    last = max([marble.end for marble, _ in sources.values()], default=0)
    end = last if until is None else to_milliseconds("until", until)
    start = _epoch_ms(epoch)
    return Plan(sources, are_named, known, thrown or MarbleError(), length, start, observed, end)


def run_stream(
    pipeline: Callable[..., Observable[T]],
    given: Given,
    *,
    values: Mapping[str, object] | None = None,
    frame: str | timedelta = "1s",
    epoch: int | datetime = EPOCH,
    error: Exception | type[Exception] = MarbleError,
    observe: str = SUBSCRIBED,
    until: str | timedelta | None = None,
) -> StreamRun[T]:
    """Run a pipeline on virtual time, for assertions of your own.

    Time, sources and values are as for :func:`assert_stream`.

    Args:
        pipeline: A function of the source, or of the sources by name, to an Observable.
        given: The sources' marbles.
        values: What letters stand for.
        frame: A frame's length.
        epoch: Where time begins: Unix ms UTC, or an aware datetime.
        error: What ``#`` sends.
        observe: When the output is observed and released.
        until: How long to run, what comes then excluded; by default to the end of the longest line.

    Returns:
        What it did.

    Example:
        >>> from reactivex import operators as ops
        >>> from rxpolygon.testing import run_stream, trade
        >>> prices = lambda trades: trades.pipe(ops.map(lambda it: it.price))
        >>> run = run_stream(prices, "-a--b|", values={"a": trade(price=10.0), "b": trade(price=11.0)})
        >>> run.values, run.times, run.is_completed
        ([10.0, 11.0], [1.0, 4.0], True)
    """
    return run_plan(pipeline, make_plan(given, values, frame, epoch, error, observe, until))


def _check_sources(pipeline: object, plan: Plan) -> None:
    """Refuses a pipeline that cannot be called with the plan's sources."""
    if not callable(pipeline):
        raise InvalidTypeError("pipeline", pipeline, "a function that returns an Observable")
    try:
        taken = inspect.signature(pipeline)
    except ValueError:  # of a builtin that tells none
        return
    names = list(plan.sources)
    try:
        if plan.are_named:
            taken.bind(**dict.fromkeys(names))
        else:
            taken.bind(*names)
    except TypeError:
        allowed = f"the pipeline takes {taken}: give a marble for each argument, by its name"
        raise InvalidArgumentError("given", names if plan.are_named else "one marble", allowed) from None


def run_plan(pipeline: Callable[..., Observable[T]], plan: Plan) -> StreamRun[T]:
    """Run a pipeline as a plan says."""
    _check_sources(pipeline, plan)
    start = datetime.fromtimestamp(plan.epoch / 1_000, UTC)
    # A moment before, because a clock that is told to go on to where it stands runs nothing.
    clock = HistoricalScheduler(start - _LEAST)
    told: list[Told] = []

    def now() -> float:
        return (clock.now - start) / _LEAST / 1_000

    def advance_to(moment: datetime) -> None:
        # Not start(): that one deadlocks after 101 actions of one instant (reactivex 6.1).
        if moment > clock.now:
            clock.advance_to(moment)

    sent: dict[str, list[object]] = {}

    def value(sign: str, at: float) -> object:
        sent.setdefault(sign, []).append(made := plan.value(sign, at))
        return made

    sources: dict[str, HotSource[Any] | ColdSource[Any]] = {}
    agenda: list[tuple[float, int, Callable[[], None]]] = []
    for name, (marble, is_cold) in plan.sources.items():
        script = Script(marble.marks, value, plan.error)
        if is_cold:
            sources[name] = ColdSource(script, now, clock)
            continue
        hot = sources[name] = HotSource[Any](script, now)
        agenda += [(mark.at, 2, _playing(hot, mark)) for mark in marble.marks if mark.at < plan.end]

    # As in a replay, whatever a pipeline subscribes by itself takes the test's clock too.
    seen = {name: on_virtual_time(source, clock) for name, source in sources.items()}
    output: Observable[T] = Observable()
    subscription: abc.DisposableBase = Disposable()

    def make(_scheduler: abc.SchedulerBase, _state: object = None) -> None:
        nonlocal output
        output = pipeline(**seen) if plan.are_named else pipeline(*seen.values())
        if not isinstance(output, Observable):
            raise InvalidTypeError("pipeline", output, "a function that returns an Observable")

    def observe(_scheduler: abc.SchedulerBase, _state: object = None) -> None:
        nonlocal subscription
        subscription = output.subscribe(
            lambda value: told.append(Told(now(), "", value)),
            lambda error: told.append(Told(now(), FAILED, error)),
            lambda: told.append(Told(now(), COMPLETED, None)),
            scheduler=clock,
        )

    # On the clock, so that what `merge` and others put off when they are observed, which is to observe their
    # sources, is done before those send anything.
    clock.schedule_absolute(start, make)
    observed_at = start + plan.observed.subscribed * _MILLISECOND
    clock.schedule_absolute(observed_at, observe)
    if plan.observed.released is not None:
        agenda.append((plan.observed.released, 1, lambda: subscription.dispose()))
    # Equal times: first what the test does to the output, then the sources as they stand in `given`.
    for at, _, act in sorted(agenda, key=lambda entry: entry[:2]):
        # As in a replay, timers that are due at an event's time run before it.
        advance_to(start + at * _MILLISECOND)
        act()
    advance_to(max(start + plan.end * _MILLISECOND - _LEAST, observed_at))
    spans = {name: tuple(source.spans) for name, source in sources.items()}
    subscription.dispose()
    return StreamRun(told, spans, sent)


def _playing(source: HotSource[Any], mark: Mark) -> Callable[[], None]:
    return lambda: source.play(mark)


def _thrown(error: Exception | type[Exception]) -> Exception | None:
    """What ``#`` sends; None where a class needs more than a text, so that it can only be expected."""
    if isinstance(error, Exception):
        return error
    if not (isinstance(error, type) and issubclass(error, Exception)):
        raise InvalidTypeError("error", error, "an exception, or a class of exceptions")
    try:
        return error(FAILED)
    except TypeError:
        return None


def _epoch_ms(epoch: int | datetime) -> int:
    if isinstance(epoch, datetime):
        return instant_ms("epoch", epoch)
    if isinstance(epoch, bool) or not isinstance(epoch, int):
        raise InvalidTypeError("epoch", epoch, "Unix milliseconds UTC, or an aware datetime")
    if not 0 <= epoch <= _LATEST_EPOCH:
        raise InvalidArgumentError("epoch", epoch, "Unix milliseconds UTC between 1970 and 9998")
    return epoch


def _checked_values(values: Mapping[str, object] | None) -> Mapping[str, object]:
    if values is not None and not isinstance(values, Mapping):
        raise InvalidTypeError("values", values, "a mapping of signs to what they stand for")
    for sign in values or ():
        if not isinstance(sign, str) or len(sign) != 1 or sign.isspace() or sign in "-()|#^!":
            raise InvalidArgumentError("values", sign, "a key is one sign, and none of - ( ) | # ^ !")
    return values or {}


def _require_known(name: str, marble: Marble, known: Mapping[str, object]) -> None:
    for mark in marble.marks:
        if mark.sign not in known and mark.sign not in (COMPLETED, FAILED):
            letters = " ".join(sorted(known))
            raise InvalidArgumentError(name, mark.sign, f"give it in values; known are {letters}")
