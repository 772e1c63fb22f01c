"""What a shell is offered, asked for as the shells do it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rxpolygon.venues.polygon.channels import CHANNELS
from tests.cli.processes import PATIENCE, program


def offered(line: str) -> list[str]:
    """What bash is offered for the last word of a line."""
    words = line.split(" ")
    asked = {"_RXPOLYGON_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        program(), capture_output=True, text=True, timeout=PATIENCE, check=True, env={**os.environ, **asked}
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_complete() -> None:
    assert offered("rxpolygon re") == ["record", "replay"]


def test_options_complete() -> None:
    assert offered("rxpolygon stream --c") == ["--cluster", "--channel", "--csv"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rxpolygon stream --cluster cr", ["crypto"]),
        ("rxpolygon stream --cluster futures/c", ["futures/cme", "futures/cbot", "futures/comex"]),
        ("rxpolygon record x.jsonl --cluster i", ["indices"]),
        ("rxpolygon stream --symbols AA", ["AAPL"]),
        ("rxpolygon stream --symbols AAPL,MS", ["AAPL,MSFT"]),
        ("rxpolygon bars --cluster crypto --symbols ET", ["ETH-USD"]),
        ("rxpolygon bars --every 1", ["1s", "10s", "1m", "15m", "1h", "1d"]),
        ("rxpolygon bars --host dela", ["delayed.polygon.io", "delayed.massive.com"]),
        ("rxpolygon replay x.jsonl --speed m", ["max"]),
        ("rxpolygon stream --channel stock_tr", ["stock_trades"]),
        ("rxpolygon stream --channel stock_trades,stock_q", ["stock_trades,stock_quotes"]),
        ("rxpolygon stream --channel stock_trades,stock_tr", []),
        ("rxpolygon stream --cluster crypto --channel crypto_l", ["crypto_level2_book"]),
        ("rxpolygon stream --cluster crypto --channel stock", []),
    ],
)
def test_values_complete(line: str, expected: list[str]) -> None:
    assert sorted(offered(line)) == sorted(expected)


def test_all_channels_of_a_cluster_are_offered() -> None:
    found = offered("rxpolygon stream --cluster forex --channel ")
    assert sorted(found) == sorted(["all", *(row.name for row in CHANNELS if "forex" in row.markets)])


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_what_is_installed_completes_in_a_real_shell(tmp_path: Path) -> None:
    # The command by its name, as the installed script calls it.
    script = tmp_path / "bin" / "rxpolygon"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.join(program())} "$@"\n')
    script.chmod(0o755)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}",
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    install = [str(script), "--install-completion", "bash"]
    subprocess.run(install, check=True, capture_output=True, timeout=PATIENCE, env=environment)
    [installed] = (tmp_path / ".bash_completions").iterdir()
    typed = (
        f"source {shlex.quote(str(installed))}; COMP_WORDS=(rxpolygon stream --cluster cr); COMP_CWORD=3; "
        'eval "$(complete -p rxpolygon | sed "s/.*-F \\([^ ]*\\) .*/\\1 rxpolygon/")"; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", typed], capture_output=True, text=True, timeout=PATIENCE, check=True, env=environment
    )
    assert done.stdout.split() == ["crypto"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        program("--show-completion", shell),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
        env=environment,
    )
    assert f"_RXPOLYGON_COMPLETE=complete_{shell}" in done.stdout
