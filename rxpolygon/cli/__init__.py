"""The command ``rxpolygon``: a demo, a server to test against, streams as text, recordings and replays."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

from rxpolygon.cli.interrupts import Interrupted, catch_signals, undivided
from rxpolygon.errors import MissingPackageError

__all__ = ["main"]

_PACKAGES = ("rich", "typer")
_USAGE = 2  # as in rxpolygon.cli.exits


def main() -> NoReturn:
    """Run the command with the arguments of the process, and exit with its status."""
    catch_signals()  # first of all: loading the rest takes longer than a person needs for Ctrl-C
    try:
        # An interrupt in the middle of it would be lost, or crash the interpreter.
        undivided(lambda: import_module("orjson"))
        from rxpolygon.cli.entry import run

        status = run(sys.argv[1:])
    except Interrupted as end:
        status = end.status
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES:
            raise
        sys.stderr.write(f"rxpolygon: {MissingPackageError('the command', package, 'cli')}\n")
        status = _USAGE
    sys.exit(status)
