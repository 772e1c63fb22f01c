"""How lines look: ``--json``, ``--csv``, or what a command shows a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct

from rxpolygon.cli.colours import coloured_json, takes_colours
from rxpolygon.cli.columns import BarLines
from rxpolygon.cli.csv_lines import CsvLines
from rxpolygon.cli.json_lines import json_line
from rxpolygon.errors import UsageError
from rxpolygon.operators import Bar

__all__ = ["Format", "bar_format", "event_format"]


class Format:
    """Makes lines.

    Args:
        line_of: The line of a value, its end included.
        heading: What comes before the first one.
    """

    def __init__(self, line_of: Callable[[Any], bytes], heading: bytes = b"") -> None:  # Any: as in `follow`
        self.line_of: Final = line_of
        self.heading: Final = heading


def event_format(kinds: Sequence[type[Struct]], *, json: bool, csv: bool) -> Format:
    """The format of events, or of whatever else is written as JSON unless it is said otherwise.

    Args:
        kinds: The classes that there may be.
        json: Whether ``--json`` was given.
        csv: Whether ``--csv`` was given.

    Raises:
        UsageError: Both were.
    """
    _check(json=json, csv=csv)
    if csv:
        lines = CsvLines(kinds)
        return Format(lines, lines.heading)
    if takes_colours(sys.stdout):
        return Format(lambda item: coloured_json(json_line(item)))
    return Format(json_line)


def bar_format(market: str, *, json: bool, csv: bool) -> Format:
    """The format of bars: columns, unless it is said otherwise.

    Raises:
        UsageError: Both were said.
    """
    if json or csv:
        return event_format([Bar], json=json, csv=csv)
    return Format(BarLines(market, colours=takes_colours(sys.stdout)))


def _check(*, json: bool, csv: bool) -> None:
    if json and csv:
        raise UsageError("--json and --csv exclude one another: give one of them")
