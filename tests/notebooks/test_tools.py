"""The command that renews notebooks, and what the tests of them rely on."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import nbclient
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.notebooks.comparing import AT_THE_MOMENT, differences
from tests.notebooks.execute import renewed
from tests.notebooks.running import NBFORMAT, Node, read, run

_UNLIKE = ["cell a: the pictures look different"]


def notebook(*cells: Node) -> Node:
    made = NBFORMAT.v4.new_notebook(cells=list(cells))
    NBFORMAT.validate(made)
    return made


def printed(words: str, *tags: str) -> Node:
    output = NBFORMAT.v4.new_output("stream", name="stdout", text=words)
    return NBFORMAT.v4.new_code_cell("...", id="a", outputs=[output], metadata={"tags": list(tags)})


def drawn(colour: str, *, left: int = 40, by: str = "Matplotlib 3", width: int = 300) -> Node:
    """A picture with a bar in it."""
    image = Image.new("RGB", (width, 200), "white")
    image.paste(colour, (left, 20, left + 60, 180))
    notes = PngInfo()
    notes.add_text("Software", by)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=notes)
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": f"<Figure {id(file)}>"}
    return NBFORMAT.v4.new_code_cell("...", id="a", outputs=[NBFORMAT.v4.new_output("display_data", data)])


def written(folder: Path, *sources: str) -> Path:
    path = folder / "made.ipynb"
    NBFORMAT.write(notebook(*map(NBFORMAT.v4.new_code_cell, sources)), path)
    return path


@pytest.mark.parametrize(
    ("shown", "got", "expected"),
    [
        (printed("10 bars"), printed("10  bars\n"), []),
        (printed("10 bars"), printed("11 bars"), ["cell a: shows '10', gave '11'"]),
        (printed("-0.14"), printed("0.14"), ["cell a: shows '-0.14', gave '0.14'"]),
        (printed("10 bars"), printed("10 bars more"), ["cell a: one text is longer"]),
        (printed("10 bars", AT_THE_MOMENT), printed("11 bars", AT_THE_MOMENT), []),
        (drawn("red"), drawn("red"), []),
        (drawn("red"), drawn("red", left=41), _UNLIKE),
        (drawn("red"), drawn("blue"), _UNLIKE),
        (drawn("red"), drawn("red", left=41, width=302, by="Matplotlib 4"), []),
        (drawn("red"), drawn("red", left=80, by="Matplotlib 4"), _UNLIKE),
        (drawn("red"), drawn("red", width=400, by="Matplotlib 4"), _UNLIKE),
    ],
)
def test_difference_is_of_words_and_pictures(shown: Node, got: Node, expected: list[str]) -> None:
    assert differences(notebook(shown), notebook(got)) == expected


def test_output_of_another_kind_is_a_difference_at_any_moment() -> None:
    (found,) = differences(notebook(printed("10", AT_THE_MOMENT)), notebook(drawn("red")))
    assert found.startswith("cell a: shows [('stream', 'stdout')], gave ")


def test_renewed_keeps_what_says_the_same_and_takes_what_does_not() -> None:
    old, new = printed("10 bars"), printed("10  bars")
    new.metadata["execution"] = {"iopub.execute_input": "now"}
    kept = renewed(notebook(old), notebook(new)).cells[0]
    assert kept.outputs[0].text == "10 bars"
    assert kept.execution_count == 1
    assert "execution" not in kept.metadata
    assert renewed(notebook(old), notebook(printed("11 bars"))).cells[0].outputs[0].text == "11 bars"


@pytest.mark.filterwarnings("default")  # of the notebook tools
def test_run_gives_outputs_and_holds_claims_against_the_kernel(tmp_path: Path) -> None:
    path = written(tmp_path, "bars = 10\nprint(bars)")
    (cell,) = run(path, ["bars == 10"]).cells
    assert cell.outputs[0].text == "10\n"
    assert not read(path).cells[0].outputs
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="bars == 11"):
        run(path, ["bars == 10", "bars == 11"])


@pytest.mark.filterwarnings("default")  # of the notebook tools
def test_run_fails_when_a_socket_is_left(tmp_path: Path) -> None:
    path = written(tmp_path, "import socket\nleft = socket.socket()")
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="the notebook leaves behind"):
        run(path, patience=0.1)
