"""From arguments to an exit status: every failure becomes one line on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

import typer

from rxpolygon.cli.app import app
from rxpolygon.cli.console import say
from rxpolygon.cli.exits import FAILED, OK, USAGE, status_after
from rxpolygon.errors import RxPolygonError

__all__ = ["run"]

_NAME: Final = "rxpolygon"
_COMPLETION: Final = "_RXPOLYGON_COMPLETE"  # set by a shell that asks how a line may go on


def run(arguments: Sequence[str]) -> int:
    """Run the command.

    Returns:
        Its exit status, see :mod:`rxpolygon.cli.exits`; a failure has been told on stderr.

    Raises:
        Interrupted: A signal ended it; everything is tidied up.
    """
    command = typer.main.get_command(app)
    if _COMPLETION in os.environ:
        command.main(list(arguments), prog_name=_NAME)  # answers the shell, and exits
    try:
        with command.make_context(_NAME, list(arguments) or ["--help"]) as context:
            command.invoke(context)
        return OK
    except typer.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # Whoever read the output has enough. What Python still holds for it must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (RxPolygonError, OSError) as error:
        return _fail(str(error), status_after(error))
    except Exception as error:
        # Errors in the arguments come as a class that has moved between versions of typer.
        explain = getattr(error, "format_message", None)
        if explain is None:
            return _fail(f"unexpected {type(error).__name__}: {error}; please report it as a bug", FAILED)
        path = getattr(getattr(error, "ctx", None), "command_path", _NAME)
        return _fail(f"{explain()} (see {path} --help)", USAGE)


def _fail(reason: str, status: int) -> int:
    say(reason, is_failure=True)
    return status
