"""The command and its subcommands."""

from __future__ import annotations

from typing import Annotated

import typer

import rxpolygon
from rxpolygon.cli.bars import bars
from rxpolygon.cli.demo import demo
from rxpolygon.cli.record import record
from rxpolygon.cli.replay import replay
from rxpolygon.cli.serve import serve
from rxpolygon.cli.stream import stream

__all__ = ["app"]

_EXITS = """\b
Exit status:
    0  done: the limit, the time or the end of a recording was reached
    1  failed, such as output that cannot be written
    2  the call is wrong
    3  the server refused the login, or all that was asked for
    4  the connection did not come about, or ended for good
    5  an input file is no recording, or broken
  130  Ctrl-C; 143 after SIGTERM, 129 after SIGHUP. What came is written.

\b
NO_COLOR=1 leaves out colours; there are none in pipes and files.
"""

app = typer.Typer(
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EXITS,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rxpolygon {rxpolygon.__version__}")
        raise typer.Exit


@app.callback()
def rxpolygon_command(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Market-data websockets as typed ReactiveX streams.

    Begin with: rxpolygon demo
    """


for command in (demo, serve, bars, stream, record, replay):
    app.command()(command)
