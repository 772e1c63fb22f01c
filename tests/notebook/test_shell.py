"""IPython without a kernel: views as text, and a line that is entered again with a view or a client in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("IPython")

_SHELL = """
import sys
sys.argv = ["ipython"]
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
"""

_PROGRAM = """
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

_SECOND_CLIENT = """
line = "client = StreamClient('demo', host=market.url); client.start_stream_thread()"
for text in (
    "from rxpolygon import StreamClient; from rxpolygon.simulator import Simulator",
    "market = Simulator(market=False); market.start()",
    line,
):
    shell.run_cell(text).raise_error()
error = shell.run_cell(line).error_in_exec
print("refused:", type(error).__name__)
_, remedy = str(error).rsplit(":  ", 1)
for text in (remedy, line, "client.close_stream(); market.close()"):
    shell.run_cell(text).raise_error()
print("mended")
"""


def _run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    # IPython warns where another virtual environment is the active one.
    environment = {name: it for name, it in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", _SHELL + program],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**environment, "IPYTHONDIR": str(folder)},
    )


def test_terminal_shows_text_and_the_same_line_again_ends_the_view(tmp_path: Path) -> None:
    done = _run(_PROGRAM, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nsymbol  price  size    time (UTC)\nIBM      7.00   100  15:00:00.000\n" in done.stdout
    assert "[False, True]" in done.stdout
    assert "widget" not in done.stdout


def test_client_that_a_line_started_twice_is_refused_can_be_closed_as_the_error_says(tmp_path: Path) -> None:
    done = _run(_SECOND_CLIENT, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "refused: AlreadyStreamingError\n" in done.stdout
    assert done.stdout.endswith("mended\n")
