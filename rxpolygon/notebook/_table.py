"""Tables: as HTML for a notebook, as text for a terminal."""

from __future__ import annotations

from html import escape
from typing import Final

from msgspec import Struct

from rxpolygon.notebook._frame import Ending, Frame, MimeBundle

__all__ = ["Cell", "Table"]

_ARROWS: Final = {1: "▲", -1: "▼"}
_NO_ARROW: Final = "  "
_CLASSES: Final = {1: "up", -1: "down"}
# Within its class alone, whose name is there twice to outdo JupyterLab's own style, and without a background,
# so that it suits dark themes. Where a code host strips it, the plain table stays.
_STYLE: Final = """<style>
.rxpolygon-view.rxpolygon-view table {border-collapse: collapse; border: none; margin: 2px 0;
  font-variant-numeric: tabular-nums; font-size: 13px; line-height: 1.5}
.rxpolygon-view.rxpolygon-view :is(th, td) {padding: 2px 9px; border: none; white-space: nowrap;
  text-align: right; line-height: 1.5}
.rxpolygon-view.rxpolygon-view th {font-weight: 600; opacity: 0.65; border-bottom: 1px solid currentColor}
.rxpolygon-view.rxpolygon-view :is(th, td).text {text-align: left}
.rxpolygon-view .up {color: #0d9f6e} .rxpolygon-view .down {color: #e0434f}
.rxpolygon-view .failed {color: #e0434f; font-weight: 600}
.rxpolygon-view .note {font-size: 12px; opacity: 0.65}
</style>"""


class Cell(Struct, frozen=True):
    """One cell.

    Attributes:
        text: What stands in it, not escaped.
        direction: 1 for a rise or what is good, -1 for a fall or what is bad, shown as colour and, of
            numbers, as an arrow; 0 for neither.
        is_number: Whether it is set to the right.
    """

    text: str
    direction: int = 0
    is_number: bool = True

    @property
    def has_arrow(self) -> bool:
        """Whether it shows an arrow."""
        return self.is_number and bool(self.direction)


class Table(Frame):
    """Rows under titles, a note below, and how the stream ended.

    Args:
        titles: Over the columns.
        rows: As many cells each.
        note: One line about it all.
        ending: How the view stands.
        lines: More lines, above the note.
    """

    def __init__(
        self,
        titles: tuple[str, ...],
        rows: tuple[tuple[Cell, ...], ...],
        note: str,
        ending: Ending,
        lines: tuple[str, ...] = (),
    ) -> None:
        self.titles = titles
        self.rows = rows
        self.note = note
        self.ending = ending
        self.lines = lines

    def text(self) -> str:
        """Aligned columns."""
        columns = []
        for column in self._columns():
            width = max(map(len, column.texts))
            columns.append(
                [f"{text:>{width}}" if column.is_number else f"{text:<{width}}" for text in column.texts]
            )
        table = ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
        return "\n".join([*table, *self.lines, f"({self._status()})"])

    def html(self) -> str:
        """A table with its style."""
        columns = self._columns()
        heads = "".join(_html("th", column.is_number, 0, column.texts[0]) for column in columns)
        body = "".join(
            "".join(
                _html("td", column.is_number, cell.direction, column.texts[1 + index])
                for column, cell in zip(columns, row, strict=True)
            ).join(("<tr>", "</tr>\n"))
            for index, row in enumerate(self.rows)
        )
        lines = "".join(f'<div class="note">{escape(line)}</div>\n' for line in self.lines)
        kind = "failed" if self.ending.kind == "failed" else "note"
        status = f'<div class="{kind}">{escape(self._status())}</div>'
        return (
            f'{_STYLE}\n<div class="rxpolygon-view"><table>\n<thead><tr>{heads}</tr></thead>\n'
            f"<tbody>\n{body}</tbody></table>\n{lines}{status}</div>"
        )

    def bundle(self) -> MimeBundle:
        """The HTML."""
        return {"text/html": self.html()}

    def _status(self) -> str:
        return f"{self.note} · {self.ending}" if self.note else str(self.ending)

    def _columns(self) -> list[_Column]:
        columns = []
        for index, title in enumerate(self.titles):
            cells = [row[index] for row in self.rows]
            # Room for an arrow in every cell, so that the column does not jump when one comes or goes.
            has_arrows = any(cell.has_arrow for cell in cells)
            texts = [f"{cell.text}{_arrow(cell)}" if has_arrows else cell.text for cell in cells]
            is_number = all(cell.is_number for cell in cells)
            columns.append(_Column([f"{title}{_NO_ARROW}" if has_arrows else title, *texts], is_number))
        return columns


class _Column(Struct, frozen=True):
    """A column's texts, its title first."""

    texts: list[str]
    is_number: bool


def _arrow(cell: Cell) -> str:
    return f" {_ARROWS[cell.direction]}" if cell.has_arrow else _NO_ARROW


def _html(tag: str, is_number: bool, direction: int, text: str) -> str:
    shown = escape(text.replace(_NO_ARROW, "\u2004\u2003") if text.endswith(_NO_ARROW) else text)
    if direction:
        shown = f'<span class="{_CLASSES[direction]}">{shown}</span>'
    # The attribute too, for code hosts that strip the style.
    return f'<{tag} align="right">{shown}</{tag}>' if is_number else f'<{tag} class="text">{shown}</{tag}>'
