"""What tests of the views share: a clock that stands still, and what a view has drawn."""

from __future__ import annotations

import re
from html import unescape

from rxpolygon.notebook import LiveView

__all__ = ["cells_of", "rows", "watch"]


def rows(view: LiveView) -> list[list[str]]:
    """The cells of a printed table, without its titles and its notes."""
    lines = str(view).splitlines()[1:]
    return [re.split(r"\s{2,}", line.strip()) for line in lines if not line.startswith("(")]


def watch(view: LiveView) -> list[str]:
    """Every HTML that a table's widget is given from now on, which is what goes to the browser."""
    drawn: list[str] = []
    view.widget.observe(lambda change: drawn.append(change.new), "value")
    return drawn


def cells_of(html: str) -> list[str]:
    """The texts of a table's cells, row by row, without the arrows of rising and falling prices."""
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html)
    return [unescape(re.sub(r"<[^>]*>", "", cell)).strip(" ▲▼\u2003\u2004") for cell in cells]
