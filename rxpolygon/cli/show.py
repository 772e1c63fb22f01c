"""The demo at work: a simulated market, a client of it, and a screen."""

from __future__ import annotations

import sys
from typing import Final

import typer
from rich.console import Console

from rxpolygon import operators as rxo
from rxpolygon.cli.board import Board, Meter
from rxpolygon.cli.board_view import summary_line
from rxpolygon.cli.screens import LineScreen, Screen, TableScreen
from rxpolygon.client import StreamClient
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.settings import Speed

__all__ = ["OPENING", "SYMBOLS", "show"]

#: What the demo shows unless it is told otherwise.
SYMBOLS: Final = ("AAPL", "AMD", "AMZN", "BRK.B", "GOOGL", "IBM", "MSFT", "NVDA", "TSLA")
#: When its market begins, Unix ms: Monday, 2025-06-02, 9:30 in New York.
OPENING: Final = 1_748_871_000_000


def show(symbols: list[str] | None, *, seed: int, speed: Speed, seconds: float | None) -> None:
    """Simulate a market and show its bars.

    Args:
        symbols: Stocks; None for well-known ones.
        seed: The market's.
        speed: How many times as fast as a real market.
        seconds: End after so long; None goes on until a signal.

    Raises:
        RxPolygonError: The stream ended by it.
        KeyboardInterrupt: A signal ended it; the summary has been written.
    """
    names = symbols or list(SYMBOLS)
    board = Board(names)
    screen = _screen(board)
    with Simulator(symbols=names, seed=seed, speed=speed, start=OPENING) as market:
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
