"""``rxpolygon demo``: a simulated market, streamed over a real websocket into a live table of bars."""

from __future__ import annotations

from typing import Annotated

from rxpolygon.cli import complete
from rxpolygon.cli.options import Seconds, Seed, option, speed_from, symbols_from

__all__ = ["demo"]


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
    # Here, so that no other command and no --help waits for it.
    from rxpolygon.cli.show import show

    show(symbols_from(symbols), seed=seed, speed=speed_from(speed), seconds=seconds)
