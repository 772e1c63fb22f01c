"""``rxpolygon demo``: a simulated market, streamed over a real websocket into a live table of bars."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer
from rich.console import Console

from rxpolygon import operators as rxo
from rxpolygon.cli import complete
from rxpolygon.cli.board import Board, Meter
from rxpolygon.cli.board_view import summary_line
from rxpolygon.cli.options import Seconds, Seed, option, speed_from, symbols_from
from rxpolygon.cli.screens import LineScreen, Screen, TableScreen
from rxpolygon.client import StreamClient
from rxpolygon.simulator import Simulator

__all__ = ["demo"]

_SYMBOLS: Final = ("AAPL", "AMD", "AMZN", "BRK.B", "GOOGL", "IBM", "MSFT", "NVDA", "TSLA")
_OPENING: Final = 1_748_871_000_000  # Monday, 2025-06-02, 9:30 in New York


def demo(
    seconds: Seconds = None,
    speed: Annotated[
        str,
        option("N|max", "How many times as fast as a real market.", default=True, offers=complete.speeds),
    ] = "60",
    seed: Seed = 0,
    symbols: Annotated[
        str | None,
        option("A,B", "Stocks to show; nine well-known ones unless given.", offers=complete.symbols),
    ] = None,
) -> None:
    """Watch one-minute bars come out of a live websocket. No account is needed.

    A market is simulated inside, and a StreamClient connects to it as it would to the real one. Where stdout
    is no terminal, each bar is written as a line.

    \b
    Example:
      rxpolygon demo --speed 600 --symbols AAPL,MSFT,TSLA
    """
    names = symbols_from(symbols) or list(_SYMBOLS)
    board = Board(names)
    screen = _screen(board)
    with Simulator(symbols=names, seed=seed, speed=speed_from(speed), start=_OPENING) as market:
        client = StreamClient("demo", "stocks", market.url)
        trades = client.subscribe_stock_trades(names)
        quotes = client.subscribe_stock_quotes(names)
        bars = trades.pipe(rxo.time_bars("1m")).subscribe(screen.add_bar, screen.fail)
        trades.pipe(rxo.join_quotes(quotes)).subscribe(board.add_trade, screen.fail)
        meter = Meter()
        interrupt: KeyboardInterrupt | None = None
        with client:
            try:
                screen.show(client, meter, seconds)
            except KeyboardInterrupt as end:
                interrupt = end
            bars.dispose()  # or the close would complete the minute that is still open
            elapsed = meter.elapsed
    typer.echo(summary_line(board, client.stats, elapsed))
    if screen.error is not None:
        raise screen.error
    if isinstance(screen, TableScreen):
        typer.echo("With a key in POLYGON_API_KEY, the real market: rxpolygon bars --symbols AAPL")
    if interrupt is not None:
        raise interrupt


def _screen(board: Board) -> Screen:
    console = Console()
    if sys.stdout.isatty() and not console.is_dumb_terminal:
        return TableScreen(board, console)
    return LineScreen(board)
