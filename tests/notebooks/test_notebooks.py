"""Each notebook runs from top to bottom offline, gives what it shows, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Final

import pytest

from tests.notebooks.comparing import differences, pictures, text
from tests.notebooks.running import code_cells, notebooks, read, run

#: What must be true in each notebook after its last cell: what its text says of its figures.
CLAIMS: Final[dict[str, tuple[str, ...]]] = {
    "asyncio_and_frames": (
        "again == live_bars and len(live_bars) == 120",
        "newest.dropped == len(lost) > 0 and len(handled) == 20",
        "sum(file.rows for file in trade_files) == table.height",
        "table.schema['timestamp'] == pl.Datetime('ms', 'UTC')",
        "all(it[0] > 1.15 * it[-1] for it in signatures.values())",
        "abs(signatures['AAPL', 'mids'][-1] / 28 - 1) < 0.27",
        "abs(signatures['TSLA', 'mids'][-1] / 62 - 1) < 0.27",
    ),
    "clusters_and_vendors": (
        "{row['cluster'] for row in rows} == set(SYMBOLS)",
        "0 < sum(row['effective'] for row in rows) < sum(row['quoted'] for row in rows)",
        "alpaca_bars == polygon_bars and len(polygon_bars) == 20",
        "len(twice) > 100 and made == polygon_bars[:8]",
        "not table.is_live",
    ),
    "custom_bars": (
        "all(bar.volume == 57_000 for bar in bars['volume'] if bar.is_final)",
        "all(abs(bar.volume * bar.vwap - 13e6) < 1 for bar in bars['dollar'] if bar.is_final)",
        "len({round(sum(bar.volume for bar in of_kind), 3) for of_kind in bars.values()}) == 1",
        "figures['dispersion'][0] > 2 * max(figures['dispersion'][1:])",
    ),
    "live_views": (
        "not any(view.is_live for view in (table, sales, chart, book, volatilities, watched))",
        "len(chart.figure.data[0].x) == 48",
        "client.stats.dropped == 0",
    ),
    "quickstart": (
        "client.stats.dropped == client.stats.malformed == client.stats.gaps == 0",
        "not (table.is_live or chart.is_live or watched.is_live or view.is_live)",
        "set(vwaps) == {'AAPL', 'MSFT', 'TSLA'}",
    ),
    "recording_and_replay": (
        "len(checked) == 60 and all(result.agrees for result in checked)",
        "len(paced) > 5 and paced == as_fast_as_it_goes",
        "len(by_socket) == 60 and by_socket == by_replay",
        "recorder.stats.dropped_frames == 0",
    ),
    "replay_then_live": (
        "len(fills) > 100",
        "all(abs(fill.price - fill.mid) > 0 for fill in fills)",
        "len(live) > 20",
        "replayed('max') == live",
    ),
    "strategy_tests": ("[made.count for made in run.values] == [3, 1]",),
    "trades_and_quotes": (
        "all((it.price > it.mid) == (SIGNS[it.side] > 0) for it in sales if it.price != round(it.mid, 4))",
        "abs((spreads['effective'] - spreads['impact'] - spreads['realized']).abs().max()) < 1e-9",
        "all(marks[pair][0] > 0.95 and marks[pair].is_sorted(descending=True) for pair in PAIRS)",
    ),
}
_LARGEST: Final = 1_000_000  # bytes of a file, which a code host still shows
_WIDGETS: Final = ("application/vnd.jupyter.widget-view+json", "application/vnd.plotly.v1+json")
_STATIC: Final = ("image/png", "image/svg+xml", "text/html")
_FEWEST_COLOURS: Final = 16

every_notebook = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


def test_what_notebooks_claim_is_listed_here() -> None:
    assert [path.stem for path in notebooks()] == sorted(CLAIMS)


@every_notebook
@pytest.mark.timeout(900)  # each of its cells may take long on a machine that runs other tests
@pytest.mark.filterwarnings("default")  # of the notebook tools, not ours: the kernel is another process
def test_notebook_gives_what_it_shows(path: Path) -> None:
    assert not differences(read(path), run(path, CLAIMS[path.stem]))


@every_notebook
def test_notebook_is_stored_without_errors_and_traces_of_a_run(path: Path) -> None:
    notebook = read(path)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for number, cell in enumerate(code_cells(notebook), 1):
        assert cell.execution_count == number
        assert set(cell.metadata) <= {"tags"}
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


@every_notebook
def test_notebook_is_stored_without_places_keys_and_addresses(path: Path) -> None:
    stored = path.read_text(encoding="utf-8")
    stored = re.sub(r'"image/png": "[^"]*"', "", stored)
    for place in (str(Path.home()), tempfile.gettempdir() + "/", "site-packages", "ipykernel_"):
        assert place not in stored
    assert not re.search(r"127\.0\.0\.1:\d", stored)
    assert not re.search(r"\bat 0x[0-9a-f]+", stored)
    assert not re.search(r"(?i)api_?key\W{0,4}[=:]\W*[a-z0-9_]{16,}", stored)


@every_notebook
def test_notebook_reads_well_where_no_widgets_run(path: Path) -> None:
    assert path.stat().st_size < _LARGEST
    cells = code_cells(read(path))
    assert sum(bool(cell.outputs) for cell in cells) >= len(cells) // 2
    for output in [output for cell in cells for output in cell.outputs]:
        kinds = output.get("data", {})
        if any(kind in kinds for kind in _WIDGETS):
            assert any(kind in kinds for kind in _STATIC)
    for picture in [picture for cell in cells for picture in pictures(cell)]:
        assert min(picture.size) >= 200
        assert len(picture.convert("RGB").getcolors(picture.width * picture.height) or ()) >= _FEWEST_COLOURS


@every_notebook
def test_notebook_begins_with_its_title_and_says_what_it_does(path: Path) -> None:
    notebook = read(path)
    assert notebook.cells[0].cell_type == "markdown"
    assert re.match(r"# [^\n]+\n\n\S", notebook.cells[0].source)
    written = sum(cell.cell_type == "markdown" for cell in notebook.cells)
    assert written >= len(code_cells(notebook)) // 2
    assert len(code_cells(notebook)) <= 15


def test_no_notebook_says_that_its_views_are_still_live() -> None:
    for path in notebooks():
        assert not [cell.id for cell in code_cells(read(path)) if "· live)" in text(cell)]


def test_stored_notebooks_are_json_as_nbformat_writes_it() -> None:
    for path in notebooks():
        stored = path.read_text(encoding="utf-8")
        assert stored == json.dumps(json.loads(stored), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
