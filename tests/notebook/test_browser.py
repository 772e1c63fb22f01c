"""The live views in JupyterLab, in a real browser: what is drawn there, and what stays of it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from tests.notebook.lab import LIMIT, Lab, browser_page, chromium_path, lab_server
from tests.support import wait_for

nbformat = pytest.importorskip("nbformat")

_NEEDED: Final = ("playwright", "jupyterlab", "ipywidgets", "plotly", "anywidget", "matplotlib")
_LACKING: Final = [name for name in _NEEDED if find_spec(name) is None]

pytestmark = [
    pytest.mark.timeout(900),  # a browser, a server and a kernel start up on a machine that runs other tests
    pytest.mark.skipif(bool(_LACKING), reason=f"not installed: {', '.join(_LACKING)}"),
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium or Chrome on the PATH"),
]

_START: Final = """
import pathlib, threading, time
import rxpolygon
from reactivex.subject import BehaviorSubject
from rxpolygon import operators as rxo
from rxpolygon.events import Level2Book
from rxpolygon.notebook import candlesticks, depth, live_table, monitor, tape
from rxpolygon.simulator import Simulator

market = Simulator(seed=1, speed=60, start=1_748_871_000_000).start()
client = rxpolygon.StreamClient("demo", host=market.url)
trades = client.subscribe_stock_trades(["AAPL", "IBM", "MSFT"])
bars = client.subscribe_stock_trades("AAPL").pipe(rxo.time_bars("15s"))
bids, asks = ((9.5, 3.0), (9.0, 1.0)), ((10.5, 2.0), (11.0, 4.0))
books = BehaviorSubject(Level2Book(symbol="BTC-USD", bids=bids, asks=asks))
views = []
"""
_BUSY: Final = """
while not pathlib.Path("enough").exists():
    time.sleep(0.01)
"""
_END: Final = """
for view in views:
    view.close()
client.close_stream()
market.close()

def left():
    threads = threading.enumerate()
    return [it for it in threads if isinstance(it, threading.Timer) or "rxpolygon" in it.name]

until = time.monotonic() + 60  # a timer that was cancelled is about to end
while left() and time.monotonic() < until:
    time.sleep(0.01)
print(left())
"""
_CELLS: Final = (
    _START,
    'views.append(live_table(trades, timezone="America/New_York"))\nviews[-1]',
    'views.append(candlesticks(bars, timezone="America/New_York"))\nviews[-1]',
    "monitor(client)",
    "views.append(tape(trades, rows=6))\nviews[-1]",
    "views.append(depth(books))\nviews[-1]",
    "client.start_stream_thread()",
    _BUSY,
    _END,
)
_TABLE, _CHART, _STATE, _LAST, _DEPTH, _BUSY_CELL, _END_CELL = 1, 2, 3, 4, 5, 7, 8

#: Where a test run keeps its pictures of the page, to be looked at.
_PICTURES: Final = os.environ.get("RXPOLYGON_TEST_PICTURES")


class Notebook:
    """A notebook in the browser.

    Args:
        page: The browser's page.
        lab: The server.
        name: The notebook's file name.
    """

    def __init__(self, page: Any, lab: Lab, name: str) -> None:
        self.page = page
        self._file = lab.root / name
        page.goto(f"{lab.url}/lab/tree/{name}?token={lab.token}")
        page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
            "?.connectionStatus === 'connected'"
        )
        self.wait(lambda: page.locator(".jp-Notebook .jp-CodeCell").count() == len(_CELLS))

    def command(self, name: str) -> None:
        """Runs a command of JupyterLab, without waiting for what it starts."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name) }", name)

    def run_next(self, cells: int = 1) -> None:
        """Runs the selected cell and selects the one below."""
        for _ in range(cells):
            self.command("notebook:run-cell-and-select-next")

    def output(self, cell: int, selector: str = "") -> Any:
        """Where a cell's output is on the page, or a part of it."""
        place = self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-Cell-outputArea")
        return place.locator(selector) if selector else place

    def wait(self, condition: Callable[[], object]) -> None:
        """Waits until something is so; a failure tells what the page shows instead."""
        shown = self.page.locator(".jp-Notebook")
        wait_for(condition, LIMIT, message=lambda: f"what is not on a page with\n{shown.inner_text()}")

    def wait_changed(self, cell: int) -> None:
        """Waits until the output shows another text than now."""
        before = self.output(cell).inner_text()
        self.wait(lambda: self.output(cell).inner_text() != before)

    def wait_moved(self, paths: Any) -> None:
        """Waits until lines are drawn otherwise than now; their number may be at its limit already."""
        drawn = "paths => paths.map(path => path.getAttribute('d')).join()"
        before = paths.evaluate_all(drawn)
        self.wait(lambda: paths.evaluate_all(drawn) != before)

    def wait_rows(self, cell: int, count: int) -> None:
        """Waits until a table has so many rows, and no more."""
        found = self.output(cell, "tbody tr")
        self.wait(lambda: found.count() == count)

    def wait_text(self, cell: int, text: str) -> None:
        """Waits until a text is in the output."""
        self.wait(lambda: text in self.output(cell).inner_text())

    def wait_saved(self, cell: int, kinds: set[str]) -> None:
        """Waits until the cell's output has these mime types, and no others, in the saved file."""
        self.wait(lambda: self._saved_kinds(cell) == kinds)

    def _saved_kinds(self, cell: int) -> set[str]:
        outputs = nbformat.read(self._file, as_version=4).cells[cell].outputs
        return {kind for output in outputs for kind in output.get("data", {})}

    def wait_colours(self, place: Any) -> None:
        """Waits until a part of the page is rather green and rather red in places, as the reader sees it."""
        self.wait(lambda: min(self._coloured_pixels(place)) > 200)

    def _coloured_pixels(self, place: Any) -> tuple[int, int]:
        image = pytest.importorskip("matplotlib.image").imread(io.BytesIO(place.screenshot()))
        surplus = image[:, :, 1] - image[:, :, 0]
        return int((surplus > 0.2).sum()), int((surplus < -0.2).sum())

    def picture(self, name: str) -> None:
        """Keeps a picture of the page, if somebody wants to see it."""
        if _PICTURES is not None:
            self.page.screenshot(path=Path(_PICTURES) / f"{name}.png")


@pytest.fixture
def outside() -> list[str]:
    """Addresses that the page asked for outside this machine."""
    return []


@pytest.fixture
def notebook(jupyter_home: Path, outside: list[str]) -> Iterator[Notebook]:
    with lab_server(jupyter_home) as lab:
        cells = [nbformat.v4.new_code_cell(text.strip()) for text in _CELLS]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), lab.root / "views.ipynb")
        path = chromium_path()
        assert path is not None
        with browser_page(path, outside) as page:
            yield Notebook(page, lab, "views.ipynb")


def test_views_are_drawn_while_the_kernel_is_busy_and_stay_as_pictures(
    notebook: Notebook, outside: list[str], jupyter_home: Path
) -> None:
    page = notebook.page
    notebook.run_next(8)
    candles = notebook.output(_CHART, ".boxlayer path")
    notebook.wait(lambda: candles.count() > 3)
    # The cell ends by a file that is not there yet: all that is drawn from here on is drawn while it runs.
    notebook.wait(lambda: "*" in page.locator(".jp-InputPrompt").nth(_BUSY_CELL).inner_text())

    notebook.wait_rows(_TABLE, 3)
    notebook.wait_text(_STATE, "logged in")
    notebook.wait_rows(_LAST, 6)
    for cell in (_TABLE, _STATE, _LAST):
        notebook.wait_changed(cell)
    notebook.wait_moved(candles)
    notebook.wait_colours(notebook.output(_CHART, ".js-plotly-plot"))
    depth = notebook.output(_DEPTH, ".js-plotly-plot")
    notebook.wait(lambda: depth.locator(".scatterlayer path").count() > 1)
    notebook.wait_colours(depth)
    notebook.picture("live")

    (jupyter_home / "notebooks" / "enough").touch()
    notebook.run_next()
    notebook.wait_text(_END_CELL, "[")
    assert notebook.output(_END_CELL).inner_text().strip() == "[]"  # no thread is left
    for cell, ending in ((_TABLE, "closed"), (_STATE, "completed"), (_LAST, "closed")):
        notebook.wait_text(cell, ending)
    notebook.wait_colours(notebook.output(_CHART, "img"))
    notebook.wait(lambda: page.locator(".jupyter-widgets").count() == 0)
    notebook.picture("closed")

    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    notebook.wait_saved(_CHART, {"image/png", "application/vnd.plotly.v1+json", "text/plain"})
    notebook.wait_saved(_TABLE, {"text/html", "text/plain"})
    assert outside == []
