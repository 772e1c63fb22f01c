"""The site builds without a warning, and has every public name."""

from __future__ import annotations

import html
import importlib
import importlib.util
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import rxpolygon
from tests.docs.pages import ROOT

_EXTENSION: Final = ROOT / "docs" / "_ext" / "public_rooms.py"
_NEEDED: Final = ("sphinx", "furo", "myst_parser", "prometheus_client", "opentelemetry")

_missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(_missing), reason=f"needs the extras docs and metrics: {_missing}"),
    pytest.mark.timeout(700),
]

# Rooms whose names are another one's, or that are for those who work on the library.
_INSIDE: Final = {f"rxpolygon.{room}" for room in ("cli", "connection", "examples", "transport", "venues")}
_DIAGRAM: Final = re.compile(
    r"^\.\. (?:marble::|code-block:: text)\n(?:   .*\n)*\n((?: +.*\n|\n)+)", re.MULTILINE
)
_PATIENCE: Final = 600.0  # seconds; it takes some twenty where nothing else runs


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. The command is that of the README, with another folder."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "docs", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return out


def extension() -> ModuleType:
    spec = importlib.util.spec_from_file_location("public_rooms", _EXTENSION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documented(site: Path) -> set[str]:
    """The names of Python things that the site can be asked for."""
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda _, name: name)
    return {name for kind, found in inventory.items() if kind.startswith("py:") for name in found}


def test_the_site_builds_without_a_warning(site: Path) -> None:
    assert (site / "index.html").is_file()
    assert (site / "guide" / "getting-started.html").is_file()


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    rooms = extension()
    has = documented(site)
    for room in rooms.ROOMS:
        places = {rooms._place(room, name) for name in rooms.public_names(room)}
        assert places - has == set(), room


def test_every_room_that_users_import_from_has_its_page() -> None:
    found = {
        f"rxpolygon.{module.name}"
        for module in pkgutil.iter_modules(rxpolygon.__path__)
        if module.ispkg and not module.name.startswith("_")
    }
    assert found - _INSIDE <= set(extension().ROOMS)


def literal(site: Path, page: str) -> str:
    """What a page of the reference shows letter for letter."""
    text = (site / "api" / f"{page}.html").read_text(encoding="utf-8")
    shown = re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL)
    return "\n".join(html.unescape(re.sub(r"<[^>]+>", "", block)) for block in shown)


def diagrams(function: object) -> list[str]:
    """The lines of a docstring's diagrams, without the space at their ends."""
    blocks = _DIAGRAM.findall(inspect.getdoc(function) or "")
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_marble_diagrams_are_shown_as_they_are_written(site: Path) -> None:
    shown = {line.strip() for line in literal(site, "operators").splitlines()}
    operators = importlib.import_module("rxpolygon.operators")
    drawn = [line for name in operators.__all__ for line in diagrams(getattr(operators, name))]
    assert len(drawn) > 60
    assert set(drawn) - shown == set()


@pytest.mark.parametrize("page", ["status", "errors"])
def test_trees_are_shown_as_they_are_written(site: Path, page: str) -> None:
    doc = importlib.import_module(f"rxpolygon.{page}").__doc__ or ""
    branches = [line.strip() for line in doc.splitlines() if "── " in line]
    assert len(branches) > 10
    shown = {line.strip() for line in literal(site, page).splitlines()}
    assert set(branches) - shown == set()
