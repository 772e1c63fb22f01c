"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["GUIDE", "ROOT", "Block", "blocks_of", "guide_pages"]

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


def guide_pages() -> list[Path]:
    """The hand-written pages."""
    return sorted(GUIDE.glob("*.md"))
