"""Draws what ``rxpolygon demo`` shows: ``python -m tests.demo_picture docs/demo.svg``."""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path

from reactivex import operators as ops
from rich.console import Console

from rxpolygon import StreamClient
from rxpolygon import operators as rxo
from rxpolygon.cli.board import Board, Meter
from rxpolygon.cli.board_view import board_table
from rxpolygon.cli.show import OPENING, SYMBOLS
from rxpolygon.simulator import Simulator

BARS = 12 * len(SYMBOLS)
WIDTH = 84
LIMIT = 60.0


def draw(path: Path) -> None:
    """Write the board after twelve minutes of a simulated market as an SVG file."""
    board = Board(SYMBOLS)
    enough = threading.Event()
    with (
        Simulator(symbols=SYMBOLS, seed=0, speed=60, start=OPENING) as market,
        StreamClient("demo", "stocks", market.url) as client,
    ):
        meter = Meter()
        trades = client.subscribe_stock_trades(SYMBOLS)
        quotes = client.subscribe_stock_quotes(SYMBOLS)
        trades.pipe(rxo.join_quotes(quotes)).subscribe(board.add_trade)
        bars = trades.pipe(rxo.time_bars("1m"), ops.do_action(board.add_bar), ops.take(BARS))
        bars.subscribe(on_completed=enough.set)
        if not enough.wait(LIMIT):
            raise TimeoutError(f"{board.bars} of {BARS} bars came within {LIMIT:g} s")
        stats, state = client.stats, client.state
        rate = stats.events / meter.elapsed
    console = Console(record=True, width=WIDTH, force_terminal=True, file=io.StringIO())
    console.print(board_table(board, stats, state, rate, WIDTH))
    path.write_text(console.export_svg(title="rxpolygon demo"))


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
