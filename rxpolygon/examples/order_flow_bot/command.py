"""The command: the strategy live on a simulated market, or on a recording."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, TextIO

from rxpolygon import ReplayClient, StreamClient
from rxpolygon.channel_methods import ChannelMethods
from rxpolygon.errors import RxPolygonError
from rxpolygon.examples.order_flow_bot.strategy import Account, Fill, accounts, trade_on
from rxpolygon.simulator import Simulator

__all__ = ["Ledger", "main"]

_SYMBOLS: Final = ("AAPL", "MSFT", "TSLA")


class Ledger:
    """Writes each fill, keeps the accounts, and adds them up.

    Args:
        out: Where to write.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._accounts: dict[str, Account] = {}
        self.over = threading.Event()
        self.error: Exception | None = None

    def follow(self, client: ChannelMethods, symbols: Sequence[str] | None) -> None:
        """Trade on a client; :attr:`over` is set when its streams end."""
        fills = trade_on(client, symbols)
        # `do_action` sees each fill on its way; the chain is still one.
        fills.do_action(self._write).pipe(accounts).subscribe(self._book, self._fail, self.over.set)

    def write_result(self) -> None:
        """The table of all symbols."""
        rows = [self._accounts[symbol] for symbol in sorted(self._accounts)]
        fills, profit = sum(row.fills for row in rows), sum(row.profit for row in rows)
        lines = [
            f"{row.symbol:8s} {row.fills:6d} fills  {row.shares:+6g} shares  {row.profit:+12,.2f}"
            for row in rows
        ]
        self._out.write("\n".join([*lines, f"{'all':8s} {fills:6d} fills  {'':13s}  {profit:+12,.2f}", ""]))

    def _write(self, fill: Fill) -> None:
        time = datetime.fromtimestamp(fill.timestamp / 1_000, UTC)
        verb = "buys" if fill.shares > 0 else "sells"
        order = f"{fill.symbol:8s} {verb:5s} {abs(fill.shares):4g} at {fill.price:.2f}"
        self._out.write(f"{time:%H:%M:%S.%f}"[:-3] + f" {order}\n")

    def _book(self, account: Account) -> None:
        self._accounts[account.symbol] = account

    def _fail(self, error: Exception) -> None:
        self.error = error
        self.over.set()


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run the bot.

    Args:
        arguments: The command's; by default those of the process.
        out: Where to write; by default the standard output.

    Returns:
        0; 1 if the stream ended by an error.

    Raises:
        BrokenPipeError: Nobody reads what is written any more.
    """
    chosen = _parser().parse_args(arguments)
    ledger = Ledger(sys.stdout if out is None else out)
    try:
        if chosen.recording is None:
            _run_live(ledger, chosen)
        else:
            client = ReplayClient(
                chosen.recording, "stocks", speed="max" if chosen.speed is None else chosen.speed
            )
            ledger.follow(client, chosen.symbols)
            client.run()
    except RxPolygonError as error:
        ledger.error = error
    except KeyboardInterrupt:
        pass  # the result so far
    if isinstance(ledger.error, BrokenPipeError):
        raise ledger.error
    ledger.write_result()
    if ledger.error is not None:
        sys.stderr.write(f"{ledger.error}\n")
    return int(ledger.error is not None)


def _run_live(ledger: Ledger, chosen: argparse.Namespace) -> None:
    with Simulator(seed=chosen.seed, speed=1.0 if chosen.speed is None else chosen.speed) as market:
        client = StreamClient("demo", "stocks", market.url)
        ledger.follow(client, chosen.symbols or _SYMBOLS)
        with client:
            ledger.over.wait(chosen.seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rxpolygon.examples.order_flow_bot",
        description="Follows the order flow, live on a simulated market or on a recording.",
    )
    parser.add_argument("recording", nargs="?", help="replay this file of frames instead")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to trade live (default 10)")
    parser.add_argument("--symbols", nargs="+", metavar="SYMBOL", help="what to trade")
    parser.add_argument(
        "--speed", type=float, help="times real time (default: 1 live, else as fast as it goes)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the simulated market (default 0)")
    return parser
