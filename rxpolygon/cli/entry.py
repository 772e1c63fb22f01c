"""From arguments to an exit status: every failure becomes one line on stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final, NoReturn

import typer

from rxpolygon.cli.app import app
from rxpolygon.cli.console import say
from rxpolygon.cli.interrupts import SIGNALS
from rxpolygon.errors import RxPolygonError

__all__ = ["main", "run"]

_FAILED: Final = 1
_INTERRUPTED: Final = 130  # what shells expect after Ctrl-C
_NAME: Final = "rxpolygon"


def main() -> NoReturn:
    """Run the process's own arguments, with Ctrl-C and termination both ending the command in order."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = _INTERRUPTED
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run the command.

    Returns:
        Its exit status: 0, or 1 after a failure, which has then been told on stderr.
    """
    command = typer.main.get_command(app)
    try:
        with command.make_context(_NAME, list(arguments) or ["--help"]) as context:
            command.invoke(context)
        return 0
    except typer.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # Whoever read the output has enough. What Python still holds for it must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (RxPolygonError, OSError) as error:
        return _fail(str(error))
    except Exception as error:
        # Errors in the arguments come as a class that has moved between versions of typer.
        explain = getattr(error, "format_message", None)
        if explain is None:
            return _fail(f"unexpected {type(error).__name__}: {error}; please report it as a bug")
        path = getattr(getattr(error, "ctx", None), "command_path", _NAME)
        return _fail(f"{explain()} (see {path} --help)")


def _fail(reason: str) -> int:
    say(reason)
    return _FAILED


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
