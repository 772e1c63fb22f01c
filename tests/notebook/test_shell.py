"""The views in IPython without a kernel: text, and the end of a view whose line is entered again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("IPython")

_PROGRAM = """
import sys
sys.argv = ["ipython"]
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
line = "made.append(live_table(trades)); made[-1]"
for text in (
    "from reactivex.subject import Subject; from rxpolygon.notebook import live_table",
    "from rxpolygon.testing import trade; trades = Subject(); made = []",
    line,
    "trades.on_next(trade('IBM', 7.0, at=0)); made[0]",
    line,
    "[view.is_live for view in made]",
):
    shell.run_cell(text, store_history=True).raise_error()
"""


def test_terminal_shows_text_and_the_same_line_again_ends_the_view(tmp_path: Path) -> None:
    # IPython warns where another virtual environment is the active one.
    environment = {name: it for name, it in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", _PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**environment, "IPYTHONDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nsymbol  price  size    time (UTC)\nIBM      7.00   100  15:00:00.000\n" in done.stdout
    assert "[False, True]" in done.stdout
    assert "widget" not in done.stdout
