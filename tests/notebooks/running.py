"""Running a notebook in a fresh kernel of this interpreter, in a folder of its own."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias
from unittest.mock import patch

import nbclient
import nbformat

from tests.kernels import own_sockets

__all__ = ["FOLDER", "NBFORMAT", "Node", "code_cells", "notebooks", "read", "run"]

#: A notebook, a cell or an output.
Node: TypeAlias = Any  # nbformat has no types
NBFORMAT: Final[Any] = nbformat  # as said

FOLDER: Final = Path(__file__).resolve().parents[2] / "notebooks"
_CELL_SECONDS: Final = 180  # that only failures take
_PROBES: Final = "probe"  # metadata of cells that belong to the run and not to the notebook

# What the kernel has before the first cell must be all that it has after the last one.
_BEFORE: Final = """
def _kept():
    import gc, socket, threading
    threads = {it for it in threading.enumerate() if not isinstance(it, threading.Timer)}
    # The kernel starts one of its own for large outputs.
    threads = {it for it in threads if not type(it).__module__.startswith("zmq")}
    sockets = {it for it in gc.get_objects() if isinstance(it, socket.socket) and it.fileno() != -1}
    return threads | sockets
_kept_before = _kept()
"""
_AFTER: Final = """
import time
_until = time.monotonic() + {patience}
while (_left := _kept() - _kept_before) and time.monotonic() < _until:
    time.sleep(0.01)
assert not _left, f"the notebook leaves behind: {{_left}}"
"""


def notebooks() -> list[Path]:
    """The files, in order of name."""
    return sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> Node:
    """A notebook as stored."""
    return NBFORMAT.read(path, as_version=4)


def code_cells(notebook: Node) -> list[Node]:
    """The cells that run, without those of the run itself."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and _PROBES not in cell.metadata]


def run(path: Path, claims: Sequence[str] = (), *, patience: float = 30.0) -> Node:
    """A copy of a notebook with the outputs of this run.

    Args:
        path: The notebook.
        claims: Expressions over the notebook's names that must be true after the last cell.
        patience: Seconds after it in which threads and sockets may still end.

    Raises:
        CellExecutionError: A cell failed, or a claim, or a thread or a socket was left.
    """
    notebook = read(path)
    cells = list(notebook.cells)
    checks = [_probe(f"assert {claim}, {claim!r}") for claim in claims]
    notebook.cells = [_probe(_BEFORE), *cells, *checks, _probe(_AFTER.format(patience=patience))]
    with _kernel() as folder, own_sockets() as config:
        nbclient.NotebookClient(
            notebook,
            timeout=_CELL_SECONDS,
            startup_timeout=_CELL_SECONDS,
            iopub_timeout=_CELL_SECONDS,  # for outputs that come after a cell's end, which it would give up
            kernel_name="python3",
            coalesce_streams=True,
            config=config,
            resources={"metadata": {"path": str(folder)}},
        ).execute()
    notebook.cells = cells
    return notebook


def _probe(source: str) -> Node:
    cell = NBFORMAT.v4.new_code_cell(source)
    cell.metadata[_PROBES] = True
    return cell


@contextmanager
def _kernel() -> Iterator[Path]:
    """The kernel ``python3`` is this interpreter, whatever kernels the machine has; gives an empty folder."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        specification = base / "data" / "kernels" / "python3"
        specification.mkdir(parents=True)
        arguments = [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--log-level=ERROR",
        ]
        (specification / "kernel.json").write_text(
            json.dumps({"argv": arguments, "display_name": "Python 3", "language": "python"})
        )
        folder = base / "work"
        folder.mkdir()
        places = {
            "JUPYTER_PATH": str(base / "data"),
            "JUPYTER_RUNTIME_DIR": str(base / "runtime"),
            "IPYTHONDIR": str(base / "ipython"),
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        with patch.dict(os.environ, places):
            yield folder
