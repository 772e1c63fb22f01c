"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

__all__ = [
    "GUIDE",
    "ROOT",
    "Block",
    "blocks_of",
    "call_tests",
    "guide_pages",
    "names_in",
    "section",
    "table_rows",
]

ROOT: Final = Path(__file__).resolve().parents[2]
GUIDE: Final = ROOT / "docs" / "guide"

_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code: its language, its text, and the line of the page where that begins, from 1."""

    language: str
    text: str
    line: int


def blocks_of(text: str) -> list[Block]:
    """The blocks of a page, in order."""
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start()) + 2) for found in _BLOCK.finditer(text)
    ]


def call_tests(names: Mapping[str, object], request: pytest.FixtureRequest) -> None:
    """Call the test functions that an example has defined, with the fixtures that they ask for."""
    for name, found in names.items():
        if name.startswith("test_") and callable(found):
            found(*map(request.getfixturevalue, inspect.signature(found).parameters))


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next of its level."""
    _, _, rest = text.partition(f"\n## {heading}\n")
    assert rest, f"there is no section {heading!r}"
    return rest.partition("\n## ")[0]


def table_rows(text: str, heading: str) -> list[str]:
    """The rows of the table in a section of a page, without its head."""
    rows = [line for line in section(text, heading).splitlines() if line.startswith("| ")]
    return [row for row in rows if not row.startswith("| ---")][1:]


def names_in(rows: list[str]) -> set[str]:
    """What stands in code style in the first cell of rows."""
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}


def guide_pages() -> list[Path]:
    """The hand-written pages."""
    return sorted(GUIDE.glob("*.md"))
