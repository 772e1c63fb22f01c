"""Draw lines of marks below one another, so that what happens at one time stands in one column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rxpolygon.testing.marbles import Mark

__all__ = ["Row", "draw", "length_of_time"]

# As many empty frames are written as a length of time.
_LONG_SILENCE: Final = 16


class Row(NamedTuple):
    """A line to draw.

    Attributes:
        marks: Its marks in order of time.
        end: Where it ends, in milliseconds.
    """

    marks: Sequence[Mark]
    end: float


def draw(rows: Iterable[Row], frame: int) -> list[str]:
    """The rows as marble strings, aligned.

    Each is a marble string that reads back as the same marks, as far as these are at whole frames; one
    between frames is drawn at the frame before.

    Args:
        rows: What to draw.
        frame: A frame's length in milliseconds.

    Example:
        >>> first = Row([Mark(1_000, "a"), Mark(2_000, "c")], 3_000)
        >>> second = Row([Mark(1_000, "a"), Mark(1_000, "b"), Mark(2_000, "c")], 3_000)
        >>> print("\\n".join(draw([first, second], frame=1_000)))
        -a   c
        -(ab)c
    """
    cells = [_cells(row, frame) for row in rows]
    ends = [_frames_of(row, frame, cell) for row, cell in zip(rows, cells, strict=True)]
    texts = ["" for _ in cells]
    last = max(ends, default=0)
    busy = sorted({place for cell in cells for place in cell} | {last} | set(ends))
    at = 0
    for place in busy:
        if place - at >= _LONG_SILENCE:
            passing = f" {length_of_time((place - at) * frame).replace(' ', '')} "
            texts = [
                text + (passing if end >= place else " " * len(passing))
                for text, end in zip(texts, ends, strict=True)
            ]
        else:
            for step in range(at, place):
                texts = [text + ("-" if step < end else " ") for text, end in zip(texts, ends, strict=True)]
        at = place
        if place >= last:
            break
        tokens = [cell.get(place, "-" if place < end else "") for cell, end in zip(cells, ends, strict=True)]
        width = max(map(len, tokens))
        texts = [text + token.ljust(width) for text, token in zip(texts, tokens, strict=True)]
        at += 1
    return [text.rstrip() for text in texts]


def length_of_time(milliseconds: float) -> str:
    """A length of time in its largest whole unit.

    Example:
        >>> length_of_time(90_000), length_of_time(1_500), length_of_time(0), length_of_time(0.5)
        ('90 s', '1500 ms', '0 s', '0.5 ms')
    """
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if milliseconds % size == 0 and (milliseconds or unit == "s"):
            return f"{int(milliseconds // size)} {unit}"
    return f"{milliseconds:.12g} ms"


def _cells(row: Row, frame: int) -> dict[int, str]:
    signs: dict[int, str] = {}
    for mark in row.marks:
        place = int(mark.at // frame)
        signs[place] = signs.get(place, "") + mark.sign
    return {place: found if len(found) == 1 else f"({found})" for place, found in signs.items()}


def _frames_of(row: Row, frame: int, cells: dict[int, str]) -> int:
    return max(int(row.end // frame), max(cells, default=-1) + 1)
