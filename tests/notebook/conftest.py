"""A place for Jupyter to write to, with a kernel of this environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest


@pytest.fixture
def jupyter_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders for all that Jupyter writes; the kernel ``python3`` there is this interpreter."""
    home = tmp_path / "jupyter"
    kernel = home / "data" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": arguments, "display_name": "Python 3", "language": "python"})
    )
    for variable, folder in {
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }.items():
        monkeypatch.setenv(variable, str(home / folder))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    return home
