"""Runs the notebooks and says what they show differently; with ``--write`` renews what they show.

    python -m tests.notebooks.execute [--write] [NAME ...]

An output that only a clock or another version of a library made different is left as it is, so that a second
run changes no file.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from tests.notebooks.comparing import differences, is_same
from tests.notebooks.running import FOLDER, NBFORMAT, Node, code_cells, notebooks, read, run

__all__ = ["main", "renewed"]

_METADATA: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main(arguments: list[str] | None = None) -> int:
    """The command; its result is 1 if a notebook shows what it does not do, and nothing was written."""
    options = _parser().parse_args(arguments)
    paths = [FOLDER / f"{name}.ipynb" for name in options.names] or notebooks()
    is_stale = False
    for path in paths:
        began = time.monotonic()
        shown, got = read(path), run(path)
        found = differences(shown, got)
        is_stale |= bool(found)
        sys.stdout.write(f"{path.stem}: {time.monotonic() - began:.1f} s, {len(found)} cells differ\n")
        sys.stdout.writelines(f"    {line}\n" for line in found)
        if options.write:
            _write(path, renewed(shown, got))
    return int(is_stale and not options.write)


def renewed(shown: Node, got: Node) -> Node:
    """The notebook as it is to be stored: new outputs where they say something new, no trace of the run."""
    for number, (old, new) in enumerate(zip(code_cells(shown), code_cells(got), strict=True), 1):
        if is_same(old, new):
            new.outputs = old.outputs
        new.execution_count = number
        new.metadata = {key: value for key, value in new.metadata.items() if key == "tags"}
        for output in new.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    got.metadata = _METADATA
    return got


def _write(path: Path, notebook: Node) -> None:
    NBFORMAT.validate(notebook)
    text = NBFORMAT.writes(notebook)
    if text != path.read_text(encoding="utf-8").rstrip("\n"):
        path.write_text(text + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.execute", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a notebook without .ipynb; none: all")
    parser.add_argument("--write", action="store_true", help="store new outputs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
