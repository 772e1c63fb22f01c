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

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


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
