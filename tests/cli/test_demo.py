"""``rxpolygon demo``, as lines and in a terminal."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable

import pytest

from tests.cli.processes import Outcome, in_terminal, patiently, started

Command = Callable[..., Outcome]

_QUICK = ("--symbols", "AAPL,MSFT", "--speed", "300")
_PICTURE = "One-minute bars of a simulated market"
_SUMMARY = re.compile(r"[\d,]+ events in [\d.]+ s \([\d,]+ a second\), ([\d,]+) bars of 2 symbols, 0 frames")


def test_demo_writes_a_line_for_each_bar_and_a_summary(command: Command) -> None:
    outcome = patiently(
        lambda seconds: command("demo", "--seconds", seconds, *_QUICK),
        lambda outcome: len(outcome.out.splitlines()) >= 4,
    )
    assert (outcome.status, outcome.err) == (0, "")
    heading, *bars, summary = outcome.out.splitlines()
    assert heading.split()[:3] == ["Time", "Symbol", "Open"]
    assert [bar.split()[:2] for bar in bars[:2]] == [["09:30", "AAPL"], ["09:30", "MSFT"]]
    assert max(map(len, (heading, *bars))) <= 80
    told = _SUMMARY.match(summary)
    assert told is not None
    assert told[1] == str(len(bars))


def test_demo_of_the_same_seed_shows_the_same_bars(command: Command) -> None:
    def first_bar() -> list[str]:
        outcome = patiently(
            lambda seconds: command("demo", "--seconds", seconds, "--seed", "5", *_QUICK),
            lambda outcome: len(outcome.out.splitlines()) >= 3,
        )
        return outcome.out.splitlines()[1].split()[:9]

    assert first_bar() == first_bar()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_ends_with_a_summary_when_it_is_interrupted(number: int) -> None:
    with started("demo", *_QUICK) as demo:
        demo.out.readline()
        demo.out.readline()
        demo.signal(number)
        *bars, summary = demo.out.read().splitlines()
        assert demo.end() == (128 + number, "", "")
    told = _SUMMARY.match(summary)
    assert told is not None
    assert told[1] == str(1 + len(bars))  # one was read before


def test_demo_ends_quietly_when_its_reader_leaves() -> None:
    with started("demo", *_QUICK) as demo:
        demo.out.readline()
        demo.out.close()
        assert demo.end_unread() == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_demo_redraws_a_table_in_a_terminal_at_a_steady_pace() -> None:
    def attempt(seconds: str) -> Outcome:
        status, screen = in_terminal("demo", "--seconds", seconds, *_QUICK)
        assert screen.count(_PICTURE) <= float(seconds) * 8 + 2
        return Outcome(status, screen, "")

    texts = ("in New York (Ctrl-C ends)", "logged in: ")  # after a bar has closed

    def is_enough(outcome: Outcome) -> bool:
        return outcome.out.count(_PICTURE) >= 4 and all(text in outcome.out for text in texts)

    status, screen, _ = patiently(attempt, is_enough)
    assert status == 0
    assert screen.count(_PICTURE) >= 4
    assert [text for text in texts if text not in screen] == []
    assert screen.splitlines()[-1].startswith("With a key in POLYGON_API_KEY")
