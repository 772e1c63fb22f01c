"""The guide tells the truth: each page is a program that runs, and prints what the page says."""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import inspect
import io
import logging
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer

from rxpolygon import errors, status
from rxpolygon.cli import exits
from rxpolygon.cli.app import app
from tests.docs.pages import GUIDE, Block, blocks_of, call_tests, guide_pages, names_in, table_rows

PAGES = guide_pages()


@pytest.fixture
def log_as_it_was() -> Iterator[None]:
    """The page about logging sets a level."""
    level = logging.getLogger("rxpolygon").level
    yield
    logging.getLogger("rxpolygon").setLevel(level)


def run_page(page: Path, folder: Path) -> dict[str, object]:
    """Run the Python blocks of a page in order, as one program, and compare what they print.

    Returns:
        The names that the program has defined.
    """
    names: dict[str, object] = {"__name__": "guide", "folder": folder}
    printed = ""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                # As many empty lines before it as the page has, so that a traceback names the page's line.
                exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)
            printed = out.getvalue()
        elif block.language == "output":
            compare(page, block, printed)
    return names


def compare(page: Path, block: Block, printed: str) -> None:
    fits = doctest.OutputChecker().check_output(block.text, printed, doctest.ELLIPSIS)
    assert fits, f"{page.name}, line {block.line}: expected\n{block.text}\ngot\n{printed}"


@pytest.mark.usefixtures("market_outside", "log_as_it_was", "statuses_unwritten")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    call_tests(run_page(page, tmp_path), request)


def test_there_are_pages_with_examples() -> None:
    languages = [block.language for page in PAGES for block in blocks_of(page.read_text(encoding="utf-8"))]
    assert languages.count("python") >= 40
    assert languages.count("output") >= 20
    assert set(languages) <= {"python", "output", "text", "sh", "yaml", "ini"}


def shell_lines() -> list[tuple[str, str]]:
    return [
        (page.name, line.replace("$ ", "", 1) if line.startswith("$ ") else line)
        for page in PAGES
        for block in blocks_of(page.read_text(encoding="utf-8"))
        if block.language == "sh"
        for line in block.text.replace("\\\n", " ").splitlines()
        if line.strip() and not line.startswith("#")
    ]


@pytest.mark.parametrize(("page", "line"), shell_lines())
def test_a_shell_line_calls_what_there_is(page: str, line: str) -> None:
    """Options and arguments of our own commands are parsed, modules looked for; nothing runs."""
    for part in re.split(r"\||&&|;|\$\(|\)", line):
        words = [word for word in shlex.split(part, comments=True) if not re.match(r"[A-Z_]+=", word)]
        words = words[: next((at for at, word in enumerate(words) if re.match(r"[12]?[<>]", word)), None)]
        if words and Path(words[0]).name == "rxpolygon":
            parse(words[1:])
        elif words[:1] and Path(words[0]).name.startswith("python") and words[1] == "-m":
            assert importlib.util.find_spec(words[2]) is not None


def parse(arguments: list[str]) -> None:
    group = typer.main.get_command(app)
    context = group.make_context(
        "rxpolygon", list(arguments), resilient_parsing=arguments[0].startswith("--")
    )
    if not arguments[0].startswith("--"):
        name, command, rest = group.resolve_command(context, list(arguments))  # type: ignore[attr-defined]
        command.make_context(name, rest)


def test_the_table_of_exit_statuses_is_that_of_the_command() -> None:
    page = (GUIDE / "command-line.md").read_text(encoding="utf-8")
    told = {
        status for row in table_rows(page, "Exit statuses") for status in row.split(" | ")[0][2:].split(", ")
    }
    assert told == set(re.findall(r"^(\d+) ", exits.__doc__ or "", re.MULTILINE))


def public(module: ModuleType, root: type) -> set[str]:
    classes = {name: getattr(module, name) for name in module.__all__}
    return {name for name, found in classes.items() if inspect.isclass(found) and issubclass(found, root)}


def test_the_statuses_and_errors_are_all_there() -> None:
    page = (GUIDE / "connection.md").read_text(encoding="utf-8")
    assert names_in(table_rows(page, "States")) == public(status, status.Status) - {"Status", "State"}
    assert names_in(table_rows(page, "Errors")) == public(errors, errors.RxPolygonError) - {"RxPolygonError"}


def test_the_extras_are_all_there() -> None:
    project = tomllib.loads((GUIDE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (GUIDE / "getting-started.md").read_text(encoding="utf-8")
    assert names_in(table_rows(page, "Install")) == set(project["optional-dependencies"]) - {"docs", "dev"}


def test_every_page_of_the_guide_is_in_its_index() -> None:
    index = (GUIDE.parent / "index.md").read_text(encoding="utf-8")
    assert {f"guide/{page.stem}" for page in PAGES} <= set(index.split())
